/* The repository's settings as they were when a cycle began, over the processes that work on it. */
#ifndef RUNNER_CYCLE_SESSION_SETTINGS_H
#define RUNNER_CYCLE_SESSION_SETTINGS_H

#include "runner/cycle/session.h"

/* Records them with the cycle under way, where they are not what is recorded. 0, or -1 with
 * session->err. */
int session_settings_record(struct session *session);

/* Goes by what was recorded with a cycle that is taken up. What happened since a worker may have
 * had its hands on the repository counts; after a step that was brought to its end it is whoever
 * goes on with `run` that may have changed something, and things are as they are now. */
int session_settings_take_up(struct session *session, const struct journal_cycle *last,
			     struct err *err);

#endif
