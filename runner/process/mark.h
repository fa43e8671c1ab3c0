/*
 * The mark of a contained child: a random word in its environment (MARK_VARIABLE), which all that
 * comes of it has too, whatever session, group, cgroup or parent that has by now. Who runs us is
 * marked as well where it is a worker itself; the variable holds the marks of all, the outermost
 * first, so that what comes of us ends with that one.
 *
 * What clears its environment before it becomes another program, or hides it (prctl(2),
 * PR_SET_DUMPABLE), is not found by this.
 */
#ifndef RUNNER_PROCESS_MARK_H
#define RUNNER_PROCESS_MARK_H

#include <stdbool.h>

#define MARK_VARIABLE "STEPGATE_WORKER"
#define MARK_LENGTH   32 /* 128 bits in hexadecimal: nobody has it who was not given it */

struct mark {
	char text[MARK_LENGTH + 1]; /* "": none */
};

/* A new one; none where there is no randomness to be had. */
void mark_make(struct mark *mark);
/* Whether a text is a mark. */
bool mark_is_one(const char *text, int length);

/* The environment (ends with NULL) with our own marks and this one laid over it: free() it; its
 * strings are those of `environment`, which has to outlive it. NULL when memory is short. */
char **mark_environment(const struct mark *mark, const char *const *environment);

/*
 * Kills what has the mark, as far as /proc shows it, and has to be called again until it gives
 * false: nothing is left. Nothing is killed, and false given, where there is no mark, or where we
 * come of its owner ourselves.
 */
bool mark_kill(const struct mark *mark);

#endif
