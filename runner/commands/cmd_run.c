#include <stdio.h>

#include "runner/commands/command.h"
#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/recovery.h"
#include "runner/process/patience.h"
#include "runner/process/stop.h"
#include "status/clock.h"

#define JITTER_MOST_MS (24LL * 3600 * 1000)

static const char *path = CONF_USUAL;
static int64_t budget, threshold, max_cycles, wait_ms, jitter_ms;
static bool until_done, detailed, quiet, accept, restart;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &path, 0, 0, false, NULL, "the config file (default " CONF_USUAL ")"},
	{"--budget", ARG_INTEGER, &budget, 1, INT64_MAX, false, "N", "tokens that a cycle may use"},
	{"--threshold", ARG_INTEGER, &threshold, GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, false, "P",
	 "percent of the budget below which a step may start (20..95)"},
	{"--until-done", ARG_FLAG, &until_done, 0, 0, false, NULL,
	 "run cycles, each with a fresh budget, until the plan is done"},
	{"--max-cycles", ARG_INTEGER, &max_cycles, 1, 1000000, false, "N",
	 "with --until-done: at most so many"},
	{"--detailed-exitcode", ARG_FLAG, &detailed, 0, 0, false, NULL,
	 "exit with 10 where the cycle closed as it should and work is left"},
	{"--wait", ARG_PATIENCE, &wait_ms, 0, PATIENCE_MOST_MS, false, "[=TIME]",
	 "wait (for so long) while another cycle has the repository"},
	{"--jitter", ARG_DURATION, &jitter_ms, 0, JITTER_MOST_MS, false, "TIME",
	 "begin later, by less than this: always the same for a host and a config"},
	{"--accept", ARG_FLAG, &accept, 0, 0, false, NULL,
	 "go on with a plan that was edited in a way that can be read in two ways"},
	{"--restart", ARG_FLAG, &restart, 0, 0, false, NULL,
	 "begin the plan anew, as if nothing of it were done"},
	{"--quiet", ARG_FLAG, &quiet, 0, 0, false, NULL, "print only what is not as it should be"},
	{.name = NULL},
};

/* A cycle of an agent that drives itself is its own to end. */
static int refuse_foreign(const struct session *session, struct err *err)
{
	return err_set(err, ERR_REFUSED, SESSION_AGENTS_CYCLE,
		       (long long)cycle_number(session->cycle));
}

/* Goes on with a cycle that its process did not live to finish. 1: that is enough for this run, for
 * it was this plan's cycle, or its words can't be saved; 0: there was none, or only the closing
 * words of one were missing, or it was another plan's and is closed now. */
static int finish_last(struct session *session, struct err *err)
{
	const int found = session_resume(session, NULL, err);
	if (found < 0)
		return -1;
	if (found == 0) {
		outbox_deliver(session);
		return 0;
	}
	if (session->foreign_agent && cycle_state(session->cycle) != FSM_CLOSED)
		return refuse_foreign(session, err);
	const bool was_closed = cycle_state(session->cycle) == FSM_CLOSED;
	if (recover(session) != 0) {
		*err = session->err;
		return -1;
	}
	const bool enough = session->unsaved_close || (!session->foreign && !was_closed);
	session->foreign = false;
	return enough;
}

static int new_cycle(struct session *session, struct err *err)
{
	struct gate_terms terms;
	char line[OPENING_LINE];
	if (session_terms(session->conf, budget, (int)threshold, true, &terms, err) != 0 ||
	    plan_renew(&session->plan, session->journal, session->plan_name, err) != 0)
		return -1;
	if (open_cycle(session, &terms, NULL, line) != 0 || run_cycle(session) != 0) {
		*err = session->err;
		return -1;
	}
	return 0;
}

static bool closed_well(const struct session *session)
{
	return session->closed_on != FSM_EV_ERROR && !session->unsaved_close;
}

/* The cycle closed at its agent's usage limit: waits for the end of that where the config allows so
 * long. False where there is nothing to wait for, or a stop was asked for. */
static bool wait_for_reset(const struct session *session)
{
	char span[CLOCK_TEXT], time[CLOCK_TEXT];
	int64_t resets_at = 0;
	if (!session_limited(session, &resets_at) || resets_at == 0)
		return false;
	/* A second more, for clocks that differ by a little. */
	int64_t ms = resets_at * 1000 + 1000 - clock_now() / 1000;
	if (ms > session->conf->wait_for_reset_ms)
		return false;
	if (ms < 1000)
		ms = 1000;
	if (!quiet)
		fprintf(stderr, "stepgate: the usage limit is reset at %s: waiting for %s\n",
			clock_write(resets_at * 1000000, time), clock_span(ms, span));
	return !stop_wait(ms);
}

/* One cycle, or cycles until the plan is done; `already`: so many were run. 0, or -1 and *err. */
static int run_cycles(struct session *session, int64_t already, struct err *err)
{
	bool waited = false;
	for (int64_t n = already;; n++) {
		const size_t left = plan_left(&session->plan);
		const size_t finished = session->plan.finished;
		bool last = n > 0 && (!until_done || left == 0 || (max_cycles && n >= max_cycles));
		/* Once: a limit that is met again at once is no matter of waiting. */
		if (!last && n > 0 && !closed_well(session)) {
			last = waited || session->unsaved_close || !wait_for_reset(session);
			waited = true;
		}
		if (last || stop_asked())
			return 0;
		if (new_cycle(session, err) != 0)
			return -1;
		if (session->plan.finished > finished)
			waited = false;
		if (session->closed_on == FSM_EV_VETOED)
			return 0; /* a gate would not change its mind within a moment */
		if (until_done && session->plan.finished == finished && closed_well(session) &&
		    !stop_asked())
			return err_set(err, ERR_REFUSED,
				       "cycle %lld completed no step: another would not either",
				       (long long)cycle_number(session->cycle));
	}
}

static int exit_code(const struct session *session)
{
	if (!closed_well(session))
		return EXIT_NO;
	return detailed && plan_left(&session->plan) > 0 ? EXIT_WORK_LEFT : EXIT_AS_IT_SHOULD;
}

static int restart_plan(struct session *session, struct err *err)
{
	if (journal_plan_restart(session->journal, session->plan_name, err) != 0)
		return -1;
	return plan_renew(&session->plan, session->journal, session->plan_name, err);
}

/* Takes the plan as it stands now, and says what is dropped by that. */
static int settle_plan(struct session *session, struct err *err)
{
	struct plan *plan = &session->plan;
	if (plan_settle(plan, session->journal, session->plan_name, accept, err) != 0)
		return -1;
	for (size_t i = 0; i < plan->edit.nforgotten; i++)
		session_warn(session,
			     "step \"%s\" was done and is not in the plan any more: forgotten",
			     plan->edit.forgotten[i]);
	return 0;
}

/* What a run does where nothing of the plan is left. 1: it goes on; 0: it doesn't; -1 and *err. */
static int goes_on(struct session *session, struct err *err)
{
	if (session->conf->when_complete == CONF_COMPLETE_STOP) {
		if (!quiet)
			fprintf(stderr, "stepgate: the plan is done: nothing to run\n");
		return 0;
	}
	return restart_plan(session, err) != 0 ? -1 : 1;
}

static int run_session(struct session *session, struct err *err)
{
	if (settle_plan(session, err) != 0)
		return -1;
	int resumed = finish_last(session, err);
	if (resumed < 0)
		return -1;
	if (restart && (!resumed || closed_well(session))) {
		if (restart_plan(session, err) != 0)
			return -1;
		resumed = 0;
	}
	if (!resumed && plan_next(&session->plan) < 0) {
		const int more = goes_on(session, err);
		if (more <= 0)
			return more < 0 ? -1 : EXIT_AS_IT_SHOULD;
	}
	return run_cycles(session, resumed, err) != 0 ? -1 : exit_code(session);
}

/* Puts the run off by its jitter. The config is read for its errors, and again when its turn has
 * come. */
static int wait_for_turn(struct err *err)
{
	struct conf *conf = NULL;
	if (jitter_ms == 0)
		return 0;
	if (conf_load(path, &conf, err) != 0)
		return -1;
	conf_free(conf);
	const int64_t ms = patience_jitter(path, jitter_ms);
	if (!quiet)
		fprintf(stderr, "stepgate: waiting for %lld ms (--jitter)\n", (long long)ms);
	stop_wait(ms);
	return 0;
}

static int load_config(struct conf **conf, struct err *err)
{
	if (conf_load(path, conf, err) != 0)
		return -1;
	if (!restart || !(*conf)->checklist)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--restart: not with a checklist: its items begin anew when they are "
		       "unticked");
}

/* Opens the session, waiting for another one as long as was asked for. The config is read when the
 * repository is free, so that it is the one that stands there now. */
static int open_session(struct session *session, struct conf **conf, struct err *err)
{
	struct patience patience;
	patience_init(&patience, wait_ms, quiet);
	for (;;) {
		if (load_config(conf, err) != 0)
			return -1;
		const int failed = session_open(session, *conf, SESSION_GIT_READY, err);
		session->quiet = quiet;
		session->progress &= !quiet;
		if (failed == 0 || !patience_again(&patience, session->folder, err))
			return failed;
		session_close(session, -1, NULL);
		*session = (struct session){.lock = {.fd = -1}};
		conf_free(*conf);
		*conf = NULL;
	}
}

static int nothing_started(void)
{
	if (!quiet)
		fprintf(stderr, "stepgate: stopped on request: nothing was started\n");
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	struct conf *conf = NULL;
	struct session session = {.lock = {.fd = -1}};
	if (max_cycles && !until_done)
		return err_set(err, ERR_USAGE, "--max-cycles: goes with --until-done");
	if (stop_install(err) != 0 || wait_for_turn(err) != 0)
		return -1;
	if (stop_asked())
		return nothing_started();
	int code = open_session(&session, &conf, err);
	if (code == 0 && restart && conf->checklist)
		code = err_set(
			err, ERR_USAGE,
			"--restart: not with a checklist: its items begin anew when they are "
			"unticked");
	if (code == 0)
		code = run_session(&session, err);
	else if (err->code == ERR_BUSY && stop_asked())
		code = nothing_started();
	code = session_close(&session, code, err);
	conf_free(conf);
	return code;
}

const struct command command_run = {
	.name = "run",
	.takes = "[CONF] [--budget N] [--threshold P] [--until-done [--max-cycles N]] "
		 "[--detailed-exitcode] [--accept] [--restart] [--wait[=TIME]] [--jitter TIME] "
		 "[--quiet]",
	.summary =
		"Runs one cycle of a config: its steps, one after another, while the gate is open",
	.details = "A cycle that was cut off is taken up where it stood. SIGINT, SIGTERM or SIGHUP "
		   "asks the step\n"
		   "under way to end and closes the cycle; a second one kills the step. SIGUSR1 "
		   "closes the cycle\n"
		   "after the step. The work is saved all the same. `stepgate stop` sends them.",
	.args = args,
	.run = run,
};
