/* The user's wish to stop, as signals bring it, turned into figures and descriptors.
 *
 *   SIGUSR1                    no new step; the one under way goes on to its end
 *   SIGTERM, SIGINT, SIGHUP    no new step; the one under way is asked to end
 *   SIGTERM or SIGINT again    it is killed
 *
 * Whatever comes, what was done is committed and reported, and the cycle is closed.
 */
#ifndef RUNNER_PROCESS_STOP_H
#define RUNNER_PROCESS_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/err.h"

#define STOP_AFTER_STEP SIGUSR1
#define STOP_NOW        SIGTERM

/* Installs the handlers (once a process); before the repository's lock is taken, since whoever has
 * it is sent STOP_AFTER_STEP. A SIGHUP that is ignored (nohup) stays so. SIGPIPE is ignored from
 * here on: a closed stdout is an error, not a death. */
int stop_install(struct err *err);

/* Whether a stop of any kind was asked for. */
bool stop_asked(void);
/* A descriptor that becomes readable when the step under way is asked to end; -1 before
 * stop_install. Never read it. */
int stop_descriptor(void);
/* Nonzero since the second asking. */
const volatile sig_atomic_t *stop_hard(void);
/* Waits so long, on a clock that no one sets. True at once when a stop of any kind is asked for. */
bool stop_wait(int64_t ms);

#endif
