/*
 * What git runs while it runs, told by its own trace: which hook, which filter, which signing
 * program, and how each ended. The format is that of GIT_TRACE2_EVENT, see git's
 * Documentation/technical/api-trace2.txt: a line of JSON for each event, of which child_start and
 * child_exit count here, and of these only git's own, not those of a git that a hook runs.
 */
#ifndef RUNNER_HELPER_GIT_WATCH_H
#define RUNNER_HELPER_GIT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define GIT_WATCH_NAME 64

struct git_watch {
	char line[1024]; /* the one that is coming in; what is longer is not read */
	size_t length;
	bool is_hook;                 /* what runs, or ran last */
	char running[GIT_WATCH_NAME]; /* the hook, or the program; "" nothing */
	long child;                   /* its number in the trace */
	char refused[GIT_WATCH_NAME]; /* the last hook that did not end with 0; "" none */
	size_t said;       /* how much had been said when the last hook that passed ended */
	const size_t *now; /* how much has been said by now; NULL: not known */
};

/* Takes the next bytes of the trace; a child_bytes. */
void git_watch_feed(void *watch, const char *bytes, size_t length);

#endif
