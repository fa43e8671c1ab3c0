/* A journal that was lost, made anew as far as git's history goes. */
#ifndef RUNNER_REBUILD_H
#define RUNNER_REBUILD_H

#include "runner/session.h"

/* Whether the journal was begun in the place of a damaged one and knows of no cycle yet: what was
 * rebuilt of it, if its maker came to that, is not yet all in it. */
bool rebuild_is_due(struct session *session);

/* Notes the newest cycle found in the branch's history and, the first time, marks the steps of the
 * session's plan as done whose commits are found there by their trailers, and says what it found.
 * To be called before the plan is read, on a journal of no cycle. 0, or -1 and *err. */
int rebuild_journal(struct session *session, struct err *err);

#endif
