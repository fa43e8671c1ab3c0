/* What stepgate keeps in the repository, where a worker can reach it. */
#ifndef RUNNER_CYCLE_HOME_H
#define RUNNER_CYCLE_HOME_H

#include "runner/cycle/session.h"

/* Puts back what the worker of the step that has just ended took away, and says so: without its
 * .gitignore .stepgate/ would be committed, without its journal the plan would begin anew, without
 * its lock two could run at once. Where another run has begun meanwhile, session->ousted. */
void home_mend(struct session *session);

#endif
