/* Values against the rows of the option table, and the table against itself. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/manual.h"
#include "conf/options.h"
#include "conf/value.h"
#include "fsm/gate.h"
#include "tests/unit/conf_helpers.h"

static const struct option integer = {
	.name = "n", .type = OPTION_INTEGER, .min = 1, .max = INT64_MAX};
static const struct option duration = {
	.name = "t", .type = OPTION_DURATION, .min = 0, .max = INT64_MAX};
static const struct option size = {.name = "s", .type = OPTION_SIZE, .min = 0, .max = INT64_MAX};
static const struct option boolean = {.name = "b", .type = OPTION_BOOLEAN};

static void takes(const struct option *option, const char *text)
{
	char why[VALUE_WHY_SIZE] = "";
	ck_assert_msg(value_check(option, text, why) == 0, "'%s': %s", text, why);
}

static void refuses(const struct option *option, const char *text, const char *words)
{
	char why[VALUE_WHY_SIZE] = "";
	ck_assert_msg(value_check(option, text, why) == -1, "'%s' is not refused", text);
	ck_assert_str_eq(why, words);
}

START_TEST(integers)
{
	takes(&integer, "1");
	takes(&integer, "007");
	takes(&integer, "9223372036854775807");
	ck_assert_int_eq(value_integer("9223372036854775807"), INT64_MAX);
	ck_assert_int_eq(value_integer("010"), 10);
	static const char *const outside[] = {"0",
					      "-1",
					      "-0",
					      "9223372036854775808",
					      "18446744073709551617",
					      "-9223372036854775809"};
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		refuses(&integer, outside[i], "it goes from 1 to 9223372036854775807");
	static const char *const others[] = {"",    "-",     "--1",   "1 ", " 1", "1e3",
					     "0x1", "1_000", "1,000", "+1", "1-", "one"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		refuses(&integer, others[i], "it takes a whole number");
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *text;
		int64_t milliseconds;
	} times[] = {
		{"0", 0},           {"0s", 0},          {"500ms", 500},
		{"90s", 90000},     {"45m", 2700000},   {"2h", 7200000},
		{"1h30m", 5400000}, {"1d", 86400000},   {"1d2h3m4s5ms", 93784005},
		{"1s1s", 2000},     {"1m500ms", 60500}, {"9223372036854775807ms", INT64_MAX},
	};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		takes(&duration, times[i].text);
		ck_assert_int_eq(value_duration(times[i].text), times[i].milliseconds);
	}
	static const char *const others[] = {"",
					     "s",
					     "1",
					     "00",
					     "1h30",
					     "1.5h",
					     "1 s",
					     "-1s",
					     "1S",
					     "1min",
					     "1sec",
					     "1w",
					     "ms",
					     "1ms ",
					     "h1",
					     "9223372036854775808ms",
					     "9223372036854775807s",
					     "9223372036854775807ms1ms"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		refuses(&duration, others[i],
			"it takes a time with its unit: 500ms, 90s, 45m, 2h, 1h30m");
}
END_TEST

START_TEST(written_durations_are_read_back)
{
	static const int64_t times[] = {0,     1,       999,      1000,     1001,     60000,
					90000, 3600000, 86400000, 90000000, INT64_MAX};
	char text[VALUE_DURATION_SIZE];
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		value_write_duration(times[i], text);
		ck_assert_int_eq(value_duration(text), times[i]);
	}
	value_write_duration(5400000, text);
	ck_assert_str_eq(text, "90m");
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {{"0", 0},
		    {"4096", 4096},
		    {"4K", 4096},
		    {"64M", 64 << 20},
		    {"2G", INT64_C(2) << 30},
		    {"8589934591G", INT64_C(8589934591) << 30},
		    {"9223372036854775807", INT64_MAX}};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		takes(&size, good[i].text);
		ck_assert_int_eq(value_size(good[i].text), good[i].bytes);
	}
	static const char *const others[] = {"",   "K",   "-1",  "1 K", "1k",  "1KB",
					     "1T", "1.5", "1KK", "+1",  "0x1", "8589934592G"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		refuses(&size, others[i], "it takes a number of bytes, K, M or G: 4096, 64K, 512M");
	const struct option narrow = {
		.name = "s", .type = OPTION_SIZE, .min = 4096, .max = INT64_C(1) << 40};
	refuses(&narrow, "4095", "it goes from 4K to 1024G");
	refuses(&narrow, "1025G", "it goes from 4K to 1024G");
}
END_TEST

START_TEST(written_sizes_are_read_back)
{
	static const int64_t bytes[] = {0, 1, 1023, 1024, 1025, 1 << 20, 3 << 19, INT64_MAX};
	char text[VALUE_DURATION_SIZE];
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		value_write_size(bytes[i], text);
		ck_assert_int_eq(value_size(text), bytes[i]);
	}
	value_write_size(64 << 20, text);
	ck_assert_str_eq(text, "64M");
}
END_TEST

START_TEST(booleans)
{
	static const char *const yes[] = {"true", "TRUE", "on", "Yes"};
	static const char *const no[] = {"false", "off", "NO"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		takes(&boolean, yes[i]);
		ck_assert(value_boolean(yes[i]));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		takes(&boolean, no[i]);
		ck_assert(!value_boolean(no[i]));
	}
	static const char *const others[] = {"", "1", "0", "truee", "y"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		refuses(&boolean, others[i], "it takes true or false");
}
END_TEST

START_TEST(texts)
{
	struct option text = {.name = "s", .type = OPTION_STRING, .max = 3};
	takes(&text, "abc");
	refuses(&text, "abcd", "it is longer than 3 bytes");
	refuses(&text, "", "it is empty");
	refuses(&text, "\t", "it has a control character or a line break in it");
	text.raw = true;
	takes(&text, "\n\t");
	text.type = OPTION_STRINGS;
	takes(&text, "");
}
END_TEST

START_TEST(choices)
{
	const struct option *option = option_find("step", "on_failure");
	takes(option, "retry");
	ck_assert_int_eq(value_choice(option, "close"), CONF_FAILURE_CLOSE);
	ck_assert_int_eq(value_choice(option, "retry"), CONF_FAILURE_RETRY);
	ck_assert_int_eq(value_choice(option, "skip"), CONF_FAILURE_SKIP);
	ck_assert_int_eq(value_choice(option, "Skip"), -1);
	refuses(option, "Skip", "did you mean 'skip'?");
	refuses(option, "explode", "it takes close, retry or skip");
	refuses(option, "", "it takes close, retry or skip");
	refuses(option_find("step", "meter"), "x",
		"it takes command, jsonl, claude, codex, gemini, opencode, auto, module, plugin or "
		"regex:…");
}
END_TEST

/* The struct's enums stand in the order of the words. */
START_TEST(enums_are_indexes_of_choices)
{
	const struct option *on_unknown = option_find("budget", "on_unknown");
	ck_assert_int_eq(value_choice(on_unknown, "error"), CONF_UNKNOWN_ERROR);
	ck_assert_int_eq(value_choice(on_unknown, "estimate"), CONF_UNKNOWN_ESTIMATE);
	ck_assert_int_eq(value_choice(on_unknown, "zero"), CONF_UNKNOWN_ZERO);
	const struct option *work = option_find("", "on_failure_work");
	ck_assert_int_eq(value_choice(work, "salvage"), CONF_WORK_SALVAGE);
	ck_assert_int_eq(value_choice(work, "commit"), CONF_WORK_COMMIT);
	ck_assert_int_eq(value_choice(work, "keep"), CONF_WORK_KEEP);
	const struct option *complete = option_find("", "when_complete");
	ck_assert_int_eq(value_choice(complete, "stop"), CONF_COMPLETE_STOP);
	ck_assert_int_eq(value_choice(complete, "restart"), CONF_COMPLETE_RESTART);
	const struct option *type = option_find("report", "type");
	ck_assert_int_eq(value_choice(type, "file"), CONF_REPORT_FILE);
	ck_assert_int_eq(value_choice(type, "program"), CONF_REPORT_PROGRAM);
	const struct option *on = option_find("report", "on");
	ck_assert_int_eq(1 << value_choice(on, "started"), CONF_ON_STARTED);
	ck_assert_int_eq(1 << value_choice(on, "step"), CONF_ON_STEP);
	ck_assert_int_eq(1 << value_choice(on, "nok"), CONF_ON_NOK);
	ck_assert_int_eq(1 << value_choice(on, "closed"), CONF_ON_CLOSED);
}
END_TEST

static void check_row(const struct option *option)
{
	const bool chosen = option->type == OPTION_CHOICE || option->type == OPTION_CHOICES;
	ck_assert_ptr_nonnull(option->section);
	ck_assert_ptr_nonnull(option->help);
	ck_assert_msg(strchr(option->help, '\n') == NULL, "%s: help of one line", option->name);
	ck_assert_ptr_eq(option_find(option->section, option->name), option);
	ck_assert_msg(chosen == (option->choices != NULL), "%s: choices", option->name);
	ck_assert_int_le(option->min, option->max);
	if (option->section[0]) {
		const struct option *section = option_find("", option->section);
		ck_assert_msg(section && section->type == OPTION_SECTION, "%s: its section",
			      option->name);
	}
	if (option->fallback && !option_is_list(option))
		takes(option, option->fallback);
	if (option->type == OPTION_STRING || option->type == OPTION_STRINGS)
		ck_assert_int_gt(option->max, 0);
	/* What is read without asking whether it is there. */
	if (option->type == OPTION_BOOLEAN || option->type == OPTION_DURATION)
		ck_assert_msg(option->fallback != NULL, "%s: a default", option->name);
}

START_TEST(the_table_is_sound)
{
	for (size_t i = 0; i < conf_noptions; i++)
		check_row(&conf_options[i]);
	ck_assert_ptr_null(option_find("", "tokens"));
	ck_assert_ptr_null(option_find("nowhere", "title"));
}
END_TEST

/* The defaults of the gate stand in the help as text. */
START_TEST(the_help_has_the_defaults_of_the_gate)
{
	char number[32];
	snprintf(number, sizeof(number), "else %" PRId64, GATE_BUDGET_DEFAULT);
	ck_assert_ptr_nonnull(strstr(option_find("budget", "tokens")->help, number));
	snprintf(number, sizeof(number), "else %d", GATE_THRESHOLD_DEFAULT);
	ck_assert_ptr_nonnull(strstr(option_find("budget", "threshold")->help, number));
}
END_TEST

static char *printed(void print(FILE *out))
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	ck_assert_ptr_nonnull(out);
	print(out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(the_manual_has_every_key)
{
	char *text = printed(manual_text), *roff = printed(manual_roff);
	char line[128];
	for (size_t i = 0; i < conf_noptions; i++) {
		const struct option *option = &conf_options[i];
		if (option->type == OPTION_SECTION) {
			snprintf(line, sizeof(line), "\n%s ", option->name);
			ck_assert_msg(strstr(text, line) != NULL, "%s", option->name);
			snprintf(line, sizeof(line), "\n.SS %s ", option->name);
		} else {
			snprintf(line, sizeof(line), "\n    %s: ", option->name);
			ck_assert_msg(strstr(text, line) != NULL, "%s", option->name);
			snprintf(line, sizeof(line), "\n.B %s\n", option->name);
		}
		ck_assert_msg(strstr(roff, line) != NULL, "%s", option->name);
	}
	ck_assert_ptr_nonnull(strstr(text, "    threshold: whole number, 20 to 95\n"));
	ck_assert_ptr_nonnull(strstr(text, "    grace: time, 0 to 1h; default 10s\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "    on_failure: close | retry | skip; default close\n"));
	ck_assert_ptr_nonnull(strstr(text, "; default\n        {\"step\", \"closed\"}\n"));
	free(text);
	free(roff);
}
END_TEST

START_TEST(the_manual_fits_a_terminal)
{
	char *text = printed(manual_text);
	for (char *line = text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_msg(strcspn(line, "\n") <= 80, "%.*s", (int)strcspn(line, "\n"), line);
	free(text);
}
END_TEST

/* A line that begins with a dot or a quote is a request: none of the text may become one. */
START_TEST(the_page_has_no_stray_requests)
{
	static const char *const requests[] = {".TH", ".SH", ".SS", ".TP", ".B ", ".BR",
					       ".BI", ".IR", ".PP", ".nf", ".fi"};
	char *roff = printed(manual_roff);
	for (char *line = roff; *line; line += strcspn(line, "\n") + 1) {
		ck_assert_int_ne(line[0], '\'');
		bool known = line[0] != '.';
		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && !known; i++)
			known = strncmp(line, requests[i], strlen(requests[i])) == 0;
		ck_assert_msg(known, "%.*s", (int)strcspn(line, "\n"), line);
	}
	free(roff);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_value");
	TCase *values = tcase_create("values");
	tcase_add_test(values, integers);
	tcase_add_test(values, durations);
	tcase_add_test(values, written_durations_are_read_back);
	tcase_add_test(values, sizes);
	tcase_add_test(values, written_sizes_are_read_back);
	tcase_add_test(values, booleans);
	tcase_add_test(values, texts);
	tcase_add_test(values, choices);
	suite_add_tcase(suite, values);
	TCase *table = tcase_create("table");
	tcase_add_test(table, enums_are_indexes_of_choices);
	tcase_add_test(table, the_table_is_sound);
	tcase_add_test(table, the_help_has_the_defaults_of_the_gate);
	tcase_add_test(table, the_manual_has_every_key);
	tcase_add_test(table, the_manual_fits_a_terminal);
	tcase_add_test(table, the_page_has_no_stray_requests);
	suite_add_tcase(suite, table);
	return run_suite(suite);
}
