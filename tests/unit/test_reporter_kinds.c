/* Reporters to Slack, webhooks, GitHub and the desktop: what each is sent, and when nothing is. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/reporter_helpers.h"
#include "tests/unit/suite.h"

/* What a remote reporter is sent. */
static char *body_for(enum conf_report_type type, const struct report *report)
{
	const struct conf_report to = {.title = "web", .type = type, .url = "http://h/"};
	struct err err = {.code = ERR_NONE};
	char *line = reporter_json(report), *body = NULL;
	const struct reporter_mail mail = {.line = line, .key = "0a1b"};
	ck_assert(reporter_is_remote(&to));
	ck_assert_int_eq(reporter_request(&to, &mail, &body, &err), 0);
	free(line);
	return body;
}

START_TEST(a_webhook_gets_the_line)
{
	const struct report report = step_report();
	char *body = body_for(CONF_REPORT_WEBHOOK, &report);
	ck_assert_str_eq(body, STEP_LINE);
	free(body);
}
END_TEST

START_TEST(slack_gets_words_without_markup)
{
	struct report report = step_report();
	report.title = "a <b> & \"c\"";
	report.held = "key.pem (private key)";
	char *body = body_for(CONF_REPORT_SLACK, &report);
	ck_assert_str_eq(body,
			 "{\"text\":\"a &lt;b&gt; &amp; \\\"c\\\": Step 3 completed: Tokens: "
			 "31.2%; Status: OK, updated &amp; pushed\\nRun the tests\\nnot committed, "
			 "as likely secrets: key.pem (private key)\"}");
	free(body);
}
END_TEST

START_TEST(a_text_that_is_too_long_for_slack_ends_at_a_character)
{
	struct report report = step_report();
	static char words[3 * 4096 + 1];
	for (size_t i = 0; i < 4096; i++)
		memcpy(words + 3 * i, "\xe2\x82\xac", 3);
	report.text = words;
	report.title = "ab";
	char *body = body_for(CONF_REPORT_SLACK, &report);
	const size_t length = strlen(body);
	ck_assert_uint_le(length, 4000 + strlen("{\"text\":\"\"}"));
	ck_assert_str_eq(body + length - 5, "\xe2\x82\xac\"}");
	free(body);
}
END_TEST

START_TEST(github_is_told_by_summary_and_annotation)
{
	const struct conf_report to = {
		.title = "github", .type = CONF_REPORT_GITHUB, .on = CONF_ON_STEP | CONF_ON_CLOSED};
	struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	report.on = CONF_ON_STEP | CONF_ON_NOK;
	report.ok = false;
	report.title = "100%: a,b";
	report.text = "Step 3: *NOK*\n::error::planted";
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_STEP_SUMMARY", "summary.md", 1);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_str_eq(said, "::error title=100%25%3A a%2Cb::Step 3: *NOK*%0A::error::planted");
	expect_file("summary.md", "- Step 3: \\*NOK\\* ::error::planted\n");
}
END_TEST

static const struct {
	const char *cause, *said;
} closes[] = {
	{"completed", "::notice title=Nightly::closed"},
	{"threshold", "::warning title=Nightly::closed"},
	{"user", "::warning title=Nightly::closed"},
	{"error", "::error title=Nightly::closed"},
};

START_TEST(github_annotates_a_close_by_its_cause)
{
	const struct conf_report to = {
		.title = "github", .type = CONF_REPORT_GITHUB, .on = CONF_ON_CLOSED};
	struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	report.on = CONF_ON_CLOSED;
	report.step = 0;
	report.text = "closed";
	report.reason = "r";
	report.cause = closes[_i].cause;
	unsetenv("GITHUB_STEP_SUMMARY");
	setenv("GITHUB_ACTIONS", "true", 1);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_str_eq(said, closes[_i].said);
}
END_TEST

START_TEST(elsewhere_github_is_told_nothing)
{
	const struct conf_report to = {
		.title = "github", .type = CONF_REPORT_GITHUB, .on = CONF_ON_STEP};
	struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	report.on = CONF_ON_STEP | CONF_ON_NOK;
	report.ok = false;
	unsetenv("GITHUB_ACTIONS");
	setenv("GITHUB_STEP_SUMMARY", "no-summary.md", 1);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_ne(access("no-summary.md", F_OK), 0);
}
END_TEST

static void make_notify_send(void)
{
	char cwd[4096];
	write_file("notify-send", "#!/bin/sh\n");
	ck_assert_int_eq(chmod("notify-send", 0755), 0);
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	setenv("PATH", cwd, 1);
}

START_TEST(the_desktop_is_told_where_there_is_one)
{
	const struct conf_report to = {.title = "desktop",
				       .type = CONF_REPORT_DESKTOP,
				       .timeout_ms = 900,
				       .on = CONF_ON_STEP};
	const struct report report = step_report();
	struct err err = {.code = ERR_NONE};
	make_notify_send();
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_int_eq(asked.calls, 0);
	setenv("DISPLAY", ":0", 1);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_int_eq(asked.calls, 1);
	ck_assert_str_eq(asked.argv0, "notify-send");
	ck_assert_int_eq(asked.timeout_ms, 900);
	setenv("PATH", "/nowhere", 1);
	ck_assert_int_eq(send_report(&to, &report, &err), 0);
	ck_assert_int_eq(asked.calls, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reporter_kinds");
	TCase *tests = tcase_create("kinds");
	tcase_add_test(tests, a_webhook_gets_the_line);
	tcase_add_test(tests, slack_gets_words_without_markup);
	tcase_add_test(tests, a_text_that_is_too_long_for_slack_ends_at_a_character);
	tcase_add_test(tests, github_is_told_by_summary_and_annotation);
	tcase_add_test(tests, elsewhere_github_is_told_nothing);
	tcase_add_loop_test(tests, github_annotates_a_close_by_its_cause, 0,
			    sizeof(closes) / sizeof(closes[0]));
	tcase_add_test(tests, the_desktop_is_told_where_there_is_one);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
