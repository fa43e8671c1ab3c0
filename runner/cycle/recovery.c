#include "runner/cycle/recovery.h"

#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"

/* The journal is written first: a document of an older cycle is one that was not begun. */
static int begin_document(struct session *session)
{
	struct document_view view;
	document_view(session->doc, &view);
	if (view.cycle >= cycle_number(session->cycle))
		return 0;
	if (session_begin_document(session, session->started_at) != 0)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	return session_save_document(session);
}

int recover_surroundings(struct session *session)
{
	if (begin_document(session) != 0)
		return -1;
	outbox_deliver(session);
	return 0;
}

int recover(struct session *session)
{
	const enum fsm_state state = cycle_state(session->cycle);
	session_warn(session, "cycle %lld was cut off: it goes on from %s",
		     (long long)cycle_number(session->cycle), fsm_state_name(state));
	if (recover_surroundings(session) != 0)
		return -1;
	if (state == FSM_CLOSED)
		return closing_words(session, session->closed_on);
	return run_cycle(session);
}
