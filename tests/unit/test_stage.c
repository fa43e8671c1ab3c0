/* The parts of the engine's own `git add -A`, each by itself, with git as the judge where it can
 * be. */
#include "runner/helper/stage/attributes.h"
#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/ignore.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/names.h"
#include "runner/helper/stage/sha1.h"
#include "runner/helper/stage/wildmatch.h"
#include "tests/unit/git_helpers.h"

/* Lengths around those of a block, in one piece and in several. */
START_TEST(test_sums_are_those_of_sha1sum)
{
	static const size_t lengths[] = {0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70000};
	static const size_t pieces[] = {1, 7, 64, 1 << 20};
	make_world();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char hex[2 * SHA1_SIZE + 1];
		unsigned char id[SHA1_SIZE];
		struct sha1 sum;
		sh("head -c %zu /dev/zero | tr '\\0' a >text", lengths[i]);
		static char text[70000];
		memset(text, 'a', sizeof(text));
		for (size_t piece = 0; piece < 4; piece++) {
			sha1_init(&sum);
			for (size_t at = 0; at < lengths[i]; at += pieces[piece])
				sha1_add(&sum, text + at,
					 lengths[i] - at < pieces[piece] ? lengths[i] - at
									 : pieces[piece]);
			sha1_end(&sum, id);
			for (size_t n = 0; n < SHA1_SIZE; n++)
				snprintf(hex + 2 * n, 3, "%02x", id[n]);
			ck_assert_str_eq(hex, sh("sha1sum <text | cut -c1-40"));
		}
	}
}
END_TEST

static void read_index(struct index *index, enum index_outcome expected, const char *words)
{
	const char *why = NULL;
	ck_assert_int_eq(index_read(index, "work/.git/index", &why), expected);
	ck_assert_str_eq(why ? why : "", words);
}

/* Read and written again it is the same file. */
static void assert_same_again(void)
{
	struct index index;
	read_index(&index, INDEX_OK, "");
	ck_assert_int_eq(index_write(&index, "again"), 0);
	index_release(&index);
	sh("cmp work/.git/index again");
}

static const char *const versions[] = {"2", "3", "4"};

START_TEST(test_index_is_written_as_git_writes_it)
{
	make_repository();
	sh("cd work; mkdir -p d/e f; for i in 1 2 3 4 5 6 7 8 9; do echo $i >d/$i; echo $i "
	   ">d/e/a$i;"
	   " echo $i >f/name-that-is-longer-$i; done; ln -s one link; echo x >x; chmod +x x;"
	   "git add -A; git commit -qm x");
	if (_i == 1)
		sh("cd work; echo n >n; git add -N n; git update-index --skip-worktree d/1");
	sh("cd work; git update-index --index-version %s; git update-index --assume-unchanged x",
	   versions[_i]);
	assert_same_again();
	sh("cd work; git write-tree; echo y >d/e/a1; git update-index d/e/a1");
	assert_same_again(); /* with trees that are not known */
}
END_TEST

START_TEST(test_resolved_conflicts_are_kept)
{
	make_repository();
	sh("cd work; git checkout -qb b; echo b >one; git commit -qam b; git checkout -q main;"
	   "echo c >one; git commit -qam c; git merge b >/dev/null || true");
	struct index index;
	read_index(&index, INDEX_OK, "");
	ck_assert(index.conflicts);
	ck_assert_uint_eq(index.count, 3);
	index_release(&index);
	sh("cd work; echo d >one; git add one; git ls-files --resolve-undo | grep -q one");
	assert_same_again();
}
END_TEST

START_TEST(test_index_with_long_names)
{
	make_repository();
	sh("cd work; n=$(printf %%0250d 0); p=$n/$n/$n; mkdir -p $p; echo x >$p/x;"
	   "for i in 0 1 2 3 4 5 6 7; do p=$p/$n; mkdir -p $p; done; echo y >$p/y; git add -A;"
	   "git update-index --index-version %s",
	   _i ? "4" : "2");
	assert_same_again();
}
END_TEST

/* The sum of a large one is made while it is read, and what it says is all that counts. */
START_TEST(test_large_index_that_is_damaged)
{
	struct index index;
	make_repository();
	sh("cd work; id=$(git hash-object one); for i in $(seq 3000); do"
	   " printf '100644 %%s 0\tfolder/name-%%d\n' $id $i; done | git update-index --index-info;"
	   "git update-index --force-write-index; cp .git/index whole; wc -c <whole");
	assert_same_again();
	static const long places[] = {8, 60, 72, 100000, 200000};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		sh("cd work; cp whole .git/index; printf '\\1\\0\\1' |"
		   "dd of=.git/index bs=1 seek=%ld conv=notrunc 2>/dev/null; ! cmp -s whole "
		   ".git/index",
		   places[i]);
		read_index(&index, INDEX_DAMAGED, "damage");
		index_release(&index);
	}
	sh("cd work; head -c 200000 whole >.git/index; head -c 20 /dev/zero >>.git/index");
	read_index(&index, INDEX_FOREIGN, "a name without an end"); /* with no sum */
	index_release(&index);
	sh("cp work/whole work/.git/index");
	read_index(&index, INDEX_OK, "");
	ck_assert_uint_eq(index.count, 3001);
	index_release(&index);
}
END_TEST

START_TEST(test_index_that_is_not_for_us)
{
	struct index index;
	make_repository();
	sh("cd work; mkdir d; echo x >d/x; git add -A; git commit -qm x; cp .git/index index");
	sh("cd work; git update-index --split-index");
	read_index(&index, INDEX_FOREIGN,
		   "entries out of order"); /* some stand in the other file */
	index_release(&index);
	sh("cp work/index work/.git/index; truncate -s -1 work/.git/index");
	read_index(&index, INDEX_DAMAGED, "damage");
	index_release(&index);
	sh("cp work/index work/.git/index; cd work; git sparse-checkout set --sparse-index "
	   "nothing");
	read_index(&index, INDEX_FOREIGN, "an entry of another kind");
	index_release(&index);
	sh("rm work/.git/index");
	read_index(&index, INDEX_OK, "");
	ck_assert(index.missing);
	index_release(&index);
}
END_TEST

/* However a file is cut or changed, and its sum made right again: read, or refused. */
START_TEST(test_index_that_lies)
{
	make_repository();
	sh("cd work; mkdir d; for i in 1 2 3; do echo $i >d/$i; done; git add -A; git commit -qm x;"
	   "git update-index --index-version %s",
	   _i ? "4" : "2");
	static unsigned char bytes[8192];
	FILE *file = fopen("work/.git/index", "r");
	const size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (size_t at = 4; at < size - SHA1_SIZE; at++) {
		const unsigned char was = bytes[at];
		struct sha1 sum;
		struct index index;
		const char *why;
		bytes[at] ^= (unsigned char)(1U << at % 8);
		sha1_init(&sum);
		sha1_add(&sum, bytes, size - SHA1_SIZE);
		sha1_end(&sum, bytes + size - SHA1_SIZE);
		file = fopen("changed", "w");
		fwrite(bytes, 1, size, file);
		fclose(file);
		const enum index_outcome outcome = index_read(&index, "changed", &why);
		ck_assert_msg(outcome == INDEX_OK || (outcome == INDEX_FOREIGN && why), "%d",
			      outcome);
		if (outcome == INDEX_OK)
			ck_assert_int_eq(index_write(&index, "again"), 0);
		index_release(&index);
		bytes[at] = was;
	}
}
END_TEST

static const struct {
	const char *pattern, *text;
	bool path, matches;
} matchings[] = {
	{"foo", "foo", true, true},
	{"foo", "bar", true, false},
	{"", "", true, true},
	{"???", "foo", true, true},
	{"??", "foo", true, false},
	{"*", "foo", true, true},
	{"f*", "foo", true, true},
	{"*f", "foo", true, false},
	{"*ob*a*r*", "foobar", true, true},
	{"\\*", "*", true, true},
	{"foo\\*", "foo*", true, true},
	{"foo\\*bar", "foobar", true, false},
	{"f\\\\oo", "f\\oo", true, true},
	{"foo\\", "foo\\", true, false},
	{"*[al]?", "ball", true, true},
	{"[ten]", "ten", true, false},
	{"**[!te]", "ten", true, true},
	{"t[a-g]n", "ten", true, true},
	{"t[!a-g]n", "ton", true, true},
	{"t[^a-g]n", "ton", true, true},
	{"a[]]b", "a]b", true, true},
	{"a[]-]b", "a-b", true, true},
	{"a[]a-]b", "aab", true, true},
	{"]", "]", true, true},
	{"foo*bar", "foo/baz/bar", true, false},
	{"foo*bar", "foo/baz/bar", false, true},
	{"foo**bar", "foo/baz/bar", true, false},
	{"foo/**/bar", "foo/baz/bar", true, true},
	{"foo/**/**/bar", "foo/baz/bar", true, true},
	{"foo/**/bar", "foo/b/a/z/bar", true, true},
	{"foo/**/bar", "foo/bar", true, true},
	{"foo/**/**/bar", "foo/bar", true, true},
	{"foo?bar", "foo/bar", true, false},
	{"foo[/]bar", "foo/bar", true, false},
	{"foo[^a-z]bar", "foo/bar", true, false},
	{"f[^eiu][^eiu][^eiu][^eiu][^eiu]r", "foo-bar", true, true},
	{"**/foo", "foo", true, true},
	{"**/foo", "one/foo", true, true},
	{"**/foo", "bar/baz/foo", true, true},
	{"*/foo", "bar/baz/foo", true, false},
	{"**/bar*", "foo/bar/baz", true, false},
	{"**/bar/*", "deep/foo/bar/baz", true, true},
	{"**/bar/*", "deep/foo/bar/baz/", true, false},
	{"**/bar/**", "deep/foo/bar/baz/", true, true},
	{"**/bar/*", "deep/foo/bar", true, false},
	{"**/bar/**", "deep/foo/bar/", true, true},
	{"*/bar/**", "foo/bar/baz/x", true, true},
	{"*/bar/**", "deep/foo/bar/baz/x", true, false},
	{"**/bar/*/*", "deep/foo/bar/baz/x", true, true},
	{"[[:alpha:]][[:digit:]][[:upper:]]", "a1B", true, true},
	{"[[:digit:][:upper:][:space:]]", "a", true, false},
	{"[[:digit:][:upper:][:space:]]", "A", true, true},
	{"[[:digit:][:upper:][:spaci:]]", "1", true, false},
	{"[[:xdigit:]]", "f", true, true},
	{"[[:punct:]]", "~", true, true},
	{"[[:blank:]]", "\t", true, true},
	{"[a-c[:digit:]x-z]", "5", true, true},
	{"[a-c[:digit:]x-z]", "q", true, false},
	{"[\\\\-^]", "]", true, true},
	{"[\\-_]", "-", true, true},
	{"[\\]]", "]", true, true},
	{"a[]b", "ab", true, false},
	{"ab[", "ab[", true, false},
	{"[!]a-]", "x", true, true},
	{"[--A]", "-", true, true},
	{"[,-.]", "-", true, true},
	{"[[]", "[", true, true},
	{"[[:]ab]", "[ab]", true, true},
	{"-*-*-*-*-*-*-12-*-*-*-m-*-*-*",
	 "-adobe-courier-bold-o-normal--12-120-75-75-m-70-iso8859-1", true, true},
	{"-*-*-*-*-*-*-12-*-*-*-m-*-*-*",
	 "-adobe-courier-bold-o-normal--12-120-75-75-/-70-iso8859-1", true, false},
	{"**/*a*b*g*n*t", "abcd/abcdefg/abcdefghijk/abcdefghijklmnop.txt", true, true},
	{"**/*a*b*g*n*t", "abcd/abcdefg/abcdefghijk/abcdefghijklmnop.txtz", true, false},
	{"*/*/*", "foo/bb/aa/rr", true, false},
	{"**/**/**", "foo/bb/aa/rr", true, true},
	{"caf\xc3\xa9", "caf\xc3\xa9", true, true},
	{"caf?", "caf\xc3\xa9", true, false},
};

START_TEST(test_patterns)
{
	for (size_t i = 0; i < sizeof(matchings) / sizeof(matchings[0]); i++)
		ck_assert_msg(wildmatch(matchings[i].pattern, matchings[i].text,
					matchings[i].path) == matchings[i].matches,
			      "%s %s", matchings[i].pattern, matchings[i].text);
}
END_TEST

/* A pattern that would take forever if every star tried every place. */
START_TEST(test_pattern_of_many_stars)
{
	char pattern[256] = "", text[4096];
	for (size_t i = 0; i < 60; i++)
		memcpy(pattern + 2 * i, "a*", 3);
	memcpy(pattern + 120, "b", 2);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(!wildmatch(pattern, text, true));
	ck_assert(!wildmatch(pattern, text, false));
}
END_TEST

START_TEST(test_names_in_doubt)
{
	static const char *const plain[] = {
		"a",        ".gitignore", "d/.gitattributes", ".github/x", ".gitlab-ci.yml",
		"a/.git-x", "git",        "agit~1",           "...",       "d/..x",
	};
	static const char *const doubtful[] = {
		".git",  ".GIT/x", "d/.git",  "d/.Git /x",        "git~1", "GIT~2/x",
		".git.", ".git:x", "a\\.git", ".git\xe2\x80\x8c", "..",
	};
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_msg(names_are_plain(plain[i], false), "%s", plain[i]);
	for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++)
		ck_assert_msg(!names_are_plain(doubtful[i], false), "%s", doubtful[i]);
	ck_assert(names_are_plain(".gitmodules", false));
	ck_assert(!names_are_plain(".gitmodules", true));
	ck_assert(!names_are_plain("d/gitmod~1", true));
}
END_TEST

static enum attributes_say say(const char *root, const char *folder, const char *path)
{
	sh("rm -rf a; mkdir a; printf '%s' >a/root; printf '%s' >a/folder", root, folder);
	struct attributes *attributes = attributes_new();
	ck_assert_ptr_nonnull(attributes);
	ck_assert_int_eq(attributes_add(attributes, AT_FDCWD, "a/root", "", false), 0);
	ck_assert_int_eq(attributes_add(attributes, AT_FDCWD, "a/folder", "d/", false), 0);
	ck_assert_int_eq(attributes_add(attributes, AT_FDCWD, "a/none", "e/", false), 0);
	const enum attributes_say says = attributes_of(attributes, path);
	attributes_free(attributes);
	return says;
}

START_TEST(test_attributes)
{
	make_world();
	ck_assert_int_eq(say("", "", "x"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("* text", "", "x"), ATTRIBUTES_LINES);
	ck_assert_int_eq(say("* text=auto", "", "d/x"), ATTRIBUTES_AUTO);
	ck_assert_int_eq(say("* text=auto\\n*.png binary\\n", "", "d/x.png"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("*.png binary\\n* text=auto\\n", "", "d/x.png"), ATTRIBUTES_AUTO);
	ck_assert_int_eq(say("* text", "*.c -text\\n", "d/x.c"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("* text", "*.c -text\\n", "e/x.c"), ATTRIBUTES_LINES);
	ck_assert_int_eq(say("* text", "*.c !text\\n", "d/x.c"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("*.c eol=crlf", "", "x.c"), ATTRIBUTES_LINES);
	ck_assert_int_eq(say("*.c crlf", "", "x.c"), ATTRIBUTES_LINES);
	ck_assert_int_eq(say("*.bin filter=lfs", "", "x.bin"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("*.bin filter=lfs -text", "*.bin -filter", "d/x.bin"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("*.bin filter=lfs", "", "x.c"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("*.c ident", "", "x.c"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("*.t working-tree-encoding=UTF-16", "", "x.t"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("*.c diff=cpp export-ignore", "", "x.c"), ATTRIBUTES_RAW);
	ck_assert_int_eq(say("[attr]mine ident\\n*.c mine\\n", "", "x.c"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("*.c mine\\n", "[attr]mine text\\n", "x.c"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("\"quoted name\" -text\\n", "", "x.c"), ATTRIBUTES_GIT);
	ck_assert_int_eq(say("/d/x filter=a\\nd/y ident\\n# z ident\\n", "", "d/z"),
			 ATTRIBUTES_RAW);
	sh("ln -s root a/link");
	struct attributes *attributes = attributes_new();
	ck_assert_int_eq(attributes_add(attributes, AT_FDCWD, "a/link", "", false), 0);
	ck_assert_int_eq(attributes_of(attributes, "x"), ATTRIBUTES_GIT);
	attributes_free(attributes);
}
END_TEST

START_TEST(test_attributes_and_contents)
{
	ck_assert(attributes_allow(ATTRIBUTES_RAW, "a\r\n", 3));
	ck_assert(attributes_allow(ATTRIBUTES_LINES, "a\n", 2));
	ck_assert(!attributes_allow(ATTRIBUTES_LINES, "a\r\n", 3));
	ck_assert(!attributes_allow(ATTRIBUTES_AUTO, "a\r\n", 3));
	ck_assert(attributes_allow(ATTRIBUTES_AUTO, "a\r\n\0", 4));
	ck_assert(!attributes_allow(ATTRIBUTES_GIT, "a", 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stage");
	TCase *tcase = tcase_create("stage");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_sums_are_those_of_sha1sum);
	tcase_add_loop_test(tcase, test_index_is_written_as_git_writes_it, 0, 3);
	tcase_add_test(tcase, test_resolved_conflicts_are_kept);
	tcase_add_loop_test(tcase, test_index_with_long_names, 0, 2);
	tcase_add_test(tcase, test_index_that_is_not_for_us);
	tcase_add_test(tcase, test_large_index_that_is_damaged);
	tcase_add_loop_test(tcase, test_index_that_lies, 0, 2);
	tcase_add_test(tcase, test_patterns);
	tcase_add_test(tcase, test_pattern_of_many_stars);
	tcase_add_test(tcase, test_names_in_doubt);
	tcase_add_test(tcase, test_attributes);
	tcase_add_test(tcase, test_attributes_and_contents);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
