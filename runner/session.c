#include "runner/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/preflight.h"
#include "runner/rebuild.h"
#include "runner/reserve.h"
#include "status/clock.h"
#include "status/file.h"
#include "status/lines.h"
#include "status/settings.h"

void session_say(const char *line)
{
	printf("%s\n", line);
	fflush(stdout);
}

void session_tell(const struct session *session, bool good, const char *line)
{
	if (!good || !session->quiet)
		session_say(line);
}

void session_warn(struct session *session, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "stepgate: %s\n", text);
	if (session->journal)
		journal_message(session->journal, session->cycle ? cycle_number(session->cycle) : 0,
				"warning", text, clock_now(), NULL);
}

static void tell_notice(struct session *session, char *notice)
{
	if (notice)
		session_warn(session, "%s", notice);
	free(notice);
}

int session_open_git(struct session *session, struct err *err)
{
	const struct conf_repository *repository = &session->conf->repository;
	if (session->git || !repository->commit)
		return 0;
	return git_new(repository, &session->git, err);
}

bool session_is_agents(const struct session *session)
{
	return session->plan_name[0] == '\0';
}

static int open_git(struct session *session, enum session_git need, struct err *err)
{
	if (need == SESSION_NO_GIT)
		return 0;
	if (session_open_git(session, err) != 0)
		return -1;
	return need == SESSION_GIT_READY ? preflight(session, err) : 0;
}

int session_open(struct session *session, const struct conf *conf, enum session_git need,
		 struct err *err)
{
	char *notice = NULL;
	*session = (struct session){
		.conf = conf,
		.folder = conf->repository.path,
		.lock = {.fd = -1},
		.progress = isatty(STDERR_FILENO) == 1,
	};
	session->plan_name = conf->nsteps || conf->checklist ? plan_name(conf) : strdup("");
	if (!session->plan_name)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (open_git(session, need, err) != 0)
		return -1;
	if (file_make_home(session->folder, err) != 0 ||
	    lock_take(&session->lock, session->folder, conf->path, err) != 0 ||
	    reserve_make(session->folder, err) != 0 ||
	    journal_open(session->folder, &session->journal, &notice, err) != 0)
		return -1;
	const bool lost = notice != NULL;
	tell_notice(session, notice);
	notice = NULL;
	if (document_load(session->folder, &session->doc, &notice, err) != 0)
		return -1;
	tell_notice(session, notice);
	if (lost && rebuild_journal(session, err) != 0)
		return -1;
	return plan_init(&session->plan, conf, session->journal, session->plan_name, err);
}

void session_close(struct session *session)
{
	cycle_free(session->cycle);
	git_free(session->git);
	plan_release(&session->plan);
	document_free(session->doc);
	journal_close(session->journal);
	lock_release(&session->lock);
	free(session->step.title);
	free(session->plan_name);
}

int session_terms(const struct conf *conf, int64_t budget, int threshold, bool mend,
		  struct gate_terms *terms, struct err *err)
{
	struct settings saved;
	char *notice = NULL;
	if (settings_load(conf->repository.path, mend, &saved, &notice, err) != 0)
		return -1;
	if (notice)
		fprintf(stderr, "stepgate: %s\n", notice);
	free(notice);
	const int64_t budgets[] = {budget, conf->budget, saved.budget, GATE_BUDGET_DEFAULT};
	const int thresholds[] = {threshold, conf->threshold, saved.threshold,
				  GATE_THRESHOLD_DEFAULT};
	int b = 0, t = 0;
	while (budgets[b] == 0)
		b++;
	while (thresholds[t] == 0)
		t++;
	*terms = (struct gate_terms){.budget = budgets[b], .threshold = thresholds[t]};
	return 0;
}

/* True where there is room again, once: the cycle is going to close. */
static bool make_room(struct session *session)
{
	if (!reserve_use(session->folder))
		return false;
	session->full = true;
	session->err.code = ERR_NONE;
	session_warn(session, "%s: the disk is full: the cycle closes after this step",
		     session->folder);
	return true;
}

int session_save_document(struct session *session)
{
	int failed = document_save(session->doc, session->folder, &session->err);
	if (failed && make_room(session))
		failed = document_save(session->doc, session->folder, &session->err);
	return failed;
}

static int write_journal(void *context, const struct cycle_move *move)
{
	struct session *session = context;
	session->note.at = clock_now();
	int failed = journal_move(session->journal, move, &session->note, &session->err);
	if (failed && make_room(session))
		failed = journal_move(session->journal, move, &session->note, &session->err);
	session->note = (struct journal_note){.at = 0};
	return failed;
}

/* One more than the newest number known: a journal that was lost must not make one come twice. */
static int next_number(struct session *session, int64_t *number, struct err *err)
{
	struct journal_cycle last;
	struct document_view view;
	const int found = journal_last_cycle(session->journal, &last, err);
	if (found < 0)
		return -1;
	document_view(session->doc, &view);
	*number = view.cycle > session->newest_known ? view.cycle : session->newest_known;
	if (found) {
		if (last.past.number > *number)
			*number = last.past.number;
		journal_cycle_release(&last);
	}
	if (*number == INT64_MAX)
		return err_set(err, ERR_DAMAGED, "the cycle number can't be raised any more");
	++*number;
	return 0;
}

int session_new_cycle(struct session *session, const struct gate_terms *terms, struct err *err)
{
	int64_t number;
	if (next_number(session, &number, err) != 0)
		return -1;
	struct cycle *cycle = cycle_new(number, terms, write_journal, session);
	if (!cycle)
		return err_set(err, ERR_INTERNAL, "out of memory");
	cycle_free(session->cycle);
	session->cycle = cycle;
	session->proofs = (struct cycle_proofs){.work = NULL};
	session->step.attempt = 0;
	lock_describe(&session->lock, number);
	return 0;
}

int session_set_step(struct session *session, int number, const char *title,
		     const struct conf_step *conf)
{
	struct session_step *step = &session->step;
	const bool again = step->title && step->number == number && strcmp(step->title, title) == 0;
	char *copy = strdup(title);
	if (!copy)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	free(step->title);
	*step = (struct session_step){
		.number = number,
		.title = copy,
		.conf = conf,
		.attempt = again ? step->attempt + 1 : 1,
	};
	return 0;
}

/* The step that the journal left under way. */
static int take_up_step(struct session *session, const struct journal_cycle *last)
{
	struct session_step *step = &session->step;
	if (!last->step_title || last->past.step < 1)
		return 0;
	const int at = session->foreign ? -1 : plan_find(&session->plan, last->step_title);
	if (session_set_step(session, last->past.step, last->step_title,
			     at >= 0 ? plan_conf(&session->plan, at, last->past.number) : NULL) !=
	    0)
		return -1;
	step->attempt = last->step_attempt;
	step->estimated = last->step_estimated;
	step->how = last->past.how;
	step->own = last->own;
	step->ok =
		last->past.state == FSM_POSTCHECK && line_ok(last->past.how, &last->past.receipt);
	return 0;
}

static struct usage larger(struct usage a, struct usage b)
{
	if (!a.known || !b.known)
		return USAGE_UNKNOWN;
	return a.tokens > b.tokens ? a : b;
}

static bool is_unfinished(const struct journal_cycle *cycle)
{
	return cycle->past.state != FSM_CLOSED || !cycle->finished;
}

bool session_unfinished(struct session *session)
{
	struct journal_cycle last;
	if (journal_last_cycle(session->journal, &last, NULL) <= 0)
		return false;
	const bool unfinished = is_unfinished(&last);
	journal_cycle_release(&last);
	return unfinished;
}

static int take_up(struct session *session, struct journal_cycle *last, struct err *err)
{
	session->foreign = strcmp(last->plan, session->plan_name) != 0;
	session->foreign_agent = session->foreign && last->plan[0] == '\0';
	session->started_at = last->started_at;
	session->closed_on = last->closed_on;
	if (!last->process || child_identity_read(last->process, &session->leftover) != 0)
		session->leftover.pid = 0;
	session->again = last->past.state == FSM_COMMIT || last->past.state == FSM_CLOSED;
	session->cycle = cycle_resume(&last->past, write_journal, session, &session->proofs);
	if (!session->cycle)
		return err_set(err, ERR_DAMAGED,
			       "%s/%s: cycle %lld can't be taken up: what is recorded of it is no "
			       "state it can have been in",
			       session->folder, JOURNAL_PATH, (long long)last->past.number);
	if (take_up_step(session, last) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	lock_describe(&session->lock, last->past.number);
	return 1;
}

int session_resume(struct session *session, session_told *told, struct err *err)
{
	struct journal_cycle last;
	const int found = journal_last_cycle(session->journal, &last, err);
	if (found <= 0)
		return found;
	if (told)
		last.past.used = larger(last.past.used, told(session, last.past.number));
	const int resumed = is_unfinished(&last) ? take_up(session, &last, err) : 0;
	journal_cycle_release(&last);
	return resumed;
}
