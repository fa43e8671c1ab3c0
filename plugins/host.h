/* What a plugin may ask of the program that hosts it: to run another program. A narrow door, so
 * that plugins know nothing of child processes, and tests can stand in for them. */
#ifndef PLUGINS_HOST_H
#define PLUGINS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

struct host_program {
	const char *const *argv;        /* ends with NULL */
	const char *name;               /* what messages call it; NULL: argv[0] */
	const char *const *environment; /* "NAME=VALUE" over our own; may be NULL */
	const char *cwd;                /* absolute; may be NULL */
	const char *input;              /* bytes for its stdin; may be NULL */
	size_t input_length;
	int64_t timeout_ms; /* its whole process group is ended then */
	bool stoppable;     /* it is ended as well when the user asks for a stop */
	/* NULL, or takes what it writes on the descriptor of plugins/protocol.h. */
	void (*answer)(void *context, const char *bytes, size_t length);
	void *context;
};

struct host_result {
	int exit_code;       /* 0..255, or -1 where it did not end by itself */
	int signal;          /* what ended it, or 0 */
	int timed_out;       /* it was ended at the timeout */
	char output[4096];   /* the first bytes of its stdout, NUL ended */
	size_t length;       /* of output */
	int cut;             /* there was more */
	char complaint[512]; /* the first line of its stderr, cleaned */
};

struct host_aside; /* opaque: a program that was started, and is not waited for */

struct host {
	/* Runs the program to its end. 0 and *result, or -1 and *err where it could not be started.
	 */
	int (*run)(const struct host *host, const struct host_program *program,
		   struct host_result *result, struct err *err);
	/* Starts it, and waits for nothing: it is heard of by `hear`, and its stdout and stderr are
	 * nobody's. Of *program only the context is needed when this has returned. 0 and *aside, or
	 * -1 and *err where it could not be started. */
	int (*start)(const struct host *host, const struct host_program *program,
		     struct host_aside **aside, struct err *err);
	/* Takes what it has answered since; true while it runs. Once it has ended, or its time was
	 * over and it was killed: false, *aside is gone, and *well says whether it ended by itself,
	 * with 0, as far as we know. */
	bool (*hear)(struct host_aside *aside, bool *well);
	/* Kills it, unheard. NULL is fine. */
	void (*stop)(struct host_aside *aside);
	/* A line for stdout, for what reads it there. */
	void (*say)(const struct host *host, const char *line);
	/* What is measured of the repository, as text for Prometheus: 0 and *text (malloc) with its
	 * length, or -1 and *err. */
	int (*metrics)(const struct host *host, char **text, size_t *length, struct err *err);
	const void *context; /* the host's own */
};

/* 0 where a program that was run ended by itself with 0; else -1 and *err as host_run has it. */
int host_succeeded(const struct host_program *program, const struct host_result *result,
		   struct err *err);

/* Runs it and holds it to success: 0 and *result where it ended by itself with 0; else -1 and *err,
 * in its own words where it has any ("notify: exit status 2: no such channel"), *result untouched.
 */
int host_run(const struct host *host, const struct host_program *program,
	     struct host_result *result, struct err *err);

#endif
