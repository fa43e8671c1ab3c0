/* Calls by their ids: each once, the largest figures, constant memory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/calls.h"
#include "tests/unit/suite.h"

static struct call of(int64_t input, int64_t read, int64_t written, int64_t output)
{
	return (struct call){{input, read, written, output}};
}

static void is_of(struct call call, int64_t input, int64_t read, int64_t written, int64_t output)
{
	const struct call wanted = of(input, read, written, output);
	for (int i = 0; i < NTOKENS; i++)
		ck_assert_int_eq(call.part[i], wanted.part[i]);
}

static void put(struct calls *calls, const char *id, const char *model, struct call call)
{
	calls_put(calls, id, model, &call);
}

START_TEST(a_call_counts_once_with_its_largest_figures)
{
	struct calls calls;
	calls_init(&calls);
	put(&calls, "one", "m", of(10, 20, 3, 1));
	put(&calls, "two", "m", of(1, 1, 1, 1));
	put(&calls, "one", "m", of(10, 20, 3, 50));
	put(&calls, "one", "m", of(10, 19, 0, 2));
	is_of(calls.sum, 11, 21, 4, 51);
	ck_assert_int_eq(calls.count, 2);
	ck_assert_int_eq(calls.nmodels, 1);
	const struct tokens total = calls_total(&calls);
	ck_assert(tokens_equal(&calls.models[0].used, &total));
	calls_clear(&calls);
	put(&calls, "one", "m", of(1, 0, 0, 0));
	is_of(calls.sum, 1, 0, 0, 0);
	calls_release(&calls);
}
END_TEST

START_TEST(a_call_without_an_id_is_its_own)
{
	struct calls calls;
	calls_init(&calls);
	put(&calls, "", "", of(1, 2, 3, 4));
	put(&calls, "", "", of(1, 2, 3, 4));
	is_of(calls.sum, 2, 4, 6, 8);
	ck_assert_int_eq(calls.nmodels, 0);
	calls_release(&calls);
}
END_TEST

START_TEST(sums_do_not_run_over)
{
	struct calls calls;
	calls_init(&calls);
	put(&calls, "a", "m", of(INT64_MAX, 1, 0, 0));
	put(&calls, "b", "m", of(INT64_MAX, INT64_MAX, 0, 0));
	is_of(calls.sum, INT64_MAX, INT64_MAX, 0, 0);
	ck_assert_int_eq(call_all(&calls.sum), INT64_MAX);
	calls_release(&calls);
}
END_TEST

/* Ids are remembered long enough, and the tables don't grow for ever. */
START_TEST(many_calls_are_told_apart)
{
	struct calls calls;
	char id[32];
	calls_init(&calls);
	for (int i = 0; i < 5 * CALLS_KNOWN; i++) {
		snprintf(id, sizeof(id), "msg_%d", i);
		put(&calls, id, "m", of(1, 0, 0, 1));
		put(&calls, id, "m", of(1, 0, 0, 2));
		if (i >= CALLS_KNOWN) {
			snprintf(id, sizeof(id), "msg_%d", i - CALLS_KNOWN + 1);
			put(&calls, id, "m", of(1, 0, 0, 2));
		}
	}
	is_of(calls.sum, 5 * CALLS_KNOWN, 0, 0, 10 * CALLS_KNOWN);
	calls_release(&calls);
}
END_TEST

START_TEST(models_are_told_apart_as_far_as_there_is_room)
{
	struct calls calls;
	struct reading reading = {.nmodels = 0};
	char name[200];
	calls_init(&calls);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "model-%02d\033[31m-%0100d", i, 0);
		put(&calls, "", name, of(1, 0, 0, 0));
	}
	calls_models(&calls, &reading);
	ck_assert_int_eq(reading.nmodels, READING_MODELS);
	ck_assert_int_eq(strncmp(reading.models[0].name, "model-00", 8), 0);
	ck_assert_str_eq(reading.models[READING_MODELS - 1].name, "other");
	ck_assert_int_eq(reading.models[READING_MODELS - 1].used.of[0].tokens,
			 40 - READING_MODELS + 1);
	calls_release(&calls);
}
END_TEST

START_TEST(a_table_has_a_row_for_each_model_and_the_last_for_the_rest)
{
	enum { ROOM = 3 };
	struct {
		char model[MODEL_NAME];
		int64_t figure;
	} rows[ROOM], *row;
	char name[200];
	bool shared = true;
	int count = 0;
	memset(rows, 0xff, sizeof(rows));
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "model-%d-%0150d", i, 0);
		row = model_row(rows, sizeof(rows[0]), &count, ROOM, name, &shared);
		ck_assert_int_eq(shared, i >= ROOM);
		ck_assert_ptr_eq(row, &rows[i < ROOM ? i : ROOM - 1]);
		ck_assert_int_eq(row->figure, i <= ROOM - 1 ? 0 : i - ROOM + 1);
		row->figure += i >= ROOM - 1;
		row = model_row(rows, sizeof(rows[0]), &count, ROOM, name, NULL);
		ck_assert_ptr_eq(row, &rows[i < ROOM ? i : ROOM - 1]);
	}
	ck_assert_int_eq(count, ROOM);
	ck_assert_uint_eq(strlen(rows[0].model), MODEL_NAME - 1);
}
END_TEST

START_TEST(what_is_within_another_part_is_taken_out)
{
	is_of(call_disjoint(USAGE_KNOWN(100), USAGE_KNOWN(70), USAGE_KNOWN(20), USAGE_KNOWN(5)), 10,
	      70, 20, 5);
	is_of(call_disjoint(USAGE_KNOWN(50), USAGE_KNOWN(70), USAGE_UNKNOWN, USAGE_UNKNOWN), 0, 70,
	      0, 0);
	is_of(call_of(USAGE_UNKNOWN, USAGE_KNOWN(1), USAGE_UNKNOWN, USAGE_KNOWN(2)), 0, 1, 0, 2);
	const struct call a = of(1, 2, 3, 4), b = of(4, 3, 2, 1);
	is_of(call_max(&a, &b), 4, 3, 3, 4);
	is_of(call_less(&a, &b), 0, 0, 1, 3);
	is_of(call_sum(&a, &b), 5, 5, 5, 5);
	ck_assert_int_eq(call_prompt(&a), 6);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calls");
	TCase *calls = tcase_create("calls");
	tcase_add_test(calls, a_call_counts_once_with_its_largest_figures);
	tcase_add_test(calls, a_call_without_an_id_is_its_own);
	tcase_add_test(calls, sums_do_not_run_over);
	tcase_add_test(calls, many_calls_are_told_apart);
	tcase_add_test(calls, models_are_told_apart_as_far_as_there_is_room);
	tcase_add_test(calls, a_table_has_a_row_for_each_model_and_the_last_for_the_rest);
	tcase_add_test(calls, what_is_within_another_part_is_taken_out);
	suite_add_tcase(suite, calls);
	return run_suite(suite);
}
