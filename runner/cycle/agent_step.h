/* A step that a built-in agent does (plugins/agent.h), from the runner's side: which command it is,
 * which session it goes on with, and what its end was. */
#ifndef RUNNER_CYCLE_AGENT_STEP_H
#define RUNNER_CYCLE_AGENT_STEP_H

#include "conf/arena.h"
#include "runner/cycle/session.h"

/* What a step runs. For a step without an agent that is its config's. */
struct agent_step {
	struct arena arena; /* what the rest points to */
	const char *const *command;
	const char *input;   /* for its stdin, or NULL */
	const char *setting; /* "NAME=VALUE" for its environment, or NULL */
	const char *session; /* what its agent calls its session, where that is known before */
};

/* For the step under way. 0, or -1 and *err; release it in both cases. */
int agent_step_init(struct agent_step *made, struct session *session, struct err *err);
void agent_step_release(struct agent_step *made);

/* Takes what the agent said of its end into the step under way; `how` it ended by its exit status.
 * Gives how it ended: an agent that says that it failed did so, whatever its status. */
enum fsm_event agent_step_ended(const struct agent_step *made, struct session *session,
				const struct reading *reading, enum fsm_event how);

#endif
