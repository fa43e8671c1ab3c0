/*
 * One at a time: the lock of a repository, FOLDER/.stepgate/lock. It is a lock of the kernel's on
 * that file, so it dies with its holder; what stands in the file only says who that is.
 */
#ifndef RUNNER_PROCESS_LOCK_H
#define RUNNER_PROCESS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "runner/process/identity.h"

#define LOCK_PATH ".stepgate/lock" /* "NAME VALUE" lines: struct lock_holder, then "end" */

struct lock {
	int fd;             /* -1: not held */
	int64_t since;      /* microseconds since 1970 */
	const char *config; /* borrowed */
};

enum lock_state {
	LOCK_FREE,
	LOCK_ALIVE,  /* held by a living process of this machine: the holder is that very one */
	LOCK_UNSEEN, /* held, and by whom can't be seen from here: on another host, in another
			container, or about to be gone */
};

struct lock_holder {
	char host[256];
	struct identity process;
	char since[64];
	long long cycle;   /* 0: none yet */
	char config[4096]; /* absolute path; "" for an agent's own cycle */
};

/* Takes it without waiting, but for a holder that is dead already. `config` is the path of the
 * config file or "". 0, or -1 and *err: ERR_BUSY with who holds it and since when. */
int lock_take(struct lock *lock, const char *folder, const char *config, struct err *err);
/* Writes which cycle it is held for. A failure is of no consequence: the lock itself holds. */
void lock_describe(const struct lock *lock, long long cycle);
/* Whether the file is still the one that is locked. Where it was removed or another one put in its
 * place, that one's lock is taken. 1: so it was; 0: it stood; -1 and *err: ERR_BUSY where somebody
 * else has it meanwhile. */
int lock_take_back(struct lock *lock, const char *folder, long long cycle, struct err *err);
void lock_release(struct lock *lock);

/* Who holds it, taking nothing; *holder is what it said of itself, cleaned, where it is not free.
 */
enum lock_state lock_look(const char *folder, struct lock_holder *holder);
/* The same without waiting, for who looks again soon: in the moment in which the lock passes to
 * another process it is LOCK_UNSEEN. */
enum lock_state lock_glance(const char *folder, struct lock_holder *holder);
/* Sends a signal to the process that a look found alive, or fails: never to another one that has
 * its number now. 0, or -1 and *err. */
int lock_signal(const struct lock_holder *holder, int sig, struct err *err);
/* "host H, pid 12, since TIME, cycle 3" into out[size]; gives out. */
char *lock_words(const struct lock_holder *holder, char *out, size_t size);

#endif
