/* The other programs of stepgate, which are installed together with this one. */
#ifndef RUNNER_PROCESS_BESIDE_H
#define RUNNER_PROCESS_BESIDE_H

#include <stddef.h>

#include "conf/err.h"

/* The path of PROGRAM into path[size]: in the folder of the program that runs, or in
 * ../libexec/stepgate or ../../bin from there. `what` names it in the error ("the commit helper").
 * 0, or -1 and *err. */
int beside_find(const char *program, const char *what, char *path, size_t size, struct err *err);

#endif
