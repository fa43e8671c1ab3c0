/* The next start mends what the last one did not live to finish. */
#ifndef RUNNER_CYCLE_RECOVERY_H
#define RUNNER_CYCLE_RECOVERY_H

#include "runner/cycle/session.h"

/*
 * Goes on with the cycle that session_resume took up, to CLOSED, from the state that its process
 * died in:
 *
 * - PRECHECK: the document is begun where it was not; the gate is asked.
 * - STEP: what is left of the worker is ended; the step is INTERRUPTED, with the usage last seen,
 *   and goes through COMMIT like any other that did not succeed.
 * - COMMIT: the commit is found by its trailers, or made; the push is verified, or made.
 * - REPORT: the report is put on disk, and told.
 * - POSTCHECK: the budget is checked.
 * - CLOSED: the closing words are written, committed and told again.
 *
 * Reports that were on disk and not delivered are delivered. A death in here is mended by the next
 * one. 0, or -1 with session->err.
 */
int recover(struct session *session);

/* The part of it that comes before the machine goes on: for an agent's cycle, which only its own
 * verbs drive. 0, or -1 with session->err. */
int recover_surroundings(struct session *session);

#endif
