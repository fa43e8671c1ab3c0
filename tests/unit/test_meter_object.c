/* A meter over the life of its worker: what it is fed, what it says so far, what it says at last.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter.h"
#include "tests/unit/suite.h"

static const char *const worker_environment[] = {"STEPGATE_STEP=3", NULL};

/* A worker's whole life: what the meter says of these words on its stdout and on its descriptor. */
static struct reading life(const struct conf_step *step, const char *printed, const char *told)
{
	const struct meter_start start = {
		.kind = step->meter, .step = step, .environment = worker_environment};
	const struct meter_end end = {.exit_code = 0};
	struct err err = {.code = ERR_NONE};
	struct reading reading;
	struct meter *meter = meter_new(&start, &err);
	ck_assert_ptr_nonnull(meter);
	meter_feed(meter, printed, strlen(printed));
	meter_said(meter, told, strlen(told));
	meter_look(meter);
	meter_end(meter, &end, &reading);
	meter_free(meter);
	return reading;
}

START_TEST(lines_count_where_they_are_looked_for)
{
	static const char printed[] = "{\"tokens\": 7}\n", told[] = "{\"tokens\": 9}\n";
	struct conf_step step = {.meter = CONF_METER_NONE};
	ck_assert_int_eq(life(&step, printed, told).total.tokens, 9);
	step.meter = CONF_METER_JSONL;
	const struct reading reading = life(&step, printed, told);
	ck_assert_int_eq(reading.total.tokens, 7);
	ck_assert_int_eq(reading.quality, QUALITY_EXACT);
}
END_TEST

START_TEST(among_output_other_things_are_passed_over)
{
	const struct conf_step step = {.meter = CONF_METER_JSONL};
	char *line = calloc(1, 2 * METER_LINE_MAX);
	static const char *const others[] = {"hello\n", "{\n", "[1]\n", "{\"a\": 1, \"a\": 2}\n",
					     ""};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), "%s{\"tokens\": 7}\n%s", others[i], others[i]);
		ck_assert_int_eq(life(&step, text, "").total.tokens, 7);
	}
	ck_assert_ptr_nonnull(line);
	memset(line, 'x', 2 * METER_LINE_MAX - 1);
	memcpy(line, "{\"tokens\": 7, \"", 15);
	ck_assert(!life(&step, line, "").total.known);
	free(line);
}
END_TEST

START_TEST(a_meter_that_reads_nothing_says_so)
{
	const struct conf_step step = {.meter = CONF_METER_JSONL};
	struct reading reading = life(&step, "hello\n", "{\"tokens\": 9}\n");
	ck_assert(!reading.total.known);
	ck_assert_int_eq(reading.quality, QUALITY_UNKNOWN);
	ck_assert_str_eq(reading.why, "meter \"jsonl\": the worker reported no usage");
	reading = life(&step, "hello\n{\"tokens\": 1.5}\n", "");
	ck_assert(!reading.total.known);
	ck_assert_str_eq(reading.why, "meter \"jsonl\": line 2 can't be read: not a whole number "
				      "from 0 to 9223372036854775807 (bad lines: 1)");
}
END_TEST

START_TEST(the_live_figure_is_what_was_said)
{
	const struct conf_step step = {.meter = CONF_METER_NONE};
	const struct meter_start start = {.kind = step.meter, .step = &step};
	struct err err = {.code = ERR_NONE};
	bool lost = true;
	struct meter *meter = meter_new(&start, &err);
	ck_assert(!meter_live(meter, CONF_MEASURE_FRESH, &lost).known && !lost);
	meter_said(meter, "{\"tokens\": 9}", 13);
	ck_assert(!meter_live(meter, CONF_MEASURE_ALL, NULL).known);
	meter_said(meter, "\n", 1);
	ck_assert_int_eq(meter_live(meter, CONF_MEASURE_ALL, &lost).tokens, 9);
	ck_assert(!lost);
	meter_said(meter, "no\n", 3);
	ck_assert(!meter_live(meter, CONF_MEASURE_ALL, &lost).known && lost);
	meter_free(meter);
	meter_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_object");
	TCase *object = tcase_create("object");
	tcase_add_test(object, lines_count_where_they_are_looked_for);
	tcase_add_test(object, among_output_other_things_are_passed_over);
	tcase_add_test(object, a_meter_that_reads_nothing_says_so);
	tcase_add_test(object, the_live_figure_is_what_was_said);
	suite_add_tcase(suite, object);
	return run_suite(suite);
}
