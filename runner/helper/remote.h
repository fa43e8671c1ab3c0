/* What a remote has, asked of it anew: what a push says of itself proves nothing. */
#ifndef RUNNER_HELPER_REMOTE_H
#define RUNNER_HELPER_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/helper/look.h"

/*
 * Whether `ref` of look->remote, at each address that is pushed to, is `commit`, or has it among
 * its ancestors since somebody pushed on top. A repository on this machine is opened afresh; any
 * other is asked with `git ls-remote`. RECEIPT_PUSHED, or a NOT_PUSHED result and why[size].
 */
enum receipt_result remote_has(const struct look *look, const char *ref, const char *commit,
			       int64_t timeout_ms, int client, char *why, size_t size);

#endif
