/*
 * The lock that git programs take before they change the index: GITDIR/index.lock, made with
 * O_EXCL. Ours is flocked and says whose it is, so that one whose holder was killed can be told
 * from one that is held: it is taken over, since its flock is free. A lock of anybody else is
 * waited for and never touched.
 */
#ifndef RUNNER_HELPER_INDEX_LOCK_H
#define RUNNER_HELPER_INDEX_LOCK_H

#include <stdint.h>

#include "runner/helper/look.h"

struct index_lock {
	int fd; /* -1: not held */
	char path[LOOK_PATH + 16];
};

enum index_lock_outcome {
	INDEX_LOCK_TAKEN,
	INDEX_LOCK_HELD,        /* by another program until the deadline */
	INDEX_LOCK_UNSUPPORTED, /* the file system knows no hard links */
	INDEX_LOCK_FAILED,      /* errno says why */
};

/* Waits until `deadline` (clock_monotonic_ms); one that has passed tries once. lock->path stands in
 * any case. */
enum index_lock_outcome index_lock_take(struct index_lock *lock, const char *gitdir,
					int64_t deadline);
/* Removes the lock if it is held. */
void index_lock_release(struct index_lock *lock);

#endif
