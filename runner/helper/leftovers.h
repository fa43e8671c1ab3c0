/*
 * What those who died have left in a git folder, taken away before a save: nobody else would, and a
 * lock that nobody holds would stop every step to come. Stepgate's own lock on the repository must
 * be held, and no worker run.
 */
#ifndef RUNNER_HELPER_LEFTOVERS_H
#define RUNNER_HELPER_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>

#include "runner/helper/look.h"

/*
 * Takes away
 * - git's locks that are older than this boot of the machine: who held them is gone;
 * - the locks of refs that a helper made which has been killed: its mark tells which;
 * - half-written objects and packs from before `started` (microseconds since 1970), and objects
 *   that are empty.
 *
 * Nothing goes that any process has open. Which locks and empty objects went is told in said[size],
 * or "" there.
 */
void leftovers_clear(const struct look *look, int64_t started, char *said, size_t size);

/* A mark in the git folder that a lock file which is about to be made is ours. */
struct leftovers_mark {
	int fd; /* -1: none */
	char path[LOOK_PATH + 64];
};

/* Marks that `lock`, a path that is not there yet, is about to be made by us. Without it the lock
 * would only stay longer, so that a failure is none. */
void leftovers_mark(struct leftovers_mark *mark, const char *gitdir, const char *lock);
void leftovers_unmark(struct leftovers_mark *mark);

#endif
