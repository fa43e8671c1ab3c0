#include "runner/helper/rejected.h"

#include <stdio.h>
#include <string.h>

#include "runner/helper/rebase.h"
#include "status/clock.h"
#include "status/text.h"

/* Where the branch here can't follow, the remote has the work all the same; but then what it has is
 * not what is here, and the next push has to find that out. */
static enum receipt_result follow(const struct push *push, const struct rebase *rebase,
				  struct receipt_facts *facts, char *why, size_t size)
{
	char reason[512], whole[1024];
	if (rebase_follow(push, rebase, reason, sizeof(reason)) == 0) {
		memcpy(facts->commit, rebase->new, sizeof(facts->commit));
		return RECEIPT_PUSHED;
	}
	snprintf(whole, sizeof(whole),
		 "rebased and pushed as %.12s, but the branch here could not follow: %s",
		 rebase->new, reason);
	text_clean(whole, strlen(whole), why, size);
	return RECEIPT_NON_FAST_FORWARD;
}

static enum receipt_result push_rebased(const struct push *push, struct receipt_facts *facts,
					char *why, size_t size)
{
	const int64_t deadline = clock_monotonic_ms() + push->conf->push_timeout_ms;
	enum receipt_result result = RECEIPT_NON_FAST_FORWARD;
	struct rebase rebase;
	struct push again = *push;
	again.from = again.commit = rebase.new;
	/* A rival that pushes all the time may be faster often: the time is the only bound. */
	while (result == RECEIPT_NON_FAST_FORWARD && clock_monotonic_ms() < deadline) {
		if (rebase_make(push, &rebase, why, size) != 0)
			return RECEIPT_NON_FAST_FORWARD;
		result = strcmp(rebase.new, rebase.tip) == 0 ? RECEIPT_PUSHED
							     : push_ref(&again, why, size);
	}
	return result == RECEIPT_PUSHED ? follow(push, &rebase, facts, why, size) : result;
}

static enum receipt_result push_aside(const struct push *push, const char *ref, char *why,
				      size_t size)
{
	char rejection[512], aside[512];
	struct push other = *push;
	other.to = ref;
	snprintf(rejection, sizeof(rejection), "%.*s", (int)(size < 512 ? size : 511), why);
	if (push_ref(&other, aside, sizeof(aside)) == RECEIPT_PUSHED) {
		snprintf(why, size, "pushed to %.100s instead: %.300s", ref, rejection);
		return RECEIPT_BRANCHED;
	}
	snprintf(why, size, "%.200s; and %.100s: %.150s", rejection, ref, aside);
	return RECEIPT_NON_FAST_FORWARD;
}

enum receipt_result rejected_push(const struct push *push, const char *aside,
				  struct receipt_facts *facts, char *why, size_t size)
{
	switch (push->conf->on_rejected) {
	case CONF_REJECTED_REBASE:
		return push_rebased(push, facts, why, size);
	case CONF_REJECTED_BRANCH:
		return aside ? push_aside(push, aside, why, size) : RECEIPT_NON_FAST_FORWARD;
	case CONF_REJECTED_FAIL:
		break;
	}
	return RECEIPT_NON_FAST_FORWARD;
}
