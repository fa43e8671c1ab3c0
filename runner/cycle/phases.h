/*
 * The phases, one file each. A phase takes the proof that the one before earned, does what its
 * state is for, and hands on its own. NULL (or -1) where it could not: session->err says why, and
 * the machine stands where the journal has it.
 */
#ifndef RUNNER_CYCLE_PHASES_H
#define RUNNER_CYCLE_PHASES_H

#include "runner/cycle/session.h"

/* PRECHECK: the pass for the next step of the plan; or NULL with the cycle CLOSED. */
struct gate_pass *precheck(struct session *session);

/* Takes up what became of the plan meanwhile. False, and said so, where it can't be read. */
bool reread_plan(struct session *session);

/* STEP: runs the worker of the step that the pass is for, to its end. */
struct work *work_step(struct session *session, struct gate_pass *pass);
/* STEP, found after the death of the process that ran it: what is left of the worker is ended. NULL
 * also where it can't be: it stays in STEP. */
struct work *interrupted_step(struct session *session);

/* COMMIT: writes the step into the status document, commits and pushes, and makes it true again. */
struct receipt *commit_work(struct session *session, struct work *work);

/* REPORT: puts the report on disk, then tells it. */
struct told *report_step(struct session *session, struct receipt *receipt);

/* POSTCHECK: back to PRECHECK, or CLOSED. 0, or -1. */
int postcheck(struct session *session, struct told *told);

/* What the closing of a cycle needs, for PRECHECK and POSTCHECK alike. `why` is a CLOSES event.
 * closing_note goes before the move; closing_words after it: document, commit, report; it may be
 * said again where it was cut off. 0, or -1. */
int closing_note(struct session *session, enum fsm_event why);
int closing_words(struct session *session, enum fsm_event why);

/* PRECHECK -> CLOSED with all that belongs to it. 0, or -1. */
int close_cycle(struct session *session, enum fsm_event why);

/* IDLE -> PRECHECK with all that belongs to it: a new cycle, its document, the word to the
 * reporters; `task` may be NULL. The words go into line[OPENING_LINE]. 0, or -1. */
#define OPENING_LINE 256
int open_cycle(struct session *session, const struct gate_terms *terms, const char *task,
	       char *line);

/* Runs a cycle from the state it is in to CLOSED. 0, or -1 with session->err. */
int run_cycle(struct session *session);

#endif
