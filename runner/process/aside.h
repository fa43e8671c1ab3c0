/*
 * A program that runs aside from what we wait for, one at a time: nothing here waits for it. It has
 * a session of its own, is killed with us, and, where it was started while a contained child runs,
 * ends with that one at the latest (child.h).
 */
#ifndef RUNNER_PROCESS_ASIDE_H
#define RUNNER_PROCESS_ASIDE_H

#include "plugins/host.h"

/* As host->start, hear and stop of plugins/host.h have it. */
int aside_start(const struct host *host, const struct host_program *program,
		struct host_aside **aside, struct err *err);
bool aside_hear(struct host_aside *aside, bool *well);
void aside_stop(struct host_aside *aside);

#endif
