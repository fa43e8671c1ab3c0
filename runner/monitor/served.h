/* The repositories that are shown, and the configs that may be run in each. */
#ifndef RUNNER_MONITOR_SERVED_H
#define RUNNER_MONITOR_SERVED_H

#include "conf/conf.h"
#include "runner/commands/args.h"
#include "status/monitor/watch.h"

struct served {
	struct conf **confs; /* what the strings of the others are borrowed from; ends with NULL */
	int nconfs;
	struct now_config *configs; /* those of one repository stand together */
	char **owned;               /* further strings */
	int nowned;
	struct monitor_repository *repositories;
	int nrepositories;
};

/* Reads the configs. Where none are named: stepgate.conf, or, where there is none, the repository
 * around the current folder without any config. 0, or -1 and *err; served_release in either case.
 */
int served_init(struct served *served, const struct arg_texts *configs, struct err *err);
void served_release(struct served *served);

#endif
