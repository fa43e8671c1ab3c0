/*
 * The rules, each a constant expression over one row (from, event, kind of the event, to), so that
 * the same words prove the table at compile time (rules.c) and judge its mutants in the tests.
 * `to` is a state or FSM_REFUSED. Each yields true where the row keeps the rule.
 */
#ifndef FSM_RULES_H
#define FSM_RULES_H

#include "fsm/machine.h"

#define FSM_IMPLIES(a, b) (!(a) || (b))

/* R1: STEP is entered only from PRECHECK, and only on a passed gate. */
#define FSM_R1(from, ev, kind, to) \
	FSM_IMPLIES((to) == FSM_STEP, (from) == FSM_PRECHECK && (kind) == FSM_KIND_PASSES)

/* R2: STEP is left only to COMMIT, whatever became of it; and only a step brings work to COMMIT. */
#define FSM_R2(from, ev, kind, to)                                                         \
	(FSM_IMPLIES((from) == FSM_STEP,                                                   \
		     (to) == ((kind) == FSM_KIND_ENDS ? (int)FSM_COMMIT : FSM_REFUSED)) && \
	 FSM_IMPLIES((to) == FSM_COMMIT, (from) == FSM_STEP))

/* R3: COMMIT is left only to REPORT, and only with a receipt; only a receipt leads to REPORT. */
#define FSM_R3(from, ev, kind, to)                                                          \
	(FSM_IMPLIES((from) == FSM_COMMIT,                                                  \
		     (to) == ((kind) == FSM_KIND_SAVES ? (int)FSM_REPORT : FSM_REFUSED)) && \
	 FSM_IMPLIES((to) == FSM_REPORT, (from) == FSM_COMMIT))

/* R4: REPORT is left only to POSTCHECK, once the report is on disk; nothing else leads there. */
#define FSM_R4(from, ev, kind, to)                                                             \
	(FSM_IMPLIES((from) == FSM_REPORT,                                                     \
		     (to) == ((kind) == FSM_KIND_TELLS ? (int)FSM_POSTCHECK : FSM_REFUSED)) && \
	 FSM_IMPLIES((to) == FSM_POSTCHECK, (from) == FSM_REPORT))

/* R5: POSTCHECK -> PRECHECK is the only way back; else PRECHECK is only where a cycle begins. */
#define FSM_R5(from, ev, kind, to)                                              \
	(FSM_IMPLIES((to) != FSM_REFUSED && (to) < (int)(from),                 \
		     (from) == FSM_POSTCHECK && (to) == FSM_PRECHECK) &&        \
	 FSM_IMPLIES((to) == FSM_PRECHECK,                                      \
		     ((from) == FSM_POSTCHECK && (kind) == FSM_KIND_REPEATS) || \
			     ((from) == FSM_IDLE && (kind) == FSM_KIND_OPENS)))

/* R6: CLOSED is entered only from PRECHECK and POSTCHECK, by a closing event; it has no way out. */
#define FSM_R6(from, ev, kind, to)                                                              \
	(FSM_IMPLIES((to) == FSM_CLOSED, ((from) == FSM_PRECHECK || (from) == FSM_POSTCHECK) && \
						 (kind) == FSM_KIND_CLOSES) &&                  \
	 FSM_IMPLIES((from) == FSM_CLOSED, (to) == FSM_REFUSED))

/* R7: a row is a move to another state or a refusal (that each row is there once: rules.c). */
#define FSM_R7(from, ev, kind, to) \
	((to) == FSM_REFUSED || ((to) >= 0 && (to) < (int)FSM_NSTATES && (to) != (int)(from)))

/* number, the rule in words */
#define FSM_RULES(X)                                                                   \
	X(1, "STEP is entered only from PRECHECK, and only on a passed gate")          \
	X(2, "STEP is left only to COMMIT, whatever became of it")                     \
	X(3, "COMMIT is left only to REPORT, and only with a receipt")                 \
	X(4, "REPORT is left only to POSTCHECK, once the report is on disk")           \
	X(5, "POSTCHECK to PRECHECK is the only way back")                             \
	X(6, "CLOSED is entered only from PRECHECK and POSTCHECK, and has no way out") \
	X(7, "each state and event is a row: a move or a refusal")

/* The number of the first rule that a row (from, event) -> to would break, or 0. */
int fsm_rule_broken(enum fsm_state from, enum fsm_event event, int to);

/* Rule 1..7 in words. Static text. */
const char *fsm_rule_words(int rule);

#endif
