#include "runner/helper/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int durable_sync(const char *folder)
{
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const int failed = syncfs(fd);
	const int error = errno;
	close(fd);
	errno = error;
	return failed;
}
