#include <stdio.h>
#include <stdlib.h>

#include "runner/commands/command.h"
#include "runner/cycle/metrics_text.h"
#include "runner/cycle/tracker.h"

static const struct arg args[] = {
	{.name = NULL},
};

static int print(const char *folder, struct journal *journal, struct err *err)
{
	char *text;
	size_t length;
	if (metrics_text(folder, journal, &text, &length, err) != 0)
		return -1;
	fwrite(text, 1, length, stdout);
	free(text);
	return EXIT_AS_IT_SHOULD;
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
