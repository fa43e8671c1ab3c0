/* Room that is kept back on the disk, FOLDER/.stepgate/reserve: given free when the disk is full,
 * so that it can still be written that the cycle stopped, and why. */
#ifndef RUNNER_CYCLE_RESERVE_H
#define RUNNER_CYCLE_RESERVE_H

#include <stdbool.h>

#include "conf/err.h"

/* Makes it where it is missing. 0, or -1 and *err: nothing should be started then. */
int reserve_make(const char *folder, struct err *err);

/* Gives it free where the disk is full. True if that made room. */
bool reserve_use(const char *folder);

#endif
