/*
 * What is known of a repository before a commit: where it is, where HEAD stands, who commits, where
 * a push goes, and what stands in the way. The engines find out how things are; what follows from
 * it is decided here, once for both.
 */
#ifndef RUNNER_HELPER_LOOK_H
#define RUNNER_HELPER_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/err.h"
#include "fsm/receipt.h"
#include "runner/helper/git.h"

#define LOOK_PATH 4096
#define LOOK_NAME 256

/*
 * What must not change in a repository while a cycle works on it, lest its work go somewhere else
 * or other programs be run than at its start; see print.h. The first that changed is told: the
 * branch before the remote's address, which goes with it. Each with who may change it: nobody; the
 * worker, where the config allows it; git itself with its hooks and filters as well.
 */
#define PRINTS(X)                                                \
	X(WORKDIR, NOBODY, "the folder of the work tree")        \
	X(GITDIR, NOBODY, "the git folder")                      \
	X(WORKTREE, NOBODY, "core.worktree")                     \
	X(BRANCH, NOBODY, "the branch that HEAD is on")          \
	X(REMOTE, WORKER, "the remote's address")                \
	X(HOOKSPATH, WORKER, "core.hooksPath")                   \
	X(HOOKS, GIT, "the repository's hooks")                  \
	X(FSMONITOR, WORKER, "core.fsmonitor")                   \
	X(SSHCOMMAND, WORKER, "core.sshCommand")                 \
	X(FILTERS, GIT, "a filter.* setting")                    \
	X(LFS, GIT, "where git-lfs takes files")                 \
	X(SUBMODULES, WORKER, "a submodule's settings")          \
	X(CREDENTIALS, WORKER, "a credential.* setting")         \
	X(SIGNING, WORKER, "how commits are signed")             \
	X(TRANSPORT, WORKER, "how remotes are reached")          \
	X(PROGRAMS, WORKER, "a setting that names a program")    \
	X(OBJECTS, WORKER, "how objects are stored and fetched") \
	X(SSH, WORKER, "the settings of ssh")                    \
	X(INCLUDES, WORKER, "which files of settings are read")

enum print_of {
#define X(name, who, words) PRINT_##name,
	PRINTS(X)
#undef X
		PRINT_COUNT
};

struct print {
	uint64_t of[PRINT_COUNT];
};

/* How a push gets to the remote; see route.h. */
struct look_route {
	char folder[2 * LOOK_PATH]; /* where it is on this machine; "" not there, or not known */
	char path[LOOK_PATH];       /* the same as git calls it */
	bool received_by_git;       /* there, and no other program stands in front of it */
	char by_git[96];            /* why git makes it ("pre-push hook"); "" it does not */
};

struct look_person {
	char name[LOOK_NAME], email[LOOK_NAME]; /* "" where none is configured */
	bool fallback;                          /* git knows none: it is the config's identity */
};

struct look {
	char workdir[LOOK_PATH];   /* absolute root of the work tree, without a slash at its end */
	char gitdir[LOOK_PATH];    /* absolute; of this work tree, likewise */
	char commondir[LOOK_PATH]; /* absolute; what all work trees of the repository share */
	char branch[LOOK_NAME];    /* "main"; "" on a detached HEAD */
	char head[65];             /* hex id; "" on an unborn branch */
	struct look_person author, committer;
	char remote[LOOK_NAME]; /* to push to; "" where none is known */
	char ref[LOOK_NAME];    /* on the remote ("refs/heads/main") */
	char known[65];         /* the id that `ref` had when it was last heard of; "" unknown */
	bool own_ssh;           /* the user has set how ssh is run */
	struct look_route route;

	struct print print; /* of what must not change meanwhile */
	struct git_features features;

	/* RECEIPT_PUSHED where nothing is in the way. */
	enum receipt_result commit_problem, push_problem;
	char commit_why[512], push_why[512];
};

typedef void look_take(void *to, const char *key, const char *value);

/* How an engine tells of settings and refs. */
struct look_source {
	/* A setting by its key in lower case ("user.name", "branch.Topic.remote"): its text, which
	 * lives as long as the source; NULL where it is not set. */
	const char *(*setting)(void *context, const char *key);
	/* The hex id of a full ref name into id[65]. 0, or -1 where there is none. */
	int (*ref)(void *context, const char *name, char *id);
	/* Each setting in turn, its key as above. */
	void (*each)(void *context, look_take *take, void *to);
	void *context;
};

/* A setting, "" where it is not set; a setting as git reads a boolean. */
const char *look_setting(const struct look_source *source, const char *key);
bool look_setting_true(const struct look_source *source, const char *key);
bool look_is_true(const char *text);

/* 0 where workdir is the folder that the config names; else -1 and *err (ERR_CONFIG). */
int look_check_root(const char *workdir, const char *path, struct err *err);

/* Fills in all but workdir, gitdir, commondir, branch and head, which must stand. `closely`: the
 * programs that would be needed are asked who they are. */
void look_fill(struct look *look, const struct conf_repository *conf,
	       const struct look_source *source, bool closely);

/* What libgit2 should leave to the git program ("signing"); NULL where there is no such thing. */
const char *look_needs_program(const struct look *look);

/* Whether the remote was known to have the commit when it was last heard of. */
bool look_is_pushed(const struct look *look, const char *commit);

#endif
