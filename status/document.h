/*
 * The status document of a cycle, status/EE_CYCLE_STATUS.json: what people and other programs read
 * while a cycle runs and after it. Replaced whole at every change; keys that stepgate does not know
 * are kept.
 */
#ifndef STATUS_DOCUMENT_H
#define STATUS_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"
#include "fsm/gate.h"

#define DOCUMENT_PATH "status/EE_CYCLE_STATUS.json" /* below the repository's folder */

struct document;

struct document_step {
	int step;
	const char *description;
	int64_t completed_at; /* microseconds since 1970 */
	bool ok;
	struct usage used; /* the cycle's usage when the step ended */
	bool estimated;
	const char *doubt;   /* why the figure is an estimate, or which sources differ; or NULL */
	const char *action;  /* "updated & pushed", …; NULL while it is not known */
	const char *commit;  /* hex id, or NULL */
	const char *why;     /* why it is NOK, or NULL */
	const char *failure; /* the same, typed, or NULL */
	int64_t resets_at;   /* when that ends: seconds since 1970; or 0 */
	bool passed;         /* NOK, and passed over: the plan goes on without it */
};

/* Reads FOLDER/status/EE_CYCLE_STATUS.json. No file gives an empty document. A damaged one is set
 * aside, and *notice says so in words to be shown (malloc; NULL where there is nothing to say). 0
 * and *doc (free with document_free), or -1 and *err. */
int document_load(const char *folder, struct document **doc, char **notice, struct err *err);
/* The same, but for readers: a damaged file is an ERR_DAMAGED and stays where it is. */
int document_read(const char *folder, struct document **doc, struct err *err);
void document_free(struct document *doc);

/* Replaces the file; last_updated becomes now. 0, or -1 and *err (the file is as it was). */
int document_save(struct document *doc, const char *folder, struct err *err);

/* The changes below are made in memory; -1 only when memory is short, the document then being as it
 * was. Text is stored as valid UTF-8. */

/* A new cycle: everything of the last one goes but the unknown keys. */
int document_begin(struct document *doc, int64_t cycle, int64_t started_at,
		   const struct gate_terms *terms);
/* The name of the plan that the cycle is of. */
int document_plan(struct document *doc, const char *plan);
/* NULL leaves a value as it is. */
int document_task(struct document *doc, const char *current_task, const char *next_action);
/* Appends to tasks_completed what is not there yet; or takes it out again. */
int document_task_completed(struct document *doc, const char *task, bool completed);
/* Appends to steps_completed, or replaces the last record where it is of the same step. */
int document_step(struct document *doc, const struct document_step *step);
/* The cycle is over: adds ended_at, close_reason ("Token threshold exceeded: 38.2%") and
 * close_cause
 * ("threshold"); current_task becomes null. */
int document_end(struct document *doc, int64_t ended_at, const char *reason, const char *cause);

/* What a reader wants to know; pointers live as long as the document is not changed. */
struct document_view {
	int64_t cycle;                                                      /* 0: no cycle yet */
	const char *started_at, *current_task, *next_action, *last_updated; /* or NULL */
	const char *ended_at, *close_reason;                                /* or NULL */
	const char *plan;                                                   /* or NULL */
	bool terms_known;        /* budget and threshold could be read */
	struct gate_terms terms; /* of the cycle; the threshold from the further key
				    token_threshold_percent */
	int steps;               /* number of records in steps_completed */
	struct usage used;       /* of the last step; known 0 where there is none */
	int last_step;           /* its number, or 0 */
	bool last_ok;
	const char *last_description; /* or NULL */
};
void document_view(const struct document *doc, struct document_view *view);

/* Calls `each` with each record that is OK, or passed over, oldest first. */
void document_each_done(const struct document *doc,
			void (*each)(void *context, const char *description, int step),
			void *context);

/* Adds what no file can know, for document_print alone: whether a living process is at work on the
 * cycle ("running"), and who has the repository ("held_by", null where no one has). 0, or -1 when
 * memory is short. */
int document_at_work(struct document *doc, bool running, const char *held_by);
/* The whole document as JSON (malloc), or NULL when memory is short. */
char *document_print(const struct document *doc);

#endif
