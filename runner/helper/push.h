/* Pushing, with the git program: it runs hooks, asks credential helpers, and knows ssh's config. */
#ifndef RUNNER_HELPER_PUSH_H
#define RUNNER_HELPER_PUSH_H

#include <stddef.h>
#include <stdint.h>

#include "runner/helper/look.h"

/* Pushes the ref `from`, which has `commit`, to `to` on look->remote, and asks the remote whether
 * it has it; at most timeout_ms and some seconds. `client` readable ends it. RECEIPT_PUSHED, or a
 * NOT_PUSHED result and why[size]. */
enum receipt_result push_ref(const struct look *look, const char *from, const char *commit,
			     const char *to, int64_t timeout_ms, int client, char *why,
			     size_t size);

#endif
