/* The gates of a config: further verdicts before a step, asked once the budget's gate is open. */
#ifndef RUNNER_CYCLE_GATES_H
#define RUNNER_CYCLE_GATES_H

#include "runner/cycle/session.h"

/*
 * Asks each in turn about the step: `title` may be NULL. PASS where one passes it and none refuses,
 * or there are none. VETOED, with the words in session->veto, where one refuses. ERROR, and why is
 * told, where one gives no verdict (it fails, is late, or answers nonsense), or where none has an
 * opinion. USER where a stop was asked for meanwhile.
 */
enum fsm_event gates_ask(struct session *session, int step, const char *title);

#endif
