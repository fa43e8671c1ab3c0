/* Threads for what many cores can do at the same time. */
#ifndef RUNNER_HELPER_STAGE_CREW_H
#define RUNNER_HELPER_STAGE_CREW_H

#include <stddef.h>

#define CREW_MOST 8 /* threads, this one included */

/* How many threads are worth having on this machine: 1 to CREW_MOST. */
unsigned crew_size(void);

/* Calls each(context, 0, hand) to each(context, count - 1, hand) in any order, from as many threads
 * as there is work for, and comes back when all are done. `hand` (below CREW_MOST) is the calling
 * thread's number: no two calls at the same time have the same one. */
void crew_each(size_t count, void (*each)(void *context, size_t i, unsigned hand), void *context);
/* Calls beside(context) from a thread of its own, where there is a processor for it, and
 * here(context) from this one, and comes back when both are done. Without a thread one is called
 * after the other. */
void crew_both(void (*beside)(void *context), void (*here)(void *context), void *context);

#endif
