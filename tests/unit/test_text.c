/* Text from outside, made fit to be shown. */
#include <stdint.h>

#include "conf/utf8.h"
#include "status/text.h"
#include "tests/unit/status_helpers.h"

#define BROKEN "\xef\xbf\xbd"

static const struct {
	const char *in, *out;
} cases[] = {
	{"", ""},
	{"plain words", "plain words"},
	{"  many   blanks\t and\r\n\n lines \v\f ", "many blanks and lines"},
	{"caf\xc3\xa9 \xe2\x9c\x85 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x9c\x85 \xf0\x9f\x98\x80"},
	{"bell\a back\b del\x7f", "bell back del"},
	/* Escape sequences */
	{"\x1b[31mred\x1b[0m", "red"},
	{"\x1b[1;31;40mred", "red"},
	{"\x1b[?25lhidden", "hidden"},
	{"\x1b[38:2:1:2:3mtrue", "true"},
	{"\x1b]0;a title\atext", "text"},
	{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"},
	{"\x1bPdevice\x1b\\after", "after"},
	{"\x1b_app\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\after", "after"},
	{"\x1b(Bascii", "ascii"},
	{"\x1b#8x", "x"},
	{"\x1b\x37saved", "saved"},
	{"\x1b%Gutf", "utf"},
	{"one\x1b", "one"},
	{"one\x1b[", "one"},
	{"one\x1b[12", "one"},
	{"one\x1b]0;never ended", "one"},
	/* What breaks a sequence is none of it. */
	{"a\x1b\nb", "a b"},
	{"a\x1b[12\nb", "a b"},
	{"a\x1b\x1b[31mb", "ab"},
	{"a\x1b[3\x1b[31mb", "ab"},
	{"\x1b\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
	{"\x1b[\xc3\xa9", "\xc3\xa9"},
	/* C1 controls, as UTF-8 */
	{"a\xc2\x9b"
	 "31mb",
	 "a31mb"},
	{"a\xc2\x85"
	 "b",
	 "a b"},
	/* Line and paragraph separators, bidi controls */
	{"a\xe2\x80\xa8"
	 "b\xe2\x80\xa9"
	 "c",
	 "a b c"},
	{"a\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"
	 "b",
	 "ab"},
	{"a\xe2\x80\x8f"
	 "b",
	 "a\xe2\x80\x8f"
	 "b"},
	/* Broken UTF-8 */
	{"a\x80"
	 "b",
	 "a" BROKEN "b"},
	{"a\xc3", "a" BROKEN},
	{"a\xc0\xaf", "a" BROKEN BROKEN},
	{"\xed\xa0\x80", BROKEN BROKEN BROKEN},
	{"\xf4\x90\x80\x80", BROKEN BROKEN BROKEN BROKEN},
	{"\xff \xfe", BROKEN " " BROKEN},
};

START_TEST(what_is_shown_of_it)
{
	char out[256];
	ck_assert_ptr_eq(text_clean(cases[_i].in, strlen(cases[_i].in), out, sizeof(out)), out);
	ck_assert_str_eq(out, cases[_i].out);
}
END_TEST

START_TEST(a_nul_is_left_out)
{
	char out[16];
	ck_assert_str_eq(text_clean("a\0b", 3, out, sizeof(out)), "ab");
	ck_assert_str_eq(text_clean("a\x1b\0b", 4, out, sizeof(out)), "ab");
}
END_TEST

START_TEST(it_is_cut_at_a_whole_character)
{
	static const char *const wanted[] = {
		"", "", "", "\xe2\x9c\x85", "\xe2\x9c\x85", "\xe2\x9c\x85 x", "\xe2\x9c\x85 x"};
	const char *text = "\xe2\x9c\x85 x";
	for (size_t size = 1; size <= 7; size++) {
		char *out = malloc(size); /* of that size: a sanitizer sees a byte too many */
		ck_assert_str_eq(text_clean(text, strlen(text), out, size), wanted[size - 1]);
		free(out);
	}
}
END_TEST

START_TEST(no_space_is_left_at_a_cut)
{
	char out[4];
	ck_assert_str_eq(text_clean("ab cd", 5, out, sizeof(out)), "ab");
}
END_TEST

/* Bytes as a terminal's enemy would choose them. */
static size_t rubbish(unsigned *seed, char *bytes, size_t most)
{
	static const char *const pieces[] = {"\x1b",  "[",        "]",  "\x1b]",    "\x1b[",
					     "\x1bP", "\\",       "\a", "\xc2\x9b", "\xe2\x80\xae",
					     "\xe2",  "\xf0\x9f", "\n", " ",        "m",
					     "\x9b",  "\x7f",     "1;2"};
	size_t length = 0;
	const size_t wanted = (size_t)rand_r(seed) % most;
	while (length < wanted) {
		if (rand_r(seed) % 2) {
			bytes[length++] = (char)rand_r(seed);
			continue;
		}
		const char *piece = pieces[(size_t)rand_r(seed) % COUNT(pieces)];
		for (; *piece && length < wanted; piece++)
			bytes[length++] = *piece;
	}
	return length;
}

START_TEST(whatever_it_is_given_it_is_one_clean_line)
{
	unsigned seed = 1 + (unsigned)_i;
	for (int round = 0; round < 2000; round++) {
		char in[64];
		const size_t length = rubbish(&seed, in, sizeof(in));
		char *bytes = malloc(length ? length : 1); /* nothing behind it to be read */
		memcpy(bytes, in, length);
		const size_t size = 1 + (size_t)rand_r(&seed) % 80;
		char *out = malloc(size);
		text_clean(bytes, length, out, size);
		const size_t got = strnlen(out, size);
		ck_assert_uint_lt(got, size);
		ck_assert_uint_eq(utf8_valid(out, got), got);
		ck_assert(!utf8_has_control(out));
		ck_assert_ptr_null(strstr(out, "  "));
		ck_assert(got == 0 || (out[0] != ' ' && out[got - 1] != ' '));
		/* Clean text stays as it is. */
		char again[80];
		ck_assert_str_eq(text_clean(out, got, again, sizeof(again)), out);
		free(out);
		free(bytes);
	}
}
END_TEST

static const struct {
	long long n;
	const char *text;
} numbers[] = {
	{0, "0"},
	{7, "7"},
	{999, "999"},
	{1000, "1,000"},
	{50000, "50,000"},
	{123456, "123,456"},
	{1000000, "1,000,000"},
	{INT64_MAX, "9,223,372,036,854,775,807"},
};

START_TEST(numbers_in_groups_of_three)
{
	char out[32];
	ck_assert_ptr_eq(text_grouped(numbers[_i].n, out), out);
	ck_assert_str_eq(out, numbers[_i].text);
}
END_TEST

START_TEST(a_hash_knows_where_a_text_ends)
{
	ck_assert(text_hash(TEXT_HASH, "") == UINT64_C(0xaf63bd4c8601b7df));
	ck_assert(text_hash(text_hash(TEXT_HASH, "ab"), "c") !=
		  text_hash(text_hash(TEXT_HASH, "a"), "bc"));
}
END_TEST

static const struct {
	const char *in, *out;
} plain[] = {
	{"", ""},
	{"  two\n\n\tlines  \n", "  two\n\n\tlines  \n"},
	{"\x1b[31mred\x1b[0m\x1b]0;title\a\n", "red\n"},
	{"over\rwritten\r\n", "overwritten\n"},
	{"caf\xc3\xa9 \xff", "caf\xc3\xa9 " BROKEN},
	{"\xe2\x80\xae"
	 "reversed\x9b",
	 "reversed" BROKEN},
	{"cut \x1b[3", "cut "},
};

START_TEST(plain_text_keeps_its_lines)
{
	char out[256];
	const size_t length = text_plain(plain[_i].in, strlen(plain[_i].in), out);
	ck_assert_uint_le(length, 3 * strlen(plain[_i].in));
	out[length] = '\0';
	ck_assert_str_eq(out, plain[_i].out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *text = tcase_create("text");
	tcase_add_loop_test(text, what_is_shown_of_it, 0, COUNT(cases));
	tcase_add_test(text, a_nul_is_left_out);
	tcase_add_test(text, it_is_cut_at_a_whole_character);
	tcase_add_test(text, no_space_is_left_at_a_cut);
	tcase_add_loop_test(text, whatever_it_is_given_it_is_one_clean_line, 0, 10);
	tcase_add_loop_test(text, numbers_in_groups_of_three, 0, COUNT(numbers));
	tcase_add_loop_test(text, plain_text_keeps_its_lines, 0, COUNT(plain));
	tcase_add_test(text, a_hash_knows_where_a_text_ends);
	suite_add_tcase(suite, text);
	return run_suite(suite);
}
