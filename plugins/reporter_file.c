#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plugins/reporter_kinds.h"

#define NOT_REGULAR "%s: not written: it is not a regular file"

/* The file, open for appending, or -1 and *err. O_NONBLOCK: a FIFO that no one reads would hold the
 * cycle up for good. */
static int open_file(const char *path, struct stat *stat, struct err *err)
{
	const int fd = open(
		path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		0644);
	if (fd < 0) {
		if (errno == ELOOP || errno == ENXIO || errno == EISDIR)
			return err_set(err, ERR_SYSTEM, NOT_REGULAR, path);
		return err_errno(err, "%s: can't be opened", path);
	}
	if (fstat(fd, stat) != 0)
		err_errno(err, "%s: can't be looked at", path);
	else if (!S_ISREG(stat->st_mode))
		err_set(err, ERR_SYSTEM, NOT_REGULAR, path);
	else
		return fd;
	close(fd);
	return -1;
}

/* A disk that was full once may have left half a line. */
static bool line_open(int fd, const struct stat *stat)
{
	char last = '\n';
	return stat->st_size > 0 && pread(fd, &last, 1, stat->st_size - 1) == 1 && last != '\n';
}

static int append(int fd, bool mend, const char *path, const char *line, size_t length,
		  struct err *err)
{
	const struct iovec parts[] = {
		{.iov_base = (char[]){'\n'}, .iov_len = mend ? 1 : 0},
		{.iov_base = (void *)(uintptr_t)line, .iov_len = length},
	};
	const ssize_t written = writev(fd, parts, 2);
	if (written < 0)
		return err_errno(err, "%s: can't be written", path);
	if ((size_t)written != parts[0].iov_len + length)
		return err_set(err, ERR_SYSTEM, "%s: can't be written whole: %zd bytes of %zu",
			       path, written, parts[0].iov_len + length);
	if (fsync(fd) != 0)
		return err_errno(err, "%s: can't be made durable", path);
	return 0;
}

int reporter_append(const char *path, const char *bytes, size_t length, struct err *err)
{
	struct stat stat = {.st_size = 0};
	const int fd = open_file(path, &stat, err);
	if (fd < 0)
		return -1;
	const int result = append(fd, line_open(fd, &stat), path, bytes, length, err);
	close(fd);
	return result;
}

int reporter_file(const struct conf_report *to, const struct reporter_mail *mail,
		  const struct host *host, struct err *err)
{
	size_t length;
	(void)host;
	char *bytes = reporter_keyed(mail, &length);
	if (!bytes)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int result = reporter_append(to->path, bytes, length, err);
	free(bytes);
	return result;
}
