#include "runner/cycle/phases.h"
#include "runner/process/stop.h"

/* May the cycle go on after a step that went wrong? Not where its work is not where it must be;
 * else as the config says. An agent that drives itself was told, and decides; a death of ours is no
 * failure of the worker. */
static bool goes_on(const struct session *session)
{
	const struct session_step *step = &session->step;
	if (step->how == FSM_EV_DONE)
		return false;
	if (!step->conf || step->how == FSM_EV_INTERRUPTED)
		return true;
	if (step->conf->on_failure == CONF_FAILURE_RETRY)
		return step->attempt < step->conf->attempts;
	return step->conf->on_failure == CONF_FAILURE_SKIP;
}

static enum fsm_event wish(struct session *session)
{
	/* Another try before the limit ends would fail as this one did. */
	const bool bad = !reread_plan(session) || session->foreign ||
			 session_limited(session, NULL) || !cycle_used(session->cycle).known ||
			 (!session->step.ok && !goes_on(session));
	if (!bad && plan_is(&session->plan) && plan_next(&session->plan) < 0)
		return FSM_EV_COMPLETED;
	if (stop_asked())
		return FSM_EV_USER;
	return bad ? FSM_EV_ERROR : FSM_EV_AGAIN;
}

int postcheck(struct session *session, struct told *told)
{
	const enum fsm_event wanted = wish(session);
	enum fsm_event event = wanted;
	/* The machine grants AGAIN only through an open gate; the note must say what will happen.
	 */
	if (wanted == FSM_EV_AGAIN &&
	    gate_ask(cycle_terms(session->cycle), cycle_used(session->cycle)) != GATE_OPEN)
		event = FSM_EV_THRESHOLD;
	if (event != FSM_EV_AGAIN && closing_note(session, event) != 0)
		return -1;
	if (cycle_check(session->cycle, told, event) < 0)
		return -1;
	return event == FSM_EV_AGAIN ? 0 : closing_words(session, event);
}
