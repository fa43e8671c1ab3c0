/* What a process of ours waits for in the file system: a FIFO that nobody writes to, or a mount
 * that does not answer, holds up whoever opens it, without an end. Seen through /proc (proc(5),
 * /proc/PID/syscall), where that lets us. */
#ifndef RUNNER_PROCESS_STUCK_H
#define RUNNER_PROCESS_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum stuck {
	STUCK_NOWHERE,   /* or it can't be seen */
	STUCK_SOMEWHERE, /* in a call that opens or reads a file, which may be just slow */
	STUCK_FIFO,      /* in one for a FIFO that has a name */
};

/* Where the process, or a child of it, is just now: a FIFO before all else. Its path goes into
 * path[size], absolute as far as that can be told, as bytes from outside; "" with STUCK_NOWHERE. */
enum stuck stuck_look(pid_t pid, char *path, size_t size);

/* Looks that are taken from time to time while somebody is waited for. */
struct stuck_watch {
	enum stuck stuck; /* at the last look … */
	char path[1024];  /* … and where, cleaned */
	int looks;        /* how often in a row it was a FIFO */
};

#define STUCK_EVERY_MS 1000 /* how often a look is worth its price */

/* The next look. True once it has been a FIFO so often in a row that nobody is going to write to
 * it. */
bool stuck_watch(struct stuck_watch *watch, pid_t pid);

/* What to say of a FIFO, its path being before that. */
#define STUCK_WORDS "not a regular file: put it right"

#endif
