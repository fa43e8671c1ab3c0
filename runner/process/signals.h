/* What a child has of the signals before it becomes another program. */
#ifndef RUNNER_PROCESS_SIGNALS_H
#define RUNNER_PROCESS_SIGNALS_H

/* All as they are by default, and none blocked. For a child between fork and exec. */
void signals_default(void);

#endif
