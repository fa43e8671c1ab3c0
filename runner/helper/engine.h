/*
 * The seam between the two ways to commit: libgit2 in this process (fast, and all that most
 * repositories need), and the git program (whatever git can do: hooks, filters, signing, …). Both
 * give the same receipts. The first one answers unless it sees something that it would not do as
 * git does; it then passes, having changed nothing, and the second one is asked.
 */
#ifndef RUNNER_HELPER_ENGINE_H
#define RUNNER_HELPER_ENGINE_H

#include "conf/err.h"
#include "fsm/receipt.h"
#include "runner/helper/git.h"
#include "runner/helper/git_program.h"
#include "runner/helper/look.h"

enum engine_answer {
	ENGINE_ANSWERED,
	ENGINE_PASSES, /* something for the other engine; nothing was changed */
	ENGINE_AGAIN,  /* HEAD moved since the look; no ref was changed (of save only) */
	ENGINE_FAILED, /* *err says why (of look only: save always has a receipt) */
};

struct job {
	const struct look *look; /* without a problem that forbids a commit */
	const struct git_request *request;
	const char *message;     /* whole, ends with a newline */
	int64_t deadline;        /* until when a lock is waited for; clock_monotonic_ms */
	int64_t deadline_ms;     /* the same as a span, for words */
	int64_t hook_timeout_ms; /* what one call of git may take, with hooks and filters */
	bool hooks;              /* those of the repository run */
	int client;              /* the socket: readable means that the client is gone */
	char *said;              /* what was mended on the way is added here */
	size_t said_size;
	struct git_log *log;                /* what git and its hooks say goes here */
	const struct conf_secrets *secrets; /* what is held back */
};

struct engine_libgit2;

/* Looks at the repository at `path` (of the config), `closely` as look_fill does. ANSWERED and
 * *look, or PASSES, or FAILED. */
enum engine_answer engine_libgit2_look(struct engine_libgit2 *engine,
				       const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err);
enum engine_answer engine_program_look(const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err);

/* Makes the commit and fills *facts, never RECEIPT_PUSHED: COMMITTED, NOTHING, SALVAGED or why not.
 * ANSWERED, PASSES or AGAIN (which the program never does). */
enum engine_answer engine_libgit2_save(struct engine_libgit2 *engine, const struct job *job,
				       struct receipt_facts *facts);
void engine_program_save(const struct job *job, struct receipt_facts *facts);

/* NULL when libgit2 can't be had; free(NULL) is fine. */
struct engine_libgit2 *engine_libgit2_new(void);
void engine_libgit2_free(struct engine_libgit2 *engine);

/* Fills *facts with a result and words of why, cleaned. */
void facts_fail(struct receipt_facts *facts, enum receipt_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A path was held back as a likely secret: what makes it one, in a few words. */
void facts_hold(struct receipt_facts *facts, const char *path, const char *what);
/* LOCKED, since the file at `path` was there for as long as the job waits. */
void facts_locked(struct receipt_facts *facts, const char *path, const struct job *job);

#endif
