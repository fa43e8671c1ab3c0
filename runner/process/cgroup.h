/*
 * The cgroup of a contained child: made beneath our own where that can be done, and else not. It
 * holds whatever comes of the child, whichever session, group or parent that gives itself, and ends
 * it all by one write.
 *
 * Its folder is locked (flock) while we live; so one whose lock can be had belongs to a dead run.
 */
#ifndef RUNNER_PROCESS_CGROUP_H
#define RUNNER_PROCESS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/process/cgroup_place.h"

struct cgroup {
	/* Indexed by cgroup_kind; "" and -1 where there is none. */
	char path[CGROUP_NKINDS][CGROUP_PATH];
	int folder[CGROUP_NKINDS];
};

/*
 * Makes what can be made: the unified one always, the others for limits (0: none) that it can't
 * hold. A limit that nothing holds is named in notice[size], which is otherwise left alone. Always
 * fills *cgroup; end with cgroup_remove, or cgroup_forget.
 */
void cgroup_make(struct cgroup *cgroup, int64_t max_memory, int64_t max_processes, char *notice,
		 size_t size);

/* Called in the child: joins them, the unified one too where `unified` says so. 0, or -1. */
int cgroup_join(const struct cgroup *cgroup, bool unified);

/* Kills all that is in it. Cheap to call again. */
void cgroup_kill(const struct cgroup *cgroup);

/* Whether the limits were met: words into notice[size], which is otherwise left alone. */
void cgroup_tell(const struct cgroup *cgroup, char *notice, size_t size);

/* Takes the folders away, and closes them. False while something lives in them: kill, and call it
 * again. */
bool cgroup_remove(struct cgroup *cgroup);

/* Closes them, as they are. */
void cgroup_forget(struct cgroup *cgroup);

/* Kills and removes what dead runs have left beneath our own cgroup; nothing where that is not to
 * be had. */
void cgroup_end_leftovers(void);

/* Opens what another process made, to kill and remove it; of the paths, those that are still there
 * and are cgroups of stepgate's. */
void cgroup_open(struct cgroup *cgroup, const char paths[CGROUP_NKINDS][CGROUP_PATH]);

#endif
