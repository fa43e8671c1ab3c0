/* Meters: what is read of a worker's usage, and the words where it can't be. */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter.h"
#include "tests/unit/suite.h"

/* A host that runs nothing: it answers what the test laid out, and keeps what it was asked. */
struct fake {
	struct host host; /* first: the host is the fake */
	int calls;
	const struct host_program *asked;
	char argv0[64], cwd[64], environment0[64];
	int64_t timeout_ms;
	struct host_result answer;
	const char *no_start; /* or NULL */
};

static int fake_run(const struct host *host, const struct host_program *program,
		    struct host_result *result, struct err *err)
{
	struct fake *fake = (struct fake *)(uintptr_t)host;
	fake->calls++;
	snprintf(fake->argv0, sizeof(fake->argv0), "%s", program->argv[0]);
	snprintf(fake->cwd, sizeof(fake->cwd), "%s", program->cwd);
	snprintf(fake->environment0, sizeof(fake->environment0), "%s", program->environment[0]);
	fake->timeout_ms = program->timeout_ms;
	ck_assert_ptr_null(program->input);
	if (fake->no_start)
		return err_set(err, ERR_SYSTEM, "%s: %s", program->argv[0], fake->no_start);
	*result = fake->answer;
	return 0;
}

static struct fake fake_saying(const char *output)
{
	struct fake fake = {.host = {.run = fake_run}};
	fake.answer.length = strlen(output);
	ck_assert_uint_lt(fake.answer.length, sizeof(fake.answer.output));
	memcpy(fake.answer.output, output, fake.answer.length + 1);
	return fake;
}

static const char *const meter_argv[] = {"count-tokens", "--total", NULL};
static const char *const worker_environment[] = {"STEPGATE_STEP=3", NULL};

static struct usage read_command(struct fake *fake, struct err *err)
{
	const struct conf_step step = {
		.meter = CONF_METER_COMMAND,
		.meter_command = meter_argv,
		.cwd = "/work/here",
	};
	struct meter_lines *lines = meter_lines_new();
	ck_assert_ptr_nonnull(lines);
	const struct usage usage = meter_read(&step, lines, worker_environment, &fake->host, err);
	meter_lines_free(lines);
	return usage;
}

static struct meter_lines *lines_of(const char *text)
{
	struct meter_lines *lines = meter_lines_new();
	ck_assert_ptr_nonnull(lines);
	meter_lines_feed(lines, text, strlen(text));
	meter_lines_end(lines);
	return lines;
}

/* What a whole text comes to: the tokens, or -1 for unknown. */
static int64_t tokens_of(const char *text, int64_t *bad)
{
	struct meter_lines *lines = lines_of(text);
	const struct usage usage = meter_lines_usage(lines, bad);
	meter_lines_free(lines);
	return usage.known ? usage.tokens : -1;
}

static const struct {
	const char *text;
	int64_t tokens;
} good[] = {
	{"{\"tokens\": 0}\n", 0},
	{"{\"tokens\": 1200}\n", 1200},
	{"{\"tokens\":1200}", 1200},
	{"  {\"tokens\" : 1200 }\t\r\n", 1200},
	{"{\"tokens\": 100}\n{\"tokens\": 250}\n", 250},
	{"{\"tokens\": 250}\n{\"tokens\": 100}\n", 250},
	{"{\"tokens_delta\": 5}\n{\"tokens_delta\": 7}\n", 12},
	{"{\"tokens\": 100}\n{\"tokens_delta\": 7}\n", 107},
	{"{\"tokens_delta\": 7}\n{\"tokens\": 100}\n", 100},
	{"{\"tokens_delta\": 70}\n{\"tokens\": 50}\n{\"tokens_delta\": 1}\n", 71},
	{"{\"tokens\": 5.0}\n", 5},
	{"{\"tokens\": 5e3}\n", 5000},
	{"\n\n{\"tokens\": 3}\n \t\r\n\n", 3},
	{"{\"other\": \"tokens\"}\n{\"tokens\": 4}\n{}\n", 4},
	{"{\"Tokens\": 9}\n{\"tokens\": 4}\n{\"TOKENS_DELTA\": 9}\n", 4},
	{"{\"model\": {\"tokens\": 9}, \"tokens\": 4}\n", 4},
	{"{\"tokens\": 4, \"note\": \"\\u00e9\\n\"}\n", 4},
	{"{\"tokens\": 9007199254740993}\n", INT64_C(9007199254740993)},
	{"{\"tokens\": 9223372036854775807}\n", INT64_MAX},
	{"{\"tokens_delta\": 9223372036854775807}\n{\"tokens_delta\": 1}\n", INT64_MAX},
	{"{\"tokens_delta\": 9007199254740993}\n{\"tokens_delta\": 9007199254740993}\n",
	 INT64_C(18014398509481986)},
};

START_TEST(what_is_said_counts)
{
	int64_t bad = -1;
	const int64_t tokens = tokens_of(good[_i].text, &bad);
	ck_assert_msg(tokens == good[_i].tokens && bad == 0, "%s: %lld, %lld bad", good[_i].text,
		      (long long)tokens, (long long)bad);
}
END_TEST

static const struct {
	const char *text;
	const char *words;
} bad_lines[] = {
	{"{\"tokens\": -1}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": 1.5}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": 1e400}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": 9223372036854775808}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": -9007199254740993}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": 99999999999999999999999}",
	 "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": \"1200\"}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": null}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": true}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": [5]}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": {}}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens_delta\": -5}", "not a whole number from 0 to 9223372036854775807"},
	{"{\"tokens\": 5, \"tokens_delta\": 5}", "both tokens and tokens_delta"},
	{"{\"tokens\": 5, \"tokens\": 6}", "not a JSON object, each key once"},
	{"{\"tokens\": NaN}", "not a JSON object, each key once"},
	{"{\"tokens\": Infinity}", "not a JSON object, each key once"},
	{"{\"tokens\": 1,200}", "not a JSON object, each key once"},
	{"{\"tokens\": 5} {\"tokens\": 6}", "not a JSON object, each key once"},
	{"{\"tokens\": 5}}", "not a JSON object, each key once"},
	{"{\"tokens\": 5", "not a JSON object, each key once"},
	{"{\"tokens\"", "not a JSON object, each key once"},
	{"tokens: 5", "not a JSON object, each key once"},
	{"5", "not a JSON object, each key once"},
	{"[{\"tokens\": 5}]", "not a JSON object, each key once"},
	{"\"tokens\"", "not a JSON object, each key once"},
	{"null", "not a JSON object, each key once"},
	{"\xff\xfe", "not a JSON object, each key once"},
};

/* A bad line makes the usage unknown for good, whatever is said before and after it. */
START_TEST(a_bad_line_is_unknown_for_good)
{
	const struct conf_step step = {.meter = CONF_METER_NONE};
	struct err err = {.code = ERR_NONE};
	char text[512], words[512];
	int64_t bad = -1;
	snprintf(text, sizeof(text), "{\"tokens\": 1}\n%s\n{\"tokens\": 2}\n", bad_lines[_i].text);
	struct meter_lines *lines = lines_of(text);
	ck_assert_msg(!meter_lines_usage(lines, &bad).known, "%s", bad_lines[_i].text);
	ck_assert_int_eq(bad, 1);
	ck_assert(!meter_read(&step, lines, worker_environment, NULL, &err).known);
	snprintf(words, sizeof(words), "STEPGATE_USAGE_FD: line 2 can't be read: %s (bad lines: 1)",
		 bad_lines[_i].words);
	ck_assert_str_eq(err.text, words);
	meter_lines_free(lines);
}
END_TEST

START_TEST(a_nul_in_a_line_is_bad)
{
	static const char text[] = "{\"tokens\": 5}\0{\"tokens\": 6}\n";
	static const char blank[] = " \0 \n";
	struct meter_lines *lines = meter_lines_new();
	int64_t bad = 0;
	meter_lines_feed(lines, text, sizeof(text) - 1);
	ck_assert(!meter_lines_usage(lines, &bad).known);
	ck_assert_int_eq(bad, 1);
	meter_lines_feed(lines, blank, sizeof(blank) - 1);
	meter_lines_usage(lines, &bad);
	ck_assert_int_eq(bad, 2);
	meter_lines_free(lines);
}
END_TEST

START_TEST(bad_lines_are_counted_and_the_first_is_named)
{
	const struct conf_step step = {.meter = CONF_METER_NONE, .usage_required = true};
	struct err err = {.code = ERR_NONE};
	struct meter_lines *lines = lines_of("\n{}\n{\"tokens\": -1}\nno\n\nneither");
	ck_assert(!meter_read(&step, lines, worker_environment, NULL, &err).known);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text,
			 "STEPGATE_USAGE_FD: line 3 can't be read: not a whole number from 0 to "
			 "9223372036854775807 (bad lines: 3)");
	meter_lines_free(lines);
}
END_TEST

START_TEST(a_line_counts_once_it_has_ended)
{
	struct meter_lines *lines = meter_lines_new();
	meter_lines_feed(lines, "{\"tokens\": 12", 13);
	ck_assert(!meter_lines_usage(lines, NULL).known);
	meter_lines_feed(lines, "34}", 3);
	ck_assert(!meter_lines_usage(lines, NULL).known);
	meter_lines_feed(lines, "\n", 1);
	ck_assert_int_eq(meter_lines_usage(lines, NULL).tokens, 1234);
	meter_lines_end(lines);
	ck_assert_int_eq(meter_lines_usage(lines, NULL).tokens, 1234);
	meter_lines_free(lines);
}
END_TEST

START_TEST(a_last_line_cut_off_is_bad)
{
	int64_t bad = 0;
	ck_assert_int_eq(tokens_of("{\"tokens\": 12}\n{\"tokens\": 130", &bad), -1);
	ck_assert_int_eq(bad, 1);
}
END_TEST

/* Every way to cut a text in three gives what the whole gives. */
START_TEST(any_cut_gives_the_same)
{
	static const char text[] =
		"{\"tokens\": 100}\r\n\n{\"tokens_delta\": 25, \"a\": \"\\n\"}\n{}";
	const size_t length = sizeof(text) - 1;
	for (size_t i = 0; i <= length; i++)
		for (size_t j = i; j <= length; j++) {
			struct meter_lines *lines = meter_lines_new();
			meter_lines_feed(lines, text, i);
			meter_lines_feed(lines, text + i, j - i);
			meter_lines_feed(lines, text + j, length - j);
			meter_lines_end(lines);
			const struct usage usage = meter_lines_usage(lines, NULL);
			ck_assert_msg(usage.known && usage.tokens == 125, "cut at %zu, %zu", i, j);
			meter_lines_free(lines);
		}
}
END_TEST

/* A line of `length` bytes, newline not counted, that says 7 tokens. */
static char *line_of(size_t length)
{
	static const char head[] = "{\"tokens\": 7, \"pad\": \"", tail[] = "\"}\n";
	char *line = malloc(length + 2);
	ck_assert_ptr_nonnull(line);
	memset(line, 'x', length);
	memcpy(line, head, sizeof(head) - 1);
	memcpy(line + length - (sizeof(tail) - 2), tail, sizeof(tail));
	return line;
}

START_TEST(the_longest_line_is_read)
{
	char *line = line_of(METER_LINE_MAX);
	int64_t bad = -1;
	ck_assert_int_eq(tokens_of(line, &bad), 7);
	ck_assert_int_eq(bad, 0);
	free(line);
}
END_TEST

START_TEST(a_longer_line_is_bad_once_and_at_once)
{
	const struct conf_step step = {.meter = CONF_METER_NONE};
	struct err err = {.code = ERR_NONE};
	char *line = line_of(METER_LINE_MAX + 1);
	struct meter_lines *lines = meter_lines_new();
	int64_t bad = 0;
	meter_lines_feed(lines, "{}\n", 3);
	for (size_t i = 0; i < METER_LINE_MAX + 1; i += 4096)
		meter_lines_feed(lines, line + i,
				 METER_LINE_MAX + 1 - i < 4096 ? METER_LINE_MAX + 1 - i : 4096);
	meter_lines_usage(lines, &bad);
	ck_assert_int_eq(bad, 1);
	for (int i = 0; i < 100; i++)
		meter_lines_feed(lines, line, METER_LINE_MAX);
	meter_lines_end(lines);
	meter_lines_usage(lines, &bad);
	ck_assert_int_eq(bad, 1);
	meter_read(&step, lines, worker_environment, NULL, &err);
	ck_assert_str_eq(err.text, "STEPGATE_USAGE_FD: line 2 can't be read: longer than 65536 "
				   "bytes (bad lines: 1)");
	meter_lines_free(lines);
	free(line);
}
END_TEST

START_TEST(the_line_after_a_long_one_is_read)
{
	struct meter_lines *lines = meter_lines_new();
	char *line = line_of(3 * METER_LINE_MAX);
	int64_t bad = 0;
	meter_lines_feed(lines, line, strlen(line));
	meter_lines_feed(lines, "nonsense\n", 9);
	meter_lines_usage(lines, &bad);
	ck_assert_int_eq(bad, 2);
	meter_lines_free(lines);
	free(line);
}
END_TEST

START_TEST(deep_nesting_is_bad_and_harmless)
{
	char *line = malloc(METER_LINE_MAX + 1);
	int64_t bad = 0;
	memset(line, '[', METER_LINE_MAX);
	memcpy(line, "{\"a\":", 5);
	line[METER_LINE_MAX] = '\0';
	ck_assert_int_eq(tokens_of(line, &bad), -1);
	ck_assert_int_eq(bad, 1);
	free(line);
}
END_TEST

START_TEST(nothing_said_is_a_known_zero)
{
	const struct conf_step step = {.meter = CONF_METER_NONE};
	struct err err = {.code = ERR_NONE};
	struct meter_lines *lines = lines_of("\n{\"progress\": 5}\n");
	ck_assert(!meter_lines_usage(lines, NULL).known);
	const struct usage usage = meter_read(&step, lines, worker_environment, NULL, &err);
	ck_assert(usage.known);
	ck_assert_int_eq(usage.tokens, 0);
	ck_assert_int_eq(err.code, ERR_NONE);
	meter_lines_free(lines);
}
END_TEST

START_TEST(nothing_said_is_unknown_where_it_is_required)
{
	const struct conf_step step = {.meter = CONF_METER_NONE, .usage_required = true};
	struct err err = {.code = ERR_NONE};
	struct meter_lines *lines = lines_of("");
	ck_assert(!meter_read(&step, lines, worker_environment, NULL, &err).known);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "STEPGATE_USAGE_FD: the worker reported no usage: the step says "
				   "usage = \"required\"");
	meter_lines_free(lines);
}
END_TEST

START_TEST(a_required_zero_is_enough)
{
	const struct conf_step step = {.meter = CONF_METER_NONE, .usage_required = true};
	struct err err = {.code = ERR_NONE};
	struct meter_lines *lines = lines_of("{\"tokens\": 0}\n");
	const struct usage usage = meter_read(&step, lines, worker_environment, NULL, &err);
	ck_assert(usage.known && usage.tokens == 0);
	meter_lines_free(lines);
}
END_TEST

START_TEST(the_command_is_run_where_the_worker_ran)
{
	struct fake fake = fake_saying("45000\n");
	struct err err = {.code = ERR_NONE};
	const struct usage usage = read_command(&fake, &err);
	ck_assert(usage.known);
	ck_assert_int_eq(usage.tokens, 45000);
	ck_assert_int_eq(fake.calls, 1);
	ck_assert_str_eq(fake.argv0, "count-tokens");
	ck_assert_str_eq(fake.cwd, "/work/here");
	ck_assert_str_eq(fake.environment0, "STEPGATE_STEP=3");
	ck_assert_int_eq(fake.timeout_ms, 30000);
}
END_TEST

static const struct {
	const char *output;
	int64_t tokens;
} numbers[] = {
	{"0", 0},
	{"7\n", 7},
	{" \t\r\n7 \n\n", 7},
	{"007", 7},
	{"9007199254740993", INT64_C(9007199254740993)},
	{"9223372036854775807\n", INT64_MAX},
};

START_TEST(a_whole_number_is_read)
{
	struct fake fake = fake_saying(numbers[_i].output);
	struct err err = {.code = ERR_NONE};
	const struct usage usage = read_command(&fake, &err);
	ck_assert_msg(usage.known, "%s", err.text);
	ck_assert_int_eq(usage.tokens, numbers[_i].tokens);
}
END_TEST

static const struct {
	const char *output, *shown;
} no_numbers[] = {
	{"", ""},
	{"\n", ""},
	{"1,234\n", "1,234"},
	{"1234 tokens", "1234 tokens"},
	{"12 34", "12 34"},
	{"-5", "-5"},
	{"+5", "+5"},
	{"5.0", "5.0"},
	{"0x10", "0x10"},
	{"1e3", "1e3"},
	{"9223372036854775808", "9223372036854775808"},
	{"99999999999999999999999999", "99999999999999999999999999"},
	{"\033[31m5\033[0m\n", "5"},
};

START_TEST(anything_else_is_unknown)
{
	struct fake fake = fake_saying(no_numbers[_i].output);
	struct err err = {.code = ERR_NONE};
	char words[256];
	ck_assert(!read_command(&fake, &err).known);
	snprintf(words, sizeof(words), "count-tokens: it printed \"%s\", not one whole number",
		 no_numbers[_i].shown);
	ck_assert_str_eq(err.text, words);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
}
END_TEST

START_TEST(more_than_is_kept_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.answer.cut = 1;
	ck_assert(!read_command(&fake, &err).known);
}
END_TEST

START_TEST(a_number_with_a_nul_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.answer.length = 2;
	ck_assert(!read_command(&fake, &err).known);
}
END_TEST

START_TEST(a_command_that_fails_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.answer.exit_code = 3;
	ck_assert(!read_command(&fake, &err).known);
	ck_assert_str_eq(err.text, "count-tokens: exit status 3");
	snprintf(fake.answer.complaint, sizeof(fake.answer.complaint), "no session file");
	ck_assert(!read_command(&fake, &err).known);
	ck_assert_str_eq(err.text, "count-tokens: exit status 3: no session file");
}
END_TEST

START_TEST(a_command_that_is_killed_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.answer.exit_code = -1;
	fake.answer.signal = 11;
	ck_assert(!read_command(&fake, &err).known);
	ck_assert_str_eq(err.text, "count-tokens: killed by signal 11");
}
END_TEST

START_TEST(a_command_that_hangs_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.answer.exit_code = -1;
	fake.answer.signal = 15;
	fake.answer.timed_out = 1;
	ck_assert(!read_command(&fake, &err).known);
	ck_assert_str_eq(err.text, "count-tokens: ended after its timeout of 30000 ms");
}
END_TEST

START_TEST(a_command_that_does_not_start_is_unknown)
{
	struct fake fake = fake_saying("5");
	struct err err = {.code = ERR_NONE};
	fake.no_start = "No such file or directory";
	ck_assert(!read_command(&fake, &err).known);
	ck_assert_str_eq(err.text, "count-tokens: No such file or directory");
}
END_TEST

static void add_lines(Suite *suite)
{
	TCase *lines = tcase_create("lines");
	tcase_add_loop_test(lines, what_is_said_counts, 0, COUNT(good));
	tcase_add_loop_test(lines, a_bad_line_is_unknown_for_good, 0, COUNT(bad_lines));
	tcase_add_test(lines, a_nul_in_a_line_is_bad);
	tcase_add_test(lines, bad_lines_are_counted_and_the_first_is_named);
	tcase_add_test(lines, a_line_counts_once_it_has_ended);
	tcase_add_test(lines, a_last_line_cut_off_is_bad);
	tcase_add_test(lines, any_cut_gives_the_same);
	tcase_add_test(lines, the_longest_line_is_read);
	tcase_add_test(lines, a_longer_line_is_bad_once_and_at_once);
	tcase_add_test(lines, the_line_after_a_long_one_is_read);
	tcase_add_test(lines, deep_nesting_is_bad_and_harmless);
	tcase_add_test(lines, nothing_said_is_a_known_zero);
	tcase_add_test(lines, nothing_said_is_unknown_where_it_is_required);
	tcase_add_test(lines, a_required_zero_is_enough);
	suite_add_tcase(suite, lines);
}

static void add_command(Suite *suite)
{
	TCase *command = tcase_create("command");
	tcase_add_test(command, the_command_is_run_where_the_worker_ran);
	tcase_add_loop_test(command, a_whole_number_is_read, 0, COUNT(numbers));
	tcase_add_loop_test(command, anything_else_is_unknown, 0, COUNT(no_numbers));
	tcase_add_test(command, more_than_is_kept_is_unknown);
	tcase_add_test(command, a_number_with_a_nul_is_unknown);
	tcase_add_test(command, a_command_that_fails_is_unknown);
	tcase_add_test(command, a_command_that_is_killed_is_unknown);
	tcase_add_test(command, a_command_that_hangs_is_unknown);
	tcase_add_test(command, a_command_that_does_not_start_is_unknown);
	suite_add_tcase(suite, command);
}

int main(void)
{
	Suite *suite = suite_create("meter");
	add_lines(suite);
	add_command(suite);
	return run_suite(suite);
}
