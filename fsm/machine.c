#include "fsm/machine.h"

#include <stddef.h>
#include <string.h>

struct cell {
	int to;
	const char *refusal;
};

static const struct cell table[FSM_NSTATES][FSM_NEVENTS] = {
#define MOVE(from, event, next) [FSM_##from][FSM_EV_##event] = {.to = FSM_##next},
#define DENY(from, event, why)  [FSM_##from][FSM_EV_##event] = {.to = FSM_REFUSED, .refusal = (why)},
	FSM_ROWS(MOVE, DENY)
#undef MOVE
#undef DENY
};

static const struct {
	const char *name;
	const char *words;
} states[FSM_NSTATES] = {
#define X(name, words) [FSM_##name] = {#name, words},
	FSM_STATES(X)
#undef X
};

static const struct {
	const char *name;
	enum fsm_kind kind;
	const char *words;
} events[FSM_NEVENTS] = {
#define X(name, kind, words) [FSM_EV_##name] = {#name, FSM_KIND_##kind, words},
	FSM_EVENTS(X)
#undef X
};

int fsm_next(enum fsm_state from, enum fsm_event event)
{
	return table[from][event].to;
}

const char *fsm_refusal(enum fsm_state from, enum fsm_event event)
{
	return table[from][event].refusal;
}

const char *fsm_state_name(enum fsm_state state)
{
	return states[state].name;
}

const char *fsm_state_words(enum fsm_state state)
{
	return states[state].words;
}

const char *fsm_event_name(enum fsm_event event)
{
	return events[event].name;
}

const char *fsm_event_words(enum fsm_event event)
{
	return events[event].words;
}

enum fsm_kind fsm_event_kind(enum fsm_event event)
{
	return events[event].kind;
}

int fsm_state_by_name(const char *name)
{
	for (int i = 0; i < FSM_NSTATES; i++)
		if (strcmp(states[i].name, name) == 0)
			return i;
	return -1;
}

int fsm_event_by_name(const char *name)
{
	for (int i = 0; i < FSM_NEVENTS; i++)
		if (strcmp(events[i].name, name) == 0)
			return i;
	return -1;
}
