/* A command that is a program of its own, so that who does not use it has nothing of it in memory.
 */
#ifndef RUNNER_PROCESS_BECOME_H
#define RUNNER_PROCESS_BECOME_H

#include "conf/err.h"

/* Becomes the program argv[0], which is installed together with this one; `argv` ends with NULL.
 * `what` names it in the error. -1 and *err where that failed. */
int become_program(const char *const *argv, const char *what, struct err *err);

#endif
