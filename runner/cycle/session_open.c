/* A session's beginning and end: what is taken, opened and mended before anything is done, in which
 * order, and what a cycle of it may use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cycle/outbox.h"
#include "runner/cycle/plugin.h"
#include "runner/cycle/preflight.h"
#include "runner/cycle/rebuild.h"
#include "runner/cycle/reserve.h"
#include "runner/cycle/session.h"
#include "runner/process/environment.h"
#include "status/file.h"
#include "status/settings.h"

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
	if (git_new(repository, &session->git, err) != 0)
		return -1;
	if (session->settings)
		git_expect(session->git, session->settings);
	return 0;
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
	if (environment_apply(conf, err) != 0 || open_git(session, need, err) != 0)
		return -1;
	if (need == SESSION_GIT_READY && plugins_check(conf, err) != 0)
		return -1;
	if (file_make_home(session->folder, err) != 0 ||
	    lock_take(&session->lock, session->folder, conf->path, err) != 0 ||
	    reserve_make(session->folder, err) != 0 ||
	    journal_open(session->folder, &session->journal, &notice, err) != 0)
		return -1;
	tell_notice(session, notice);
	notice = NULL;
	if (document_load(session->folder, &session->doc, &notice, err) != 0)
		return -1;
	tell_notice(session, notice);
	const int lost = rebuild_is_due(session->journal, err);
	if (lost < 0 || (lost > 0 && rebuild_journal(session, err) != 0))
		return -1;
	return plan_init(&session->plan, conf, session->journal, session->plan_name, err);
}

int session_close(struct session *session, int code, struct err *err)
{
	outbox_forget(session);
	outbox_finish(session);
	cycle_free(session->cycle);
	git_free(session->git);
	plan_release(&session->plan);
	document_free(session->doc);
	if (session->journal && journal_empty_log(session->journal, code < 0 ? NULL : err) != 0)
		code = -1;
	journal_close(session->journal);
	lock_release(&session->lock);
	free(session->step.title);
	free(session->foreign_plan);
	free(session->plan_name);
	free(session->settings);
	return code;
}

int session_terms(const struct conf *conf, int64_t budget, int threshold, bool mend,
		  struct gate_terms *terms, struct err *err)
{
	struct settings saved;
	char *notice = NULL;
	if (settings_load(conf->repository.path, mend, &saved, &notice, err) != 0)
		return -1;
	if (notice)
		session_talk(notice);
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
