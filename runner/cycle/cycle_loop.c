/* The main job, on one screen: the table says which state it is, the phase says what is done there.
 */
#include "runner/cycle/phases.h"

int run_cycle(struct session *session)
{
	struct gate_pass *pass;
	struct work *work = session->proofs.work;
	struct receipt *receipt = session->proofs.receipt;
	struct told *told = session->proofs.told;

	while (cycle_state(session->cycle) != FSM_CLOSED && session->err.code == ERR_NONE) {
		switch (cycle_state(session->cycle)) {
		case FSM_PRECHECK:
			if (session_is_agents(session))
				return 0; /* its own verbs ask the gate */
			pass = precheck(session);
			if (pass)
				work = work_step(session, pass);
			break;
		case FSM_STEP:
			work = interrupted_step(session);
			break;
		case FSM_COMMIT:
			receipt = commit_work(session, work);
			break;
		case FSM_REPORT:
			told = report_step(session, receipt);
			break;
		case FSM_POSTCHECK:
			postcheck(session, told);
			break;
		case FSM_IDLE:
		case FSM_CLOSED:
		case FSM_NSTATES:
			return 0;
		}
	}
	return session->err.code == ERR_NONE ? 0 : -1;
}
