/* What is found out before the first step, rather than after it. */
#ifndef RUNNER_CYCLE_PREFLIGHT_H
#define RUNNER_CYCLE_PREFLIGHT_H

#include "runner/cycle/session.h"

/* Whether work could be committed and pushed as the config says. 0, or -1 and *err (ERR_CONFIG),
 * with the way out. Nothing is changed. */
int preflight(struct session *session, struct err *err);

#endif
