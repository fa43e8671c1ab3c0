/* The words of a config: what is one is as libconfuse has it; where they stand is as the file has
 * it. */
#include <confuse.h>

#include "conf/words.h"
#include "tests/unit/conf_helpers.h"

static struct arena arena;
static struct words words;

static void read_words(const char *text)
{
	struct err err = {.code = ERR_NONE};
	write_text("words.conf", text);
	ck_assert_msg(words_read("words.conf", &arena, &words, &err) == 0, "%s", err.text);
}

static void release(void)
{
	words_release(&words);
	arena_release(&arena);
}

static void check_word(size_t i, const char *text, int line)
{
	ck_assert_uint_lt(i, words.count);
	ck_assert_str_eq(words.list[i].text, text);
	ck_assert_int_eq(words.list[i].line, line);
	ck_assert_str_eq(words.list[i].file->path, "words.conf");
}

START_TEST(lines_are_those_of_the_file)
{
	read_words("# one\n"
		   "a /* two\n"
		   " three */ b // three\n"
		   "\n"
		   "\"five\n"
		   "six\" 'six\\\n"
		   "seven' eight\n");
	ck_assert_uint_eq(words.count, 5);
	check_word(0, "a", 2);
	check_word(1, "b", 3);
	check_word(2, "five\nsix", 5);
	check_word(3, "sixseven", 6);
	check_word(4, "eight", 7);
	release();
}
END_TEST

START_TEST(signs)
{
	static const enum word_kind kinds[] = {WORD_TEXT,  WORD_EQUALS, WORD_OPEN,  WORD_TEXT,
					       WORD_COMMA, WORD_TEXT,   WORD_CLOSE, WORD_APPEND,
					       WORD_LEFT,  WORD_RIGHT};
	read_words("a={b,c}+=()");
	ck_assert_uint_eq(words.count, sizeof(kinds) / sizeof(kinds[0]));
	for (size_t i = 0; i < words.count; i++)
		ck_assert_int_eq(words.list[i].kind, kinds[i]);
	release();
}
END_TEST

/* libconfuse refuses one within a list. */
START_TEST(comments_may_stand_anywhere)
{
	read_words("a = { # one\n b#two\n, /* three ** / */ c // four\n }");
	ck_assert_uint_eq(words.count, 7);
	check_word(3, "b", 2);
	check_word(4, ",", 3);
	check_word(5, "c", 3);
	check_word(6, "}", 4);
	release();
}
END_TEST

START_TEST(nothing_at_all)
{
	read_words("");
	ck_assert_uint_eq(words.count, 0);
	ck_assert_str_eq(words.file->path, "words.conf");
	release();
	read_words("\xef\xbb\xbf");
	ck_assert_uint_eq(words.count, 0);
	release();
	read_words("# a comment without a line end");
	ck_assert_uint_eq(words.count, 0);
	release();
}
END_TEST

START_TEST(include_is_a_word_where_it_includes_nothing)
{
	read_words("step include { } a = include b = {include, include (x)}");
	check_word(1, "include", 1);
	check_word(6, "include", 1);
	release();
}
END_TEST

/* The values that libconfuse reads from a list. */
static size_t their_words(const char *text, char out[][256], size_t most)
{
	cfg_opt_t options[] = {CFG_STR_LIST("v", NULL, CFGF_NODEFAULT), CFG_END()};
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	ck_assert_ptr_nonnull(cfg);
	ck_assert_msg(cfg_parse_buf(cfg, text) == CFG_SUCCESS, "libconfuse refuses %s", text);
	const size_t count = cfg_size(cfg, "v");
	ck_assert_uint_le(count, most);
	for (size_t i = 0; i < count; i++)
		snprintf(out[i], 256, "%s", cfg_getnstr(cfg, "v", (unsigned)i));
	cfg_free(cfg);
	return count;
}

static void compare(const char *value)
{
	char text[1024], theirs[16][256];
	snprintf(text, sizeof(text), "v = {%s}\n", value);
	const size_t count = their_words(text, theirs, 16);
	size_t found = 0;
	read_words(text);
	for (size_t i = 2; i < words.count; i++) {
		if (words.list[i].kind != WORD_TEXT)
			continue;
		ck_assert_msg(found < count, "%s: more words than libconfuse has", value);
		ck_assert_str_eq(words.list[i].text, theirs[found]);
		found++;
	}
	ck_assert_msg(found == count, "%s: fewer words than libconfuse has", value);
	release();
}

START_TEST(words_are_those_of_libconfuse)
{
	static const char *const values[] = {
		"a",
		"a, b",
		"/usr/bin/x",
		"http://example.org//x",
		"a;b, [c], -d, 50%, a:b, $x, a$, \\n, ~",
		"\"\"",
		"''",
		"\"a b\", 'c d'",
		"\"it's\", 'say \"x\"'",
		"\"\\\"\", '\\''",
		"\"\\n\\r\\b\\f\\a\\e\\t\\v\\z\\\\\"",
		"'\\n\\t\\\\\\x41'",
		"\"\\101\\x41\\x4a\\x4Az\\7\\12\\1a\\xg\"",
		"\"a\\\nb\", 'a\\\nb'",
		"\"a\nb\", 'a\nb'",
		"\"# no // comment /* here */\"",
		"\"${STEPGATE_TEST_SET}\", ${STEPGATE_TEST_SET}, '${STEPGATE_TEST_SET}'",
		"\"a${STEPGATE_TEST_SET}b${STEPGATE_TEST_SET}c\"",
		"\"${STEPGATE_TEST_NONE:-other thing}\", ${STEPGATE_TEST_NONE:-other thing}",
		"\"${STEPGATE_TEST_NONE:-}\", \"${STEPGATE_TEST_NONE:--}\"",
		"\"${STEPGATE_TEST_NONE:-\\n \" '}\"",
		"\"${STEPGATE_TEST_EMPTY:-other}\"",
		"\"\\${STEPGATE_TEST_SET}\", \"$STEPGATE_TEST_SET\", \"$\", \"$$\"",
		"\"caf\xc3\xa9\", caf\xc3\xa9, '\xf0\x9f\x98\x80'",
	};
	setenv("STEPGATE_TEST_SET", "va\"l'ue", 1);
	setenv("STEPGATE_TEST_EMPTY", "", 1);
	unsetenv("STEPGATE_TEST_NONE");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		compare(values[i]);
}
END_TEST

/* A quoted text of random pieces, each of which may stand in either kind of quotes. */
static void random_text(unsigned *seed, char *out, size_t size)
{
	static const char *const pieces[] = {
		"a",  "b ", "\\\"", "\\'", "\\\\", "\n", "\\n", "\\t",  "//",   "\\x4", "*/", "#",
		"$ ", "{",  "}",    ",",   "\t",   ";",  "\\e", "\\\n", "\\12", "=",    "(",  "/*"};
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	const char quote = rand_r(seed) % 2 ? '"' : '\'';
	size_t used = (size_t)snprintf(out, size, "%c", quote);
	for (int i = rand_r(seed) % 12; i > 0; i--)
		used += (size_t)snprintf(out + used, size - used, "%s",
					 pieces[(size_t)rand_r(seed) % count]);
	snprintf(out + used, size - used, "%c", quote);
}

START_TEST(random_words_are_those_of_libconfuse)
{
	unsigned seed = 20240711;
	for (int round = 0; round < 2000; round++) {
		char one[128], two[128], both[300];
		random_text(&seed, one, sizeof(one));
		random_text(&seed, two, sizeof(two));
		snprintf(both, sizeof(both), "%s,%s", one, two);
		compare(both);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_words");
	TCase *lexing = tcase_create("words");
	tcase_set_timeout(lexing, 60);
	tcase_add_test(lexing, lines_are_those_of_the_file);
	tcase_add_test(lexing, signs);
	tcase_add_test(lexing, comments_may_stand_anywhere);
	tcase_add_test(lexing, nothing_at_all);
	tcase_add_test(lexing, include_is_a_word_where_it_includes_nothing);
	tcase_add_test(lexing, words_are_those_of_libconfuse);
	tcase_add_test(lexing, random_words_are_those_of_libconfuse);
	suite_add_tcase(suite, lexing);
	return run_suite(suite);
}
