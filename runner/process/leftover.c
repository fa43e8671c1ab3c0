/* What is known of a contained child besides its struct, and what is done with that after our
 * death. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/process/cgroup.h"
#include "runner/process/child.h"
#include "runner/process/descendants.h"
#include "runner/process/identity.h"
#include "runner/process/spawn.h"
#include "status/clock.h"

#define PATIENCE_MS 1000

void child_identify(pid_t pid, const struct cgroup *cgroup, const struct mark *mark,
		    struct child_identity *identity)
{
	*identity = (struct child_identity){
		.pid = pid,
		.mark = *mark,
		.start_time = process_start_time(pid, NULL),
	};
	identity_boot(identity->boot_id);
	if (cgroup->folder[CGROUP_UNIFIED] >= 0)
		memcpy(identity->cgroup, cgroup->path[CGROUP_UNIFIED], sizeof(identity->cgroup));
}

/* Whether it was in this boot. */
static bool is_of_today(const struct child_identity *identity)
{
	char boot_id[IDENTITY_BOOT];
	return identity_boot(boot_id) == 0 && strcmp(boot_id, identity->boot_id) == 0;
}

/* Whether its process is still there, alive or as a corpse. */
static bool is_there(const struct child_identity *identity)
{
	return identity->pid > 1 && identity->start_time != 0 &&
	       process_start_time(identity->pid, NULL) == identity->start_time;
}

/* Its process, with what can be seen to come of that. */
static bool end_process(const struct child_identity *identity)
{
	bool alive = false;
	if (!is_there(identity))
		return false;
	bool left = descendants_kill_of(identity->pid);
	kill(-identity->pid, SIGKILL);
	process_start_time(identity->pid, &alive);
	return left || alive;
}

int child_end_leftover(const struct child_identity *identity)
{
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	struct cgroup cgroup;
	char paths[CGROUP_NKINDS][CGROUP_PATH] = {""};
	const bool today = is_of_today(identity);
	snprintf(paths[CGROUP_UNIFIED], CGROUP_PATH, "%s", identity->cgroup);
	cgroup_open(&cgroup, paths);
	for (;;) {
		cgroup_kill(&cgroup);
		bool left = today && end_process(identity);
		left |= today && mark_kill(&identity->mark);
		if (cgroup_remove(&cgroup) && !left)
			return 0;
		if (clock_monotonic_ms() >= deadline)
			break;
		poll(NULL, 0, 1);
	}
	cgroup_forget(&cgroup);
	return -1;
}

char *child_identity_write(const struct child_identity *identity, char *out)
{
	snprintf(out, CHILD_IDENTITY_TEXT, "%ld %llu %s %s%s%s", (long)identity->pid,
		 (unsigned long long)identity->start_time, identity->boot_id, identity->mark.text,
		 identity->mark.text[0] ? " " : "", identity->cgroup);
	return out;
}

int child_identity_read(const char *text, struct child_identity *identity)
{
	struct child_identity read = {.pid = 0};
	char *at;
	const long pid = strtol(text, &at, 10);
	if (pid < 1 || pid > INT32_MAX || *at != ' ')
		return -1;
	read.pid = (pid_t)pid;
	read.start_time = strtoull(at + 1, &at, 10);
	const char *boot = at + 1;
	const char *end = *at == ' ' ? strchr(boot, ' ') : NULL;
	if (!end || (size_t)(end - boot) >= sizeof(read.boot_id))
		return -1;
	memcpy(read.boot_id, boot, (size_t)(end - boot));
	/* A folder's path begins with a slash, and there may be none. */
	const char *rest = end + 1, *behind = strchr(rest, ' ');
	if (behind && mark_is_one(rest, (int)(behind - rest))) {
		memcpy(read.mark.text, rest, MARK_LENGTH);
		rest = behind + 1;
	}
	if (strlen(rest) >= sizeof(read.cgroup))
		return -1;
	memcpy(read.cgroup, rest, strlen(rest));
	*identity = read;
	return 0;
}
