/* The user's wish to stop: SIGINT and SIGTERM, turned into a descriptor and two figures. */
#ifndef RUNNER_STOP_H
#define RUNNER_STOP_H

#include <signal.h>
#include <stdbool.h>

#include "conf/err.h"

/* Installs the handlers (once a process). The first signal asks the step under way to end; the
 * second has it killed. SIGPIPE is ignored from here on: a closed stdout is an error, not a death.
 */
int stop_install(struct err *err);

bool stop_asked(void);
/* A descriptor that becomes readable with the first signal; -1 before stop_install. Never read it.
 */
int stop_descriptor(void);
/* Nonzero since the second signal. */
const volatile sig_atomic_t *stop_hard(void);

#endif
