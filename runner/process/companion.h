/* The programs that come with stepgate and work for it, each a process of its own that is spoken to
 * over a socket (runner/helper/wire.h): found, started, reaped. What they do may crash, hang, or
 * need libraries that most runs don't. */
#ifndef RUNNER_PROCESS_COMPANION_H
#define RUNNER_PROCESS_COMPANION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"

#define COMPANION_FD 3 /* its end of the socket */

struct companion_program {
	const char *name;     /* of the file */
	const char *variable; /* of the environment: names it in tests, and where it is elsewhere */
	const char *what;     /* for words: "the commit helper" */
};

/* Makes the commits, and pushes them. */
#define GIT_HELPER_VARIABLE "STEPGATE_GIT_HELPER"
extern const struct companion_program companion_git;
/* Sends the reports that go to web servers. */
extern const struct companion_program companion_send;

struct companion {
	pid_t pid; /* 0: none runs */
	int fd;    /* our end of the socket; -1 where none runs */
};

void companion_init(struct companion *companion);

/* Starts it: the one that its variable names, else the one beside our own program, else the one in
 * ../libexec/stepgate from there. It gets its end of a socket as COMPANION_FD, no other descriptor
 * of ours but stderr, and a process group of its own. 0, or -1 and *err with nothing running. */
int companion_start(struct companion *companion, const struct companion_program *program,
		    struct err *err);

/* Ends it: closes the socket, which it takes as a wish to end, waits for at most patience_ms, and
 * kills it and its process group then. Reaped, unless the kernel does not let it die. How it ended
 * goes into how[size] where that is not NULL ("exit status 1", "killed by signal 9 (Killed)", "it
 * gave no answer and was killed"). */
void companion_stop(struct companion *companion, int64_t patience_ms, char *how, size_t size);

#endif
