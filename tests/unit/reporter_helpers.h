/* What the tests of the reporters share: a report, and a host that runs nothing. */
#ifndef TESTS_UNIT_REPORTER_HELPERS_H
#define TESTS_UNIT_REPORTER_HELPERS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/reporter.h"

#define STEP_LINE "{" STEP_REST
#define STEP_MAIL "{\"key\":\"0a1b\"," STEP_REST "\n"
#define STEP_REST                                                                            \
	"\"event\":\"step\",\"time\":\"2026-02-07T15:30:00.000000Z\",\"title\":\"Nightly\"," \
	"\"cycle_number\":4,\"message\":\"Step 3 completed: Tokens: 31.2%; Status: OK, "     \
	"updated & pushed\",\"step\":3,\"description\":\"Run the tests\",\"status\":\"OK\"," \
	"\"action\":\"updated & pushed\",\"commit\":\"0123abcd\",\"tokens_used\":62400,"     \
	"\"token_percent\":31.2,\"token_budget\":200000,\"token_threshold\":70000,"          \
	"\"token_threshold_percent\":35}"

static inline struct report step_report(void)
{
	return (struct report){
		.on = CONF_ON_STEP,
		.at = INT64_C(1770478200000000),
		.title = "Nightly",
		.cycle = 4,
		.step = 3,
		.step_title = "Run the tests",
		.text = "Step 3 completed: Tokens: 31.2%; Status: OK, updated & pushed",
		.ok = true,
		.action = "updated & pushed",
		.commit = "0123abcd",
		.used = USAGE_KNOWN(62400),
		.terms = {.budget = 200000, .threshold = 35},
	};
}

/* A host that runs nothing: it keeps what it was asked, and answers what the test laid out. */
static struct {
	int calls;
	char argv0[64], input[2048];
	size_t length;
	int64_t timeout_ms;
	bool bare; /* no environment and no folder of its own */
	struct host_result answer;
} asked;

static inline int fake_run(const struct host *host, const struct host_program *program,
			   struct host_result *result, struct err *err)
{
	(void)host;
	(void)err;
	asked.calls++;
	snprintf(asked.argv0, sizeof(asked.argv0), "%s", program->argv[0]);
	ck_assert_uint_lt(program->input_length, sizeof(asked.input));
	if (program->input)
		memcpy(asked.input, program->input, program->input_length);
	asked.length = program->input_length;
	asked.timeout_ms = program->timeout_ms;
	asked.bare = !program->environment && !program->cwd;
	*result = asked.answer;
	return 0;
}

static char said[512]; /* the last line for stdout */

static inline void fake_say(const struct host *host, const char *line)
{
	(void)host;
	snprintf(said, sizeof(said), "%s", line);
}

static const struct host host = {.run = fake_run, .say = fake_say};
/* All the way of a report to a reporter that is not remote. */
static inline int send_report(const struct conf_report *to, const struct report *report,
			      struct err *err)
{
	if (!reporter_wants(to, report))
		return 0;
	char *line = reporter_json(report);
	ck_assert_ptr_nonnull(line);
	const struct reporter_mail mail = {.line = line, .key = "0a1b"};
	const int result = reporter_deliver(to, &mail, &host, err);
	free(line);
	return result;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void expect_file(const char *path, const char *text)
{
	char bytes[8192];
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
	fclose(file);
	ck_assert_str_eq(bytes, text);
}

#endif
