/* A step that a plugin does: its call, and what it tells on the way, put where a worker's words go.
 */
#ifndef RUNNER_CYCLE_PLUGIN_STEP_H
#define RUNNER_CYCLE_PLUGIN_STEP_H

#include "plugins/meter.h"
#include "plugins/protocol.h"
#include "runner/cycle/progress.h"
#include "runner/cycle/session.h"
#include "runner/cycle/step_log.h"

struct plugin_step {
	struct protocol *protocol; /* NULL: no plugin does this step */
	char *call;                /* one line, for its stdin */
	struct step_log *log;
	struct progress *progress;
	struct meter *meter; /* its usage is told to this, as a worker's own lines are */
	enum conf_measure measure;
};

/* For a step that a plugin does: fills *step, of which log, progress and meter are set. 0, or -1
 * when memory is short. Release it in any case. */
int plugin_step_begin(struct plugin_step *step, struct session *session, const char *key);
void plugin_step_release(struct plugin_step *step);

/* How a worker ended that ended with `how`, once its answer is known: one that ended well without a
 * good result FAILED. Words about that go into why[size], in front of what stands there. */
enum fsm_event plugin_step_end(struct plugin_step *step, enum fsm_event how, char *why,
			       size_t size);

#endif
