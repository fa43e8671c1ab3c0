/* Calls of the git program on the way to a commit: the pieces of the engine that is git itself. */
#ifndef RUNNER_HELPER_PROGRAM_H
#define RUNNER_HELPER_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/helper/engine.h"
#include "runner/helper/git_program.h"

#define PROGRAM_VARIABLE (LOOK_PATH + 128)

/* One commit on its way. */
struct work {
	const struct job *job;
	struct receipt_facts *facts;
	struct git_answer answer;            /* of the last call */
	bool signing;                        /* what runs signs a commit */
	char variables[5][PROGRAM_VARIABLE]; /* who commits, and with which index */
	const char *environment[7];
};

/* Who commits goes into the environment of every call. */
void program_set_people(struct work *work);
/* Another index than the repository's for the calls to come; NULL: that one again. */
void program_set_index(struct work *work, const char *path);

/* Calls git once, in the work tree. 0 where it ran to its end, well or not; else -1 and the facts.
 */
int program_run_once(struct work *work, const char *const *args, const char *input);
/* Calls it, and again while a lock is held. 0 when it went well, else -1 and the facts. */
int program_run(struct work *work, const char *const *args, const char *input);
#define RUN(work, input, ...) program_run(work, (const char *const[]){__VA_ARGS__, NULL}, input)

/* A short call that only looks. 0 where it ran to its end; -1 and *err. */
int program_call(const char *folder, const char *const *args, struct git_answer *answer,
		 struct err *err);
#define CALL(folder, answer, err, ...) \
	program_call(folder, (const char *const[]){__VA_ARGS__, NULL}, answer, err)

/* The first line of the output, if the call went well and it fits. 0, or -1. */
int program_line(const struct git_answer *answer, char *out, size_t size);
/* The same, and the facts where there is none. */
int program_get_line(struct work *work, char *out, size_t size);
/* The hex id that a name stands for. 0, or -1 where there is none. */
int program_id(const char *folder, const char *name, struct git_answer *answer, char *id);

#endif
