/* What the monitor and `stepgate top` see of runs and do to them: the lock, the program, signals.
 */
#ifndef RUNNER_PROCESS_HANDS_H
#define RUNNER_PROCESS_HANDS_H

#include "status/now.h"

extern const struct hands hands;

#endif
