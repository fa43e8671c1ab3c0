/* Pushing, with the git program: it runs hooks, asks credential helpers, and knows ssh's config. */
#ifndef RUNNER_HELPER_PUSH_H
#define RUNNER_HELPER_PUSH_H

#include <stddef.h>

#include "conf/conf.h"
#include "fsm/receipt.h"
#include "runner/helper/git_program.h"
#include "runner/helper/look.h"

#define PUSH_BY sizeof(((struct receipt_facts *)0)->pushed_by)

struct push {
	const struct look *look; /* with a remote */
	const struct conf_repository *conf;
	const char *from;    /* a ref, or a commit */
	const char *commit;  /* what `from` has, or had before others came on top */
	const char *to;      /* a ref of the remote */
	char *by;            /* who pushed is put here: PUSH_BY bytes, as in a receipt */
	int client;          /* readable: the push is no longer wanted */
	struct git_log *log; /* what git, the hook and the remote say goes here */
};

/* Pushes, and asks the remote whether it has the commit; at most conf->push_timeout_ms and some
 * seconds. RECEIPT_PUSHED, or a NOT_PUSHED result and why[size]. */
enum receipt_result push_ref(const struct push *push, char *why, size_t size);

#endif
