#include <string.h>

#include "fsm/gate.h"
#include "runner/commands/command.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/tracker.h"
#include "status/text.h"

static const char *task, *config;
static int64_t budget, threshold;

static const struct arg args[] = {
	{"--task", ARG_TEXT, &task, 0, 0, true, "T", "what the cycle is for"},
	{"--budget", ARG_INTEGER, &budget, 1, INT64_MAX, false, "N",
	 "tokens that the cycle may use"},
	{"--threshold", ARG_INTEGER, &threshold, GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, false, "P",
	 "percent of the budget below which a step may start (20..95)"},
	{"--config", ARG_TEXT, &config, 0, 0, false, "CONF",
	 "take budget and repository from this file"},
	TRACKER_WAIT,
	{.name = NULL},
};

static int start(struct session *session, struct err *err)
{
	struct gate_terms terms;
	char line[OPENING_LINE];
	if (session->cycle)
		return err_set(err, ERR_REFUSED,
			       "start: cycle %lld is open: end it first with `stepgate update "
			       "--cycle-end WHY`",
			       (long long)cycle_number(session->cycle));
	if (session_terms(session->conf, budget, (int)threshold, true, &terms, err) != 0)
		return -1;
	if (open_cycle(session, &terms, task, line) != 0) {
		*err = session->err;
		return -1;
	}
	session_say(line);
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	struct tracker tracker;
	char line[256];
	if (text_clean(task, strlen(task), line, sizeof(line))[0] == '\0')
		return err_set(err, ERR_USAGE, "--task: there is nothing in it to be read");
	int code = tracker_open(&tracker, config, true, SESSION_NO_GIT, err);
	if (code == 0)
		code = start(&tracker.session, err);
	return tracker_close(&tracker, code, err);
}

const struct command command_start = {
	.name = "start",
	.takes = "--task T [--budget N] [--threshold P] [--config CONF] [--wait[=TIME]]",
	.summary = "Begins a cycle for an agent that drives it by itself",
	.details = "Budget and threshold are locked until the cycle ends.",
	.args = args,
	.run = run,
};
