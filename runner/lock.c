#include "runner/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/text.h"

static void read_holder(int fd, char *holder, size_t size)
{
	char bytes[256];
	const ssize_t got = pread(fd, bytes, sizeof(bytes), 0);
	snprintf(holder, size, "another process");
	if (got > 0)
		text_clean(bytes, (size_t)got, holder, size);
}

bool lock_holder(const char *folder, char *holder, size_t size)
{
	char path[4096];
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	snprintf(path, sizeof(path), "%s/%s", folder, LOCK_PATH);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	const bool held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	if (held)
		read_holder(fd, holder, size);
	close(fd);
	return held;
}

static int busy(int fd, const char *path, struct err *err)
{
	char holder[256];
	read_holder(fd, holder, sizeof(holder));
	return err_set(err, ERR_BUSY, "%s: another cycle has the repository: %s", path, holder);
}

int lock_take(struct lock *lock, const char *folder, struct err *err)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, LOCK_PATH);
	lock->fd = -1;
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return err_errno(err, "%s: can't be opened", path);
	/* An open-file-description lock: no close() elsewhere in the process loses it, and it is
	 * not passed on, since the descriptor is closed at exec. */
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		const int failed = errno == EAGAIN || errno == EACCES
					   ? busy(fd, path, err)
					   : err_errno(err, "%s: can't be locked", path);
		close(fd);
		return failed;
	}
	lock->fd = fd;
	lock_describe(lock, 0);
	return 0;
}

void lock_describe(const struct lock *lock, long long cycle)
{
	char host[128] = "?";
	char since[CLOCK_TEXT];
	char text[256];
	gethostname(host, sizeof(host) - 1);
	int length = snprintf(text, sizeof(text), "host %s, pid %ld, since %s", host,
			      (long)getpid(), clock_write(clock_now(), since));
	if (cycle > 0 && length > 0 && length < (int)sizeof(text))
		length += snprintf(text + length, sizeof(text) - (size_t)length, ", cycle %lld",
				   cycle);
	if (length > 0 && length < (int)sizeof(text) && ftruncate(lock->fd, 0) == 0)
		(void)!pwrite(lock->fd, text, (size_t)length, 0);
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
