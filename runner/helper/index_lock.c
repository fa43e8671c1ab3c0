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

/* Of a lock that is there: takes over one of ours that nobody holds any more. */
static enum index_lock_outcome take_over(struct index_lock *lock)
{
	const int fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return INDEX_LOCK_HELD;
	if (is_ours(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(lock, fd)) {
		lock->fd = fd;
		return INDEX_LOCK_TAKEN;
	}
	close(fd);
	return INDEX_LOCK_HELD;
}

static enum index_lock_outcome try_once(struct index_lock *lock)
{
	const int fd = open(lock->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno == EEXIST ? take_over(lock) : INDEX_LOCK_FAILED;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || write(fd, OURS, strlen(OURS)) < 0) {
		const int error = errno;
		unlink(lock->path);
		close(fd);
		errno = error;
		return INDEX_LOCK_FAILED;
	}
	lock->fd = fd;
	return INDEX_LOCK_TAKEN;
}

enum index_lock_outcome index_lock_take(struct index_lock *lock, const char *gitdir,
					int64_t deadline)
{
	int pause = FIRST_MS;
	lock->fd = -1;
	snprintf(lock->path, sizeof(lock->path), "%s/index.lock", gitdir);
	for (;;) {
		const enum index_lock_outcome outcome = try_once(lock);
		if (outcome != INDEX_LOCK_HELD || clock_monotonic_ms() >= deadline)
			return outcome;
		poll(NULL, 0, pause);
		pause = pause * 2 > MOST_MS ? MOST_MS : pause * 2;
	}
}

void index_lock_release(struct index_lock *lock)
{
	if (lock->fd < 0)
		return;
	unlink(lock->path); /* before the flock goes, so that nobody can take it over meanwhile */
	close(lock->fd);
	lock->fd = -1;
}
