/*
 * The processes that come of this one or of another, found through /proc: whichever session and
 * group they gave themselves, they have a parent. Those whose parent ended are ours, as long as we
 * are the subreaper (prctl(2)).
 */
#ifndef RUNNER_PROCESS_DESCENDANTS_H
#define RUNNER_PROCESS_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Children of ours that are to be left alone, with all that comes of them. */
struct spared {
	pid_t *list;
	size_t count;
};

/* All the children that we have now. 0, or -1 when memory is short. */
int spared_init(struct spared *spared);
void spared_release(struct spared *spared);

/* A child of ours that is killed as all are, but reaped by somebody else. One at a time; 0: none.
 */
void descendants_leave(pid_t pid);

/* Reaps what has died of our children, but `spared` and `corpse`, without waiting. */
void descendants_reap(const struct spared *spared, pid_t corpse);

/*
 * Kills what comes of us, but `spared` and the corpse `corpse` (0: none), which is the caller's to
 * reap; reaps what dies of our own. False once nothing is left; true where something still was:
 * call it again.
 */
bool descendants_kill(const struct spared *spared, pid_t corpse);

/* The same for what comes of another process, and for that itself; only what is ours to reap is
 * reaped. */
bool descendants_kill_of(pid_t root);

/* Field 22 of /proc/PID/stat, and in *alive (may be NULL) whether it is no corpse. 0: there is no
 * such process. */
uint64_t process_start_time(pid_t pid, bool *alive);

#endif
