/* Where this process may make cgroups: /proc/self/cgroup says which one it is in, and
 * /proc/self/mountinfo where that is to be seen (cgroups(7)). */
#ifndef RUNNER_PROCESS_CGROUP_PLACE_H
#define RUNNER_PROCESS_CGROUP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

enum cgroup_kind {
	CGROUP_UNIFIED, /* version 2, also where it is mounted beside version 1 */
	CGROUP_MEMORY,  /* the controllers of version 1 that limits need */
	CGROUP_PIDS,
	CGROUP_NKINDS,
};

#define CGROUP_PATH 512

/* Our own folder of that kind into path[CGROUP_PATH]. False where it is not mounted, or our cgroup
 * lies outside of what is. Whether it can be written is another question. It is looked for once. */
bool cgroup_place(enum cgroup_kind kind, char *path);

/* The same out of the texts of the two files. */
bool cgroup_place_from(enum cgroup_kind kind, const char *cgroups, const char *mounts, char *path);

#endif
