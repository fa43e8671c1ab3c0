/* What `stepgate plan --json` prints: the steps left, the gate, and where the work would go; and
 * what `stepgate validate --json` does. */
#ifndef STATUS_PLAN_JSON_H
#define STATUS_PLAN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/gate.h"

struct plan_json;

/* Strings are copied. Each function below gives 0, or -1 when memory is short. */
struct plan_json *plan_json_new(const char *title, size_t steps, size_t left,
				const struct gate_terms *terms); /* NULL when memory is short */
void plan_json_free(struct plan_json *json);

/* The same for `stepgate validate --json`, which tells of the file alone and of the repository. */
struct plan_json *plan_json_new_verdict(const char *path, const char *title, size_t steps);

/* A step that is left, in the order in which they would be done. */
struct plan_json_step {
	int number;
	const char *title;
	const char *const *command;
	const char *input; /* what the command is given on stdin, or NULL */
	const char *cwd;
	int64_t timeout_ms; /* 0: none */
};
int plan_json_step(struct plan_json *json, const struct plan_json_step *step);

/* An agent that a step uses: the path of its program, and its version or "". */
int plan_json_agent(struct plan_json *json, const char *name, const char *program,
		    const char *version);

/* A title that was edited: `what` is "added", "removed" or "forgotten" (done, and gone). */
int plan_json_edit(struct plan_json *json, const char *what, const char *title);

/* Where the work would go: "" for what there is none of. `problem` NULL: nothing is in the way. */
int plan_json_git(struct plan_json *json, bool commit, const char *branch, const char *identity,
		  const char *upstream, const char *problem, const char *why);

/* A feature of the repository, after plan_json_git: how it is `served` ("engine", "program",
 * "push", "off" or "refused"), and words. */
int plan_json_feature(struct plan_json *json, const char *name, const char *served,
		      const char *words);

/* The whole as JSON (malloc), or NULL when memory is short. */
char *plan_json_print(const struct plan_json *json);

#endif
