/* The agents of a config, as `plan` and `validate` show them. Nothing is started. */
#ifndef RUNNER_COMMANDS_SHOW_AGENTS_H
#define RUNNER_COMMANDS_SHOW_AGENTS_H

#include "conf/arena.h"
#include "conf/conf.h"
#include "fsm/gate.h"
#include "plugins/agent.h"
#include "status/plan_json.h"

/* What a step runs, its prompt filled in as in a cycle that has used nothing yet; in the arena, or
 * the step's own. 0, or -1 and *err where its prompt can't be had. */
int show_command(struct arena *arena, const struct conf_step *step, int number,
		 const struct gate_terms *terms, struct agent_run *run, struct err *err);

/* "Agent: claude 2.1.330, /usr/local/bin/claude" for each that the config's steps use. */
void show_agents(const struct conf *conf);
/* The same in JSON. 0, or -1 when memory is short. */
int show_agents_json(struct plan_json *json, const struct conf *conf);

#endif
