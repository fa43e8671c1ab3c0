/* A plugin that reads a worker's usage while it runs: when it is asked, and what counts of what it
 * answers. The host starts nothing: it answers what the test laid out, when the test says so. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter.h"
#include "tests/unit/suite.h"

static struct {
	struct host_program program;
	char asked[512];
	int starts, stops;
	bool runs, refuses, well;
	const char *answer; /* NULL: it is still at work */
} fake;

static int start(const struct host *host, const struct host_program *program,
		 struct host_aside **aside, struct err *err)
{
	(void)host;
	ck_assert(!fake.runs);
	fake.starts++;
	if (fake.refuses)
		return err_set(err, ERR_SYSTEM, "no more processes");
	fake.runs = true;
	fake.program = *program;
	snprintf(fake.asked, sizeof(fake.asked), "%s", program->input);
	*aside = (struct host_aside *)(uintptr_t)&fake;
	return 0;
}

static bool hear(struct host_aside *aside, bool *well)
{
	(void)aside;
	ck_assert(fake.runs);
	if (!fake.answer)
		return true;
	fake.program.answer(fake.program.context, fake.answer, strlen(fake.answer));
	fake.runs = false;
	*well = fake.well;
	return false;
}

static void stop(struct host_aside *aside)
{
	if (!aside)
		return;
	ck_assert(fake.runs);
	fake.runs = false;
	fake.stops++;
}

static int run(const struct host *host, const struct host_program *program,
	       struct host_result *result, struct err *err)
{
	(void)host;
	(void)err;
	ck_assert(!fake.runs);
	program->answer(program->context, fake.answer, strlen(fake.answer));
	*result = (struct host_result){.exit_code = 0};
	return 0;
}

static const struct host host = {.run = run, .start = start, .hear = hear, .stop = stop};
static const char *const words[] = {"/bin/count", NULL};
static const struct conf_step step = {
	.title = "Work",
	.meter = CONF_METER_PLUGIN,
	.meter_plugin = {.program = words},
};
static int64_t missing;

static struct meter *meter_of(const struct host *by)
{
	static const struct meter_start empty;
	static struct meter_start given;
	struct err err;
	given = empty;
	given.kind = CONF_METER_PLUGIN;
	given.step = &step;
	given.host = by;
	given.output = "/logs/step-01.log";
	given.output_missing = &missing;
	memset(&fake, 0, sizeof(fake));
	fake.well = true;
	missing = 0;
	struct meter *meter = meter_new(&given, &err);
	ck_assert_ptr_nonnull(meter);
	return meter;
}

static int64_t live(const struct meter *meter)
{
	bool lost = true;
	const struct usage usage = meter_live(meter, CONF_MEASURE_FRESH, &lost);
	ck_assert(!lost);
	return usage.known ? usage.tokens : -1;
}

START_TEST(it_is_asked_once_something_was_printed)
{
	struct meter *meter = meter_of(&host);
	meter_look(meter);
	ck_assert_int_eq(fake.starts, 0);
	meter_feed(meter, "text", 4);
	meter_look(meter);
	ck_assert_int_eq(fake.starts, 1);
	ck_assert_ptr_nonnull(strstr(fake.asked, "\"call\":\"meter\""));
	ck_assert_ptr_nonnull(strstr(fake.asked, "\"output\":\"/logs/step-01.log\""));
	ck_assert_int_eq(live(meter), -1);
	meter_look(meter);
	fake.answer = "{\"type\":\"usage\",\"tokens\":40}\n";
	meter_look(meter);
	ck_assert_int_eq(live(meter), 40);
	ck_assert(!meter_tells_parts(meter));
	meter_free(meter);
	ck_assert_int_eq(fake.stops, 0);
}
END_TEST

static const struct {
	const char *answer;
	bool well;
	int64_t figure; /* that counts */
} answers[] = {
	{"{\"type\":\"usage\",\"tokens\":40}\n{\"type\":\"usage\",\"tokens\":30}\n", true, 40},
	{"{\"type\":\"usage\",\"input\":1,\"cache_read\":90,\"cache_write\":2,\"output\":3}\n",
	 true, 6},
	{"{\"type\":\"usage\",\"tokens\":40}\n", false, -1},
	{"{\"type\":\"usage\",\"tokens\":40}\n{", true, -1},
	{"{\"type\":\"usage\",\"tokens\":40}\n{\"type\":\"result\",\"ok\":false}\n", true, -1},
	{"{\"type\":\"usage\",\"tokens\":-1}\n", true, -1},
	{"{\"type\":\"usage\",\"input\":1}\n", true, -1},
	{"", true, -1},
};

START_TEST(what_is_no_answer_does_not_count)
{
	struct meter *meter = meter_of(&host);
	meter_feed(meter, "text", 4);
	meter_look(meter);
	fake.answer = answers[_i].answer;
	fake.well = answers[_i].well;
	meter_look(meter);
	ck_assert_int_eq(live(meter), answers[_i].figure);
	meter_free(meter);
}
END_TEST

START_TEST(it_is_not_asked_where_it_can_not_be)
{
	struct meter *meter = meter_of(&host);
	missing = 1;
	meter_feed(meter, "text", 4);
	meter_look(meter);
	ck_assert_int_eq(fake.starts, 0);
	meter_free(meter);

	meter = meter_of(&host);
	fake.refuses = true;
	meter_feed(meter, "text", 4);
	meter_look(meter);
	ck_assert_int_eq(fake.starts, 1);
	ck_assert_int_eq(live(meter), -1);
	meter_free(meter);

	static const struct host bare = {.run = run};
	meter = meter_of(&bare);
	meter_feed(meter, "text", 4);
	meter_look(meter);
	ck_assert_int_eq(fake.starts, 0);
	meter_free(meter);
}
END_TEST

START_TEST(the_last_answer_counts_and_one_under_way_is_ended_before)
{
	const struct meter_end end = {.exit_code = 0, .output = "/logs/step-01.log"};
	struct reading reading;
	struct meter *meter = meter_of(&host);
	meter_feed(meter, "text", 4);
	meter_look(meter);
	ck_assert(fake.runs);
	fake.answer = "{\"type\":\"usage\",\"tokens\":50}\n";
	meter_end(meter, &end, &reading);
	ck_assert_int_eq(fake.stops, 1);
	ck_assert(reading.total.known);
	ck_assert_int_eq(reading.total.tokens, 50);
	meter_free(meter);

	meter = meter_of(&host);
	meter_feed(meter, "text", 4);
	meter_look(meter);
	meter_free(meter);
	ck_assert_int_eq(fake.stops, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_plugin");
	TCase *plugin = tcase_create("meter_plugin");
	tcase_add_test(plugin, it_is_asked_once_something_was_printed);
	tcase_add_loop_test(plugin, what_is_no_answer_does_not_count, 0,
			    (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(plugin, it_is_not_asked_where_it_can_not_be);
	tcase_add_test(plugin, the_last_answer_counts_and_one_under_way_is_ended_before);
	suite_add_tcase(suite, plugin);
	return run_suite(suite);
}
