/* One at a time: the lock of a repository, FOLDER/.stepgate/lock. It dies with its holder. */
#ifndef RUNNER_LOCK_H
#define RUNNER_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

#define LOCK_PATH ".stepgate/lock" /* says who holds it: host, pid, since when, which cycle */

struct lock {
	int fd; /* -1: not held */
};

/* Takes it without waiting. 0, or -1 and *err: ERR_BUSY with who holds it and since when. */
int lock_take(struct lock *lock, const char *folder, struct err *err);
/* Writes which cycle it is held for. A failure is of no consequence: the lock itself holds. */
void lock_describe(const struct lock *lock, long long cycle);
/* Whether a living process holds it; its description, cleaned, into holder[size]. Takes nothing. */
bool lock_holder(const char *folder, char *holder, size_t size);
void lock_release(struct lock *lock);

#endif
