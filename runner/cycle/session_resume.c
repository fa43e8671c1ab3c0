/* A cycle that its process did not live to finish, taken up from the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cycle/session.h"
#include "runner/cycle/session_settings.h"
#include "status/lines.h"

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
	step->resets_at = last->resets_at;
	snprintf(step->failure, sizeof(step->failure), "%s", last->failure ? last->failure : "");
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

static int take_up(struct session *session, struct journal_cycle *last, struct err *err)
{
	session->foreign = strcmp(last->plan, session->plan_name) != 0;
	session->foreign_plan = session->foreign ? strdup(last->plan) : NULL;
	if (session->foreign && !session->foreign_plan)
		return err_set(err, ERR_INTERNAL, "out of memory");
	session->foreign_agent = session->foreign && last->plan[0] == '\0';
	session->started_at = last->started_at;
	session->closed_on = last->closed_on;
	if (session->closed_on == FSM_EV_VETOED && last->reason)
		snprintf(session->veto, sizeof(session->veto), "%s", last->reason);
	if (!last->process || child_identity_read(last->process, &session->leftover) != 0)
		session->leftover.pid = 0;
	session->again = last->past.state == FSM_COMMIT || last->past.state == FSM_CLOSED;
	session->cycle = cycle_resume(&last->past, session_before_move, session, &session->proofs);
	if (!session->cycle)
		return err_set(err, ERR_DAMAGED,
			       "%s/%s: cycle %lld can't be taken up: what is recorded of it is no "
			       "state it can have been in",
			       session->folder, JOURNAL_PATH, (long long)last->past.number);
	if (take_up_step(session, last) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (session_settings_take_up(session, last, err) != 0)
		return -1;
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
