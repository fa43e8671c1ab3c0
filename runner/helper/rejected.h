/* What becomes of a push that the remote rejects since it has commits that are not here. */
#ifndef RUNNER_HELPER_REJECTED_H
#define RUNNER_HELPER_REJECTED_H

#include "runner/helper/push.h"

/*
 * Does what the config's `on_rejected` says about a push of `facts`' commit that was rejected as no
 * fast-forward: nothing; or puts ours on top of what the remote has and pushes that, over and over
 * while rivals are faster; or pushes to `aside`, a branch of its own. Gives what the receipt is to
 * say: PUSHED with the new commit in the facts, BRANCHED, or why not, with why[size].
 */
enum receipt_result rejected_push(const struct push *push, const char *aside,
				  struct receipt_facts *facts, char *why, size_t size);

#endif
