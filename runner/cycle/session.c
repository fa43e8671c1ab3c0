#include "runner/cycle/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cycle/reserve.h"
#include "status/clock.h"
#include "status/text.h"

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

void session_talk(const char *text)
{
	char clean[1024];
	fprintf(stderr, "stepgate: %s\n", text_clean(text, strlen(text), clean, sizeof(clean)));
}

void session_warn(struct session *session, const char *format, ...)
{
	char raw[1024], text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_clean(raw, strlen(raw), text, sizeof(text));
	session_talk(text);
	if (session->journal)
		journal_message(session->journal, session->cycle ? cycle_number(session->cycle) : 0,
				"warning", text, clock_now(), NULL);
}

bool session_is_agents(const struct session *session)
{
	return session->plan_name[0] == '\0';
}

const char *session_cycle_plan(const struct session *session)
{
	return session->foreign_plan ? session->foreign_plan : session->plan_name;
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

int session_begin_document(struct session *session, int64_t started_at)
{
	const char *plan = session_cycle_plan(session);
	if (document_begin(session->doc, cycle_number(session->cycle), started_at,
			   cycle_terms(session->cycle)) != 0)
		return -1;
	return plan[0] ? document_plan(session->doc, plan) : 0;
}

int session_save_document(struct session *session)
{
	int failed = document_save(session->doc, session->folder, &session->err);
	if (failed && session->err.code != ERR_UNSYNCED && make_room(session))
		failed = document_save(session->doc, session->folder, &session->err);
	return failed;
}

int session_before_move(void *context, const struct cycle_move *move)
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
	struct cycle *cycle = cycle_new(number, terms, session_before_move, session);
	if (!cycle)
		return err_set(err, ERR_INTERNAL, "out of memory");
	cycle_free(session->cycle);
	free(session->foreign_plan);
	session->foreign_plan = NULL;
	session->cycle = cycle;
	session->proofs = (struct cycle_proofs){.work = NULL};
	session->step.attempt = 0;
	session->step.failure[0] = '\0';
	session->unsaved_close = false;
	session->warned = false;
	lock_describe(&session->lock, number);
	return 0;
}

bool session_limited(const struct session *session, int64_t *resets_at)
{
	const bool limited = strcmp(session->step.failure, ended_name(ENDED_USAGE_LIMIT)) == 0;
	if (resets_at)
		*resets_at = limited ? session->step.resets_at : 0;
	return limited;
}

bool session_passes_over(const struct session *session, enum fsm_event how)
{
	const struct conf_step *conf = session->step.conf;
	return how != FSM_EV_DONE && how != FSM_EV_STOPPED && how != FSM_EV_INTERRUPTED && conf &&
	       conf->on_failure == CONF_FAILURE_SKIP;
}

int session_plan_index(const struct session *session)
{
	if (session->foreign || !session->step.title)
		return -1;
	return plan_find(&session->plan, session->step.title);
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
