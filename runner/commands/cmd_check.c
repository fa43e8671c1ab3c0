#include <stdio.h>

#include "fsm/gate.h"
#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "status/document.h"
#include "status/journal.h"
#include "status/lines.h"

static int64_t tokens = -1, threshold, budget;
static bool json, cycle;

static const struct arg args[] = {
	{"TOKENS", ARG_INTEGER, &tokens, 0, INT64_MAX, false, NULL,
	 "tokens used so far in the cycle"},
	{"--threshold", ARG_INTEGER, &threshold, GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, false, "P",
	 "percent of the budget below which a step may start (20..95, default 35)"},
	{"--budget", ARG_INTEGER, &budget, 1, INT64_MAX, false, "N",
	 "tokens that a cycle may use (default 200000)"},
	{"--cycle", ARG_FLAG, &cycle, 0, 0, false, NULL,
	 "ask for the open cycle of this repository: its budget and threshold, and without TOKENS "
	 "the usage it was told"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "answer in JSON"},
	{.name = NULL},
};

static struct usage larger(struct usage a, struct usage b)
{
	if (!a.known)
		return b;
	return b.known && b.tokens > a.tokens ? b : a;
}

/* What `update` told of the cycle. */
static struct usage told(const char *folder, int64_t number)
{
	struct document *doc = NULL;
	struct document_view view;
	struct usage used = USAGE_UNKNOWN;
	if (document_read(folder, &doc, NULL) != 0)
		return used;
	document_view(doc, &view);
	if (view.cycle == number)
		used = view.used;
	document_free(doc);
	return used;
}

/* What the open cycle says; a step under way with what it told so far. 0, or -1 and *err. */
static int ask_cycle(struct gate_terms *terms, struct usage *used, struct err *err)
{
	char folder[4096];
	struct journal *journal = NULL;
	struct journal_cycle last;
	if (tracker_folder(folder, sizeof(folder), err) != 0)
		return -1;
	int found = journal_open_read(folder, &journal, err);
	if (found > 0)
		found = journal_last_cycle(journal, &last, err);
	journal_close(journal);
	if (found < 0)
		return -1;
	const bool open = found > 0 && last.past.state != FSM_CLOSED;
	if (open) {
		*terms = last.past.terms;
		*used = last.past.used;
		if (last.past.state == FSM_STEP && last.own.known)
			*used = usage_add(*used, last.own);
		*used = larger(*used, told(folder, last.past.number));
	}
	if (found > 0)
		journal_cycle_release(&last);
	return open ? 0
		    : err_set(err, ERR_REFUSED,
			      "check: no cycle is open: begin one with `stepgate start --task T`");
}

static int run(struct err *err)
{
	struct gate_terms terms = {.budget = budget ? budget : GATE_BUDGET_DEFAULT,
				   .threshold =
					   threshold ? (int)threshold : GATE_THRESHOLD_DEFAULT};
	struct usage used = USAGE_KNOWN(tokens < 0 ? 0 : tokens);
	char line[512];
	if (tokens < 0 && !cycle)
		return err_set(err, ERR_USAGE,
			       "TOKENS is missing: tokens used so far in the cycle");
	if (cycle && (budget || threshold))
		return err_set(err, ERR_USAGE, "--cycle: the cycle has its budget and threshold");
	if (cycle && ask_cycle(&terms, &used, err) != 0)
		return -1;
	if (cycle && tokens >= 0)
		used = larger(used, USAGE_KNOWN(tokens));
	puts(json ? line_gate_json(line, sizeof(line), &terms, used)
		  : line_gate(line, sizeof(line), &terms, used));
	return gate_ask(&terms, used) == GATE_OPEN ? EXIT_AS_IT_SHOULD : EXIT_NO;
}

const struct command command_check = {
	.name = "check",
	.takes = "TOKENS [--threshold P] [--budget N] [--json] | [TOKENS] --cycle [--json]",
	.summary = "Asks the gate: may a step start at this usage",
	.details = "Exit code 0: it may; 1: it may not.",
	.args = args,
	.run = run,
};
