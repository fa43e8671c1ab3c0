/*
 * A child process, from its start to its end: in a process group of its own, without a shell, with
 * no descriptor of ours but those it is given, default signal dispositions and an empty signal
 * mask.
 *
 * child_run() does the whole life: start, pump, deadline, end of the group, reap. There is no half
 * of it to get wrong.
 */
#ifndef RUNNER_CHILD_H
#define RUNNER_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"

#define CHILD_USAGE_FD 3

/* Takes the next bytes of a stream; may be called with any cut. */
typedef void child_bytes(void *context, const char *bytes, size_t length);

struct child_spec {
	const char *const *argv; /* ends with NULL; argv[0] is looked up in PATH of `environment` */
	const char *const *environment; /* the whole environment, ends with NULL */
	const char *cwd;                /* or NULL: ours */
	const char *stdin_path;         /* a file; NULL with stdin_bytes NULL: /dev/null */
	const char *stdin_bytes;        /* bytes to feed; NULL: stdin_path counts */
	size_t stdin_length;
	child_bytes *on_output;         /* stdout */
	child_bytes *on_complaint;      /* stderr; NULL: stderr goes where stdout goes */
	child_bytes *on_usage;          /* NULL, or what it writes on descriptor CHILD_USAGE_FD */
	void (*on_tick)(void *context); /* NULL, or called about every tick_ms while it runs */
	int64_t tick_ms;
	void *context;      /* for the four above */
	int64_t timeout_ms; /* 0: none */
	int64_t grace_ms;   /* from TERM to KILL of the group */
	int64_t drain_ms; /* how long pipes that others hold open are read after the end; 0: 1 s */
	int stop_fd; /* -1, or a descriptor whose being readable asks for the end (never read) */
	int death_signal; /* what the process gets should we die ourselves; 0: nothing */
	const volatile sig_atomic_t *stop_hard; /* NULL, or nonzero: KILL at once, without grace */
};

enum child_end {
	CHILD_EXITED,    /* by itself: exit_code */
	CHILD_SIGNALED,  /* by a signal that was not ours */
	CHILD_TIMED_OUT, /* by us, at its timeout */
	CHILD_STOPPED,   /* by us, since stop_fd asked */
};

struct child_result {
	enum child_end end;
	int exit_code;      /* or -1 */
	int signal;         /* or 0 */
	int64_t elapsed_ms; /* monotonic */
	long max_rss_kb;
};

/*
 * Runs the program to its end and that of its group. 0 and *result, or -1 and *err where it could
 * not be started (no such program, no such folder, no memory): nothing runs then, nothing is left
 * open.
 */
int child_run(const struct child_spec *spec, struct child_result *result, struct err *err);

/* "exit status 2", "killed by signal 9 (Killed)", "ended after its timeout of 45 min", … into
 * out[size]; gives out. */
char *child_words(const struct child_result *result, int64_t timeout_ms, char *out, size_t size);

/* Our own environment with `changes` ("NAME=VALUE", NULL ended, each may be NULL) laid over it, as
 * one block: free() it. NULL when memory is short. */
char **child_environment(const char *const *first, const char *const *second);

#endif
