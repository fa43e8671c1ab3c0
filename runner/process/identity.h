/* Which process it is, beyond doubt: a number comes again, but not with the same start in the same
 * boot. */
#ifndef RUNNER_PROCESS_IDENTITY_H
#define RUNNER_PROCESS_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#define IDENTITY_BOOT 40 /* room for a boot id and its NUL */

struct identity {
	char boot[IDENTITY_BOOT]; /* /proc/sys/kernel/random/boot_id */
	pid_t pid;
	long long start; /* clock ticks since the boot: /proc/PID/stat, proc(5), field 22 */
};

/* Which boot this is. 0, or -1 and "" where it can't be read. */
int identity_boot(char boot[IDENTITY_BOOT]);

/* Looks at a process that is there. 0, or -1 where there is none or it can't be seen from here. */
int identity_of(pid_t pid, struct identity *identity);
/* Whether that very process lives; one that has ended and is not reaped yet does not. */
bool identity_alive(const struct identity *identity);

#endif
