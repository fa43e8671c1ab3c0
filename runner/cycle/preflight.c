#include "runner/cycle/preflight.h"

int preflight(struct session *session, struct err *err)
{
	struct git_view view;
	if (!session->git)
		return 0;
	if (git_view(session->git, &view, err) != 0)
		return -1;
	if (receipt_place(view.problem) == RECEIPT_REACHED)
		return 0;
	return err_set(err, ERR_CONFIG, "%s: nothing was started: %s%s%s", session->folder,
		       receipt_words(view.problem), view.why[0] ? ": " : "", view.why);
}
