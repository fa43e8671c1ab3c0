/* What a commit says of itself, so that a history can be read without the journal. */
#ifndef RUNNER_CYCLE_TRAILERS_H
#define RUNNER_CYCLE_TRAILERS_H

#include <stdbool.h>

#include "runner/helper/trailer.h"

struct session;

enum {
	TRAILERS_PASSED =
		16, /* of those passed over, the newest; the others are in earlier commits */
	TRAILERS_MOST = 6 + TRAILERS_PASSED,
};

struct trailers {
	char text[TRAILERS_MOST][TRAILER_TEXT];
	const char *list[TRAILERS_MOST + 1]; /* points into text; ends with NULL */
};

/* Those of the session's cycle and, where `step`, of the step under way. They tell apart all that
 * is ever saved, so nothing in them may change when it is tried again. */
void trailers_fill(struct trailers *trailers, struct session *session, bool step);

/* The line that names a plan. */
void trailers_plan(const char *name, char out[TRAILER_TEXT]);

#endif
