/*
 * The runner's side of stepgate-git, the commit helper: a program of its own that alone links
 * libgit2, started once a cycle and spoken to over a socket. Its death is a typed failure where a
 * second one dies as well.
 */
#ifndef RUNNER_HELPER_GIT_H
#define RUNNER_HELPER_GIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/err.h"
#include "fsm/receipt.h"

struct git;

/* How a feature of the repository is served. name on the wire and in JSON */
#define GIT_WAYS(X)                                                                       \
	X(ENGINE, "engine")   /* by the commit helper itself */                           \
	X(PROGRAM, "program") /* by the git program, which then makes the whole commit */ \
	X(PUSH, "push")       /* by the git program, with the push */                     \
	X(OFF, "off")         /* left out, as config or repository say */                 \
	X(REFUSED, "refused") /* not at all: nothing is committed */

enum git_way {
#define X(name, word) GIT_WAY_##name,
	GIT_WAYS(X)
#undef X
		GIT_NWAYS
};

/* Something that the repository has, or lacks, and what becomes of it. */
struct git_feature {
	char name[96]; /* "pre-commit hook" */
	enum git_way way;
	char words[256]; /* "run"; where it is refused: why, and the way out. Clean, one line */
};

#define GIT_FEATURES 24

struct git_features {
	bool blind; /* there are settings that libgit2 does not see: git has to be asked */
	size_t count;
	struct git_feature of[GIT_FEATURES];
};

const char *git_way_name(enum git_way way); /* static text */

/* What is known of the repository before anything starts. */
struct git_view {
	char workdir[4096]; /* absolute root of the work tree */
	char branch[256];   /* "main"; "" on a detached HEAD */
	char head[65];      /* hex id, or "" on an unborn branch */
	char upstream[512]; /* "origin refs/heads/main" as it would be pushed to, or "" */
	char identity[512]; /* "Name <mail>" as it would be committed, or "" */
	enum receipt_result
		problem; /* RECEIPT_PUSHED: none; else why a commit or push could not work */
	char why[512];   /* in words, or "" */
	struct git_features features; /* each that was found */
};

/* Starts the helper for a repository and looks at it. The conf must outlive it. 0 and *git (free
 * with git_free, which ends the helper), or -1 and *err (ERR_CONFIG where the folder is no git work
 * tree or its root is not `repository.path`). */
int git_new(const struct conf_repository *repository, struct git **git, struct err *err);
void git_free(struct git *git);

/* Looks at the repository as it is now. 0 and *view, or -1 and *err. */
int git_view(struct git *git, struct git_view *view, struct err *err);
/* The same, and asks the programs that would be needed who they are, which takes its time. */
int git_inspect(struct git *git, struct git_view *view, struct err *err);

enum git_scope {
	GIT_ALL,    /* everything changed under the work tree, as `git add -A` would take it */
	GIT_STATUS, /* only the files below status/ */
};

struct git_request {
	const char *subject; /* one line */
	const char *const
		*trailers; /* "Stepgate-Cycle: 4", …, before those of the config; ends with NULL */
	enum git_scope scope;
	const char *salvage_ref; /* NULL: commit on the branch; else: commit there, leaving branch,
				    index and work tree as they are ("refs/stepgate/salvage/4-3") */
	const char *aside; /* the branch that it is pushed to where the remote rejects it and the
			      config says so ("refs/heads/stepgate/4-3"); NULL: it is not */
	bool again;  /* a process that died may have made this commit: it is looked for first, by
			its "Stepgate-" trailers, which have to tell apart all that is saved */
	bool synced; /* all that the step left in the work tree is on the disk: it needs no sync of
			its own before it is read */
	const char *since; /* with `again`: the hex id of a commit that was there before, where the
			      search ends; NULL: unknown */
};

/* Commits and, unless the config turns it off, pushes. Always answers: what could not be done is in
 * *facts, typed. Where the helper dies over it a fresh one tries `again`, once. */
void git_save(struct git *git, const struct git_request *request, struct receipt_facts *facts);
#define GIT_SETTINGS 512

/* What may not change in the repository while a cycle works on it, as it was when it was first seen
 * and with what has been accepted since: one line of text into out[GIT_SETTINGS], for a process
 * that goes on with the cycle. */
void git_settings(const struct git *git, char *out);
/* Goes by such a line from now on. One that can't be read, or is of another version, is passed
 * over.
 */
void git_expect(struct git *git, const char *settings);

/* What git, its hooks and filters and the remote said during the last git_save; "" nothing. It
 * lives until the next one. */
const char *git_log(const struct git *git);

#endif
