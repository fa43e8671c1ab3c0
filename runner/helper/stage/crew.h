/* Threads for what many cores can do at the same time. */
#ifndef RUNNER_HELPER_STAGE_CREW_H
#define RUNNER_HELPER_STAGE_CREW_H

#include <stddef.h>

#define CREW_MOST 8 /* threads, this one included */

/* How many threads are worth having on this machine: 1 to CREW_MOST. */
unsigned crew_size(void);

/* Calls each(context, 0) to each(context, count - 1) in any order, from as many threads as there
 * is work for, and comes back when all are done. */
void crew_each(size_t count, void (*each)(void *context, size_t i), void *context);

#endif
