/* The machine's words and its table, read only: which state comes after which event, or why not. */
#ifndef FSM_MACHINE_H
#define FSM_MACHINE_H

#include "fsm/table.h"

enum fsm_state {
#define X(name, words) FSM_##name,
	FSM_STATES(X)
#undef X
		FSM_NSTATES
};

enum fsm_event {
#define X(name, kind, words) FSM_EV_##name,
	FSM_EVENTS(X)
#undef X
		FSM_NEVENTS
};

enum fsm_kind {
	FSM_KIND_OPENS,
	FSM_KIND_PASSES,
	FSM_KIND_ENDS,
	FSM_KIND_SAVES,
	FSM_KIND_TELLS,
	FSM_KIND_REPEATS,
	FSM_KIND_CLOSES,
};

/* What a cell of the table holds when the event is refused in that state. */
#define FSM_REFUSED (-1)

/* The state after `event` in `from`, or FSM_REFUSED. Both arguments must be in range. */
int fsm_next(enum fsm_state from, enum fsm_event event);

/* Why `event` is refused in `from`; NULL where it is a move. Static text. */
const char *fsm_refusal(enum fsm_state from, enum fsm_event event);

/* Names as in the table ("PRECHECK", "TIMED_OUT") and what they stand for. Static text. */
const char *fsm_state_name(enum fsm_state state);
const char *fsm_state_words(enum fsm_state state);
const char *fsm_event_name(enum fsm_event event);
const char *fsm_event_words(enum fsm_event event);
enum fsm_kind fsm_event_kind(enum fsm_event event);

/* The state or event of that exact name; -1 if there is none. */
int fsm_state_by_name(const char *name);
int fsm_event_by_name(const char *name);

#endif
