/* Waiting before a command begins: for another that has the repository, or for its own turn. */
#ifndef RUNNER_PROCESS_PATIENCE_H
#define RUNNER_PROCESS_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"

#define PATIENCE_MOST_MS (366LL * 24 * 3600 * 1000) /* what --wait without a time stands for */

struct patience {
	int64_t most_ms;
	int64_t until; /* clock_monotonic_ms(); 0 before the first waiting */
	bool quiet;    /* not a word about it */
	bool told;
};

void patience_init(struct patience *patience, int64_t most_ms, bool quiet);

/* Where *err is ERR_BUSY: waits until `folder` is free, and true. False where it is anything else,
 * where time is up, and where a stop was asked for; *err is then as it was. */
bool patience_again(struct patience *patience, const char *folder, const struct err *err);

/* The time by which a config's runs are put off on this host, so that those of many hosts and
 * configs don't begin at once: less than `most_ms`, and always the same for one host and config. */
int64_t patience_jitter(const char *config, int64_t most_ms);

#endif
