#include "runner/helper/index_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/clock.h"

#define OURS     "stepgate-git\n"
#define FIRST_MS 2
#define MOST_MS  50

static bool is_ours(int fd)
{
	char text[sizeof(OURS)];
	return pread(fd, text, sizeof(text), 0) == (ssize_t)strlen(OURS) &&
	       memcmp(text, OURS, strlen(OURS)) == 0;
}

/* Whether the file that is open is still the one that the path names. */
static bool is_current(const struct index_lock *lock, int fd)
{
	struct stat open_file, named;
	return fstat(fd, &open_file) == 0 && lstat(lock->path, &named) == 0 &&
	       open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/* What the last holder was working on. */
static void clear(const struct index_lock *lock)
{
	char path[sizeof(lock->path) + 16];
	const int folder = (int)(strlen(lock->path) - strlen("index.lock"));
	snprintf(path, sizeof(path), "%.*sindex.stepgate", folder, lock->path);
	unlink(path);
	snprintf(path, sizeof(path), "%.*sindex.stepgate.lock", folder, lock->path);
	unlink(path);
}

/* Of a lock that is there: takes over one of ours that nobody holds any more. */
static enum index_lock_outcome take_over(struct index_lock *lock)
{
	const int fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return INDEX_LOCK_HELD;
	if (is_ours(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(lock, fd)) {
		lock->fd = fd;
		clear(lock);
		return INDEX_LOCK_TAKEN;
	}
	close(fd);
	return INDEX_LOCK_HELD;
}

/* A file that already says whose it is and is flocked, under a name of its own: -1, errno says why.
 */
static int make_mark(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    write(fd, OURS, strlen(OURS)) == (ssize_t)strlen(OURS))
		return fd;
	const int error = errno;
	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	errno = error;
	return -1;
}

/* Links the mark as the lock: at no moment is there a lock that does not say whose it is. */
static enum index_lock_outcome try_once(struct index_lock *lock, const char *mark, int fd)
{
	if (link(mark, lock->path) == 0) {
		lock->fd = fd;
		return INDEX_LOCK_TAKEN;
	}
	if (errno == EEXIST)
		return take_over(lock);
	return errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP ? INDEX_LOCK_UNSUPPORTED
									: INDEX_LOCK_FAILED;
}

enum index_lock_outcome index_lock_take(struct index_lock *lock, const char *gitdir,
					int64_t deadline)
{
	char mark[LOOK_PATH + 48];
	int pause = FIRST_MS;
	lock->fd = -1;
	snprintf(lock->path, sizeof(lock->path), "%s/index.lock", gitdir);
	snprintf(mark, sizeof(mark), "%s/index.stepgate.%ld", gitdir, (long)getpid());
	const int fd = make_mark(mark);
	if (fd < 0)
		return INDEX_LOCK_FAILED;
	enum index_lock_outcome outcome;
	for (;;) {
		outcome = try_once(lock, mark, fd);
		if (outcome != INDEX_LOCK_HELD || clock_monotonic_ms() >= deadline)
			break;
		poll(NULL, 0, pause);
		pause = pause * 2 > MOST_MS ? MOST_MS : pause * 2;
	}
	const int error = errno;
	unlink(mark);
	if (lock->fd != fd)
		close(fd);
	errno = error;
	return outcome;
}

void index_lock_release(struct index_lock *lock)
{
	if (lock->fd < 0)
		return;
	unlink(lock->path); /* before the flock goes, so that nobody can take it over meanwhile */
	close(lock->fd);
	lock->fd = -1;
}
