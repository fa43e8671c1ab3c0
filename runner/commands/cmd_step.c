#include <stdio.h>

#include "runner/commands/command.h"
#include "runner/cycle/gates.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/preflight.h"
#include "runner/cycle/session_settings.h"
#include "runner/cycle/tracker.h"
#include "status/lines.h"

static int64_t tokens = -1;
static const char *description, *config;
static bool no_push, failed;

static const struct arg begin_args[] = {
	{"--desc", ARG_TEXT, &description, 0, 0, false, "D", "what the step is going to be"},
	{"--config", ARG_TEXT, &config, 0, 0, false, "CONF", "take the settings from this file"},
	{"--no-push", ARG_FLAG, &no_push, 0, 0, false, NULL, "commit, but do not push"},
	TRACKER_WAIT,
	{.name = NULL},
};

static const struct arg done_args[] = {
	{"--desc", ARG_TEXT, &description, 0, 0, true, "D", "what the step was"},
	{"--tokens", ARG_INTEGER, &tokens, 0, INT64_MAX, true, "T",
	 "tokens that the cycle has used so far"},
	{"--failed", ARG_FLAG, &failed, 0, 0, false, NULL, "the step did not succeed"},
	{"--config", ARG_TEXT, &config, 0, 0, false, "CONF", "take the settings from this file"},
	{"--no-push", ARG_FLAG, &no_push, 0, 0, false, NULL, "commit, but do not push"},
	TRACKER_WAIT,
	{.name = NULL},
};

/* What a move that was not let through leaves behind. */
static int moved(struct session *session, bool well, struct err *err)
{
	if (well)
		return 0;
	*err = session->err;
	return -1;
}

static int start_step(struct session *session, struct gate_pass *pass, int number, struct err *err)
{
	char line[256];
	const char *title = description ? description : "(under way)";
	line_starting(line, sizeof(line), number, cycle_used(session->cycle),
		      cycle_terms(session->cycle)->budget);
	if (session_set_step(session, number, title, NULL) != 0)
		return moved(session, false, err);
	session->note = (struct journal_note){
		.title = title, .attempt = session->step.attempt, .message = line};
	if (cycle_start_step(session->cycle, pass) != 0)
		return moved(session, false, err);
	session_say(line);
	if (document_task(session->doc, description,
			  "Complete the step, then `stepgate step done`") != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	return document_save(session->doc, session->folder, err);
}

static int begin(struct tracker *tracker, struct err *err)
{
	struct session *session = &tracker->session;
	char line[512];
	enum gate_answer answer;
	if (tracker_allows(tracker, FSM_EV_PASS, "step begin", err) != 0)
		return -1;
	/* Nothing may start that could not be saved; closing at the gate needs no such thing. */
	if (gate_ask(cycle_terms(session->cycle), cycle_used(session->cycle)) == GATE_OPEN &&
	    preflight(session, err) != 0)
		return -1;
	if (session_settings_record(session) != 0)
		return moved(session, false, err);
	const int number = cycle_step(session->cycle) + 1;
	struct gate_pass *pass = cycle_pass_gate(session->cycle, number, &answer);
	session_say(line_gate(line, sizeof(line), cycle_terms(session->cycle),
			      cycle_used(session->cycle)));
	enum fsm_event why = answer == GATE_SHUT ? FSM_EV_THRESHOLD : FSM_EV_ERROR;
	if (pass)
		why = gates_ask(session, number, description);
	if (why == FSM_EV_PASS)
		return start_step(session, pass, number, err) != 0 ? -1 : EXIT_AS_IT_SHOULD;
	return moved(session, close_cycle(session, why) == 0, err) != 0 ? -1 : EXIT_NO;
}

static int done(struct tracker *tracker, struct err *err)
{
	struct session *session = &tracker->session;
	const enum fsm_event how = failed ? FSM_EV_FAILED : FSM_EV_DONE;
	if (tracker_allows(tracker, how, "step done", err) != 0)
		return -1;
	const struct usage before = cycle_used(session->cycle);
	if (before.known && tokens < before.tokens)
		return err_set(
			err, ERR_USAGE,
			"--tokens: %lld is less than the %lld that the cycle has used already: "
			"give the sum of the whole cycle",
			(long long)tokens, (long long)before.tokens);
	if (session_set_step(session, cycle_step(session->cycle), description, NULL) != 0)
		return moved(session, false, err);
	session->step.attempt = 1;
	session->step.how = how;
	session->step.own = USAGE_KNOWN(before.known ? tokens - before.tokens : tokens);
	session->note = (struct journal_note){.own = session->step.own, .title = description};
	struct work *work = cycle_end_step(session->cycle, how, session->step.own);
	struct receipt *receipt = work ? commit_work(session, work) : NULL;
	struct told *told = receipt ? report_step(session, receipt) : NULL;
	if (!told || postcheck(session, told) != 0)
		return moved(session, false, err);
	return session->step.ok && !session->unsaved_close ? EXIT_AS_IT_SHOULD : EXIT_NO;
}

static int run(int (*what)(struct tracker *, struct err *), struct err *err)
{
	struct tracker tracker;
	int code = tracker_open(&tracker, config, !no_push, SESSION_GIT, err);
	if (code == 0)
		code = what(&tracker, err);
	return tracker_close(&tracker, code, err);
}

static int run_begin(struct err *err)
{
	return run(begin, err);
}

static int run_done(struct err *err)
{
	return run(done, err);
}

const struct command command_step_begin = {
	.name = "step begin",
	.takes = "[--desc D] [--config CONF] [--no-push] [--wait[=TIME]]",
	.summary = "Asks the gate for an agent's next step: passes it, or closes the cycle",
	.details = "Exit code 0: the step may start; 1: the gate is shut and the cycle closed, or "
		   "the machine\n"
		   "refuses, with what to do instead.",
	.args = begin_args,
	.run = run_begin,
};

const struct command command_step_done = {
	.name = "step done",
	.takes = "--desc D --tokens T [--failed] [--config CONF] [--no-push] [--wait[=TIME]]",
	.summary = "Ends an agent's step: records, commits, pushes, reports, and checks the budget",
	.details = "Exit code 0: the step is OK; 1: it is not, and the report line says why.",
	.args = done_args,
	.run = run_done,
};
