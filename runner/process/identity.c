#include "runner/process/identity.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runner/process/descendants.h"

int identity_boot(char boot[IDENTITY_BOOT])
{
	const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, boot, IDENTITY_BOOT - 1);
	boot[got > 0 ? got : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	return boot[0] ? 0 : -1;
}

int identity_of(pid_t pid, struct identity *identity)
{
	struct identity seen = {.pid = pid};
	seen.start = (long long)process_start_time(pid, NULL);
	if (identity_boot(seen.boot) != 0 || seen.start == 0)
		return -1;
	*identity = seen;
	return 0;
}

bool identity_alive(const struct identity *identity)
{
	char boot[IDENTITY_BOOT];
	bool alive = false;
	return identity->pid > 0 && identity_boot(boot) == 0 && strcmp(boot, identity->boot) == 0 &&
	       process_start_time(identity->pid, &alive) == (uint64_t)identity->start && alive;
}
