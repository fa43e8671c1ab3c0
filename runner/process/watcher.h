/*
 * A process that outlives us by what it takes to end a contained child, should we be killed: it
 * reads from a socket whose other end only we have, and the end of that is the end of us.
 *
 * There is one for a process of ours, from its first contained child on; it ends with us, or at
 * once where nothing is left to do.
 */
#ifndef RUNNER_PROCESS_WATCHER_H
#define RUNNER_PROCESS_WATCHER_H

#include <sys/types.h>

#include "conf/err.h"
#include "runner/process/cgroup.h"
#include "runner/process/mark.h"

/* Tells it what to end: before there is a child, with 0, and again once there is one; what has the
 * mark, too. It is started
 * where it does not run, or does not listen: somebody may have killed or stopped it. 0, or -1 and
 * *err. */
int watcher_guard(const struct cgroup *cgroup, const struct mark *mark, pid_t child,
		  struct err *err);

/* The child is gone. */
void watcher_relax(void);

#endif
