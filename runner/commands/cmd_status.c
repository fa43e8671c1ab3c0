#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "status/lines.h"
#include "status/text.h"

static bool json;

static const struct arg args[] = {
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL,
	 "print the status document, and whether anything is at work on it"},
	{.name = NULL},
};

static void row(const char *name, const char *value)
{
	char clean[512];
	if (value && *value)
		printf("%-11s %s\n", name, text_clean(value, strlen(value), clean, sizeof(clean)));
}

static void print_text(const struct document_view *view, enum lock_state lock, const char *holder)
{
	char line[512];
	if (view->cycle == 0) {
		printf("No cycle yet\n");
		return;
	}
	printf("Cycle %lld: %s\n", (long long)view->cycle,
	       view->ended_at       ? "closed"
	       : lock == LOCK_FREE  ? "open, and nothing is at work on it"
	       : lock == LOCK_ALIVE ? "running"
				    : "open, and held by what can't be seen from here");
	row("Held by", holder);
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

static int print_json(struct document *doc, bool running, const char *holder, struct err *err)
{
	char *text = document_at_work(doc, running, holder) == 0 ? document_print(doc) : NULL;
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	puts(text);
	free(text);
	return EXIT_AS_IT_SHOULD;
}

static int show(const char *folder, struct err *err)
{
	struct document *doc = NULL;
	struct document_view view;
	struct lock_holder holder;
	char words[512];
	if (document_read(folder, &doc, err) != 0)
		return -1;
	document_view(doc, &view);
	const enum lock_state lock = lock_look(folder, &holder);
	const char *held_by = lock == LOCK_FREE ? NULL : lock_words(&holder, words, sizeof(words));
	int code = EXIT_AS_IT_SHOULD;
	if (json)
		code = print_json(doc, lock == LOCK_ALIVE && view.cycle && !view.ended_at, held_by,
				  err);
	else
		print_text(&view, lock, held_by);
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
