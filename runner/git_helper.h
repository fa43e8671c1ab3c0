/* The process of the commit helper: found, started, spoken to, reaped. Used by git.c alone. */
#ifndef RUNNER_GIT_HELPER_H
#define RUNNER_GIT_HELPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "runner/helper/wire.h"

/* Names the helper in tests, and where it is installed elsewhere. */
#define GIT_HELPER_VARIABLE "STEPGATE_GIT_HELPER"

struct git_helper {
	pid_t pid; /* 0: none runs */
	int fd;    /* our end of the socket; -1 where none runs */
};

void git_helper_init(struct git_helper *helper);

/* Starts it: $STEPGATE_GIT_HELPER, else the one beside our own program, else the one in
 * ../libexec/stepgate from there. It gets its end of a socket as TALK_FD, no other descriptor of
 * ours, and a process group of its own. 0, or -1 and *err with nothing running. */
int git_helper_start(struct git_helper *helper, struct err *err);

/* Ends it: closes the socket, which it takes as a wish to end, waits for at most patience_ms, and
 * kills it then. Reaped in any case. How it ended goes into how[size] where that is not NULL ("exit
 * status 1", "killed by signal 9 (Killed)", "it gave no answer and was killed"). */
void git_helper_stop(struct git_helper *helper, int64_t patience_ms, char *how, size_t size);

#endif
