/* The git program, run to its end, with what it says. */
#ifndef RUNNER_HELPER_GIT_PROGRAM_H
#define RUNNER_HELPER_GIT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "runner/helper/git_watch.h"
#include "runner/process/child.h"

#define GIT_OUTPUT_MOST (8U << 20) /* bytes of stdout, where a call says nothing else */

/* For history as it is; git has something to say of a file of grafts that can be opened. */
#define GIT_WITHOUT_GRAFTS "GIT_GRAFT_FILE=/dev/null/none"

struct git_talk {
	child_bytes *on_output;
	void *context;
	struct child_feed feed; /* instead of the call's input */
	bool end;
};

struct git_call {
	const char *folder;           /* to run in */
	const char *const *args;      /* after "git"; ends with NULL */
	const char *const *variables; /* "NAME=VALUE" over our environment; NULL: none */
	const char *input;            /* for its stdin; NULL: /dev/null */
	int64_t timeout_ms;
	size_t output_most; /* bytes of stdout; more is a failure of the call; 0: GIT_OUTPUT_MOST */
	int client;         /* readable: the call is no longer wanted; -1: none */
	bool log_output;    /* what it prints on stdout as well */
	struct git_log *log; /* what it says on stderr is added here; NULL: nowhere */
	/* NULL, or a talk with it: takes stdout, of which the answer then has nothing; may feed
	 * it, and end it. */
	const struct git_talk *talk;
};

/* What git, its hooks and its filters said, for the log of a step: the beginning of it. */
struct git_log {
	char *text; /* malloc, not NUL ended; NULL: nothing */
	size_t length;
};
#define GIT_LOG_MOST 65536

void git_log_add(struct git_log *log, const char *bytes, size_t length);
void git_log_release(struct git_log *log);

struct git_answer {
	char *output; /* NUL ended behind its length; malloc */
	size_t length;
	char complaint[4096]; /* the beginning of stderr as it came, NUL ended */
	size_t complaint_length;
	bool cut;               /* output was lost: too long, or memory was short */
	struct git_watch watch; /* of what it ran itself */
	struct child_result result;
};

void git_answer_init(struct git_answer *answer);
void git_answer_release(struct git_answer *answer);

/* Runs it without a terminal, an editor or a prompt, with English messages. 0 and *answer, also
 * where it failed in its own way, or -1 and *err where it could not be run, or did not end by
 * itself in time. */
int git_program(const struct git_call *call, struct git_answer *answer, struct err *err);

/* Whether it exited with 0. */
bool git_answer_ok(const struct git_answer *answer);

/* "hook pre-commit refused: its first line" where a hook did, or "hook pre-commit: ended after its
 * timeout of 10 min" where one was under way (the same for a program that is no hook) into
 * out[size]. False where neither is so. Of a call that gave -1 as well. */
bool git_answer_hook(const struct git_answer *answer, char *out, size_t size);

/* The line of stderr (else of stdout) that tells what went wrong, cleaned, into out[size]; gives
 * out. */
char *git_answer_words(const struct git_answer *answer, char *out, size_t size);

/* Forgets the variables by which git can be pointed at another repository: ours is the one that the
 * config names, whatever started us. */
void git_program_forget_repository(void);

#endif
