/* Errors: their words, their cleaning, their exit codes; and UTF-8, which the cleaning stands on.
 */
#include <errno.h>

#include "conf/nearest.h"
#include "conf/utf8.h"
#include "tests/unit/conf_helpers.h"

#define CUT "\xe2\x80\xa6"

START_TEST(an_error_is_filled)
{
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(err_set(&err, ERR_CONFIG, "%s:%d: %s", "a.conf", 3, "wrong"), -1);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_str_eq(err.text, "a.conf:3: wrong");
	ck_assert_int_eq(err_set(NULL, ERR_CONFIG, "nobody asks"), -1);
}
END_TEST

START_TEST(the_words_of_errno)
{
	struct err err;
	errno = ENOSPC;
	ck_assert_int_eq(err_errno(&err, "%s: can't be written", "a"), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "a: can't be written: No space left on device");
	ck_assert_int_eq(err_errno(NULL, "nobody asks"), -1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(an_error_may_quote_itself)
{
	struct err err;
	err_set(&err, ERR_SYSTEM, "inner");
	err_set(&err, ERR_CONFIG, "outer: %s", err.text);
	ck_assert_str_eq(err.text, "outer: inner");
}
END_TEST

START_TEST(what_a_terminal_would_obey_is_taken_out)
{
	struct err err;
	err_set(&err, ERR_CONFIG,
		"a\033[31mb\nc\td\x7f"
		"e\xc2\x9b"
		"31mf");
	ck_assert_str_eq(err.text, "a?[31mb?c?d?e?31mf");
	err_set(&err, ERR_CONFIG, "a\u202eb\u2066c");
	ck_assert_str_eq(err.text, "a?b?c");
	err_set(&err, ERR_CONFIG, "caf\xe9 \xff\xfe caf\u00e9 \U0001f600 \xf0\x9f");
	ck_assert_str_eq(err.text, "caf? ?? caf\u00e9 \U0001f600 ??");
}
END_TEST

START_TEST(a_long_one_is_cut_at_a_whole_character)
{
	struct err err;
	char text[3000];
	for (size_t lead = 0; lead < 4; lead++) {
		memset(text, 'x', lead);
		for (size_t i = lead; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "\u00e9", 3);
		err_set(&err, ERR_CONFIG, "%s", text);
		const size_t length = strlen(err.text);
		ck_assert_uint_lt(length, sizeof(err.text));
		ck_assert_uint_ge(length, sizeof(err.text) - 5);
		ck_assert_str_eq(err.text + length - strlen(CUT), CUT);
		ck_assert_uint_eq(utf8_valid(err.text, length), length);
	}
}
END_TEST

START_TEST(the_longest_that_fits_is_not_cut)
{
	struct err err;
	char text[sizeof(err.text) + 1];
	memset(text, 'x', sizeof(text));
	text[sizeof(err.text) - 1] = '\0';
	err_set(&err, ERR_CONFIG, "%s", text);
	ck_assert_str_eq(err.text, text);
	text[sizeof(err.text) - 1] = 'x';
	text[sizeof(err.text)] = '\0';
	err_set(&err, ERR_CONFIG, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_ptr_nonnull(strstr(err.text, CUT));
}
END_TEST

START_TEST(exit_codes)
{
	static const int codes[] = {
		[ERR_NONE] = 0,   [ERR_USAGE] = 2,    [ERR_CONFIG] = 2,
		[ERR_BUSY] = 3,   [ERR_REFUSED] = 1,  [ERR_DAMAGED] = 1,
		[ERR_SYSTEM] = 1, [ERR_UNSYNCED] = 1, [ERR_INTERNAL] = 1,
	};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const struct err err = {.code = (enum err_code)i};
		ck_assert_int_eq(err_exit_code(&err), codes[i]);
	}
}
END_TEST

START_TEST(every_character_is_read)
{
	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		char bytes[4];
		size_t length;
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		if (code < 0x80) {
			bytes[0] = (char)code;
			length = 1;
		} else {
			length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
			uint32_t rest = code;
			for (size_t i = length - 1; i > 0; i--, rest >>= 6)
				bytes[i] = (char)(0x80 | (rest & 0x3f));
			bytes[0] = (char)((0xf00U >> length & 0xff) | rest);
		}
		uint32_t read = 0;
		if (utf8_character(bytes, length, &read) != length || read != code ||
		    utf8_character(bytes, length - 1, NULL) != 0)
			ck_abort_msg("U+%04X is not read as it is", code);
	}
}
END_TEST

START_TEST(what_is_no_character_is_refused)
{
	static const char *const broken[] = {"\x80",
					     "\xbf",
					     "\xc0\x80",
					     "\xc1\xbf",
					     "\xe0\x9f\xbf",
					     "\xed\xa0\x80",
					     "\xed\xbf\xbf",
					     "\xf0\x8f\xbf\xbf",
					     "\xf4\x90\x80\x80",
					     "\xf5\x80\x80\x80",
					     "\xff",
					     "\xc3(",
					     "\xe2\x82(",
					     "\xf8\x88\x80\x80\x80"};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		ck_assert_uint_eq(utf8_character(broken[i], strlen(broken[i]), NULL), 0);
		ck_assert_uint_eq(utf8_valid(broken[i], strlen(broken[i])), 0);
	}
	ck_assert_uint_eq(utf8_valid("ab\xc3\xa9\xff", 5), 4);
	ck_assert_uint_eq(utf8_valid("", 0), 0);
	ck_assert(utf8_has_control("a\n"));
	ck_assert(!utf8_has_control("a\u00a0b\u202f"));
}
END_TEST

static const char *nearest(const char *given)
{
	static const char *const names[] = {"tokens", "threshold", "on_unknown", "cwd", "path"};
	return nearest_name(given, names, sizeof(names) / sizeof(names[0]));
}

START_TEST(the_nearest_name)
{
	ck_assert_str_eq(nearest("tokns"), "tokens");
	ck_assert_str_eq(nearest("toknes"), "tokens");
	ck_assert_str_eq(nearest("TOKENS"), "tokens");
	ck_assert_str_eq(nearest("treshhold"), "threshold");
	ck_assert_str_eq(nearest("on-unknown"), "on_unknown");
	ck_assert_str_eq(nearest("cdw"), "cwd");
	ck_assert_str_eq(nearest("paths"), "path");
	ck_assert_ptr_null(nearest("zebra"));
	ck_assert_ptr_null(nearest(""));
	char endless[1000];
	memset(endless, 't', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	ck_assert_ptr_null(nearest(endless));
	ck_assert_ptr_null(nearest_name("x", NULL, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_err");
	TCase *errors = tcase_create("errors");
	tcase_set_timeout(errors, 30);
	tcase_add_test(errors, an_error_is_filled);
	tcase_add_test(errors, the_words_of_errno);
	tcase_add_test(errors, an_error_may_quote_itself);
	tcase_add_test(errors, what_a_terminal_would_obey_is_taken_out);
	tcase_add_test(errors, a_long_one_is_cut_at_a_whole_character);
	tcase_add_test(errors, the_longest_that_fits_is_not_cut);
	tcase_add_test(errors, exit_codes);
	tcase_add_test(errors, every_character_is_read);
	tcase_add_test(errors, what_is_no_character_is_refused);
	tcase_add_test(errors, the_nearest_name);
	suite_add_tcase(suite, errors);
	return run_suite(suite);
}
