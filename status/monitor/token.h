/* The token file: one line of hex digits, for its owner's eyes alone. */
#ifndef STATUS_MONITOR_TOKEN_H
#define STATUS_MONITOR_TOKEN_H

#include <stdbool.h>

#include "conf/err.h"
#include "status/monitor/guard.h"

/* Reads the token; where there is no such file makes one (mode 0600, its folder too), of the
 * kernel's random numbers. One that others may read, or that is none of ours, is refused. *made:
 * whether it is new. 0, or -1 and *err, in which the token never is. */
int token_load(const char *path, char token[GUARD_TOKEN_LENGTH + 1], bool *made, struct err *err);

#endif
