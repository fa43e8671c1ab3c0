/* A journal that was lost, made anew as far as git's history goes. */
#ifndef RUNNER_REBUILD_H
#define RUNNER_REBUILD_H

#include "runner/session.h"

/* Marks the steps of the session's plan as done whose commits are found in the branch's history by
 * their trailers, and notes the newest cycle found there. Says what it found. To be called on a
 * journal that is new, before the plan is read. 0, or -1 and *err. */
int rebuild_journal(struct session *session, struct err *err);

#endif
