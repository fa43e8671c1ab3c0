#include "runner/phases.h"
#include "runner/stop.h"

struct gate_pass *precheck(struct session *session)
{
	const int next = plan_next(&session->plan);
	enum gate_answer answer;
	struct gate_pass *pass;

	if (session->foreign || next < 0 || stop_asked()) {
		close_cycle(session, session->foreign ? FSM_EV_ERROR
				     : next < 0       ? FSM_EV_COMPLETED
						      : FSM_EV_USER);
		return NULL;
	}
	pass = cycle_pass_gate(session->cycle, next + 1, &answer);
	if (!pass) {
		close_cycle(session, answer == GATE_SHUT ? FSM_EV_THRESHOLD : FSM_EV_ERROR);
		return NULL;
	}
	const struct conf_step *step = &session->conf->steps[next];
	return session_set_step(session, next + 1, step->title, step) == 0 ? pass : NULL;
}
