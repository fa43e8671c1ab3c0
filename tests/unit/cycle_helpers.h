/* Cycles, brought to where a test begins. */
#ifndef TESTS_UNIT_CYCLE_HELPERS_H
#define TESTS_UNIT_CYCLE_HELPERS_H

#include <check.h>

#include "fsm/cycle.h"

static const struct gate_terms terms = {.budget = 200000, .threshold = 35};
static const struct receipt_facts pushed = {.result = RECEIPT_PUSHED, .commit = "0123abcd"};

/* What the journal was shown. */
static struct {
	bool refuse;
	int calls;
	struct cycle_move last;
	struct receipt_facts facts;
} seen;

static inline int look(void *context, const struct cycle_move *move)
{
	ck_assert_ptr_eq(context, &seen);
	seen.calls++;
	seen.last = *move;
	if (move->receipt)
		seen.facts = *move->receipt;
	return seen.refuse ? -1 : 0;
}

static inline struct cycle *new_cycle(void)
{
	struct cycle *cycle = cycle_new(4, &terms, look, &seen);
	ck_assert_ptr_nonnull(cycle);
	return cycle;
}

/* A cycle brought to where a test begins, and the proof it has there. */
static inline struct cycle *in_precheck(void)
{
	struct cycle *cycle = new_cycle();
	ck_assert_int_eq(cycle_begin(cycle), 0);
	return cycle;
}

static inline struct gate_pass *pass_for(struct cycle *cycle, int step)
{
	enum gate_answer answer;
	struct gate_pass *pass = cycle_pass_gate(cycle, step, &answer);
	ck_assert_int_eq(answer, GATE_OPEN);
	ck_assert_ptr_nonnull(pass);
	return pass;
}

static inline struct cycle *in_step(void)
{
	struct cycle *cycle = in_precheck();
	ck_assert_int_eq(cycle_start_step(cycle, pass_for(cycle, 1)), 0);
	return cycle;
}

static inline struct cycle *in_commit(struct work **work)
{
	struct cycle *cycle = in_step();
	*work = cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(100));
	ck_assert_ptr_nonnull(*work);
	return cycle;
}

static inline struct cycle *in_report(struct receipt **receipt)
{
	struct work *work;
	struct cycle *cycle = in_commit(&work);
	*receipt = cycle_save(cycle, work, &pushed);
	ck_assert_ptr_nonnull(*receipt);
	return cycle;
}

static inline struct cycle *in_postcheck(struct told **told)
{
	struct receipt *receipt;
	struct cycle *cycle = in_report(&receipt);
	*told = cycle_tell(cycle, receipt);
	ck_assert_ptr_nonnull(*told);
	return cycle;
}

static inline struct cycle *in_closed(void)
{
	struct cycle *cycle = in_precheck();
	ck_assert_int_eq(cycle_close(cycle, FSM_EV_USER), 0);
	return cycle;
}

#endif
