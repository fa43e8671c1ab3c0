#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "status/clock.h"
#include "status/journal_history.h"
#include "status/picture.h"
#include "status/text.h"

static bool json;
static int64_t most;
static const char *cause;

static const struct arg args[] = {
	{"--most", ARG_INTEGER, &most, 1, 1000000, false, "N", "so many, the newest first (20)"},
	{"--cause", ARG_TEXT, &cause, 0, 0, false, "CAUSE",
	 "only those closed for it: completed, threshold, gate, user, error"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print one JSON object for each, on a line"},
	{.name = NULL},
};

static void print_text(const struct journal_past_cycle *cycle)
{
	char time[CLOCK_TEXT], span[CLOCK_TEXT] = "", tokens[32] = "unknown", title[256], why[256];
	const char *reason = cycle->reason ? cycle->reason : "open";
	if (cycle->used.known)
		text_grouped(cycle->used.tokens, tokens);
	if (cycle->ended_at > cycle->started_at)
		clock_span((cycle->ended_at - cycle->started_at) / 1000, span);
	printf("%6lld  %.16s  %2lld/%-2lld steps  %11s tokens  %-12s  %s: %s\n",
	       (long long)cycle->number, clock_write(cycle->started_at, time), (long long)cycle->ok,
	       (long long)cycle->steps, tokens, span,
	       text_clean(cycle->title, strlen(cycle->title), title, sizeof(title)),
	       text_clean(reason, strlen(reason), why, sizeof(why)));
}

static void print_cycle(void *context, const struct journal_past_cycle *cycle)
{
	bool *failed = context;
	if (!json) {
		print_text(cycle);
		return;
	}
	char *text = picture_print(picture_cycle(cycle));
	*failed |= !text;
	if (text)
		puts(text);
	free(text);
}

static int run(struct err *err)
{
	char folder[4096];
	struct journal *journal = NULL;
	bool failed = false;
	const struct journal_filter filter = {.cause = cause, .most = most ? (int)most : 20};
	if (tracker_folder(folder, sizeof(folder), err) != 0)
		return -1;
	int code = journal_open_read(folder, &journal, err);
	if (code == 0 && !json)
		puts("No cycle yet");
	if (code > 0)
		code = journal_cycles(journal, &filter, print_cycle, &failed, err);
	journal_close(journal);
	return failed ? err_set(err, ERR_INTERNAL, "out of memory") : code;
}

const struct command command_history = {
	.name = "history",
	.takes = "[--most N] [--cause CAUSE] [--json]",
	.summary = "Shows the cycles that this repository has had, the newest first",
	.args = args,
	.run = run,
};
