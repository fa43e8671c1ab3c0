/*
 * Our commits on top of those that the remote has and we don't: what `on_rejected = "rebase"` does.
 *
 * The new commits are made in the object database alone, without a work tree, an index or anything
 * of `git rebase`'s state, so that a rebase of the user's is never touched. They go to the remote
 * first; only then do branch and work tree follow. Who dies in between leaves a branch that still
 * has the old commits: the next push is rejected, each of them is found to be on the remote
 * already (it changes nothing there), and the branch follows then. So nothing is lost, and nothing
 * is there twice.
 */
#ifndef RUNNER_HELPER_REBASE_H
#define RUNNER_HELPER_REBASE_H

#include "runner/helper/push.h"

/* What is on the remote and what would be. */
struct rebase {
	char old[65]; /* where the branch is */
	char tip[65]; /* what the remote has */
	char new[65]; /* the tip with ours on top; the tip itself where it has all of ours */
};

/* Fetches the tip of push->to and makes the commits. 0 and *rebase, or -1 and why[size]: there are
 * conflicts, or merges among ours, or the remote can't be asked. Nothing that was there is changed.
 */
int rebase_make(const struct push *push, struct rebase *rebase, char *why, size_t size);

/* Has branch, index and work tree go to rebase->new. 0, or -1 and why[size]: then all is as it was,
 * or some files are as they are there already. */
int rebase_follow(const struct push *push, const struct rebase *rebase, char *why, size_t size);

#endif
