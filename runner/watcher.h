/*
 * A process that outlives us by what it takes to end a contained child, should we be killed: it
 * reads from a pipe whose other end only we have, and the end of that is the end of us.
 */
#ifndef RUNNER_WATCHER_H
#define RUNNER_WATCHER_H

#include <sys/types.h>

#include "conf/err.h"
#include "runner/cgroup.h"

struct watcher {
	pid_t pid; /* 0: none */
	int fd;    /* the write end; -1: none */
};

/* Starts it, before the child. 0, or -1 and *err. */
int watcher_start(struct watcher *watcher, const struct cgroup *cgroup, struct err *err);

/* Tells it which child it is. */
void watcher_guard(const struct watcher *watcher, pid_t child);

/* The child is gone: so is the watcher, also where somebody has stopped it. */
void watcher_end(struct watcher *watcher);

#endif
