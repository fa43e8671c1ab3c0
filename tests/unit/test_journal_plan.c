/* What the journal keeps of a plan from one cycle to the next. */
#include "tests/unit/journal_helpers.h"

static void see_step(void *context, const struct journal_plan_step *step)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%d %s", step->number,
		 step->title);
}

/* The steps as "1 A|2 B|"; good until the next call. */
static const char *steps_of(const char *plan)
{
	static char text[512];
	struct seen seen = {.count = 0};
	size_t used = 0;
	text[0] = '\0';
	assert_ok(journal_plan_steps(journal, plan, see_step, &seen, &err), err);
	for (int i = 0; i < seen.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s|", seen.text[i]);
	return text;
}

static void remember(const char *plan, bool anew, const struct journal_plan_step *steps,
		     size_t count)
{
	assert_ok(journal_plan_remember(journal, plan, anew, steps, count, &err), err);
}

START_TEST(the_steps_of_a_plan_are_remembered)
{
	const struct journal_plan_step first[] = {{2, "B"}, {1, "A"}};
	const struct journal_plan_step second[] = {{3, "C"}, {1, "Z"}};
	ck_assert_str_eq(steps_of("one"), "");
	remember("one", true, first, 2);
	remember("other", true, second, 1);
	ck_assert_str_eq(steps_of("one"), "1 A|2 B|");
	remember("one", false, second, 2);
	reopen();
	ck_assert_str_eq(steps_of("one"), "1 Z|2 B|3 C|");
	remember("one", true, first, 1);
	ck_assert_str_eq(steps_of("one"), "2 B|");
	remember("one", true, NULL, 0);
	ck_assert_str_eq(steps_of("one"), "");
	ck_assert_str_eq(steps_of("other"), "3 C|");
}
END_TEST

START_TEST(what_can_not_be_remembered_leaves_the_old)
{
	const struct journal_plan_step good[] = {{1, "A"}, {2, "B"}};
	const struct journal_plan_step bad[] = {{1, "C"}, {0, "D"}};
	remember("one", true, good, 2);
	ck_assert_int_eq(journal_plan_remember(journal, "one", true, bad, 2, &err), -1);
	ck_assert_str_eq(steps_of("one"), "1 A|2 B|");
}
END_TEST

START_TEST(a_step_can_be_forgotten)
{
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "A", 1, true, 1);
	do_step(cycle, 2, "B", 1, true, 1);
	assert_ok(journal_plan_forget(journal, "other", "A", &err), err);
	assert_ok(journal_plan_forget(journal, "one", "C", &err), err);
	ck_assert_int_eq(plan_done("one").count, 2);
	assert_ok(journal_plan_forget(journal, "one", "A", &err), err);
	const struct seen left = plan_done("one");
	ck_assert_int_eq(left.count, 1);
	ck_assert_str_eq(left.text[0], "B");
	close_cycle(cycle);
	cycle_free(cycle);
}
END_TEST

static int64_t round_of(const char *plan)
{
	int64_t round = 0;
	assert_ok(journal_plan_round(journal, plan, &round, &err), err);
	return round;
}

START_TEST(what_is_known_from_elsewhere_takes_the_place_of_what_was_recorded)
{
	const struct journal_plan_done known[] = {{"B", 7, 2}, {"C", 8, 1}};
	const struct journal_plan_done bad[] = {{"D", 7, 2}, {NULL, 8, 1}};
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "A", 1, true, 1);
	close_cycle(cycle);
	cycle_free(cycle);
	assert_ok(journal_plan_restore(journal, "one", 5, known, 2, now, &err), err);
	assert_ok(journal_plan_restore(journal, "other", 1, known, 1, now, &err), err);
	reopen();
	struct seen seen = plan_done("one");
	ck_assert_int_eq(seen.count, 2);
	ck_assert_str_eq(seen.text[0], "B");
	ck_assert_str_eq(seen.text[1], "C");
	ck_assert_int_eq(round_of("one"), 5);
	ck_assert_int_eq(plan_done("other").count, 1);
	ck_assert_int_eq(journal_plan_restore(journal, "one", 6, bad, 2, now, &err), -1);
	seen = plan_done("one");
	ck_assert_int_eq(seen.count, 2);
	ck_assert_int_eq(round_of("one"), 5);
	assert_ok(journal_plan_restore(journal, "one", 6, NULL, 0, now, &err), err);
	ck_assert_int_eq(plan_done("one").count, 0);
	ck_assert_int_eq(round_of("one"), 6);
}
END_TEST

/* A step that was tried again and done at last was not passed over. */
START_TEST(what_was_passed_over_is_told_from_what_was_done)
{
	struct seen seen = {.count = 0};
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "done", 1, true, 1);
	start_step(cycle, 2, "passed over", 1);
	struct work *work = end_step(cycle, FSM_EV_FAILED, USAGE_KNOWN(1));
	struct told *told = tell_step(cycle, save_step(cycle, work, &pushed), true);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
	do_step(cycle, 3, "at last", 1, false, 1);
	do_step(cycle, 3, "at last", 2, true, 1);
	ck_assert_int_eq(plan_done("one").count, 3);
	assert_ok(journal_plan_passed(journal, "one", see_title, &seen, &err), err);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_str_eq(seen.text[0], "passed over");
	seen.count = 0;
	assert_ok(journal_cycle_passed(journal, 1, 5, see_step, &seen, &err), err);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_str_eq(seen.text[0], "2 passed over");
	assert_ok(journal_cycle_passed(journal, 1, 0, see_step, &seen, &err), err);
	assert_ok(journal_cycle_passed(journal, 2, 5, see_step, &seen, &err), err);
	ck_assert_int_eq(seen.count, 1);
	close_cycle(cycle);
	cycle_free(cycle);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_plan");
	TCase *plan = tcase_create("plan");
	tcase_add_checked_fixture(plan, set_up, tear_down);
	tcase_add_test(plan, the_steps_of_a_plan_are_remembered);
	tcase_add_test(plan, what_can_not_be_remembered_leaves_the_old);
	tcase_add_test(plan, a_step_can_be_forgotten);
	tcase_add_test(plan, what_is_known_from_elsewhere_takes_the_place_of_what_was_recorded);
	tcase_add_test(plan, what_was_passed_over_is_told_from_what_was_done);
	suite_add_tcase(suite, plan);
	return run_suite(suite);
}
