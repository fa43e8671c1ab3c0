/*
 * The cycle: the one writer of the machine's state.
 *
 * Each phase hands on proof of what it earned, and the next one takes it:
 *
 *   PRECHECK  cycle_pass_gate()  -> gate_pass     the gate was open for this step
 *   STEP      cycle_start_step(gate_pass), then
 *             cycle_end_step()   -> work          the worker has ended, whatever became of it
 *   COMMIT    cycle_save(work)   -> receipt       where the work is, or why it is nowhere
 *   REPORT    cycle_tell(receipt) -> told         the report is on disk
 *   POSTCHECK cycle_check(told)                   back to PRECHECK, or CLOSED
 *
 * The proofs are opaque, are made only here, belong to the cycle, and are good for one use in one
 * cycle and one step: a second use, or one at the wrong time, is a BUG and aborts.
 *
 * Every move is first shown to the `before_move` function (which writes the journal). If that fails
 * the state is unchanged, the proof is still good, and the function fails.
 */
#ifndef FSM_CYCLE_H
#define FSM_CYCLE_H

#include "fsm/gate.h"
#include "fsm/machine.h"
#include "fsm/receipt.h"

struct cycle;
struct gate_pass;
struct work;
struct receipt;
struct told;

/* One move, as the journal records it. */
struct cycle_move {
	int64_t cycle; /* its number */
	enum fsm_state from;
	enum fsm_event event;
	enum fsm_state to;
	int step;                            /* the step it is about; 0 for none */
	struct usage used;                   /* the cycle's usage after the move */
	const struct receipt_facts *receipt; /* COMMIT -> REPORT only, else NULL */
};

/* Called before each move; returns 0 to let it happen, anything else to refuse it. */
typedef int cycle_before_move(void *context, const struct cycle_move *move);

/* A cycle in IDLE; number >= 1, terms valid. NULL when memory is short. Free with cycle_free. */
struct cycle *cycle_new(int64_t number, const struct gate_terms *terms,
			cycle_before_move *before_move, void *context);
void cycle_free(struct cycle *cycle);

enum fsm_state cycle_state(const struct cycle *cycle);
int64_t cycle_number(const struct cycle *cycle);
const struct gate_terms *cycle_terms(const struct cycle *cycle);
struct usage cycle_used(const struct cycle *cycle);
/* The step under way, or the last one; 0 before the first. */
int cycle_step(const struct cycle *cycle);

/* In PRECHECK: the usage as an agent that drives itself told it. 0, or -1 and no change where it
 * would fall, or become unknown. */
int cycle_set_used(struct cycle *cycle, struct usage used);

/* IDLE -> PRECHECK. 0, or -1 if the move was not let through. */
int cycle_begin(struct cycle *cycle);

/* In PRECHECK: asks the gate for `step` (>= 1). The pass, or NULL where the gate is not open; the
 * answer goes to *answer. */
struct gate_pass *cycle_pass_gate(struct cycle *cycle, int step, enum gate_answer *answer);

/* PRECHECK -> STEP; spends the pass. 0, or -1 if the move was not let through. */
int cycle_start_step(struct cycle *cycle, struct gate_pass *pass);

/* STEP -> COMMIT; `how` is an ENDS event, `used` the step's own usage, added to the cycle's. NULL
 * if the move was not let through. */
struct work *cycle_end_step(struct cycle *cycle, enum fsm_event how, struct usage used);

/* COMMIT -> REPORT; spends the work. SAVED where the facts say REACHED, else UNSAVED. */
struct receipt *cycle_save(struct cycle *cycle, struct work *work,
			   const struct receipt_facts *facts);

/* What a receipt says; good as long as the cycle. */
const struct receipt_facts *receipt_facts(const struct receipt *receipt);
/* How the worker of a piece of work, or of a receipt, ended (an ENDS event). */
enum fsm_event work_how(const struct work *work);
enum fsm_event receipt_how(const struct receipt *receipt);

/* REPORT -> POSTCHECK; spends the receipt. To be called once the report is on disk. */
struct told *cycle_tell(struct cycle *cycle, struct receipt *receipt);

/*
 * POSTCHECK -> PRECHECK or CLOSED; spends told. `wish` is AGAIN or a CLOSES event. AGAIN is granted
 * only where the gate is open: else the cycle closes on THRESHOLD, or on ERROR where its usage is
 * unknown. Gives the event that happened, or -1 if the move was not let through.
 */
int cycle_check(struct cycle *cycle, struct told *told, enum fsm_event wish);

/* PRECHECK -> CLOSED on a CLOSES event (THRESHOLD only where the gate is shut). 0, or -1 if the
 * move was not let through. A pass not yet used is void. */
int cycle_close(struct cycle *cycle, enum fsm_event why);

/* The proof that belongs to a state: for a machine that goes on in another process. */
struct cycle_proofs {
	struct work *work;       /* in COMMIT */
	struct receipt *receipt; /* in REPORT */
	struct told *told;       /* in POSTCHECK */
};

/* What the journal knows of a cycle that is to go on. */
struct cycle_past {
	int64_t number;
	struct gate_terms terms;
	enum fsm_state state;
	int step;                     /* as cycle_step */
	struct usage used;            /* as cycle_used */
	enum fsm_event how;           /* an ENDS event; from COMMIT to POSTCHECK */
	struct receipt_facts receipt; /* in REPORT and POSTCHECK */
};

/* A cycle as the journal left it, and the proof that its state holds in *proofs. NULL when memory
 * is short, or where the past is none that a cycle can have had. */
struct cycle *cycle_resume(const struct cycle_past *past, cycle_before_move *before_move,
			   void *context, struct cycle_proofs *proofs);

#endif
