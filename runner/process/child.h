/*
 * A child process, from its start to its end: in a session of its own, without a shell or a
 * terminal, with no descriptor of ours but those it is given, default signal dispositions, an empty
 * signal mask and a umask of 022.
 *
 * child_run() does the whole life: start, pump, deadline, end of all that came of it, reap. There
 * is no half of it to get wrong.
 *
 * What comes of a child is found in four ways, each of which some programs get out of: its process
 * group; and where it is `contained`, its cgroup, the descendants that we adopt as their parents
 * end (PR_SET_CHILD_SUBREAPER), and the mark in its environment (mark.h). For a contained child
 * there is also a watcher, a process that does the same should we be killed while it runs. One
 * child at a time, from the main thread; but on_tick may run another, which is then not contained.
 */
#ifndef RUNNER_PROCESS_CHILD_H
#define RUNNER_PROCESS_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "runner/process/mark.h"

#define CHILD_USAGE_FD 3

/* Which process that is, for one who looks for it after our death: a process number alone may be
 * another one's by then. */
struct child_identity {
	pid_t pid;           /* also its process group and its session */
	uint64_t start_time; /* in clock ticks since the boot: field 22 of /proc/PID/stat */
	char boot_id[40];    /* /proc/sys/kernel/random/boot_id */
	char cgroup[512];    /* the folder of its cgroup; "" where it has none */
	struct mark mark;    /* what it and all that comes of it have in their environment */
};

/* Takes the next bytes of a stream; may be called with any cut. */
typedef void child_bytes(void *context, const char *bytes, size_t length);

/* What a child is fed while it talks: the callbacks may add to it, or say that nothing follows. */
struct child_feed {
	const char *bytes; /* all from the beginning on; may be elsewhere after a callback */
	size_t length;
	bool ended;
};

struct child_spec {
	const char *const *argv; /* ends with NULL; argv[0] is looked up in PATH of `environment` */
	const char *const *environment; /* the whole environment, ends with NULL */
	const char *cwd;                /* or NULL: ours */
	const char *stdin_path;         /* a file; NULL with stdin_bytes NULL: /dev/null */
	const char *stdin_bytes;        /* bytes to feed; NULL: stdin_path counts */
	size_t stdin_length;
	const struct child_feed *feed;  /* NULL, or what counts instead of these three */
	child_bytes *on_output;         /* stdout */
	child_bytes *on_complaint;      /* stderr; NULL: stderr goes where stdout goes */
	child_bytes *on_usage;          /* NULL, or what it writes on descriptor CHILD_USAGE_FD */
	void (*on_tick)(void *context); /* NULL, or called about every tick_ms while it runs */
	int64_t tick_ms;
	void *context;      /* for the four above */
	int64_t timeout_ms; /* 0: none */
	int64_t idle_ms;    /* how long it may write nothing on any of its pipes; 0: for ever */
	int64_t grace_ms;   /* from TERM to KILL */
	int64_t drain_ms;   /* how long pipes that others hold open are read after the end; 0: 0.5 s
			     */
	int stop_fd; /* -1, or a descriptor whose being readable asks for the end (never read) */
	int death_signal; /* what the process gets should we die ourselves; 0: nothing */
	/* NULL, or true once it is to end, as by stop_fd: set by a callback of ours. */
	const bool *end_now;
	const volatile sig_atomic_t *stop_hard; /* NULL, or nonzero: KILL at once, without grace */

	bool contained; /* nothing that comes of it outlives it, nor us */
	/* For a contained child: what it and all that comes of it may have. 0: no limit. Where no
	 * cgroup can hold them, result.notice says so. */
	int64_t max_memory; /* bytes */
	int64_t max_processes;
	/* NULL, or called once a contained child runs, before anything is read of it. */
	void (*on_start)(void *context, const struct child_identity *identity);
};

enum child_end {
	CHILD_EXITED,    /* by itself: exit_code */
	CHILD_SIGNALED,  /* by a signal that was not ours */
	CHILD_TIMED_OUT, /* by us, at its timeout */
	CHILD_STOPPED,   /* by us, since stop_fd or end_now asked */
	CHILD_IDLE,      /* by us, after its idle_ms of silence */
};

struct child_result {
	enum child_end end;
	int exit_code;      /* or -1 */
	int signal;         /* or 0 */
	int64_t elapsed_ms; /* monotonic */
	int64_t limit_ms;   /* TIMED_OUT, IDLE: the time that was over; else 0 */
	long max_rss_kb;
	char notice[256]; /* limits that could not be held, or were met; what would not die; or ""
			   */
};

/*
 * Runs the program to its end and that of all that came of it. 0 and *result, or -1 and *err where
 * it could not be started (no such program, no such folder, no memory): nothing runs then, nothing
 * is left open.
 */
int child_run(const struct child_spec *spec, struct child_result *result, struct err *err);

/* Ends what is left of a contained child whose own stepgate is dead: its cgroup where that is still
 * there; its process with its descendants and its group where boot, number and start time are the
 * same; what has its mark, in that boot. 0: nothing of it lives; -1: something of it could not be
 * ended within a second. */
int child_end_leftover(const struct child_identity *identity);

/* An identity as one line of text into out[CHILD_IDENTITY_TEXT], and back. Reading gives 0, or -1
 * where the text is none that was written here. */
#define CHILD_IDENTITY_TEXT 680
char *child_identity_write(const struct child_identity *identity, char *out);
int child_identity_read(const char *text, struct child_identity *identity);

/* "exit status 2", "killed by signal 9 (Killed)", "ended after its timeout of 45 min", "ended after
 * 10 min of silence", … into out[size]; gives out. */
char *child_words(const struct child_result *result, char *out, size_t size);

/* Our own environment with `changes` ("NAME=VALUE", NULL ended, each may be NULL) laid over it, as
 * one block: free() it. NULL when memory is short. */
char **child_environment(const char *const *first, const char *const *second);

#endif
