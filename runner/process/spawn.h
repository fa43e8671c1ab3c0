/* The start of a child process: everything up to exec, and nothing after it. Used by child.c and
 * aside.c.
 */
#ifndef RUNNER_PROCESS_SPAWN_H
#define RUNNER_PROCESS_SPAWN_H

#include "runner/process/cgroup.h"
#include "runner/process/child.h"

struct spawned {
	pid_t pid;     /* also its process group and session */
	int pidfd;     /* readable once it has ended */
	int in;        /* write end of its stdin, non-blocking; -1 where no bytes are fed */
	int out;       /* read end of its stdout */
	int complaint; /* read end of its stderr; -1 where it shares `out` */
	int usage;     /* read end of its CHILD_USAGE_FD; -1 where there is none */
};

/* Starts it, in the cgroup where that is one. 0 and *child, whose descriptors the caller closes and
 * whose process it reaps; or -1 and *err, with nothing running and nothing open. */
int spawn(const struct child_spec *spec, const struct cgroup *cgroup, struct spawned *child,
	  struct err *err);

/* Fills *identity for a process that runs, or has not been reaped. */
void child_identify(pid_t pid, const struct cgroup *cgroup, const struct mark *mark,
		    struct child_identity *identity);

#endif
