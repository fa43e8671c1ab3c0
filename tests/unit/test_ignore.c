/* What is ignored, against git: random rules in random places over the same files. */
#include "runner/helper/stage/scan.h"
#include "tests/unit/git_helpers.h"
#include "tests/unit/suite.h"

#define CASES 150
#define SOAK  5000

static unsigned seed;

static unsigned pick(unsigned most)
{
	seed = seed * 1103515245U + 12345U;
	return (seed >> 16) % most;
}

static const char *const folders[] = {"",    "a",     "b",       "a/b", "a/b/c",
				      "log", "a/log", "foo bar", "b/a", "b/a/b"};
static const char *const names[] = {
	"a",     "b",     "ab", "x.log", "keep.log",    "c.d",         "foo bar", "trail ", "#hash",
	"!bang", "*star", "q?", "[z]",   "back\\slash", "caf\xc3\xa9", "\xe9",    ".dot"};

#define ONE_OF(list) (list)[pick((unsigned)COUNT(list))]

static void make_files(void)
{
	char path[256];
	sh("rm -rf tree; git init -q tree; cd tree; mkdir -p a/b/c log a/log 'foo bar' b/a/b");
	for (size_t i = 0; i < COUNT(folders); i++)
		for (size_t n = 0; n < COUNT(names); n++) {
			snprintf(path, sizeof(path), "tree/%s/%s", folders[i], names[n]);
			FILE *file = fopen(path, "w");
			if (file) /* else a folder has the name */
				fclose(file);
		}
}

static void add(char *rule, const char *text)
{
	const size_t used = strlen(rule);
	snprintf(rule + used, 256 - used, "%s", text);
}

/* Either pieces of all kinds, or a path with a few of them put in. */
static void make_rule(char *rule)
{
	static const char *const pieces[] = {
		"a",           "b",  "ab",   "*",    "*",     "?",      "**",
		"/",           "/",  "[ab]", "[!a]", "[a-c]", "[^b-z]", "[[:alpha:]]",
		"[[:punct:]]", "\\", "\\*",  "\\ ",  " ",     "foo",    "x.log",
		"*.log",       ".",  "#",    "log",  "[]-a]", "[",      "]",
		"\xc3\xa9",    "c",  "**/",  "/**",  "\t",    "!",
	};
	rule[0] = '\0';
	if (pick(4) == 0)
		add(rule, "!");
	if (pick(4) == 0)
		add(rule, "/");
	if (pick(2)) {
		for (unsigned n = 1 + pick(5); n; n--)
			add(rule, ONE_OF(pieces));
	} else {
		const char *folder = ONE_OF(folders);
		for (const char *at = folder; *at; at++) {
			const char sign[] = {*at, '\0'};
			add(rule, pick(8) ? sign : ONE_OF(pieces));
		}
		if (*folder && pick(3))
			add(rule, "/");
		if (pick(3))
			add(rule, pick(3) ? ONE_OF(names) : ONE_OF(pieces));
	}
	if (pick(5) == 0)
		add(rule, "/");
	if (pick(12) == 0)
		add(rule, pick(2) ? "  " : "\r");
}

static void write_rules(const char *path)
{
	char rule[256];
	FILE *file = fopen(path, "w");
	ck_assert_msg(file != NULL, "%s", path);
	if (pick(20) == 0)
		fputs("\xef\xbb\xbf", file);
	for (unsigned n = 1 + pick(4); n; n--) {
		make_rule(rule);
		fprintf(file, n == 1 && pick(3) == 0 ? "%s" : "%s\n", rule);
	}
	fclose(file);
}

static void write_all_rules(void)
{
	char path[256];
	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(path, sizeof(path), "tree/%s/.gitignore", folders[i]);
		unlink(path);
		if (pick(4) == 0)
			write_rules(path);
	}
	unlink("tree/.git/info/exclude");
	unlink("excludes");
	if (pick(4) == 0)
		write_rules("tree/.git/info/exclude");
	if (pick(4) == 0)
		write_rules("excludes");
}

/* All that is new and not ignored, a line each. */
static const char *our_list(void)
{
	static char list[65536];
	struct index index = {.version = 2, .trees = trees_new(), .missing = true};
	const struct ignore *outer = NULL, *inner = NULL;
	ck_assert_int_eq(ignore_read(&outer, NULL, AT_FDCWD, "excludes", "", true), 0);
	ck_assert_int_eq(ignore_read(&inner, outer, AT_FDCWD, "tree/.git/info/exclude", "", true),
			 0);
	struct scan scan = {
		.index = &index,
		.root = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.ignore = inner,
		.trust_mode = true,
	};
	ck_assert_int_eq(scan_run(&scan), 0);
	list[0] = '\0';
	for (size_t i = 0; i < scan.count; i++) {
		const size_t used = strlen(list);
		ck_assert_uint_lt(used + strlen(scan.items[i].path) + 2, sizeof(list));
		snprintf(list + used, sizeof(list) - used, "%s\n", scan.items[i].path);
	}
	scan_release(&scan);
	close(scan.root);
	index_release(&index);
	if (inner != outer)
		ignore_free(inner);
	ignore_free(outer);
	list[strlen(list) ? strlen(list) - 1 : 0] = '\0';
	return list;
}

START_TEST(test_ignored_as_git_ignores)
{
	const int cases = getenv("SOAK") ? SOAK : CASES;
	make_world();
	make_files();
	sh("git -C tree config core.excludesFile \"$PWD/excludes\"");
	seed = (unsigned)strtoul(getenv("SEED") ? getenv("SEED") : "1", NULL, 10);
	for (int i = 0; i < cases; i++) {
		const unsigned before = seed;
		write_all_rules();
		const char *ours = our_list();
		const char *theirs =
			sh("git -C tree ls-files -z -o --exclude-standard | tr '\\0' '\\n'");
		ck_assert_msg(strcmp(ours, theirs) == 0,
			      "case %d, seed %u:\nours:\n%s\ngit's:\n%s\nrules:\n%s", i, before,
			      ours, theirs,
			      sh("head -50 excludes tree/.git/info/exclude $(find tree -name "
				 ".gitignore | tr '\\n' ' ') 2>/dev/null || true"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ignore");
	TCase *tcase = tcase_create("ignore");
	tcase_set_timeout(tcase, 1200);
	tcase_add_test(tcase, test_ignored_as_git_ignores);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
