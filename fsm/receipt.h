/*
 * What COMMIT hands on: which commit holds the step's work and which upstream has it, or the typed
 * reason why none does. One list: a new way to fail is a row here.
 */
#ifndef FSM_RECEIPT_H
#define FSM_RECEIPT_H

#include <stdbool.h>

/* name, where the work is (enum receipt_place), words */
#define RECEIPT_RESULTS(X)                                                                \
	X(PUSHED, REACHED, "committed and pushed")                                        \
	X(BRANCHED, REACHED,                                                              \
	  "pushed to a branch of its own: the remote has commits that we have not")       \
	X(COMMITTED, REACHED, "committed; pushing is turned off")                         \
	X(NOTHING, REACHED, "nothing to commit")                                          \
	X(OFF, REACHED, "committing is turned off")                                       \
	X(SALVAGED, ASIDE, "kept on a salvage ref, off the branch")                       \
	X(KEPT, ASIDE, "left in the work tree")                                           \
	X(NO_REPOSITORY, NOT_COMMITTED, "not a git repository with a work tree")          \
	X(NO_IDENTITY, NOT_COMMITTED, "no identity to commit as")                         \
	X(LOCKED, NOT_COMMITTED, "a lock is held by another program")                     \
	X(DETACHED, NOT_COMMITTED, "HEAD is detached")                                    \
	X(MID_OPERATION, NOT_COMMITTED, "a merge, rebase or the like is in progress")     \
	X(CONFLICTED, NOT_COMMITTED, "the index has unresolved conflicts")                \
	X(REPOSITORY_CHANGED, NOT_COMMITTED, "repository settings changed by the worker") \
	X(REFUSED_PATH, NOT_COMMITTED, "a path can't be committed")                       \
	X(UNSERVED, NOT_COMMITTED, "the repository needs what can't be had here")         \
	X(HOOK, NOT_COMMITTED, "a hook of the repository refused")                        \
	X(FILTER, NOT_COMMITTED, "a filter of the repository failed")                     \
	X(SIGNING, NOT_COMMITTED, "the commit could not be signed")                       \
	X(DIED, NOT_COMMITTED, "the commit helper died")                                  \
	X(COMMIT_ERROR, NOT_COMMITTED, "the commit could not be made")                    \
	X(NO_UPSTREAM, NOT_PUSHED, "the branch has no upstream to push to")               \
	X(NO_REMOTE, NOT_PUSHED, "the remote is not configured")                          \
	X(NON_FAST_FORWARD, NOT_PUSHED, "the remote has commits that are not here")       \
	X(DECLINED, NOT_PUSHED, "the remote refused the push")                            \
	X(AUTHENTICATION, NOT_PUSHED, "the remote did not accept the credentials")        \
	X(PUSH_HOOK, NOT_PUSHED, "a hook of the repository refused the push")             \
	X(UNREACHABLE, NOT_PUSHED, "the remote could not be reached")                     \
	X(PUSH_TIMED_OUT, NOT_PUSHED, "the push took too long and was ended")             \
	X(REMOTE_LOCKED, NOT_PUSHED, "the branch is locked on the remote")                \
	X(REMOTE_FULL, NOT_PUSHED, "the remote has no room")                              \
	X(SUBMODULE, NOT_PUSHED, "a submodule's commit is on none of its remotes")        \
	X(PUSH_DIED, NOT_PUSHED, "the commit helper died while pushing")                  \
	X(PUSH_ERROR, NOT_PUSHED, "the push failed")

enum receipt_result {
#define X(name, place, words) RECEIPT_##name,
	RECEIPT_RESULTS(X)
#undef X
		RECEIPT_NRESULTS
};

enum receipt_place {
	RECEIPT_REACHED,       /* the work is where the config says it must be */
	RECEIPT_ASIDE,         /* the work of a failed step, kept off the branch */
	RECEIPT_NOT_COMMITTED, /* no commit holds it */
	RECEIPT_NOT_PUSHED,    /* a commit holds it; no upstream is known to */
};

/* Who made the commit. name, word */
#define RECEIPT_WAYS(X)                                               \
	X(NONE, "")           /* nobody: there is none, or was one */ \
	X(ENGINE, "engine")   /* the commit helper itself */          \
	X(PROGRAM, "program") /* the git program */

enum receipt_way {
#define X(name, word) RECEIPT_WAY_##name,
	RECEIPT_WAYS(X)
#undef X
		RECEIPT_NWAYS
};

struct receipt_facts {
	enum receipt_result result;
	char commit[65];    /* hex object id of the commit that holds the work, or "" */
	char ref[256];      /* the local ref that holds it ("refs/heads/main"), or "" */
	char upstream[256]; /* where it was pushed ("origin refs/heads/main"), or "" */
	char held[512]; /* paths that were held back as likely secrets ("a (its name), b"), or "" */
	enum receipt_way way;
	/* Who pushed: "engine", the commit helper itself, or "program: pre-push hook", the git
	 * program and why; "" nobody. */
	char pushed_by[128];
	char why[512]; /* what the other side said, cleaned, one line; or "" */
};

enum receipt_place receipt_place(enum receipt_result result);
const char *receipt_name(enum receipt_result result);  /* "NON_FAST_FORWARD"; static text */
const char *receipt_words(enum receipt_result result); /* static text */
const char *receipt_way_name(enum receipt_way way);    /* "engine", "" for none; static text */
int receipt_by_name(const char *name);                 /* -1 if there is none */

#endif
