#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/command.h"
#include "runner/tracker.h"
#include "status/lines.h"
#include "status/text.h"

static bool json;

static const struct arg args[] = {
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print the status document itself"},
	{.name = NULL},
};

static void row(const char *name, const char *value)
{
	char clean[512];
	if (value && *value)
		printf("%-11s %s\n", name, text_clean(value, strlen(value), clean, sizeof(clean)));
}

static void print_text(const char *folder, const struct document_view *view)
{
	char words[512], line[512];
	struct lock_holder holder;
	if (view->cycle == 0) {
		printf("No cycle yet\n");
		return;
	}
	const enum lock_state lock = lock_look(folder, &holder);
	printf("Cycle %lld: %s\n", (long long)view->cycle,
	       view->ended_at       ? "closed"
	       : lock == LOCK_FREE  ? "open, and nothing is at work on it"
	       : lock == LOCK_ALIVE ? "running"
				    : "open, and held by what can't be seen from here");
	if (lock != LOCK_FREE)
		row("Held by", lock_words(&holder, words, sizeof(words)));
	row("Reason", view->close_reason);
	row("Started", view->started_at);
	row("Ended", view->ended_at);
	row("Task", view->current_task);
	printf("%-11s %d", "Steps done", view->steps);
	if (view->last_description)
		printf(", the last: step %d (%s)", view->last_step, view->last_ok ? "OK" : "NOK");
	printf("\n");
	row("Last step", view->last_description);
	if (view->terms_known)
		row("Gate", line_gate(line, sizeof(line), &view->terms, view->used));
	row("Next", view->next_action);
	row("Updated", view->last_updated);
}

static int show(const char *folder, struct err *err)
{
	struct document *doc = NULL;
	struct document_view view;
	if (document_read(folder, &doc, err) != 0)
		return -1;
	document_view(doc, &view);
	int code = EXIT_AS_IT_SHOULD;
	if (json) {
		char *text = document_print(doc);
		if (text)
			puts(text);
		else
			code = err_set(err, ERR_INTERNAL, "out of memory");
		free(text);
	} else {
		print_text(folder, &view);
	}
	document_free(doc);
	return code;
}

static int run(struct err *err)
{
	char folder[4096];
	if (tracker_folder(folder, sizeof(folder), err) != 0)
		return -1;
	return show(folder, err);
}

const struct command command_status = {
	.name = "status",
	.takes = "[--json]",
	.summary = "Shows the cycle of this repository: running, open or closed, and how far it is",
	.args = args,
	.run = run,
};
