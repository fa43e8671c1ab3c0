#include "runner/cycle/gates.h"
#include "runner/cycle/phases.h"
#include "runner/process/stop.h"
#include "status/clock.h"

#define BACKOFF_MOST_MS 600000

bool reread_plan(struct session *session)
{
	struct err err = {.code = ERR_NONE};
	if (plan_refresh(&session->plan, &err) == 0 &&
	    plan_remember(&session->plan, session->journal, session->plan_name, &err) == 0)
		return true;
	session_warn(session, "%s", err.text);
	return false;
}

enum {
	NOTHING = -1, /* is left to do */
	LOST = -2,    /* the plan can't be read */
};

/* The step that is to be done next: one that failed and is to be tried again goes first. */
static int choose(struct session *session)
{
	const struct session_step *last = &session->step;
	if (!reread_plan(session))
		return LOST;
	const int again = last->attempt ? session_plan_index(session) : -1;
	if (again >= 0 && !session->plan.steps[again].dealt_with &&
	    !session->plan.steps[again].gone)
		return again;
	return plan_next(&session->plan);
}

/* Before a step that failed is tried again: its first backoff, then twice as long each time. Ends
 * at once when a stop is asked for. */
static void wait_for_retry(struct session *session)
{
	const struct session_step *last = &session->step;
	char span[CLOCK_TEXT];
	if (!last->conf)
		return;
	const int64_t wait = clock_backoff(last->conf->backoff_ms, BACKOFF_MOST_MS, last->attempt);
	if (wait == 0)
		return;
	session_warn(session, "step %d: attempt %d of %d in %s", last->number, last->attempt + 1,
		     last->conf->attempts, clock_span(wait, span));
	stop_wait(wait);
}

/* Whether the step is the one that failed just now (a death of ours is no failure of its). */
static bool is_again(const struct session *session, int next)
{
	return next >= 0 && session->step.attempt > 0 && session->step.how != FSM_EV_INTERRUPTED &&
	       session_plan_index(session) == next;
}

/* The event that closes the cycle before another step. */
static enum fsm_event ending(const struct session *session, int next)
{
	if (session->foreign || session->full || session->ousted || next == LOST)
		return FSM_EV_ERROR;
	return next == NOTHING ? FSM_EV_COMPLETED : FSM_EV_USER;
}

/* Makes it the step under way. One that is done anew in the same cycle, since its item was
 * unticked, is another attempt. 0, or -1 with session->err. */
static int take_up(struct session *session, int next)
{
	const int64_t cycle = cycle_number(session->cycle);
	const int number = session->plan.steps[next].number;
	const struct conf_step *step = plan_conf(&session->plan, next, cycle);
	int attempts = 0;
	if (!step)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	if (session_set_step(session, number, step->title, step) != 0 ||
	    journal_attempts(session->journal, cycle, number, &attempts, &session->err) != 0)
		return -1;
	if (session->step.attempt <= attempts)
		session->step.attempt = attempts + 1;
	return 0;
}

struct gate_pass *precheck(struct session *session)
{
	const int next = session->foreign ? NOTHING : choose(session);
	enum gate_answer answer;
	struct gate_pass *pass;

	if (is_again(session, next))
		wait_for_retry(session);
	if (next < 0 || session->full || session->ousted || stop_asked()) {
		close_cycle(session, ending(session, next));
		return NULL;
	}
	pass = cycle_pass_gate(session->cycle, session->plan.steps[next].number, &answer);
	if (!pass) {
		close_cycle(session, answer == GATE_SHUT ? FSM_EV_THRESHOLD : FSM_EV_ERROR);
		return NULL;
	}
	const enum fsm_event asked = gates_ask(session, session->plan.steps[next].number,
					       session->plan.steps[next].title);
	if (asked != FSM_EV_PASS) {
		close_cycle(session, asked);
		return NULL;
	}
	return take_up(session, next) == 0 ? pass : NULL;
}
