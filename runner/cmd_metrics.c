#include <stdio.h>
#include <string.h>

#include "runner/command.h"
#include "runner/hands.h"
#include "runner/tracker.h"
#include "status/metrics.h"

static const struct arg args[] = {
	{.name = NULL},
};

static int print(const char *folder, struct journal *journal, struct err *err)
{
	struct now now;
	struct metrics metrics = {.counted = 0};
	if (now_look(&now, folder, &hands, journal, err) != 0)
		return -1;
	const int failed = journal ? metrics_count(&metrics, journal, &now, err) : 0;
	const char *slash = strrchr(folder, '/');
	const struct metrics_source source = {
		.name = slash && slash[1] ? slash + 1 : folder,
		.now = &now,
		.metrics = &metrics,
	};
	if (!failed)
		metrics_write(stdout, &source, 1);
	now_release(&now);
	return failed ? -1 : EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	char folder[4096];
	struct journal *journal = NULL;
	if (tracker_folder(folder, sizeof(folder), err) != 0 ||
	    journal_open_read(folder, &journal, err) < 0)
		return -1;
	const int code = print(folder, journal, err);
	journal_close(journal);
	return code;
}

const struct command command_metrics = {
	.name = "metrics",
	.takes = "",
	.summary = "Prints what is measured of this repository's cycles, for Prometheus",
	.details = "Usage, limit and budget of the newest cycle, steps by status, closed cycles by "
		   "cause, and how\n"
		   "long steps took and what they used as histograms, in the text format that a "
		   "textfile\n"
		   "collector takes.",
	.args = args,
	.run = run,
};
