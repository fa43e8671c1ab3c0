/* What a commit says of itself, so that a history can be read without the journal. */
#ifndef RUNNER_TRAILERS_H
#define RUNNER_TRAILERS_H

#include <stdbool.h>

#define TRAILER_CYCLE   "Stepgate-Cycle"
#define TRAILER_STEP    "Stepgate-Step"
#define TRAILER_ATTEMPT "Stepgate-Attempt" /* from the second one on */
#define TRAILER_PLAN    "Stepgate-Plan"    /* as plan_name has it, cleaned; an agent's has none */
#define TRAILER_ROUND   "Stepgate-Round"   /* of the plan, from the second one on */
#define TRAILER_STATUS  "Stepgate-Status"  /* "NOK" where the worker did not succeed */
/* "Step N: TITLE" of a step that the cycle passed over before (on_failure = "skip"): of such a one
 * there may be no commit, and a history is to tell that it is dealt with. Not part of what tells
 * commits apart. */
#define TRAILER_PASSED "Stepgate-Passed"

#define TRAILER_TEXT 1200 /* of one, name and all; a longer plan's name is cut */

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
