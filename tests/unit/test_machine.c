/* The machine's words and its table: every name there and back, every cell. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/receipt.h"
#include "fsm/rules.h"
#include "tests/unit/suite.h"

/* All moves there are, written down a second time. */
static const struct {
	enum fsm_state from;
	enum fsm_event event;
	enum fsm_state to;
} moves[] = {
	{FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK},
	{FSM_PRECHECK, FSM_EV_PASS, FSM_STEP},
	{FSM_PRECHECK, FSM_EV_COMPLETED, FSM_CLOSED},
	{FSM_PRECHECK, FSM_EV_THRESHOLD, FSM_CLOSED},
	{FSM_PRECHECK, FSM_EV_VETOED, FSM_CLOSED},
	{FSM_PRECHECK, FSM_EV_USER, FSM_CLOSED},
	{FSM_PRECHECK, FSM_EV_ERROR, FSM_CLOSED},
	{FSM_STEP, FSM_EV_DONE, FSM_COMMIT},
	{FSM_STEP, FSM_EV_FAILED, FSM_COMMIT},
	{FSM_STEP, FSM_EV_TIMED_OUT, FSM_COMMIT},
	{FSM_STEP, FSM_EV_CRASHED, FSM_COMMIT},
	{FSM_STEP, FSM_EV_STOPPED, FSM_COMMIT},
	{FSM_STEP, FSM_EV_INTERRUPTED, FSM_COMMIT},
	{FSM_COMMIT, FSM_EV_SAVED, FSM_REPORT},
	{FSM_COMMIT, FSM_EV_UNSAVED, FSM_REPORT},
	{FSM_REPORT, FSM_EV_TOLD, FSM_POSTCHECK},
	{FSM_POSTCHECK, FSM_EV_AGAIN, FSM_PRECHECK},
	{FSM_POSTCHECK, FSM_EV_COMPLETED, FSM_CLOSED},
	{FSM_POSTCHECK, FSM_EV_THRESHOLD, FSM_CLOSED},
	{FSM_POSTCHECK, FSM_EV_VETOED, FSM_CLOSED},
	{FSM_POSTCHECK, FSM_EV_USER, FSM_CLOSED},
	{FSM_POSTCHECK, FSM_EV_ERROR, FSM_CLOSED},
};

static int expected(enum fsm_state from, enum fsm_event event)
{
	for (int i = 0; i < COUNT(moves); i++)
		if (moves[i].from == from && moves[i].event == event)
			return (int)moves[i].to;
	return FSM_REFUSED;
}

/* Plain words: there, on one line, no sentence marks around them. */
static void expect_words(const char *words)
{
	ck_assert_ptr_nonnull(words);
	ck_assert_uint_ge(strlen(words), 8);
	ck_assert_uint_le(strlen(words), 70);
	ck_assert_ptr_null(strpbrk(words, "\n\t\"%"));
	ck_assert(words[0] != ' ' && words[strlen(words) - 1] != '.');
}

START_TEST(every_cell)
{
	const enum fsm_state from = (enum fsm_state)(_i / FSM_NEVENTS);
	const enum fsm_event event = (enum fsm_event)(_i % FSM_NEVENTS);
	const int to = fsm_next(from, event);
	ck_assert_msg(to == expected(from, event), "%s on %s", fsm_state_name(from),
		      fsm_event_name(event));
	if (to == FSM_REFUSED)
		expect_words(fsm_refusal(from, event));
	else
		ck_assert_ptr_null(fsm_refusal(from, event));
	ck_assert_int_eq(fsm_rule_broken(from, event, to), 0);
}
END_TEST

START_TEST(state_names_there_and_back)
{
	const enum fsm_state state = (enum fsm_state)_i;
	ck_assert_int_eq(fsm_state_by_name(fsm_state_name(state)), _i);
	expect_words(fsm_state_words(state));
}
END_TEST

START_TEST(event_names_there_and_back)
{
	const enum fsm_event event = (enum fsm_event)_i;
	ck_assert_int_eq(fsm_event_by_name(fsm_event_name(event)), _i);
	expect_words(fsm_event_words(event));
	ck_assert_int_le(fsm_event_kind(event), FSM_KIND_CLOSES);
}
END_TEST

START_TEST(receipt_names_there_and_back)
{
	const enum receipt_result result = (enum receipt_result)_i;
	ck_assert_int_eq(receipt_by_name(receipt_name(result)), _i);
	expect_words(receipt_words(result));
	ck_assert_int_le(receipt_place(result), RECEIPT_NOT_PUSHED);
}
END_TEST

static const char *const no_names[] = {"",         "idle",    "IDLE ", " IDLE", "IDL",
				       "FSM_IDLE", "NSTATES", "STEPS", "done",  "DON",
				       "EV_DONE",  "pushed",  "PUSHE", "\xff"};

START_TEST(other_names_are_none)
{
	ck_assert_int_eq(fsm_state_by_name(no_names[_i]), -1);
	ck_assert_int_eq(fsm_event_by_name(no_names[_i]), -1);
	ck_assert_int_eq(receipt_by_name(no_names[_i]), -1);
}
END_TEST

START_TEST(the_order_of_the_states_is_that_of_the_cycle)
{
	static const char *const order[] = {"IDLE",   "PRECHECK",  "STEP",  "COMMIT",
					    "REPORT", "POSTCHECK", "CLOSED"};
	ck_assert_int_eq(COUNT(order), FSM_NSTATES);
	for (int i = 0; i < FSM_NSTATES; i++)
		ck_assert_str_eq(fsm_state_name((enum fsm_state)i), order[i]);
}
END_TEST

START_TEST(six_ways_to_end_and_five_to_close)
{
	int kinds[FSM_KIND_CLOSES + 1] = {0};
	for (int i = 0; i < FSM_NEVENTS; i++)
		kinds[fsm_event_kind((enum fsm_event)i)]++;
	ck_assert_int_eq(kinds[FSM_KIND_OPENS], 1);
	ck_assert_int_eq(kinds[FSM_KIND_PASSES], 1);
	ck_assert_int_eq(kinds[FSM_KIND_ENDS], 6);
	ck_assert_int_eq(kinds[FSM_KIND_SAVES], 2);
	ck_assert_int_eq(kinds[FSM_KIND_TELLS], 1);
	ck_assert_int_eq(kinds[FSM_KIND_REPEATS], 1);
	ck_assert_int_eq(kinds[FSM_KIND_CLOSES], 5);
}
END_TEST

START_TEST(every_rule_has_words)
{
	expect_words(fsm_rule_words(_i));
}
END_TEST

/* One row for each rule that it alone, or it first, breaks. */
static const struct {
	enum fsm_state from;
	enum fsm_event event;
	int to, rule;
} broken[] = {
	{FSM_POSTCHECK, FSM_EV_AGAIN, FSM_STEP, 1},
	{FSM_PRECHECK, FSM_EV_DONE, FSM_STEP, 1},
	{FSM_STEP, FSM_EV_TIMED_OUT, FSM_REFUSED, 2},
	{FSM_STEP, FSM_EV_USER, FSM_CLOSED, 2},
	{FSM_PRECHECK, FSM_EV_PASS, FSM_COMMIT, 2},
	{FSM_COMMIT, FSM_EV_UNSAVED, FSM_REFUSED, 3},
	{FSM_COMMIT, FSM_EV_ERROR, FSM_CLOSED, 3},
	{FSM_COMMIT, FSM_EV_TOLD, FSM_POSTCHECK, 3},
	{FSM_REPORT, FSM_EV_TOLD, FSM_PRECHECK, 4},
	{FSM_REPORT, FSM_EV_TOLD, FSM_REFUSED, 4},
	{FSM_PRECHECK, FSM_EV_AGAIN, FSM_POSTCHECK, 4},
	{FSM_POSTCHECK, FSM_EV_AGAIN, FSM_IDLE, 5},
	{FSM_POSTCHECK, FSM_EV_COMPLETED, FSM_PRECHECK, 5},
	{FSM_CLOSED, FSM_EV_BEGIN, FSM_PRECHECK, 5},
	{FSM_IDLE, FSM_EV_USER, FSM_CLOSED, 6},
	{FSM_POSTCHECK, FSM_EV_AGAIN, FSM_CLOSED, 6},
	{FSM_PRECHECK, FSM_EV_AGAIN, FSM_PRECHECK, 5},
	{FSM_IDLE, FSM_EV_BEGIN, FSM_IDLE, 7},
	{FSM_IDLE, FSM_EV_BEGIN, FSM_NSTATES, 7},
	{FSM_IDLE, FSM_EV_BEGIN, -2, 5},
};

START_TEST(a_broken_rule_is_named)
{
	ck_assert_int_eq(fsm_rule_broken(broken[_i].from, broken[_i].event, broken[_i].to),
			 broken[_i].rule);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *table = tcase_create("table"), *names = tcase_create("names");
	tcase_add_loop_test(table, every_cell, 0, (int)FSM_NSTATES * (int)FSM_NEVENTS);
	tcase_add_loop_test(table, a_broken_rule_is_named, 0, COUNT(broken));
	tcase_add_test(table, the_order_of_the_states_is_that_of_the_cycle);
	tcase_add_test(table, six_ways_to_end_and_five_to_close);
	suite_add_tcase(suite, table);
	tcase_add_loop_test(names, state_names_there_and_back, 0, FSM_NSTATES);
	tcase_add_loop_test(names, event_names_there_and_back, 0, FSM_NEVENTS);
	tcase_add_loop_test(names, receipt_names_there_and_back, 0, RECEIPT_NRESULTS);
	tcase_add_loop_test(names, other_names_are_none, 0, COUNT(no_names));
	tcase_add_loop_test(names, every_rule_has_words, 1, 8);
	suite_add_tcase(suite, names);
	return run_suite(suite);
}
