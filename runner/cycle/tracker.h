/* What the commands for an agent that drives its own cycle have in common: the repository they are
 * in, its cycle, and the settings that hold where no config file is named. */
#ifndef RUNNER_CYCLE_TRACKER_H
#define RUNNER_CYCLE_TRACKER_H

#include "runner/cycle/session.h"
#include "runner/process/patience.h"

struct tracker {
	struct conf *loaded; /* from --config, or NULL */
	struct conf conf;    /* the same without steps, or the defaults */
	char folder[4096];
	struct session session;
};

/* The repository's folder: the nearest one above the current folder that holds .git; else the
 * current folder. 0, or -1 and *err. */
int tracker_folder(char *folder, size_t size, struct err *err);

/* The row of --wait, and what it fills, for each command that opens a tracker. */
extern int64_t tracker_wait_ms;
#define TRACKER_WAIT                                                                             \
	{                                                                                        \
		"--wait", ARG_PATIENCE, &tracker_wait_ms, 0, PATIENCE_MOST_MS, false, "[=TIME]", \
			"wait (for so long) while another cycle has the repository"              \
	}

/* Opens a session on it; `config` may be NULL. Takes up the open cycle where there is one
 * (tracker.session.cycle, else NULL). 0, or -1 and *err. tracker_close also after a failure; it
 * gives what session_close does. */
int tracker_open(struct tracker *tracker, const char *config, bool push, enum session_git need,
		 struct err *err);
int tracker_close(struct tracker *tracker, int code, struct err *err);

/* -1 and *err (ERR_REFUSED) with what to do instead, where `event` has no place in the state that
 * the cycle is in. `what` is what was asked for ("step done"). */
int tracker_allows(const struct tracker *tracker, enum fsm_event event, const char *what,
		   struct err *err);

#endif
