/* The cycle: its proofs, and what each move says and leaves. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/cycle_helpers.h"
#include "tests/unit/suite.h"

static const struct receipt_facts locked = {.result = RECEIPT_LOCKED, .why = "index.lock"};

static void expect_state(const struct cycle *cycle, enum fsm_state state)
{
	ck_assert_str_eq(fsm_state_name(cycle_state(cycle)), fsm_state_name(state));
}

static void expect_move(enum fsm_state from, enum fsm_event event, enum fsm_state to, int step)
{
	ck_assert_int_eq(seen.last.cycle, 4);
	ck_assert_str_eq(fsm_state_name(seen.last.from), fsm_state_name(from));
	ck_assert_str_eq(fsm_event_name(seen.last.event), fsm_event_name(event));
	ck_assert_str_eq(fsm_state_name(seen.last.to), fsm_state_name(to));
	ck_assert_int_eq(seen.last.step, step);
	ck_assert_int_eq(seen.last.receipt != NULL, from == FSM_COMMIT);
}

START_TEST(a_new_cycle_is_idle)
{
	struct cycle *cycle = new_cycle();
	expect_state(cycle, FSM_IDLE);
	ck_assert_int_eq(cycle_number(cycle), 4);
	ck_assert_int_eq(cycle_terms(cycle)->budget, 200000);
	ck_assert_int_eq(cycle_terms(cycle)->threshold, 35);
	ck_assert(cycle_used(cycle).known && cycle_used(cycle).tokens == 0);
	ck_assert_int_eq(cycle_step(cycle), 0);
	ck_assert_int_eq(seen.calls, 0);
	cycle_free(cycle);
	cycle_free(NULL);
}
END_TEST

START_TEST(every_move_is_shown_before_it_is_made)
{
	struct cycle *cycle = new_cycle();
	cycle_begin(cycle);
	expect_move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, 0);
	cycle_start_step(cycle, pass_for(cycle, 7));
	expect_move(FSM_PRECHECK, FSM_EV_PASS, FSM_STEP, 7);
	struct work *work = cycle_end_step(cycle, FSM_EV_TIMED_OUT, USAGE_KNOWN(123));
	expect_move(FSM_STEP, FSM_EV_TIMED_OUT, FSM_COMMIT, 7);
	ck_assert_int_eq(seen.last.used.tokens, 123);
	ck_assert_int_eq(work_how(work), FSM_EV_TIMED_OUT);
	struct receipt *receipt = cycle_save(cycle, work, &locked);
	expect_move(FSM_COMMIT, FSM_EV_UNSAVED, FSM_REPORT, 7);
	ck_assert_str_eq(seen.facts.why, "index.lock");
	ck_assert_int_eq(receipt_how(receipt), FSM_EV_TIMED_OUT);
	ck_assert_str_eq(receipt_facts(receipt)->why, "index.lock");
	struct told *told = cycle_tell(cycle, receipt);
	expect_move(FSM_REPORT, FSM_EV_TOLD, FSM_POSTCHECK, 7);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
	expect_move(FSM_POSTCHECK, FSM_EV_AGAIN, FSM_PRECHECK, 7);
	ck_assert_int_eq(cycle_close(cycle, FSM_EV_COMPLETED), 0);
	expect_move(FSM_PRECHECK, FSM_EV_COMPLETED, FSM_CLOSED, 7);
	ck_assert_int_eq(seen.calls, 7);
	expect_state(cycle, FSM_CLOSED);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_cycle_without_a_journal_moves)
{
	struct cycle *cycle = cycle_new(1, &terms, NULL, NULL);
	ck_assert_int_eq(cycle_begin(cycle), 0);
	expect_state(cycle, FSM_PRECHECK);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_receipt_says_saved_only_where_the_work_arrived)
{
	struct work *work;
	struct cycle *cycle = in_commit(&work);
	const struct receipt_facts facts = {.result = (enum receipt_result)_i};
	ck_assert_ptr_nonnull(cycle_save(cycle, work, &facts));
	const bool reached = receipt_place(facts.result) == RECEIPT_REACHED;
	ck_assert_int_eq(seen.last.event, reached ? FSM_EV_SAVED : FSM_EV_UNSAVED);
	cycle_free(cycle);
}
END_TEST

START_TEST(usage_adds_up_and_unknown_stays)
{
	struct told *told;
	struct cycle *cycle = in_postcheck(&told);
	ck_assert_int_eq(cycle_used(cycle).tokens, 100);
	cycle_check(cycle, told, FSM_EV_AGAIN);
	cycle_start_step(cycle, pass_for(cycle, 2));
	struct work *work = cycle_end_step(cycle, FSM_EV_FAILED, USAGE_KNOWN(50));
	ck_assert_int_eq(cycle_used(cycle).tokens, 150);
	told = cycle_tell(cycle, cycle_save(cycle, work, &pushed));
	cycle_check(cycle, told, FSM_EV_AGAIN);
	cycle_start_step(cycle, pass_for(cycle, 3));
	cycle_end_step(cycle, FSM_EV_DONE, USAGE_UNKNOWN);
	ck_assert(!cycle_used(cycle).known);
	cycle_free(cycle);
}
END_TEST

/* Ends a first step with `used`, and gives what the wish to go on comes to. */
static int go_on_after(struct usage used, enum fsm_event wish, enum fsm_state *state)
{
	struct cycle *cycle = in_step();
	struct work *work = cycle_end_step(cycle, FSM_EV_DONE, used);
	struct told *told = cycle_tell(cycle, cycle_save(cycle, work, &pushed));
	const int event = cycle_check(cycle, told, wish);
	*state = cycle_state(cycle);
	cycle_free(cycle);
	return event;
}

static const struct {
	struct usage used;
	enum fsm_event wish, event;
	enum fsm_state state;
} wishes[] = {
	{{69999, true}, FSM_EV_AGAIN, FSM_EV_AGAIN, FSM_PRECHECK},
	{{70000, true}, FSM_EV_AGAIN, FSM_EV_THRESHOLD, FSM_CLOSED},
	{{INT64_MAX, true}, FSM_EV_AGAIN, FSM_EV_THRESHOLD, FSM_CLOSED},
	{{0, false}, FSM_EV_AGAIN, FSM_EV_ERROR, FSM_CLOSED},
	{{5, true}, FSM_EV_COMPLETED, FSM_EV_COMPLETED, FSM_CLOSED},
	{{5, true}, FSM_EV_USER, FSM_EV_USER, FSM_CLOSED},
	{{5, true}, FSM_EV_ERROR, FSM_EV_ERROR, FSM_CLOSED},
	{{70000, true}, FSM_EV_COMPLETED, FSM_EV_COMPLETED, FSM_CLOSED},
	{{70000, true}, FSM_EV_THRESHOLD, FSM_EV_THRESHOLD, FSM_CLOSED},
	{{0, false}, FSM_EV_USER, FSM_EV_USER, FSM_CLOSED},
};

START_TEST(to_go_on_is_granted_through_an_open_gate_only)
{
	enum fsm_state state;
	ck_assert_int_eq(go_on_after(wishes[_i].used, wishes[_i].wish, &state), wishes[_i].event);
	ck_assert_int_eq(state, wishes[_i].state);
}
END_TEST

START_TEST(a_shut_gate_gives_no_pass)
{
	struct cycle *cycle = in_precheck();
	enum gate_answer answer;
	ck_assert_int_eq(cycle_set_used(cycle, USAGE_KNOWN(70000)), 0);
	ck_assert_ptr_null(cycle_pass_gate(cycle, 1, &answer));
	ck_assert_int_eq(answer, GATE_SHUT);
	expect_state(cycle, FSM_PRECHECK);
	ck_assert_int_eq(cycle_close(cycle, FSM_EV_THRESHOLD), 0);
	expect_state(cycle, FSM_CLOSED);
	cycle_free(cycle);
}
END_TEST

START_TEST(told_usage_never_falls)
{
	struct cycle *cycle = in_precheck();
	ck_assert_int_eq(cycle_set_used(cycle, USAGE_KNOWN(500)), 0);
	ck_assert_int_eq(cycle_set_used(cycle, USAGE_KNOWN(500)), 0);
	ck_assert_int_eq(cycle_set_used(cycle, USAGE_KNOWN(499)), -1);
	ck_assert_int_eq(cycle_set_used(cycle, USAGE_UNKNOWN), -1);
	ck_assert_int_eq(cycle_used(cycle).tokens, 500);
	ck_assert_int_eq(seen.calls, 1);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_newer_pass_replaces_the_older_one)
{
	struct cycle *cycle = in_precheck();
	pass_for(cycle, 1);
	ck_assert_int_eq(cycle_start_step(cycle, pass_for(cycle, 2)), 0);
	ck_assert_int_eq(cycle_step(cycle), 2);
	cycle_free(cycle);
}
END_TEST

/* In each state a move that the journal refuses changes nothing, and the proof is still good. */
START_TEST(a_refused_begin_leaves_all_as_it_was)
{
	struct cycle *cycle = new_cycle();
	seen.refuse = true;
	ck_assert_int_eq(cycle_begin(cycle), -1);
	expect_state(cycle, FSM_IDLE);
	seen.refuse = false;
	ck_assert_int_eq(cycle_begin(cycle), 0);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_start_leaves_the_pass_good)
{
	struct cycle *cycle = in_precheck();
	struct gate_pass *pass = pass_for(cycle, 3);
	seen.refuse = true;
	ck_assert_int_eq(cycle_start_step(cycle, pass), -1);
	expect_state(cycle, FSM_PRECHECK);
	ck_assert_int_eq(cycle_step(cycle), 0);
	seen.refuse = false;
	ck_assert_int_eq(cycle_start_step(cycle, pass), 0);
	ck_assert_int_eq(cycle_step(cycle), 3);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_end_leaves_the_step_and_the_usage)
{
	struct cycle *cycle = in_step();
	seen.refuse = true;
	ck_assert_ptr_null(cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(7)));
	expect_state(cycle, FSM_STEP);
	ck_assert_int_eq(cycle_used(cycle).tokens, 0);
	seen.refuse = false;
	ck_assert_ptr_nonnull(cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(7)));
	ck_assert_int_eq(cycle_used(cycle).tokens, 7);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_save_leaves_the_work_good)
{
	struct work *work;
	struct cycle *cycle = in_commit(&work);
	seen.refuse = true;
	ck_assert_ptr_null(cycle_save(cycle, work, &pushed));
	expect_state(cycle, FSM_COMMIT);
	seen.refuse = false;
	ck_assert_ptr_nonnull(cycle_save(cycle, work, &locked));
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_telling_leaves_the_receipt_good)
{
	struct receipt *receipt;
	struct cycle *cycle = in_report(&receipt);
	seen.refuse = true;
	ck_assert_ptr_null(cycle_tell(cycle, receipt));
	expect_state(cycle, FSM_REPORT);
	ck_assert_str_eq(receipt_facts(receipt)->commit, "0123abcd");
	seen.refuse = false;
	ck_assert_ptr_nonnull(cycle_tell(cycle, receipt));
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_check_leaves_told_good)
{
	struct told *told;
	struct cycle *cycle = in_postcheck(&told);
	seen.refuse = true;
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), -1);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_USER), -1);
	expect_state(cycle, FSM_POSTCHECK);
	seen.refuse = false;
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_refused_close_leaves_the_pass_good)
{
	struct cycle *cycle = in_precheck();
	struct gate_pass *pass = pass_for(cycle, 1);
	seen.refuse = true;
	ck_assert_int_eq(cycle_close(cycle, FSM_EV_USER), -1);
	expect_state(cycle, FSM_PRECHECK);
	seen.refuse = false;
	ck_assert_int_eq(cycle_start_step(cycle, pass), 0);
	cycle_free(cycle);
}
END_TEST

static void add_refused(Suite *suite)
{
	TCase *refused = tcase_create("refused");
	tcase_add_test(refused, a_refused_begin_leaves_all_as_it_was);
	tcase_add_test(refused, a_refused_start_leaves_the_pass_good);
	tcase_add_test(refused, a_refused_end_leaves_the_step_and_the_usage);
	tcase_add_test(refused, a_refused_save_leaves_the_work_good);
	tcase_add_test(refused, a_refused_telling_leaves_the_receipt_good);
	tcase_add_test(refused, a_refused_check_leaves_told_good);
	tcase_add_test(refused, a_refused_close_leaves_the_pass_good);
	suite_add_tcase(suite, refused);
}

int main(void)
{
	Suite *suite = suite_create("cycle");
	TCase *moves = tcase_create("moves");
	tcase_add_test(moves, a_new_cycle_is_idle);
	tcase_add_test(moves, every_move_is_shown_before_it_is_made);
	tcase_add_test(moves, a_cycle_without_a_journal_moves);
	tcase_add_loop_test(moves, a_receipt_says_saved_only_where_the_work_arrived, 0,
			    RECEIPT_NRESULTS);
	tcase_add_test(moves, usage_adds_up_and_unknown_stays);
	tcase_add_loop_test(moves, to_go_on_is_granted_through_an_open_gate_only, 0, COUNT(wishes));
	tcase_add_test(moves, a_shut_gate_gives_no_pass);
	tcase_add_test(moves, told_usage_never_falls);
	tcase_add_test(moves, a_newer_pass_replaces_the_older_one);
	suite_add_tcase(suite, moves);
	add_refused(suite);
	return run_suite(suite);
}
