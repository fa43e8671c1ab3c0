#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fsm/bug.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/session_settings.h"
#include "runner/cycle/step_log.h"
#include "runner/cycle/trailers.h"
#include "status/clock.h"
#include "status/lines.h"
#include "status/text.h"

enum {
	LINE = 600,
	LOG_MOST = 1 << 20, /* bytes of the log of a step that no worker of ours does */
};

/* Writes the step into the status document as `facts` have it. */
static int record(struct session *session, enum fsm_event how, const struct receipt_facts *facts)
{
	struct session_step *step = &session->step;
	step->ok = line_ok(how, facts);
	const char *why = NULL;
	if (!step->ok)
		why = step->why[0]    ? step->why
		      : facts->why[0] ? facts->why
				      : receipt_words(facts->result);
	const struct document_step row = {
		.step = step->number,
		.description = step->title,
		.completed_at = clock_now(),
		.ok = step->ok,
		.used = cycle_used(session->cycle),
		.estimated = step->estimated,
		.doubt = step->doubt[0] ? step->doubt : NULL,
		.action = line_action(how, facts),
		.commit = facts->commit[0] ? facts->commit : NULL,
		.why = why,
		.failure = step->failure[0] ? step->failure : NULL,
		.resets_at = step->resets_at,
		.passed = session_passes_over(session, how),
	};
	if (document_step(session->doc, &row) != 0 ||
	    document_task_completed(session->doc, step->title, step->ok) != 0)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	return session_save_document(session);
}

/* What becomes of the work if all goes well; the document that is committed says this. */
static struct receipt_facts hoped_for(const struct session *session, bool salvage, bool keep)
{
	const struct conf_repository *repository = &session->conf->repository;
	struct receipt_facts facts = {.result = RECEIPT_PUSHED};
	if (keep)
		facts.result = RECEIPT_KEPT;
	else if (salvage)
		facts.result = RECEIPT_SALVAGED;
	else if (!repository->commit)
		facts.result = RECEIPT_OFF;
	else if (!repository->push)
		facts.result = RECEIPT_COMMITTED;
	return facts;
}

/* What git and the hooks of the repository said belongs to the step, and goes where its worker's
 * words are. */
static void log_git(const struct session *session)
{
	static const char title[] = "\n[stepgate: git and its hooks:]\n";
	const struct session_step *step = &session->step;
	const char *text = git_log(session->git);
	struct step_log log;
	struct err err = {.code = ERR_NONE};
	if (!*text ||
	    step_log_open(&log, session->folder, cycle_number(session->cycle), step->number,
			  step->attempt, step->conf ? step->conf->max_output : LOG_MOST, &err) != 0)
		return;
	step_log_write(&log, title, sizeof(title) - 1);
	step_log_write(&log, text, strlen(text));
	step_log_close(&log);
}

static void save(struct session *session, bool salvage, struct receipt_facts *facts)
{
	char title[LINE], subject[LINE + 32], ref[96], aside[96];
	struct trailers trailers;
	text_clean(session->step.title, strlen(session->step.title), title, sizeof(title));
	snprintf(subject, sizeof(subject), "Step %d: %s", session->step.number, title);
	snprintf(ref, sizeof(ref), "refs/stepgate/salvage/%lld-%d",
		 (long long)cycle_number(session->cycle), session->step.number);
	snprintf(aside, sizeof(aside), "refs/heads/stepgate/%lld-%d",
		 (long long)cycle_number(session->cycle), session->step.number);
	trailers_fill(&trailers, session, true);
	const struct git_request request = {
		.subject = subject,
		.trailers = trailers.list,
		.scope = GIT_ALL,
		.again = session->again,
		.synced = session->step.synced,
		.salvage_ref = salvage ? ref : NULL,
		.aside = aside,
	};
	git_save(session->git, &request, facts);
	session->again = false;
	if (session_settings_record(session) != 0) { /* what was accepted is asked for again */
		session_warn(session, "%s", session->err.text);
		session->err.code = ERR_NONE;
	}
	log_git(session);
}

static int set_item(struct plan *plan, int at, bool done, struct err *err)
{
	return (done ? plan_tick : plan_untick)(plan, at, err);
}

static int tick_in(const struct conf *conf, const struct session *session, bool done,
		   struct err *err)
{
	struct plan plan;
	if (plan_init(&plan, conf, session->journal, session_cycle_plan(session), err) != 0)
		return -1;
	const int at = plan_find(&plan, session->step.title);
	const int failed = at >= 0 ? set_item(&plan, at, done, err) : 0;
	plan_release(&plan);
	return failed;
}

/* The checklist of another config, whose cycle this run brings to its end. */
static int tick_foreign(struct session *session, bool done, struct err *err)
{
	char path[PATH_MAX];
	struct conf *conf = NULL;
	const char *name = session_cycle_plan(session);
	snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : session->folder,
		 name[0] == '/' ? "" : "/", name);
	if (conf_load(path, &conf, err) != 0)
		return -1;
	int failed = 0;
	if (conf->checklist)
		failed = tick_in(conf, session, done, err);
	conf_free(conf);
	return failed;
}

/* The item of a checklist is ticked in the step's own commit. One that a worker ticked before it
 * failed is not done. */
static void tick(struct session *session, bool done)
{
	struct err err = {.code = ERR_NONE};
	const int at = session_plan_index(session);
	int failed = 0;
	if (at >= 0)
		failed = set_item(&session->plan, at, done, &err);
	else if (session->foreign && !session->foreign_agent)
		failed = tick_foreign(session, done, &err);
	if (failed && (done || at >= 0))
		session_warn(session, "step %d is not ticked: %s", session->step.number, err.text);
}

struct receipt *commit_work(struct session *session, struct work *work)
{
	const enum fsm_event how = work_how(work);
	const bool failed = how != FSM_EV_DONE;
	const enum conf_failure_work wanted = session->conf->on_failure_work;
	const bool commits = session->conf->repository.commit;
	/* There is no ref to keep it on where nothing is committed. */
	const bool salvage = failed && wanted == CONF_WORK_SALVAGE && commits;
	const bool keep = failed && !salvage && wanted != CONF_WORK_COMMIT;
	const struct receipt_facts hoped = hoped_for(session, salvage, keep);
	struct receipt_facts facts = hoped;

	tick(session, !failed);
	if (record(session, how, &hoped) != 0) {
		if (session->err.code == ERR_UNSYNCED)
			return NULL;
		/* The work is saved all the same; the document is behind, and said to be. */
		session_warn(session, "%s", session->err.text);
		session->err.code = ERR_NONE;
	}
	/* Without the helper nothing could be said of the work but what was hoped for. */
	BUG_ON(!session->git && commits && !keep);
	if (session->git && !keep)
		save(session, salvage, &facts);
	if (!failed && receipt_place(facts.result) == RECEIPT_NOT_COMMITTED)
		tick(session, false);
	const bool as_hoped = facts.result == hoped.result || facts.result == RECEIPT_BRANCHED;
	if ((!as_hoped || session->step.ok != line_ok(how, &facts)) &&
	    record(session, how, &facts) != 0) {
		if (session->err.code == ERR_UNSYNCED)
			return NULL;
		session_warn(session, "%s", session->err.text);
		session->err.code = ERR_NONE;
	}
	session->note = (struct journal_note){.at = 0};
	return cycle_save(session->cycle, work, &facts);
}
