/* Reporters: the JSON line, who gets it, and what happens where it can't be delivered. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/reporter_helpers.h"
#include "tests/unit/suite.h"

static const char *const command[] = {"notify", "--quiet", NULL};

static struct conf_report to_file(const char *path)
{
	return (struct conf_report){
		.title = "log", .type = CONF_REPORT_FILE, .path = path, .on = CONF_ON_STEP};
}

static struct conf_report to_program(void)
{
	return (struct conf_report){.title = "hook",
				    .type = CONF_REPORT_PROGRAM,
				    .command = command,
				    .timeout_ms = 7000,
				    .on = CONF_ON_STEP};
}

static void expect_json(const struct report *report, const char *json)
{
	char *line = reporter_json(report);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(line, json);
	free(line);
}

/* Sends a step's report to `path`; the words it fails with must be `words`. */
static void expect_refusal(const char *path, const char *words)
{
	const struct conf_report to = to_file(path);
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(send_report(&to, &report, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, words);
}

START_TEST(a_step_as_json)
{
	const struct report report = step_report();
	expect_json(&report, STEP_LINE);
}
END_TEST

START_TEST(a_step_that_went_wrong_as_json)
{
	struct report report = step_report();
	report.on = CONF_ON_STEP | CONF_ON_NOK;
	report.ok = false;
	report.action = "commit failed";
	report.commit = NULL;
	report.text = "Step 3 completed: Tokens: unknown; Status: NOK, commit failed";
	report.used = USAGE_UNKNOWN;
	expect_json(&report,
		    "{\"event\":\"step\",\"time\":\"2026-02-07T15:30:00.000000Z\",\"title\":"
		    "\"Nightly\",\"cycle_number\":4,\"message\":\"Step 3 completed: Tokens: "
		    "unknown; Status: NOK, commit failed\",\"step\":3,\"description\":\"Run the "
		    "tests\",\"status\":\"NOK\",\"action\":\"commit failed\",\"commit\":null,"
		    "\"tokens_used\":null,\"token_percent\":null,\"token_budget\":200000,"
		    "\"token_threshold\":70000,\"token_threshold_percent\":35}");
}
END_TEST

START_TEST(a_start_as_json)
{
	struct report report = step_report();
	report.on = CONF_ON_STARTED;
	report.step = 0;
	report.text = "Cycle 4 started";
	report.used = USAGE_KNOWN(0);
	expect_json(&report,
		    "{\"event\":\"started\",\"time\":\"2026-02-07T15:30:00.000000Z\",\"title\":"
		    "\"Nightly\",\"cycle_number\":4,\"message\":\"Cycle 4 started\","
		    "\"tokens_used\":0,\"token_percent\":0.0,\"token_budget\":200000,"
		    "\"token_threshold\":70000,\"token_threshold_percent\":35}");
}
END_TEST

START_TEST(a_close_as_json)
{
	struct report report = step_report();
	report.on = CONF_ON_CLOSED;
	report.step = 0;
	report.text = "Cycle 4 closed: Token threshold exceeded: 38.2%";
	report.reason = "Token threshold exceeded: 38.2%";
	report.cause = "threshold";
	report.used = USAGE_KNOWN(76400);
	expect_json(&report,
		    "{\"event\":\"closed\",\"time\":\"2026-02-07T15:30:00.000000Z\",\"title\":"
		    "\"Nightly\",\"cycle_number\":4,\"message\":\"Cycle 4 closed: Token threshold "
		    "exceeded: 38.2%\",\"close_reason\":\"Token threshold exceeded: 38.2%\","
		    "\"close_cause\":\"threshold\",\"tokens_used\":76400,\"token_percent\":38.2,"
		    "\"token_budget\":200000,\"token_threshold\":70000,"
		    "\"token_threshold_percent\":35}");
}
END_TEST

START_TEST(large_figures_are_exact)
{
	struct report report = step_report();
	report.used = USAGE_KNOWN(INT64_C(9007199254740993));
	report.terms.budget = INT64_MAX;
	char *line = reporter_json(&report);
	ck_assert_ptr_nonnull(strstr(line, "\"tokens_used\":9007199254740993,"));
	ck_assert_ptr_nonnull(strstr(line, "\"token_budget\":9223372036854775807,"));
	free(line);
}
END_TEST

START_TEST(text_from_outside_stays_one_line_of_json)
{
	struct report report = step_report();
	report.title = "a\nb\"c\\d\x1b\xff";
	char *line = reporter_json(&report);
	ck_assert_ptr_null(strchr(line, '\n'));
	ck_assert_ptr_nonnull(strstr(line, "\"title\":\"a\\nb\\\"c\\\\d\\u001b\xef\xbf\xbd\","));
	free(line);
}
END_TEST

/* on of the reporter, on of the report, whether it is sent */
static const struct {
	unsigned to, report;
	int sent;
} wishes[] = {
	{CONF_ON_STEP, CONF_ON_STEP, 1},
	{CONF_ON_STEP, CONF_ON_STEP | CONF_ON_NOK, 1},
	{CONF_ON_NOK, CONF_ON_STEP | CONF_ON_NOK, 1},
	{CONF_ON_NOK, CONF_ON_STEP, 0},
	{CONF_ON_CLOSED, CONF_ON_CLOSED, 1},
	{CONF_ON_CLOSED, CONF_ON_STARTED, 0},
	{CONF_ON_STARTED | CONF_ON_CLOSED, CONF_ON_STARTED, 1},
	{CONF_ON_STARTED | CONF_ON_CLOSED, CONF_ON_STEP | CONF_ON_NOK, 0},
	{0, CONF_ON_STEP, 0},
};

START_TEST(only_what_is_wanted_is_sent)
{
	struct conf_report to = to_program();
	struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	to.on = wishes[_i].to;
	report.on = wishes[_i].report;
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_int_eq(asked.calls, wishes[_i].sent);
}
END_TEST

START_TEST(a_program_gets_the_line)
{
	const struct conf_report to = to_program();
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_str_eq(asked.argv0, "notify");
	ck_assert_int_eq(asked.timeout_ms, 7000);
	ck_assert(asked.bare);
	ck_assert_uint_eq(asked.length, strlen(STEP_MAIL));
	ck_assert_mem_eq(asked.input, STEP_MAIL, asked.length);
}
END_TEST

static const struct {
	struct host_result answer;
	const char *words;
} failures[] = {
	{{.exit_code = 1}, "notify: exit status 1"},
	{{.exit_code = 22, .complaint = "no such channel"},
	 "notify: exit status 22: no such channel"},
	{{.exit_code = -1, .signal = 9}, "notify: killed by signal 9"},
	{{.exit_code = -1, .signal = 15, .timed_out = 1, .complaint = "waiting for the network"},
	 "notify: ended after its timeout of 7000 ms: waiting for the network"},
	{{.exit_code = 0, .timed_out = 1}, "notify: ended after its timeout of 7000 ms"},
};

START_TEST(a_program_that_fails_is_told_of)
{
	const struct conf_report to = to_program();
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	asked.answer = failures[_i].answer;
	ck_assert_int_eq(send_report(&to, &report, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, failures[_i].words);
}
END_TEST

START_TEST(what_a_program_prints_is_of_no_matter)
{
	const struct conf_report to = to_program();
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	asked.answer = (struct host_result){.output = "sent", .length = 4, .cut = 1};
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
}
END_TEST

START_TEST(a_file_is_made_and_appended_to)
{
	const struct conf_report to = to_file("reports.jsonl");
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	struct stat stat_of;
	umask(0);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_int_eq(stat("reports.jsonl", &stat_of), 0);
	ck_assert_int_eq(stat_of.st_mode & 07777, 0644);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	expect_file("reports.jsonl", STEP_MAIL STEP_MAIL);
	ck_assert_int_eq(asked.calls, 0);
}
END_TEST

START_TEST(what_was_in_the_file_stays)
{
	const struct conf_report to = to_file("kept.jsonl");
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	write_file("kept.jsonl", "{\"mine\": 1}\n");
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	expect_file("kept.jsonl", "{\"mine\": 1}\n" STEP_MAIL);
}
END_TEST

START_TEST(half_a_line_is_ended_first)
{
	const struct conf_report to = to_file("half.jsonl");
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	write_file("half.jsonl", "{\"event\":\"st");
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	expect_file("half.jsonl", "{\"event\":\"st\n" STEP_MAIL);
}
END_TEST

START_TEST(a_missing_folder_is_told_of)
{
	expect_refusal("nowhere/reports.jsonl",
		       "nowhere/reports.jsonl: can't be opened: No such file or directory");
}
END_TEST

START_TEST(a_folder_is_refused)
{
	ck_assert_int_eq(mkdir("folder", 0755), 0);
	expect_refusal("folder", "folder: not written: it is not a regular file");
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	write_file("target", "untouched\n");
	ck_assert_int_eq(symlink("target", "link"), 0);
	expect_refusal("link", "link: not written: it is not a regular file");
	expect_file("target", "untouched\n");
}
END_TEST

START_TEST(a_fifo_is_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo("fifo", 0644), 0);
	expect_refusal("fifo", "fifo: not written: it is not a regular file");
	const int reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char byte;
	ck_assert_int_ge(reader, 0);
	expect_refusal("fifo", "fifo: not written: it is not a regular file");
	ck_assert_int_eq(read(reader, &byte, 1), 0);
	close(reader);
}
END_TEST

START_TEST(a_device_is_refused)
{
	expect_refusal("/dev/null", "/dev/null: not written: it is not a regular file");
}
END_TEST

/* The process's own file size limit stands in for a disk that is full. */
START_TEST(a_line_cut_short_is_told_of)
{
	const struct rlimit limit = {.rlim_cur = 10, .rlim_max = RLIM_INFINITY};
	char words[128];
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	snprintf(words, sizeof(words), "cut.jsonl: can't be written whole: 10 bytes of %zu",
		 strlen(STEP_MAIL));
	expect_refusal("cut.jsonl", words);
	expect_refusal("cut.jsonl", "cut.jsonl: can't be written: File too large");
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	const struct conf_report to = to_file("many.jsonl");
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	expect_refusal("/dev/null", "/dev/null: not written: it is not a regular file");
	const int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(after, before + 1);
	close(after);
	close(before);
}
END_TEST

static void add_file(Suite *suite)
{
	TCase *file = tcase_create("file");
	tcase_add_test(file, a_file_is_made_and_appended_to);
	tcase_add_test(file, what_was_in_the_file_stays);
	tcase_add_test(file, half_a_line_is_ended_first);
	tcase_add_test(file, a_missing_folder_is_told_of);
	tcase_add_test(file, a_folder_is_refused);
	tcase_add_test(file, a_symbolic_link_is_refused);
	tcase_add_test(file, a_fifo_is_refused_without_waiting);
	tcase_add_test(file, a_device_is_refused);
	tcase_add_test(file, a_line_cut_short_is_told_of);
	tcase_add_test(file, no_descriptor_is_left_open);
	suite_add_tcase(suite, file);
}

int main(void)
{
	Suite *suite = suite_create("reporter");
	TCase *json = tcase_create("json"), *program = tcase_create("program");
	tcase_add_test(json, a_step_as_json);
	tcase_add_test(json, a_step_that_went_wrong_as_json);
	tcase_add_test(json, a_start_as_json);
	tcase_add_test(json, a_close_as_json);
	tcase_add_test(json, large_figures_are_exact);
	tcase_add_test(json, text_from_outside_stays_one_line_of_json);
	suite_add_tcase(suite, json);
	tcase_add_loop_test(program, only_what_is_wanted_is_sent, 0, COUNT(wishes));
	tcase_add_test(program, a_program_gets_the_line);
	tcase_add_loop_test(program, a_program_that_fails_is_told_of, 0, COUNT(failures));
	tcase_add_test(program, what_a_program_prints_is_of_no_matter);
	suite_add_tcase(suite, program);
	add_file(suite);
	return run_suite(suite);
}
