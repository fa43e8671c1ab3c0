#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/agent.h"
#include "plugins/ask.h"
#include "plugins/meter.h"
#include "runner/cycle/agent_step.h"
#include "runner/cycle/home.h"
#include "runner/cycle/host.h"
#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/plugin_step.h"
#include "runner/cycle/progress.h"
#include "runner/cycle/spending.h"
#include "runner/cycle/step_log.h"
#include "runner/helper/durable.h"
#include "runner/process/child.h"
#include "runner/process/stop.h"
#include "status/clock.h"
#include "status/lines.h"
#include "status/text.h"

#define TICK_MS 250

/* A worker at work: where its bytes go. */
struct desk {
	struct session *session;
	struct step_log log;
	struct progress progress;
	struct meter *meter;
	struct plugin_step plugin;
	struct agent_step agent;
	bool over;          /* the budget's hard limit is reached: it is asked to end */
	int64_t sampled;    /* the figure that the journal has */
	int64_t sampled_at; /* monotonic ms */
};

#define SAMPLE_MS 250

/* What the step adds to the cycle by this figure: with a measure of the context, what that is more
 * than the cycle's. */
static struct usage beyond(const struct session *session, struct usage figure, bool single)
{
	const struct usage used = cycle_used(session->cycle);
	if (session->conf->measure != CONF_MEASURE_CONTEXT || single || !figure.known ||
	    !used.known)
		return figure;
	return USAGE_KNOWN(figure.tokens > used.tokens ? figure.tokens - used.tokens : 0);
}

/* The worker's figure so far. */
static struct usage live(const struct desk *desk, bool *lost)
{
	const struct session *session = desk->session;
	return beyond(session, meter_live(desk->meter, session->conf->measure, lost),
		      !meter_tells_parts(desk->meter));
}

/* So that the usage of a worker is known also if we die: the last figure, at most so old. */
static void sample(struct desk *desk)
{
	const struct usage said = live(desk, NULL);
	const int64_t now = clock_monotonic_ms();
	if (!said.known || said.tokens == desk->sampled || now - desk->sampled_at < SAMPLE_MS)
		return;
	desk->sampled = said.tokens;
	desk->sampled_at = now;
	journal_sample(desk->session->journal, cycle_number(desk->session->cycle), said, NULL);
}

/* The cycle's usage so far; unknown while the worker has said nothing. */
static struct usage so_far(const struct desk *desk)
{
	return usage_add(cycle_used(desk->session->cycle), live(desk, NULL));
}

static void watch_budget(struct desk *desk)
{
	const struct session *session = desk->session;
	if (!desk->over && session->conf->hard)
		desk->over = spending_reached(session, so_far(desk), session->conf->hard);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct desk *desk = context;
	step_log_write(&desk->log, bytes, length);
	meter_feed(desk->meter, bytes, length);
	progress_bytes(&desk->progress, bytes, length);
	watch_budget(desk);
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct desk *desk = context;
	step_log_write(&desk->log, bytes, length);
	progress_bytes(&desk->progress, bytes, length);
}

static void on_usage(void *context, const char *bytes, size_t length)
{
	struct desk *desk = context;
	if (desk->plugin.protocol)
		protocol_feed(desk->plugin.protocol, bytes, length);
	else
		meter_said(desk->meter, bytes, length);
	sample(desk);
	watch_budget(desk);
}

/* So that it can be found and ended if we die and it does not. */
static void on_start(void *context, const struct child_identity *identity)
{
	char text[CHILD_IDENTITY_TEXT];
	const struct session *session = ((struct desk *)context)->session;
	journal_process(session->journal, cycle_number(session->cycle),
			child_identity_write(identity, text), NULL);
}

static void on_tick(void *context)
{
	struct desk *desk = context;
	meter_look(desk->meter);
	sample(desk);
	watch_budget(desk);
	spending_warn(desk->session, so_far(desk));
	bool lost = false;
	struct usage said = live(desk, &lost);
	if (!said.known && !lost) /* it has said nothing yet */
		said = USAGE_KNOWN(0);
	progress_draw(&desk->progress, usage_add(cycle_used(desk->session->cycle), said));
}

enum {
	NWORDS = 8, /* and one more, of an agent */
	WORD_SIZE = 512,
};

/* The same each time that a step of a round of the plan is tried, in whatever cycle: what a worker
 * can tell a service by that it has asked it for the same thing before. */
static uint64_t step_key(struct session *session)
{
	char round[32];
	int64_t number = 1;
	journal_plan_round(session->journal, session->plan_name, &number, NULL);
	snprintf(round, sizeof(round), "%lld", (long long)number);
	return text_hash(text_hash(text_hash(TEXT_HASH, session->plan_name), session->step.title),
			 round);
}

static bool is_plugin(const struct conf_step *step)
{
	return step->plugin.module || step->plugin.program;
}

/* What tells a worker where it is: NAME=VALUE in words, a NULL-ended list of them in list. */
static void where_it_is(struct session *session, const struct agent_step *agent,
			char words[NWORDS][WORD_SIZE], const char *list[NWORDS + 2])
{
	const struct gate_terms *terms = cycle_terms(session->cycle);
	snprintf(words[0], WORD_SIZE, "STEPGATE_CYCLE=%lld",
		 (long long)cycle_number(session->cycle));
	snprintf(words[1], WORD_SIZE, "STEPGATE_STEP=%d", session->step.number);
	snprintf(words[2], WORD_SIZE, "STEPGATE_STEP_TITLE=%s", session->step.title);
	snprintf(words[3], WORD_SIZE, "STEPGATE_BUDGET=%lld", (long long)terms->budget);
	snprintf(words[4], WORD_SIZE, "STEPGATE_LIMIT=%lld", (long long)gate_limit(terms));
	snprintf(words[5], WORD_SIZE, "STEPGATE_USED=%lld",
		 (long long)cycle_used(session->cycle).tokens);
	if (is_plugin(session->step.conf))
		snprintf(words[6], WORD_SIZE, "%s", plugin_descriptor);
	else
		snprintf(words[6], WORD_SIZE, "STEPGATE_USAGE_FD=%d", CHILD_USAGE_FD);
	snprintf(words[7], WORD_SIZE, "STEPGATE_STEP_KEY=%016llx",
		 (unsigned long long)step_key(session));
	for (int i = 0; i < NWORDS; i++)
		list[i] = words[i];
	list[NWORDS] = agent->setting;
	list[NWORDS + 1] = NULL;
}

static enum fsm_event how_it_ended(const struct child_result *result)
{
	switch (result->end) {
	case CHILD_EXITED:
		return result->exit_code == 0 ? FSM_EV_DONE : FSM_EV_FAILED;
	case CHILD_SIGNALED:
		return FSM_EV_CRASHED;
	case CHILD_TIMED_OUT:
	case CHILD_IDLE:
		return FSM_EV_TIMED_OUT;
	case CHILD_STOPPED:
		break;
	}
	return FSM_EV_STOPPED;
}

/* Unknown usage is settled as the config says; what it says nothing of stays unknown. */
static struct usage settle(struct session *session, struct usage own)
{
	struct usage largest = USAGE_UNKNOWN;
	if (own.known || session->conf->on_unknown == CONF_UNKNOWN_ERROR)
		return own;
	session->step.estimated = true;
	if (session->conf->on_unknown == CONF_UNKNOWN_ZERO)
		return USAGE_KNOWN(0);
	if (journal_largest_step(session->journal, session->plan_name, &largest, NULL) != 0 ||
	    !largest.known)
		session_warn(session,
			     "step %d: its usage is unknown, and no earlier step of the plan "
			     "has one to estimate it by",
			     session->step.number);
	return largest;
}

/* Once; what it holds is whole from then on. */
static void close_log(struct session *session, struct step_log *log)
{
	if (log->fd < 0)
		return;
	step_log_close(log);
	if (log->error)
		session_warn(session, "%s: the log is not whole: %s", log->path,
			     strerror(log->error));
	else if (log->left_out > 0)
		session_warn(session, "%s: %lld bytes in its middle are left out: max_output",
			     log->path, (long long)log->left_out);
}

/* The file with all that the worker printed, for a meter that asks for it; or NULL. */
static const char *whole_output(struct session *session, struct desk *desk)
{
	if (session->step.conf->meter != CONF_METER_PLUGIN)
		return NULL;
	close_log(session, &desk->log);
	return desk->log.error || desk->log.left_out > 0 ? NULL : desk->log.path;
}

/* A figure that is not exact is told as such, and so are two sources that differ: to who sits
 * there, in the status document and in the report. */
static void tell_doubts(struct session *session, const struct reading *reading)
{
	struct session_step *step = &session->step;
	if (reading->quality == QUALITY_ESTIMATED) {
		step->estimated = true;
		snprintf(step->doubt, sizeof(step->doubt), "%s", reading->why);
		session_warn(session, "step %d: its usage is an estimate: %s", step->number,
			     reading->why);
	}
	if (!reading->disagree)
		return;
	snprintf(step->doubt, sizeof(step->doubt),
		 "%s printed %lld tokens and wrote %lld: the larger counts", reading->agent,
		 (long long)reading->stdout_all.tokens, (long long)reading->files_all.tokens);
	session_warn(session, "step %d: %s", step->number, step->doubt);
}

/* What it used, and what it says of its end; how it ended after all. */
static enum fsm_event measure(struct session *session, struct desk *desk,
			      const struct child_result *result, enum fsm_event how)
{
	struct session_step *step = &session->step;
	struct reading reading;
	const struct meter_end end = {
		.exit_code = result->exit_code,
		.signal = result->signal,
		.asked = result->end != CHILD_EXITED && result->end != CHILD_SIGNALED,
		.output = whole_output(session, desk),
	};
	meter_end(desk->meter, &end, &reading);
	const struct usage own = beyond(session, reading_measure(&reading, session->conf->measure),
					reading.total.known);
	tell_doubts(session, &reading);
	if (!own.known) {
		session_warn(session, "step %d: unknown usage: %s", step->number, reading.why);
		if (!step->why[0])
			snprintf(step->why, sizeof(step->why), "unknown usage: %.480s",
				 reading.why);
	}
	step->own = settle(session, own);
	if (desk->over && result->end == CHILD_STOPPED) {
		spending_exhausted(session, usage_add(cycle_used(session->cycle), step->own));
		return FSM_EV_FAILED;
	}
	return step->conf->agent ? agent_step_ended(&desk->agent, session, &reading, how) : how;
}

static struct meter *start_meter(const struct session *session, const struct desk *desk,
				 char **environment, const struct host *host, struct err *err)
{
	const struct meter_start start = {
		.kind = session->step.conf->meter,
		.step = session->step.conf,
		.environment = (const char *const *)environment,
		.host = host,
		.session = desk->agent.session,
		.since_ms = clock_now() / 1000,
		.output = desk->log.path,
		.output_missing = &desk->log.rest,
	};
	return meter_new(&start, err);
}

/* The plugin that does the step, if one does. False when memory is short. */
static bool begin_plugin(struct session *session, struct desk *desk, const char *key)
{
	if (!is_plugin(session->step.conf))
		return true;
	desk->plugin = (struct plugin_step){
		.log = &desk->log, .progress = &desk->progress, .meter = desk->meter};
	return plugin_step_begin(&desk->plugin, session, key) == 0;
}

/* What reads its usage, and the plugin if one does the step. 0, or -1 with words in step.why. */
static int begin_reading(struct session *session, struct desk *desk, char **environment,
			 const struct host *host, const char *key)
{
	struct err err = {.code = ERR_INTERNAL, .text = "out of memory"};
	desk->meter = environment ? start_meter(session, desk, environment, host, &err) : NULL;
	if (desk->meter && begin_plugin(session, desk, key))
		return 0;
	snprintf(session->step.why, sizeof(session->step.why), "%.500s", err.text);
	return -1;
}

/* The worker has ended, and all that it wrote was read. */
static enum fsm_event hear_end(struct session *session, struct desk *desk,
			       const struct child_result *result)
{
	struct session_step *step = &session->step;
	enum fsm_event how = how_it_ended(result);
	if (result->notice[0])
		session_warn(session, "step %d: %s", step->number, result->notice);
	if (how != FSM_EV_DONE)
		child_words(result, step->why, sizeof(step->why));
	if (desk->plugin.protocol)
		how = plugin_step_end(&desk->plugin, how, step->why, sizeof(step->why));
	return measure(session, desk, result, how);
}

/* Runs the worker; how it ended. Whatever stands in its way is a crash of this step, with words. */
static enum fsm_event run_worker(struct session *session, struct desk *desk)
{
	const struct conf_step *conf = session->step.conf;
	char words[NWORDS][WORD_SIZE];
	const char *list[NWORDS + 2], *argv[PLUGIN_ARGV];
	struct child_result result;
	struct host host;
	struct err err = {.code = ERR_NONE};
	enum fsm_event how = FSM_EV_CRASHED;

	where_it_is(session, &desk->agent, words, list);
	host_init(&host);
	char **environment = child_environment(conf->environment, list);
	if (begin_reading(session, desk, environment, &host, strchr(words[7], '=') + 1) != 0) {
		meter_free(desk->meter);
		free(environment);
		return how;
	}
	const char *input = desk->plugin.call ? desk->plugin.call : desk->agent.input;
	const struct child_spec spec = {
		.argv = conf->plugin.module ? plugin_argv(&conf->plugin, argv)
					    : desk->agent.command,
		.environment = (const char *const *)environment,
		.cwd = conf->cwd,
		.stdin_path = conf->input,
		.stdin_bytes = input,
		.stdin_length = input ? strlen(input) : 0,
		.on_output = on_output,
		/* What an agent complains of must not come between its words. */
		.on_complaint = meter_reads_agent(conf->meter) ? on_complaint : NULL,
		.on_usage = on_usage,
		.on_start = on_start,
		.on_tick = on_tick,
		.tick_ms = TICK_MS,
		.context = desk,
		.timeout_ms = conf->timeout_ms,
		.idle_ms = conf->idle_timeout_ms,
		.grace_ms = conf->grace_ms,
		.stop_fd = stop_descriptor(),
		.end_now = &desk->over,
		.stop_hard = stop_hard(),
		.contained = true,
		.max_memory = conf->max_memory,
		.max_processes = conf->max_processes,
	};
	if (child_run(&spec, &result, &err) != 0) {
		snprintf(session->step.why, sizeof(session->step.why), "%.500s", err.text);
		session->step.own = USAGE_KNOWN(0); /* it never ran */
	} else {
		how = hear_end(session, desk, &result);
	}
	meter_free(desk->meter);
	free(environment);
	return how;
}

static enum fsm_event at_desk(struct session *session)
{
	struct desk desk = {.session = session, .log = {.fd = -1, .tail = -1}};
	struct session_step *step = &session->step;
	struct err err = {.code = ERR_NONE};
	enum fsm_event how = FSM_EV_CRASHED;
	char what[WORD_SIZE];

	snprintf(what, sizeof(what), "Step %d/%zu %s", step->number, plan_count(&session->plan),
		 step->title);
	progress_init(&desk.progress, session->progress, what, cycle_terms(session->cycle));
	if (step_log_open(&desk.log, session->folder, cycle_number(session->cycle), step->number,
			  step->attempt, step->conf->max_output, &err) != 0 ||
	    agent_step_init(&desk.agent, session, &err) != 0)
		snprintf(step->why, sizeof(step->why), "%.500s", err.text);
	else
		how = run_worker(session, &desk);
	agent_step_release(&desk.agent);
	progress_end(&desk.progress);
	close_log(session, &desk.log);
	plugin_step_release(&desk.plugin);
	return how;
}

static const char *agent_of(const struct session_step *step)
{
	return step->conf && step->conf->agent ? agent_name(step->conf->agent) : NULL;
}

static struct work *end_step(struct session *session, enum fsm_event how)
{
	home_mend(session);
	session->step.how = how;
	session->note = (struct journal_note){
		.own = session->step.own,
		.estimated = session->step.estimated,
		.why = session->step.why[0] ? session->step.why : NULL,
		.failure = session->step.failure[0] ? session->step.failure : NULL,
		.resets_at = session->step.resets_at,
		.agent = agent_of(&session->step),
		.session = session->step.agent_session[0] ? session->step.agent_session : NULL,
	};
	struct work *work = cycle_end_step(session->cycle, how, session->step.own);
	if (work)
		spending_warn(session, cycle_used(session->cycle));
	return work;
}

/* The document says what goes on before it goes on. */
static int announce(struct session *session)
{
	const struct session_step *step = &session->step;
	char next[WORD_SIZE];
	snprintf(next, sizeof(next), "Complete step %d of %zu, then check the budget", step->number,
		 plan_count(&session->plan));
	if (document_task(session->doc, step->title, next) != 0)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	return session_save_document(session);
}

/* A step is done only once its work would survive a power cut: the journal, which waits for the
 * disk, must not know of more than the disk has. */
static enum fsm_event keep_work(struct session *session, enum fsm_event how)
{
	if (how != FSM_EV_DONE)
		return how;
	session->step.synced = durable_sync(session->folder) == 0;
	if (session->step.synced)
		return how;
	snprintf(session->step.why, sizeof(session->step.why),
		 "its work can't be brought to the disk: %s", strerror(errno));
	return FSM_EV_FAILED;
}

struct work *work_step(struct session *session, struct gate_pass *pass)
{
	char line[WORD_SIZE];
	line_starting(line, sizeof(line), session->step.number, cycle_used(session->cycle),
		      cycle_terms(session->cycle)->budget);
	session->note = (struct journal_note){
		.title = session->step.title,
		.attempt = session->step.attempt,
		.message = line,
	};
	if (cycle_start_step(session->cycle, pass) != 0)
		return NULL;
	session_tell(session, true, line);
	session->step.own = USAGE_KNOWN(0);
	enum fsm_event how = FSM_EV_CRASHED;
	const bool announced = announce(session) == 0;
	if (announced && !session->full) {
		outbox_ready(session);
		how = at_desk(session);
	} else {
		/* Without a true document, or room to write what became of it, no worker starts;
		 * the step is recorded as it is. */
		if (announced)
			err_set(&session->err, ERR_SYSTEM, "the disk is full");
		snprintf(session->step.why, sizeof(session->step.why), "%.500s", session->err.text);
		session->err.code = ERR_NONE;
	}
	return end_step(session, keep_work(session, how));
}

/* What is known of the usage of a worker that died with us: the last figure it told; a plain
 * command that had told none is taken at its word, as one that ended by itself is. */
static struct usage last_known(const struct session_step *step)
{
	const bool plain =
		step->conf && step->conf->meter == CONF_METER_NONE && !step->conf->usage_required;
	return !step->own.known && plain ? USAGE_KNOWN(0) : step->own;
}

struct work *interrupted_step(struct session *session)
{
	struct session_step *step = &session->step;
	snprintf(step->why, sizeof(step->why), "stepgate was ended while the worker was at work");
	session_warn(session, "step %d of cycle %lld: %s", step->number,
		     (long long)cycle_number(session->cycle), step->why);
	/* It would be tried again beside itself. The cycle stays in STEP, for a later run. */
	if (session->leftover.pid && child_end_leftover(&session->leftover) != 0) {
		err_set(&session->err, ERR_REFUSED,
			"step %d: process %ld of it could not be ended: nothing is started beside "
			"it",
			step->number, (long)session->leftover.pid);
		return NULL;
	}
	step->own = settle(session, last_known(step));
	return end_step(session, FSM_EV_INTERRUPTED);
}
