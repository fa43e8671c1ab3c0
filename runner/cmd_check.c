#include <inttypes.h>
#include <stdio.h>

#include "fsm/gate.h"
#include "runner/command.h"
#include "status/lines.h"

static int64_t tokens, threshold = GATE_THRESHOLD_DEFAULT, budget = GATE_BUDGET_DEFAULT;
static bool json;

static const struct arg args[] = {
	{"TOKENS", ARG_INTEGER, &tokens, 0, INT64_MAX, true, NULL,
	 "tokens used so far in the cycle"},
	{"--threshold", ARG_INTEGER, &threshold, GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, false, "P",
	 "percent of the budget below which a step may start (20..95, default 35)"},
	{"--budget", ARG_INTEGER, &budget, 1, INT64_MAX, false, "N",
	 "tokens that a cycle may use (default 200000)"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "answer in JSON"},
	{.name = NULL},
};

static int run(struct err *err)
{
	(void)err;
	const struct gate_terms terms = {.budget = budget, .threshold = (int)threshold};
	const struct usage used = USAGE_KNOWN(tokens);
	char line[512];
	puts(json ? line_gate_json(line, sizeof(line), &terms, used)
		  : line_gate(line, sizeof(line), &terms, used));
	return gate_ask(&terms, used) == GATE_OPEN ? EXIT_AS_IT_SHOULD : EXIT_NO;
}

const struct command command_check = {
	.name = "check",
	.takes = "TOKENS [--threshold P] [--budget N] [--json]",
	.summary = "Asks the gate: may a step start at this usage",
	.details = "Exit code 0: it may; 1: it may not.",
	.args = args,
	.run = run,
};
