/* A figure by a pattern among what a worker prints. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter.h"
#include "plugins/meter_regex.h"
#include "tests/unit/suite.h"

static struct usage usage_of(const char *pattern, const char *words, const char **bad)
{
	struct err err = {.code = ERR_NONE};
	struct meter_regex *regex = meter_regex_new(pattern, &err);
	ck_assert_msg(regex != NULL, "%s", err.text);
	meter_regex_feed(regex, words, strlen(words));
	meter_regex_end(regex);
	const struct usage usage = meter_regex_usage(regex, bad);
	meter_regex_free(regex);
	return usage;
}

static const struct {
	const char *pattern, *words;
	int64_t tokens;
} good[] = {
	{"tokens used: ([0-9,]+)", "hello\ntokens used: 1,234\nbye\n", 1234},
	{"tokens used: ([0-9,]+)", "tokens used: 7\ntokens used: 1,000\ntokens used: 12", 1000},
	{"^total=(\\d+)$", "a total=5\ntotal=6\r\ntotal=7\n", 7},
	{"(?i)TOKENS\\s+(\\d[\\d_ ]*)", "x tokens  1_000 000\n", 1000000},
	{"(\\d+)", "9223372036854775807", INT64_MAX},
	{"n=(\\d+)", "n=0", 0},
};

START_TEST(what_is_captured_counts)
{
	const char *bad = "";
	const struct usage usage = usage_of(good[_i].pattern, good[_i].words, &bad);
	ck_assert_msg(usage.known && !bad, "%s: %s", good[_i].words, bad ? bad : "unknown");
	ck_assert_int_eq(usage.tokens, good[_i].tokens);
}
END_TEST

static const struct {
	const char *pattern, *words, *why;
} unknown[] = {
	{"tokens: (\\d+)", "", NULL},
	{"tokens: (\\d+)", "tokens: many\n", NULL},
	{"tokens: (.*)", "tokens: many\n", "what the pattern captured is no whole number"},
	{"tokens: (.*)", "tokens: \n", "what the pattern captured is no whole number"},
	{"tokens: ([0-9.]+)", "tokens: 1.5\n", "what the pattern captured is no whole number"},
	{"(\\d+)", "9223372036854775808", "what the pattern captured is no whole number"},
	{"a(\\d+)?", "a\n", "what the pattern captured is no whole number"},
	{"(?:a|aa|aaa|a+)+(\\d)$",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n",
	 "a line takes the pattern too long"},
};

START_TEST(anything_else_is_unknown)
{
	const char *bad = "";
	ck_assert(!usage_of(unknown[_i].pattern, unknown[_i].words, &bad).known);
	ck_assert_msg(bad == unknown[_i].why || strcmp(bad ? bad : "", unknown[_i].why) == 0, "%s",
		      bad ? bad : "(nothing)");
}
END_TEST

static const struct {
	const char *pattern, *words;
} refused[] = {
	{"tokens: (\\d+", "regex:tokens: (\\d+: at its character 13: missing closing parenthesis"},
	{"tokens: \\d+",
	 "regex:tokens: \\d+: it has 0 captures: it needs one, the number of tokens "
	 "in ( )"},
	{"(a)(b)", "regex:(a)(b): it has 2 captures: it needs one, the number of tokens in ( )"},
};

START_TEST(a_pattern_that_is_none_is_refused)
{
	const struct conf_step step = {.meter = CONF_METER_REGEX,
				       .meter_pattern = refused[_i].pattern};
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(meter_check(&step, &err), -1);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_str_eq(err.text, refused[_i].words);
}
END_TEST

START_TEST(any_cut_gives_the_same)
{
	static const char words[] = "x\ntokens: 12\ntokens: 345\r\ny tokens: 6";
	for (size_t piece = 1; piece < sizeof(words); piece++) {
		struct meter_regex *regex = meter_regex_new("tokens: (\\d+)", NULL);
		for (size_t at = 0; at < sizeof(words) - 1; at += piece)
			meter_regex_feed(regex, words + at,
					 sizeof(words) - 1 - at < piece ? sizeof(words) - 1 - at
									: piece);
		meter_regex_end(regex);
		ck_assert_int_eq(meter_regex_usage(regex, NULL).tokens, 345);
		meter_regex_free(regex);
	}
}
END_TEST

/* Of a long line its beginning is looked at, and the next line is one of its own. */
START_TEST(long_lines_are_cut)
{
	char *words = malloc(3 * METER_REGEX_LINE);
	ck_assert_ptr_nonnull(words);
	memset(words, 'x', 3 * METER_REGEX_LINE);
	memcpy(words, "n=5 ", 4);
	memcpy(words + 2 * METER_REGEX_LINE, "n=9 \nn=7", 9);
	ck_assert_int_eq(usage_of("\\bn=(\\d+)", words, NULL).tokens, 7);
	free(words);
}
END_TEST

START_TEST(a_worker_is_read_by_it)
{
	const struct conf_step step = {.meter = CONF_METER_REGEX, .meter_pattern = "n=(\\d+)"};
	const struct meter_start start = {.kind = step.meter, .step = &step};
	const struct meter_end end = {.exit_code = 0};
	struct reading reading;
	bool lost = true;
	struct meter *meter = meter_new(&start, NULL);
	ck_assert_ptr_nonnull(meter);
	meter_feed(meter, "n=5\nn=", 6);
	ck_assert_int_eq(meter_live(meter, CONF_MEASURE_ALL, &lost).tokens, 5);
	ck_assert(!lost);
	meter_feed(meter, "8", 1);
	meter_end(meter, &end, &reading);
	ck_assert_int_eq(reading.total.tokens, 8);
	ck_assert_int_eq(reading.quality, QUALITY_EXACT);
	meter_free(meter);
	meter = meter_new(&start, NULL);
	meter_end(meter, &end, &reading);
	ck_assert(!reading.total.known);
	ck_assert_str_eq(reading.why, "meter \"regex\": the pattern fits no line that was printed");
	meter_free(meter);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_regex");
	TCase *regex = tcase_create("regex");
	tcase_add_loop_test(regex, what_is_captured_counts, 0, COUNT(good));
	tcase_add_loop_test(regex, anything_else_is_unknown, 0, COUNT(unknown));
	tcase_add_loop_test(regex, a_pattern_that_is_none_is_refused, 0, COUNT(refused));
	tcase_add_test(regex, any_cut_gives_the_same);
	tcase_add_test(regex, long_lines_are_cut);
	tcase_add_test(regex, a_worker_is_read_by_it);
	suite_add_tcase(suite, regex);
	return run_suite(suite);
}
