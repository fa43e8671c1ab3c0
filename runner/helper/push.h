/* Pushing, with the git program: it runs hooks, asks credential helpers, and knows ssh's config. */
#ifndef RUNNER_HELPER_PUSH_H
#define RUNNER_HELPER_PUSH_H

#include <stddef.h>

#include "conf/conf.h"
#include "fsm/receipt.h"
#include "runner/helper/git_program.h"
#include "runner/helper/look.h"

struct push {
	const struct look *look; /* with a remote */
	const struct conf_repository *conf;
	const char *from;    /* a ref, or a commit */
	const char *commit;  /* what `from` has */
	const char *to;      /* a ref of the remote */
	int client;          /* readable: the push is no longer wanted */
	struct git_log *log; /* what git, the hook and the remote say goes here */
};

/* Pushes, and asks the remote whether it has the commit; at most conf->push_timeout_ms and some
 * seconds. RECEIPT_PUSHED, or a NOT_PUSHED result and why[size]. */
enum receipt_result push_ref(const struct push *push, char *why, size_t size);

#endif
