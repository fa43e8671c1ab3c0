#include "fsm/cycle.h"

#include <stdlib.h>

#include "fsm/bug.h"

/* A proof belongs to one cycle and one step, and is good once. */
struct proof {
	const struct cycle *cycle; /* NULL: never made, or spent */
	int step;
};

struct gate_pass {
	struct proof proof;
};

struct work {
	struct proof proof;
	enum fsm_event how;
};

struct receipt {
	struct proof proof;
	enum fsm_event how;
	struct receipt_facts facts;
};

struct told {
	struct proof proof;
};

struct cycle {
	enum fsm_state state;
	int64_t number;
	struct gate_terms terms;
	struct usage used;
	int step;
	cycle_before_move *before_move;
	void *context;
	struct gate_pass pass;
	struct work work;
	struct receipt receipt;
	struct told told;
};

static bool holds(const struct cycle *cycle, const struct proof *proof)
{
	return proof->cycle == cycle && proof->step == cycle->step;
}

/* What is true in each state. */
static void check_invariants(const struct cycle *cycle)
{
	const bool passed = cycle->pass.proof.cycle != NULL;
	const bool work = cycle->work.proof.cycle != NULL;
	const bool receipt = cycle->receipt.proof.cycle != NULL;
	const bool told = cycle->told.proof.cycle != NULL;

	BUG_ON(cycle->number < 1);
	BUG_ON(!gate_terms_valid(&cycle->terms));
	BUG_ON(cycle->used.known && cycle->used.tokens < 0);
	BUG_ON(passed && cycle->state != FSM_PRECHECK);
	BUG_ON(work != (cycle->state == FSM_COMMIT));
	BUG_ON(receipt != (cycle->state == FSM_REPORT));
	BUG_ON(told != (cycle->state == FSM_POSTCHECK));
	BUG_ON(work && !holds(cycle, &cycle->work.proof));
	BUG_ON(receipt && !holds(cycle, &cycle->receipt.proof));
	BUG_ON(told && !holds(cycle, &cycle->told.proof));
	BUG_ON(cycle->state == FSM_STEP && cycle->step < 1);
	BUG_ON(cycle->state == FSM_IDLE && cycle->step != 0);
}

/* Shows the move to the journal, then makes it. -1 and no change where the journal refuses. */
static int move(struct cycle *cycle, enum fsm_event event, int step, struct usage used,
		const struct receipt_facts *facts)
{
	const int to = fsm_next(cycle->state, event);
	BUG_ON(to == FSM_REFUSED);
	const struct cycle_move row = {
		.cycle = cycle->number,
		.from = cycle->state,
		.event = event,
		.to = (enum fsm_state)to,
		.step = step,
		.used = used,
		.receipt = facts,
	};
	if (cycle->before_move && cycle->before_move(cycle->context, &row) != 0)
		return -1;
	cycle->state = (enum fsm_state)to;
	cycle->step = step;
	cycle->used = used;
	return 0;
}

static void earn(const struct cycle *cycle, struct proof *proof)
{
	*proof = (struct proof){.cycle = cycle, .step = cycle->step};
}

static void spend(struct proof *proof)
{
	*proof = (struct proof){.cycle = NULL};
}

struct cycle *cycle_new(int64_t number, const struct gate_terms *terms,
			cycle_before_move *before_move, void *context)
{
	BUG_ON(number < 1 || !gate_terms_valid(terms));
	struct cycle *cycle = calloc(1, sizeof(*cycle));
	if (!cycle)
		return NULL;
	cycle->state = FSM_IDLE;
	cycle->number = number;
	cycle->terms = *terms;
	cycle->used = USAGE_KNOWN(0);
	cycle->before_move = before_move;
	cycle->context = context;
	check_invariants(cycle);
	return cycle;
}

void cycle_free(struct cycle *cycle)
{
	free(cycle);
}

enum fsm_state cycle_state(const struct cycle *cycle)
{
	return cycle->state;
}

int64_t cycle_number(const struct cycle *cycle)
{
	return cycle->number;
}

const struct gate_terms *cycle_terms(const struct cycle *cycle)
{
	return &cycle->terms;
}

struct usage cycle_used(const struct cycle *cycle)
{
	return cycle->used;
}

int cycle_step(const struct cycle *cycle)
{
	return cycle->step;
}

int cycle_set_used(struct cycle *cycle, struct usage used)
{
	BUG_ON(cycle->state != FSM_PRECHECK);
	if (!used.known || (cycle->used.known && used.tokens < cycle->used.tokens))
		return -1;
	cycle->used = used;
	check_invariants(cycle);
	return 0;
}

int cycle_begin(struct cycle *cycle)
{
	if (move(cycle, FSM_EV_BEGIN, 0, cycle->used, NULL) != 0)
		return -1;
	check_invariants(cycle);
	return 0;
}

struct gate_pass *cycle_pass_gate(struct cycle *cycle, int step, enum gate_answer *answer)
{
	BUG_ON(cycle->state != FSM_PRECHECK || step < 1);
	*answer = gate_ask(&cycle->terms, cycle->used);
	if (*answer != GATE_OPEN)
		return NULL;
	cycle->pass.proof = (struct proof){.cycle = cycle, .step = step};
	return &cycle->pass;
}

int cycle_start_step(struct cycle *cycle, struct gate_pass *pass)
{
	BUG_ON(!pass || pass->proof.cycle != cycle);
	if (move(cycle, FSM_EV_PASS, pass->proof.step, cycle->used, NULL) != 0)
		return -1;
	spend(&pass->proof);
	check_invariants(cycle);
	return 0;
}

struct work *cycle_end_step(struct cycle *cycle, enum fsm_event how, struct usage used)
{
	BUG_ON(fsm_event_kind(how) != FSM_KIND_ENDS);
	if (move(cycle, how, cycle->step, usage_add(cycle->used, used), NULL) != 0)
		return NULL;
	earn(cycle, &cycle->work.proof);
	cycle->work.how = how;
	check_invariants(cycle);
	return &cycle->work;
}

struct receipt *cycle_save(struct cycle *cycle, struct work *work,
			   const struct receipt_facts *facts)
{
	BUG_ON(!work || !holds(cycle, &work->proof));
	const bool reached = receipt_place(facts->result) == RECEIPT_REACHED;
	const enum fsm_event event = reached ? FSM_EV_SAVED : FSM_EV_UNSAVED;
	if (move(cycle, event, cycle->step, cycle->used, facts) != 0)
		return NULL;
	spend(&work->proof);
	earn(cycle, &cycle->receipt.proof);
	cycle->receipt.how = work->how;
	cycle->receipt.facts = *facts;
	check_invariants(cycle);
	return &cycle->receipt;
}

const struct receipt_facts *receipt_facts(const struct receipt *receipt)
{
	return &receipt->facts;
}

enum fsm_event work_how(const struct work *work)
{
	return work->how;
}

enum fsm_event receipt_how(const struct receipt *receipt)
{
	return receipt->how;
}

struct told *cycle_tell(struct cycle *cycle, struct receipt *receipt)
{
	BUG_ON(!receipt || !holds(cycle, &receipt->proof));
	if (move(cycle, FSM_EV_TOLD, cycle->step, cycle->used, NULL) != 0)
		return NULL;
	spend(&receipt->proof);
	earn(cycle, &cycle->told.proof);
	check_invariants(cycle);
	return &cycle->told;
}

/* AGAIN only through an open gate. */
static enum fsm_event grant(const struct cycle *cycle, enum fsm_event wish)
{
	if (wish != FSM_EV_AGAIN)
		return wish;
	switch (gate_ask(&cycle->terms, cycle->used)) {
	case GATE_OPEN:
		return FSM_EV_AGAIN;
	case GATE_SHUT:
		return FSM_EV_THRESHOLD;
	case GATE_UNKNOWN:
		break;
	}
	return FSM_EV_ERROR;
}

int cycle_check(struct cycle *cycle, struct told *told, enum fsm_event wish)
{
	BUG_ON(!told || !holds(cycle, &told->proof));
	BUG_ON(wish != FSM_EV_AGAIN && fsm_event_kind(wish) != FSM_KIND_CLOSES);
	BUG_ON(wish == FSM_EV_THRESHOLD && gate_ask(&cycle->terms, cycle->used) != GATE_SHUT);
	const enum fsm_event event = grant(cycle, wish);
	if (move(cycle, event, cycle->step, cycle->used, NULL) != 0)
		return -1;
	spend(&told->proof);
	check_invariants(cycle);
	return (int)event;
}

int cycle_close(struct cycle *cycle, enum fsm_event why)
{
	BUG_ON(cycle->state != FSM_PRECHECK || fsm_event_kind(why) != FSM_KIND_CLOSES);
	BUG_ON(why == FSM_EV_THRESHOLD && gate_ask(&cycle->terms, cycle->used) != GATE_SHUT);
	if (move(cycle, why, cycle->step, cycle->used, NULL) != 0)
		return -1;
	spend(&cycle->pass.proof);
	check_invariants(cycle);
	return 0;
}

static bool past_possible(const struct cycle_past *past)
{
	if (past->number < 1 || !gate_terms_valid(&past->terms) || past->step < 0)
		return false;
	if (past->used.known && past->used.tokens < 0)
		return false;
	if (past->state == FSM_IDLE)
		return past->step == 0;
	if (past->state == FSM_PRECHECK || past->state == FSM_CLOSED)
		return true;
	if (past->step == 0)
		return false;
	return past->state == FSM_STEP || fsm_event_kind(past->how) == FSM_KIND_ENDS;
}

struct cycle *cycle_resume(const struct cycle_past *past, cycle_before_move *before_move,
			   void *context, struct cycle_proofs *proofs)
{
	if (!past_possible(past))
		return NULL;
	struct cycle *cycle = cycle_new(past->number, &past->terms, before_move, context);
	if (!cycle)
		return NULL;
	cycle->state = past->state;
	cycle->step = past->step;
	cycle->used = past->used;
	*proofs = (struct cycle_proofs){.work = NULL};
	if (past->state == FSM_COMMIT) {
		earn(cycle, &cycle->work.proof);
		cycle->work.how = past->how;
		proofs->work = &cycle->work;
	} else if (past->state == FSM_REPORT) {
		earn(cycle, &cycle->receipt.proof);
		cycle->receipt.how = past->how;
		cycle->receipt.facts = past->receipt;
		proofs->receipt = &cycle->receipt;
	} else if (past->state == FSM_POSTCHECK) {
		earn(cycle, &cycle->told.proof);
		proofs->told = &cycle->told;
	}
	check_invariants(cycle);
	return cycle;
}
