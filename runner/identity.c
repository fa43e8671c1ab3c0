#include "runner/identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a small file of /proc, NUL ended. -1 where it can't be read. */
static int read_small(const char *path, char *out, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const ssize_t got = read(fd, out, size - 1);
	close(fd);
	out[got > 0 ? got : 0] = '\0';
	return got > 0 ? 0 : -1;
}

static int read_boot(char *boot)
{
	if (read_small("/proc/sys/kernel/random/boot_id", boot, IDENTITY_BOOT) != 0)
		return -1;
	boot[strcspn(boot, "\n")] = '\0';
	return 0;
}

/* State and start of a process, out of "PID (NAME) STATE PPID …". The name may hold anything, so
 * the last parenthesis ends it. */
static int read_stat(pid_t pid, char *state, long long *start)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (read_small(path, text, sizeof(text)) != 0)
		return -1;
	const char *at = strrchr(text, ')');
	if (!at || at[1] != ' ')
		return -1;
	at += 2;
	*state = *at;
	for (int field = 3; field < 22; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -1;
		at++;
	}
	*start = strtoll(at, NULL, 10);
	return 0;
}

int identity_of(pid_t pid, struct identity *identity)
{
	struct identity seen = {.pid = pid};
	char state;
	if (read_boot(seen.boot) != 0 || read_stat(pid, &state, &seen.start) != 0)
		return -1;
	*identity = seen;
	return 0;
}

bool identity_alive(const struct identity *identity)
{
	char boot[IDENTITY_BOOT], state;
	long long start;
	return identity->pid > 0 && read_boot(boot) == 0 && strcmp(boot, identity->boot) == 0 &&
	       read_stat(identity->pid, &state, &start) == 0 && start == identity->start &&
	       state != 'Z' && state != 'X';
}
