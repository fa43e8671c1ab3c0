/* The host that plugins run their programs through: child_run behind plugins/host.h. */
#ifndef RUNNER_CYCLE_HOST_H
#define RUNNER_CYCLE_HOST_H

#include "plugins/host.h"

/* Who needs host->metrics sets host->context to the session. */
void host_init(struct host *host);

#endif
