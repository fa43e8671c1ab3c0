/* The web monitor: one process and one thread that serve any number of repositories. */
#ifndef STATUS_MONITOR_MONITOR_H
#define STATUS_MONITOR_MONITOR_H

#include "conf/err.h"
#include "status/monitor/guard.h"
#include "status/monitor/listen.h"
#include "status/monitor/watch.h"

struct monitor_setup {
	const struct monitor_repository *repositories; /* their ids are 1, 2, … in this order */
	int nrepositories;
	const struct guard *guard;
	const struct hands *hands;
	const struct listener *listener;
	int signals; /* a descriptor that is readable when it is to end */
};

/* Serves until it is to end. 0, or -1 and *err. */
int monitor_run(const struct monitor_setup *setup, struct err *err);

#endif
