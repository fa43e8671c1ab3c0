/* The names of the trailers by which a commit is known. */
#ifndef RUNNER_HELPER_TRAILER_H
#define RUNNER_HELPER_TRAILER_H

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

#endif
