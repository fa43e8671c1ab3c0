#include "runner/cycle/home.h"

#include "status/file.h"

static void tell(struct session *session, int mended, const char *what, const struct err *err)
{
	const int step = session->step.number;
	if (mended > 0)
		session_warn(session, "step %d: %s was taken away while it ran: it is put back",
			     step, what);
	else if (mended < 0)
		session_warn(session,
			     "step %d: %s was taken away while it ran, and can't be put back: %s",
			     step, what, err->text);
}

static void mend_lock(struct session *session)
{
	struct err err = {.code = ERR_NONE};
	struct lock_holder holder;
	char words[512];
	const int mended = lock_take_back(&session->lock, session->folder,
					  (long long)cycle_number(session->cycle), &err);
	session->ousted = mended < 0 && err.code == ERR_BUSY;
	if (!session->ousted) {
		tell(session, mended, LOCK_PATH, &err);
		return;
	}
	lock_look(session->folder, &holder);
	session_warn(session,
		     "step %d: %s was taken away while it ran, and another cycle has the "
		     "repository now: %s: this one closes",
		     session->step.number, LOCK_PATH, lock_words(&holder, words, sizeof(words)));
}

void home_mend(struct session *session)
{
	struct err err = {.code = ERR_NONE};
	if (file_make_home(session->folder, &err) != 0) {
		session_warn(session, "step %d: %s", session->step.number, err.text);
		return;
	}
	mend_lock(session);
	/* The other run's journal stands there. */
	if (session->ousted)
		return;
	tell(session, journal_put_back(session->journal, &err), JOURNAL_PATH, &err);
}
