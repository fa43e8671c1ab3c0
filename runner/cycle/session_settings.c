#include "runner/cycle/session_settings.h"

#include <stdlib.h>
#include <string.h>

int session_settings_record(struct session *session)
{
	char now[GIT_SETTINGS];
	if (!session->git || !session->cycle)
		return 0;
	git_settings(session->git, now);
	if (!now[0] || (session->settings && strcmp(session->settings, now) == 0))
		return 0;
	char *kept = strdup(now);
	if (!kept)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	free(session->settings);
	session->settings = kept;
	return journal_repository(session->journal, cycle_number(session->cycle), now,
				  &session->err);
}

static bool counts(const struct journal_cycle *last)
{
	const enum fsm_state state = last->past.state;
	return state == FSM_STEP || state == FSM_COMMIT || (!*last->plan && state != FSM_CLOSED);
}

int session_settings_take_up(struct session *session, const struct journal_cycle *last,
			     struct err *err)
{
	free(session->settings);
	session->settings = NULL;
	if (last->past.state != FSM_CLOSED && !counts(last)) {
		const int failed = session_settings_record(session);
		if (failed)
			*err = session->err;
		return failed;
	}
	if (!last->repository || !counts(last))
		return 0;
	session->settings = strdup(last->repository);
	if (!session->settings)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (session->git)
		git_expect(session->git, session->settings);
	return 0;
}
