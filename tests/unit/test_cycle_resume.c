/* A cycle that goes on in another process: in each state with the proof that the state holds. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cycle_helpers.h"
#include "tests/unit/suite.h"

static struct cycle_past past_in(enum fsm_state state)
{
	return (struct cycle_past){
		.number = 4,
		.terms = terms,
		.state = state,
		.step = state == FSM_IDLE ? 0 : 3,
		.used = USAGE_KNOWN(state == FSM_IDLE ? 0 : 60000),
		.how = FSM_EV_CRASHED,
		.receipt = pushed,
	};
}

static struct cycle *resume(enum fsm_state state, struct cycle_proofs *proofs)
{
	const struct cycle_past past = past_in(state);
	memset(proofs, 0x5a, sizeof(*proofs));
	struct cycle *cycle = cycle_resume(&past, look, &seen, proofs);
	ck_assert_ptr_nonnull(cycle);
	ck_assert_int_eq(cycle_state(cycle), state);
	ck_assert_int_eq(cycle_number(cycle), 4);
	ck_assert_int_eq(cycle_step(cycle), past.step);
	ck_assert_int_eq(cycle_used(cycle).tokens, past.used.tokens);
	ck_assert_int_eq(seen.calls, 0);
	return cycle;
}

START_TEST(each_state_has_its_own_proof_and_no_other)
{
	const enum fsm_state state = (enum fsm_state)_i;
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(state, &proofs);
	ck_assert_int_eq(proofs.work != NULL, state == FSM_COMMIT);
	ck_assert_int_eq(proofs.receipt != NULL, state == FSM_REPORT);
	ck_assert_int_eq(proofs.told != NULL, state == FSM_POSTCHECK);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_idle_it_begins)
{
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(FSM_IDLE, &proofs);
	ck_assert_int_eq(cycle_begin(cycle), 0);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_precheck_it_asks_the_gate_with_its_usage)
{
	struct cycle_proofs proofs;
	enum gate_answer answer;
	struct cycle *cycle = resume(FSM_PRECHECK, &proofs);
	ck_assert_int_eq(cycle_start_step(cycle, pass_for(cycle, 4)), 0);
	ck_assert_ptr_nonnull(cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(9999)));
	ck_assert_int_eq(cycle_used(cycle).tokens, 69999);
	cycle_free(cycle);

	struct cycle_past past = past_in(FSM_PRECHECK);
	past.used = USAGE_KNOWN(70000);
	cycle = cycle_resume(&past, look, &seen, &proofs);
	ck_assert_ptr_null(cycle_pass_gate(cycle, 4, &answer));
	ck_assert_int_eq(answer, GATE_SHUT);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_step_it_ends_it)
{
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(FSM_STEP, &proofs);
	struct work *work = cycle_end_step(cycle, FSM_EV_INTERRUPTED, USAGE_UNKNOWN);
	ck_assert_ptr_nonnull(work);
	ck_assert_int_eq(work_how(work), FSM_EV_INTERRUPTED);
	ck_assert_int_eq(seen.last.step, 3);
	ck_assert(!cycle_used(cycle).known);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_commit_it_saves_what_was_done)
{
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(FSM_COMMIT, &proofs);
	ck_assert_int_eq(work_how(proofs.work), FSM_EV_CRASHED);
	struct receipt *receipt = cycle_save(cycle, proofs.work, &pushed);
	ck_assert_ptr_nonnull(receipt);
	ck_assert_int_eq(receipt_how(receipt), FSM_EV_CRASHED);
	ck_assert_int_eq(seen.last.step, 3);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_report_it_tells_the_receipt_that_it_had)
{
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(FSM_REPORT, &proofs);
	ck_assert_int_eq(receipt_how(proofs.receipt), FSM_EV_CRASHED);
	ck_assert_int_eq(receipt_facts(proofs.receipt)->result, RECEIPT_PUSHED);
	ck_assert_str_eq(receipt_facts(proofs.receipt)->commit, "0123abcd");
	struct told *told = cycle_tell(cycle, proofs.receipt);
	ck_assert_ptr_nonnull(told);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
	cycle_free(cycle);
}
END_TEST

START_TEST(from_postcheck_it_goes_on_or_closes)
{
	struct cycle_proofs proofs;
	struct cycle *cycle = resume(FSM_POSTCHECK, &proofs);
	ck_assert_int_eq(cycle_check(cycle, proofs.told, FSM_EV_AGAIN), FSM_EV_AGAIN);
	cycle_free(cycle);

	struct cycle_past past = past_in(FSM_POSTCHECK);
	past.used = USAGE_UNKNOWN;
	cycle = cycle_resume(&past, look, &seen, &proofs);
	ck_assert_int_eq(cycle_check(cycle, proofs.told, FSM_EV_AGAIN), FSM_EV_ERROR);
	ck_assert_int_eq(cycle_state(cycle), FSM_CLOSED);
	cycle_free(cycle);
}
END_TEST

/* A cycle can have no step, and be in PRECHECK or CLOSED. */
START_TEST(before_the_first_step)
{
	static const enum fsm_state states[] = {FSM_PRECHECK, FSM_CLOSED};
	for (int i = 0; i < 2; i++) {
		struct cycle_proofs proofs;
		struct cycle_past past = past_in(states[i]);
		past.step = 0;
		past.used = USAGE_KNOWN(0);
		struct cycle *cycle = cycle_resume(&past, look, &seen, &proofs);
		ck_assert_ptr_nonnull(cycle);
		ck_assert_int_eq(cycle_step(cycle), 0);
		cycle_free(cycle);
	}
}
END_TEST

/* What no cycle can have been. */
static void no_number(struct cycle_past *past)
{
	past->number = 0;
}

static void no_budget(struct cycle_past *past)
{
	past->terms.budget = 0;
}

static void no_threshold(struct cycle_past *past)
{
	past->terms.threshold = 19;
}

static void step_below_zero(struct cycle_past *past)
{
	past->step = -1;
}

static void usage_below_zero(struct cycle_past *past)
{
	past->used = USAGE_KNOWN(-1);
}

static void no_step(struct cycle_past *past)
{
	past->step = 0;
}

static void no_end(struct cycle_past *past)
{
	past->how = FSM_EV_SAVED;
}

static const struct {
	enum fsm_state state;
	void (*spoil)(struct cycle_past *past);
} impossible[] = {
	{FSM_PRECHECK, no_number},      {FSM_PRECHECK, no_budget},
	{FSM_PRECHECK, no_threshold},   {FSM_PRECHECK, step_below_zero},
	{FSM_CLOSED, usage_below_zero}, {FSM_STEP, no_step},
	{FSM_COMMIT, no_step},          {FSM_REPORT, no_step},
	{FSM_POSTCHECK, no_step},       {FSM_COMMIT, no_end},
	{FSM_REPORT, no_end},           {FSM_POSTCHECK, no_end},
};

START_TEST(an_impossible_past_is_refused)
{
	struct cycle_past past = past_in(impossible[_i].state);
	struct cycle_proofs proofs, untouched;
	memset(&proofs, 0x5a, sizeof(proofs));
	untouched = proofs;
	impossible[_i].spoil(&past);
	ck_assert_ptr_null(cycle_resume(&past, look, &seen, &proofs));
	ck_assert_mem_eq(&proofs, &untouched, sizeof(proofs));
}
END_TEST

START_TEST(an_idle_cycle_with_a_step_is_refused)
{
	struct cycle_past past = past_in(FSM_IDLE);
	struct cycle_proofs proofs;
	past.step = 1;
	ck_assert_ptr_null(cycle_resume(&past, look, &seen, &proofs));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cycle resumed");
	TCase *states = tcase_create("states"), *pasts = tcase_create("pasts");
	tcase_add_loop_test(states, each_state_has_its_own_proof_and_no_other, 0, FSM_NSTATES);
	tcase_add_test(states, from_idle_it_begins);
	tcase_add_test(states, from_precheck_it_asks_the_gate_with_its_usage);
	tcase_add_test(states, from_step_it_ends_it);
	tcase_add_test(states, from_commit_it_saves_what_was_done);
	tcase_add_test(states, from_report_it_tells_the_receipt_that_it_had);
	tcase_add_test(states, from_postcheck_it_goes_on_or_closes);
	tcase_add_test(states, before_the_first_step);
	suite_add_tcase(suite, states);
	tcase_add_loop_test(pasts, an_impossible_past_is_refused, 0, COUNT(impossible));
	tcase_add_test(pasts, an_idle_cycle_with_a_step_is_refused);
	suite_add_tcase(suite, pasts);
	return run_suite(suite);
}
