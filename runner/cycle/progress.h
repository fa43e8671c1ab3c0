/* What goes on, for someone who watches: the worker's lines as they come, and below them one line
 * with the step, the time, the usage against the limit, and the last line. For a terminal only. */
#ifndef RUNNER_CYCLE_PROGRESS_H
#define RUNNER_CYCLE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/gate.h"

struct progress {
	bool shown;       /* false: all calls do nothing */
	bool drawn;       /* the status line stands on the screen */
	const char *what; /* "Step 3/6 Run the tests"; borrowed */
	const struct gate_terms *terms;
	struct usage used; /* as last drawn */
	int64_t started;   /* monotonic ms */
	char line[4096];   /* the worker's line so far */
	size_t length;
	char last[512]; /* the last whole line, cleaned */
};

void progress_init(struct progress *progress, bool shown, const char *what,
		   const struct gate_terms *terms);
/* Bytes of the worker: whole lines are cleaned and shown. */
void progress_bytes(struct progress *progress, const char *bytes, size_t length);
/* Draws the status line anew. */
void progress_draw(struct progress *progress, struct usage used);
/* Shows what is left and takes the status line away. */
void progress_end(struct progress *progress);

#endif
