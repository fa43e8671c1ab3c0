/* Proves the rules on the table: this file does not compile when a row breaks one. */
#include "fsm/rules.h"

#include <stddef.h>

enum {
#define X(name, kind, words) KIND_##name = FSM_KIND_##kind,
	FSM_EVENTS(X)
#undef X
};

#define PROVE(rule, from, event, to)                                                          \
	_Static_assert(FSM_R##rule(FSM_##from, FSM_EV_##event, (int)KIND_##event, (int)(to)), \
		       "R" #rule ": " #from " on " #event)
#define PROVE_ALL(from, event, to) \
	PROVE(1, from, event, to); \
	PROVE(2, from, event, to); \
	PROVE(3, from, event, to); \
	PROVE(4, from, event, to); \
	PROVE(5, from, event, to); \
	PROVE(6, from, event, to); \
	PROVE(7, from, event, to);
#define MOVE(from, event, next) PROVE_ALL(from, event, FSM_##next)
#define DENY(from, event, why)              \
	PROVE_ALL(from, event, FSM_REFUSED) \
	_Static_assert(sizeof(why) > 1, "R7: a refusal without words");
FSM_ROWS(MOVE, DENY)
#undef MOVE
#undef DENY

/* R7, the table is total: a row given twice is a name defined twice; the count finds one missing.
 */
enum cell {
#define MOVE(from, event, next) CELL_##from##_##event,
#define DENY(from, event, why)  CELL_##from##_##event,
	FSM_ROWS(MOVE, DENY)
#undef MOVE
#undef DENY
		NCELLS
};
_Static_assert(NCELLS == FSM_NSTATES * FSM_NEVENTS, "R7: a row is missing");

int fsm_rule_broken(enum fsm_state from, enum fsm_event event, int to)
{
	const int kind = (int)fsm_event_kind(event);
#define X(number, words)                           \
	if (!FSM_R##number(from, event, kind, to)) \
		return number;
	FSM_RULES(X)
#undef X
	return 0;
}

const char *fsm_rule_words(int rule)
{
	static const char *const words[] = {
#define X(number, text) [number] = (text),
		FSM_RULES(X)
#undef X
	};
	return words[rule];
}
