#include <stdio.h>
#include <string.h>

#include "runner/commands/command.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/tracker.h"
#include "status/clock.h"
#include "status/lines.h"

static int64_t step, tokens = -1;
static const char *description, *task, *next, *why;
static struct arg_texts completed;

static const struct arg args[] = {
	{"--step-complete", ARG_INTEGER, &step, 1, 1000000, false, "N", "step N is done"},
	{"--step-desc", ARG_TEXT, &description, 0, 0, false, "D", "what the step was"},
	{"--tokens", ARG_INTEGER, &tokens, 0, INT64_MAX, false, "T",
	 "tokens that the cycle has used so far"},
	{"--task", ARG_TEXT, &task, 0, 0, false, "T", "what is worked on now"},
	{"--completed", ARG_TEXTS, &completed, 0, 0, false, "A B …", "tasks that are done"},
	{"--next", ARG_TEXT, &next, 0, 0, false, "C", "what comes next"},
	{"--cycle-end", ARG_TEXT, &why, 0, 0, false, "WHY",
	 "end the cycle: completed, threshold, user or error"},
	TRACKER_WAIT,
	{.name = NULL},
};

static const struct {
	const char *word;
	enum fsm_event event;
} ends[] = {
	{"completed", FSM_EV_COMPLETED},
	{"threshold", FSM_EV_THRESHOLD},
	{"user", FSM_EV_USER},
	{"error", FSM_EV_ERROR},
	{"All work completed", FSM_EV_COMPLETED},
	{"Token threshold exceeded", FSM_EV_THRESHOLD},
	{"User requested", FSM_EV_USER},
	{"Error encountered", FSM_EV_ERROR},
};

/* The CLOSES event that a word or a close reason stands for, or -1 and *err. */
static int find_end(const char *word, struct err *err)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(ends[i].word, word) == 0)
			return (int)ends[i].event;
	return err_set(err, ERR_USAGE,
		       "--cycle-end: '%.100s': not one of completed, threshold, user, error", word);
}

static int check_arguments(struct err *err)
{
	if ((step > 0) != (description != NULL) || (step > 0 && tokens < 0))
		return err_set(err, ERR_USAGE,
			       "--step-complete, --step-desc and --tokens go together");
	if (tokens >= 0 && step == 0)
		return err_set(err, ERR_USAGE, "--tokens: goes with --step-complete");
	if (step == 0 && !task && !completed.count && !next && !why)
		return err_set(err, ERR_USAGE,
			       "nothing to update: 'stepgate update --help' says what can be");
	return why && find_end(why, err) < 0 ? -1 : 0;
}

static int record_step(struct session *session, struct err *err)
{
	char line[512], gate[512];
	const struct gate_terms *terms = cycle_terms(session->cycle);
	const struct usage used = USAGE_KNOWN(tokens);
	const struct document_step row = {
		.step = (int)step,
		.description = description,
		.completed_at = clock_now(),
		.ok = true,
		.used = used,
	};
	if (cycle_used(session->cycle).known && tokens < cycle_used(session->cycle).tokens)
		return err_set(
			err, ERR_USAGE,
			"--tokens: %lld is less than the %lld that the cycle has used already: "
			"give the sum of the whole cycle",
			(long long)tokens, (long long)cycle_used(session->cycle).tokens);
	if (document_step(session->doc, &row) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (document_save(session->doc, session->folder, err) != 0)
		return -1;
	line_completed(line, sizeof(line), (int)step, used, terms->budget, true, "not committed");
	if (journal_message(session->journal, cycle_number(session->cycle), "report", line,
			    clock_now(), err) != 0)
		return -1;
	session_say(line);
	session_say(line_gate(gate, sizeof(gate), terms, used));
	return 0;
}

static int record_task(struct session *session, struct err *err)
{
	if (document_task(session->doc, task, next) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	for (int i = 0; i < completed.count; i++)
		if (document_task_completed(session->doc, completed.values[i], true) != 0)
			return err_set(err, ERR_INTERNAL, "out of memory");
	return document_save(session->doc, session->folder, err);
}

static int end_cycle(struct tracker *tracker, struct err *err)
{
	struct session *session = &tracker->session;
	const enum fsm_event event = (enum fsm_event)find_end(why, NULL);
	if (tracker_allows(tracker, event, "update --cycle-end", err) != 0)
		return -1;
	struct usage used = cycle_used(session->cycle);
	/* One that is unknown stays so, and keeps no cycle from its end. */
	if (step > 0)
		used = USAGE_KNOWN(tokens);
	if (step > 0 && cycle_set_used(session->cycle, used) != 0)
		return err_set(err, ERR_INTERNAL, "usage fell");
	if (event == FSM_EV_THRESHOLD && gate_ask(cycle_terms(session->cycle), used) != GATE_SHUT)
		return err_set(
			err, ERR_REFUSED,
			"update --cycle-end threshold: the threshold is not reached: end with "
			"completed, user or error");
	if (close_cycle(session, event) != 0) {
		*err = session->err;
		return -1;
	}
	return 0;
}

static int update(struct tracker *tracker, struct err *err)
{
	struct session *session = &tracker->session;
	if (!session->cycle)
		return err_set(
			err, ERR_REFUSED,
			"update: no cycle is open: begin one with `stepgate start --task T`");
	if (step > 0 && record_step(session, err) != 0)
		return -1;
	if ((task || next || completed.count) && record_task(session, err) != 0)
		return -1;
	if (why && end_cycle(tracker, err) != 0)
		return -1;
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	struct tracker tracker;
	if (check_arguments(err) != 0)
		return -1;
	int code = tracker_open(&tracker, NULL, true, why ? SESSION_GIT : SESSION_NO_GIT, err);
	if (code == 0)
		code = update(&tracker, err);
	return tracker_close(&tracker, code, err);
}

const struct command command_update = {
	.name = "update",
	.takes = "[--step-complete N --step-desc D --tokens T] [--task T] [--completed A B …] "
		 "[--next C] "
		 "[--cycle-end WHY] [--wait[=TIME]]",
	.summary = "Records what an agent has done in its own cycle, or ends the cycle",
	.details = "Writes the status document and the message log; nothing is committed. For "
		   "steps that are\n"
		   "committed, pushed and held to the gate, see `stepgate step begin`.",
	.args = args,
	.run = run,
};
