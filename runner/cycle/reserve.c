#include "runner/cycle/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_PATH  ".stepgate/reserve"
#define RESERVE_BYTES (1 << 20) /* some hundred moves, and the document */

static int allocate(const char *path, struct err *err)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return err_errno(err, "%s: can't be made", path);
	int error;
	do
		error = posix_fallocate(fd, 0, RESERVE_BYTES);
	while (error == EINTR);
	close(fd);
	if (error == 0 || error == EOPNOTSUPP || error == EINVAL)
		return 0;
	unlink(path);
	errno = error;
	return err_errno(err, "%s: nothing was started: no room to keep back for the end", path);
}

int reserve_make(const char *folder, struct err *err)
{
	char path[4096];
	struct stat now;
	snprintf(path, sizeof(path), "%s/%s", folder, RESERVE_PATH);
	if (lstat(path, &now) == 0 && S_ISREG(now.st_mode) && now.st_size >= RESERVE_BYTES)
		return 0;
	return allocate(path, err);
}

static bool is_full(const char *folder)
{
	struct statvfs now;
	return statvfs(folder, &now) == 0 && (now.f_bavail * now.f_frsize < RESERVE_BYTES / 2 ||
					      (now.f_files && now.f_favail == 0));
}

bool reserve_use(const char *folder)
{
	char path[4096];
	if (!is_full(folder))
		return false;
	snprintf(path, sizeof(path), "%s/%s", folder, RESERVE_PATH);
	return unlink(path) == 0;
}
