#include "runner/process/patience.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runner/process/lock.h"
#include "runner/process/stop.h"
#include "status/clock.h"
#include "status/text.h"

#define LOOK_MS 50 /* a lock's end is looked for so often: the kernel tells no one who can poll */

void patience_init(struct patience *patience, int64_t most_ms, bool quiet)
{
	*patience = (struct patience){.most_ms = most_ms, .quiet = quiet};
}

bool patience_again(struct patience *patience, const char *folder, const struct err *err)
{
	struct lock_holder holder;
	char words[512];
	if (err->code != ERR_BUSY || patience->most_ms == 0 || stop_asked())
		return false;
	if (patience->until == 0)
		patience->until = clock_monotonic_ms() + patience->most_ms;
	while (lock_look(folder, &holder) != LOCK_FREE) {
		if (!patience->told && !patience->quiet)
			fprintf(stderr, "stepgate: waiting for another cycle: %s\n",
				lock_words(&holder, words, sizeof(words)));
		patience->told = true;
		const int64_t left = patience->until - clock_monotonic_ms();
		if (left <= 0 || stop_wait(left < LOOK_MS ? left : LOOK_MS))
			return false;
	}
	return true;
}

int64_t patience_jitter(const char *config, int64_t most_ms)
{
	char host[256], path[PATH_MAX];
	if (most_ms <= 0)
		return 0;
	if (gethostname(host, sizeof(host)) != 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	const uint64_t sum = text_hash(TEXT_HASH, host);
	return (int64_t)(text_hash(sum, realpath(config, path) ? path : config) %
			 (uint64_t)most_ms);
}
