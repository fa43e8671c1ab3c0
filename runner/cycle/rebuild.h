/* A journal that was lost, made anew as far as git's history and the status document go. */
#ifndef RUNNER_CYCLE_REBUILD_H
#define RUNNER_CYCLE_REBUILD_H

#include "runner/cycle/session.h"

/* What is known of the past without a journal. */
struct rebuilt {
	int64_t cycle;                  /* the newest; 0: none */
	int64_t round;                  /* of the plan, from 1 */
	struct journal_plan_done *done; /* its steps that are; their titles are the config's */
	size_t count;
};

/*
 * Reads it out of the branch's history, by the trailers of its commits; where committing is turned
 * off, out of the status document (NULL: none), which knows of its last cycle alone. `name`: as
 * plan_name has it, or "". Commits of before plans were named in them count for any plan that has a
 * step of their title. 0 and *rebuilt (release with rebuilt_release), or -1 and *err where there is
 * a history that can't be read.
 */
int rebuilt_read(const struct conf *conf, const char *name, const struct document *doc,
		 struct rebuilt *rebuilt, struct err *err);
void rebuilt_release(struct rebuilt *rebuilt);

/* Whether the journal, which may be NULL, knows of no cycle: it was lost, or there was none. 1 or
 * 0, or -1 and *err. */
int rebuild_is_due(struct journal *journal, struct err *err);

/* Puts what is found into the session's journal, which knows of no cycle; says so where there was
 * one before, or a cycle is known. A second call, after which still no cycle was begun, changes
 * nothing of what became of it. To be called before the plan is read. 0, or -1 and *err. */
int rebuild_journal(struct session *session, struct err *err);

#endif
