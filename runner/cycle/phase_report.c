#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"
#include "status/clock.h"
#include "status/lines.h"

enum {
	LINE = 600,
};

/* Whether the step is not to be run again: its worker succeeded and a commit holds what it did, or
 * the config passes over failures. A push that failed is made up for by the next one. */
static bool dealt_with(const struct session *session, enum fsm_event how,
		       const struct receipt_facts *facts)
{
	const enum receipt_place place = receipt_place(facts->result);
	if (how == FSM_EV_DONE)
		return place == RECEIPT_REACHED || place == RECEIPT_NOT_PUSHED;
	return session_passes_over(session, how);
}

struct told *report_step(struct session *session, struct receipt *receipt)
{
	const struct receipt_facts *facts = receipt_facts(receipt);
	const enum fsm_event how = receipt_how(receipt);
	const char *action = line_action(how, facts);
	struct session_step *step = &session->step;
	char line[LINE];

	step->ok = line_ok(how, facts);
	const bool dealt = dealt_with(session, how, facts);
	line_completed(line, sizeof(line), step->number, cycle_used(session->cycle),
		       cycle_terms(session->cycle)->budget, step->ok, action);
	session->note = (struct journal_note){
		.ok = step->ok,
		.action = action,
		.dealt_with = dealt,
		.message = line,
	};
	struct report report = {
		.on = CONF_ON_STEP | (step->ok ? 0U : (unsigned)CONF_ON_NOK),
		.step = step->number,
		.step_title = step->title,
		.text = line,
		.ok = step->ok,
		.action = action,
		.commit = facts->commit[0] ? facts->commit : NULL,
		.way = facts->way ? receipt_way_name(facts->way) : NULL,
		.pushed_by = facts->pushed_by[0] ? facts->pushed_by : NULL,
		.held = facts->held[0] ? facts->held : NULL,
		.failure = step->failure[0] ? step->failure : NULL,
		.doubt = step->doubt[0] ? step->doubt : NULL,
		.resets_at = step->resets_at,
	};
	if (outbox_fill(session, &report) != 0)
		return NULL;

	struct told *told = cycle_tell(session->cycle, receipt);
	if (!told)
		return NULL;
	session_tell(session, step->ok, line);
	if (facts->held[0])
		session_warn(session, "step %d: not committed, as likely secrets: %s", step->number,
			     facts->held);
	if (!step->ok && facts->why[0])
		session_warn(session, "step %d: %s: %s", step->number, receipt_words(facts->result),
			     facts->why);
	else if (facts->why[0]) /* what was mended on the way, or allowed */
		session_warn(session, "step %d: %s", step->number, facts->why);
	else if (!step->ok && step->why[0])
		session_warn(session, "step %d: %s", step->number, step->why);
	outbox_deliver(session);
	const int at = session_plan_index(session);
	if (dealt && at >= 0)
		plan_mark(&session->plan, at);
	return told;
}
