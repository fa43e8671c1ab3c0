#include "status/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/clock.h"

#define ASIDE ".damaged-"

static int too_long(const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "%.200s…: the path is too long", path);
}

static int not_regular(const char *path, struct err *err)
{
	return err_set(err, ERR_REFUSED, "%s: not a regular file: refused", path);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t put = write(fd, bytes, length);
		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
	}
	return 0;
}

/* A failed fsync is final: the kernel may have dropped the pages, so that a second one would say
 * yes to nothing. */
static int unsynced(const char *path, struct err *err)
{
	const int error = errno;
	return err_set(err, ERR_UNSYNCED, "%s: can't be made durable: %s", path, strerror(error));
}

static int sync_folder_of(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof(copy), "%s", path);
	const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const int failed = fsync(fd);
	const int error = errno;
	close(fd);
	errno = error;
	return failed;
}

/* Writes, gives it `mode`, and has it on disk. `path` is what it is to replace. */
static int write_beside(const char *beside, const char *path, const void *bytes, size_t length,
			mode_t mode, struct err *err)
{
	const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "%s: can't be written", path);
	int failed = 0;
	if (write_all(fd, bytes, length) != 0 || (mode && fchmod(fd, mode) != 0))
		failed = err_errno(err, "%s: can't be written", path);
	else if (fsync(fd) != 0)
		failed = unsynced(path, err);
	close(fd);
	if (failed)
		unlink(beside);
	return failed;
}

int file_replace(const char *path, const void *bytes, size_t length, struct err *err)
{
	char beside[PATH_MAX];
	struct stat old;
	mode_t mode = 0;
	if (snprintf(beside, sizeof(beside), "%s.tmp.%ld", path, (long)getpid()) >=
	    (int)sizeof(beside))
		return too_long(path, err);
	if (lstat(path, &old) == 0) {
		if (!S_ISREG(old.st_mode))
			return not_regular(path, err);
		mode = old.st_mode & 07777;
	}
	/* Only a dead process of our own number can have left it. */
	if (unlink(beside) != 0 && errno != ENOENT)
		return err_errno(err, "%s: can't be written", beside);
	if (write_beside(beside, path, bytes, length, mode, err) != 0)
		return -1;
	if (rename(beside, path) != 0) {
		err_errno(err, "%s: can't be replaced", path);
		unlink(beside);
		return -1;
	}
	return sync_folder_of(path) == 0 ? 0 : unsynced(path, err);
}

/* Reads until the end or `most` + 1 bytes. -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t most)
{
	size_t length = 0;
	while (length < most) {
		const ssize_t got = read(fd, bytes + length, most - length);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0)
			break;
		if (got > 0)
			length += (size_t)got;
	}
	return (ssize_t)length;
}

static int read_open(int fd, const char *path, size_t most, char **bytes, size_t *length,
		     struct err *err)
{
	struct stat now;
	if (fstat(fd, &now) != 0)
		return err_errno(err, "%s: can't be read", path);
	if (!S_ISREG(now.st_mode))
		return not_regular(path, err);
	if (now.st_size > (off_t)most)
		return err_set(err, ERR_DAMAGED, "%s: larger than %zu bytes: refused", path, most);
	/* It may grow while it is read: one byte more than allowed shows that. */
	const size_t room = (size_t)now.st_size + 1;
	char *read_bytes = malloc(room + 1);
	if (!read_bytes)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const ssize_t got = read_all(fd, read_bytes, room);
	if (got < 0 || (size_t)got == room) {
		if (got < 0)
			err_errno(err, "%s: can't be read", path);
		else
			err_set(err, ERR_SYSTEM, "%s: changed while it was read", path);
		free(read_bytes);
		return -1;
	}
	read_bytes[got] = '\0';
	*bytes = read_bytes;
	*length = (size_t)got;
	return 1;
}

int file_read(const char *path, size_t most, char **bytes, size_t *length, struct err *err)
{
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == ELOOP)
		return not_regular(path, err);
	if (fd < 0)
		return err_errno(err, "%s: can't be opened", path);
	const int result = read_open(fd, path, most, bytes, length, err);
	close(fd);
	return result;
}

/* Some file systems know no RENAME_NOREPLACE: there a second link comes first. */
static int move_aside(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	return link(from, to) == 0 ? unlink(from) : -1;
}

static int move_companion(const char *path, const char *aside, const char *suffix, struct err *err)
{
	char from[PATH_MAX], to[PATH_MAX];
	if (snprintf(from, sizeof(from), "%s%s", path, suffix) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s%s", aside, suffix) >= (int)sizeof(to))
		return too_long(path, err);
	if (move_aside(from, to) != 0 && errno != ENOENT)
		return err_errno(err, "%s: can't be set aside", from);
	return 0;
}

int file_set_aside(const char *path, const char *const *suffixes, char *aside, size_t size,
		   struct err *err)
{
	char now[CLOCK_TEXT], name[PATH_MAX];
	const int length =
		snprintf(name, sizeof(name), "%s" ASIDE "%s", path, clock_write(clock_now(), now));
	if (length >= (int)sizeof(name) || (size_t)length >= size)
		return too_long(path, err);
	for (; suffixes && *suffixes; suffixes++)
		if (move_companion(path, name, *suffixes, err) != 0)
			return -1;
	if (move_aside(path, name) != 0)
		return err_errno(err, "%s: can't be set aside", path);
	if (sync_folder_of(path) != 0)
		return err_errno(err, "%s: can't be made durable", name);
	memcpy(aside, name, (size_t)length + 1);
	return 0;
}

bool file_was_set_aside(const char *path)
{
	char folder[PATH_MAX], name[PATH_MAX];
	bool was = false;
	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder) ||
	    snprintf(name, sizeof(name), "%s" ASIDE, path) >= (int)sizeof(name))
		return false;
	DIR *there = opendir(dirname(folder));
	const char *slash = strrchr(name, '/');
	const char *prefix = slash ? slash + 1 : name;
	for (const struct dirent *entry; there && !was && (entry = readdir(there));)
		was = strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (there)
		closedir(there);
	return was;
}

/* One folder whose parent is there. What is there already must be a folder, and no link to one
 * where `own`. */
static int make_one(const char *path, bool own, struct err *err)
{
	struct stat now;
	if (mkdir(path, 0777) == 0)
		return sync_folder_of(path) == 0
			       ? 0
			       : err_errno(err, "%s: can't be made durable", path);
	if (errno != EEXIST)
		return err_errno(err, "%s: can't be made", path);
	if ((own ? lstat(path, &now) : stat(path, &now)) != 0)
		return err_errno(err, "%s: can't be looked at", path);
	if (!S_ISDIR(now.st_mode))
		return err_set(err, ERR_DAMAGED, "%s: not a folder: refused", path);
	return 0;
}

int file_make_folder(const char *path, struct err *err)
{
	char part[PATH_MAX];
	struct stat now;
	const size_t length = strlen(path);
	if (stat(path, &now) == 0 && S_ISDIR(now.st_mode))
		return 0;
	if (length >= sizeof(part))
		return too_long(path, err);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (make_one(part, false, err) != 0)
			return -1;
	}
	return 0;
}

int file_make_home(const char *folder, struct err *err)
{
	static const char *const own[] = {".stepgate", "status"};
	char path[PATH_MAX];
	struct stat now;
	for (int i = 0; i < 2; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, own[i]) >= (int)sizeof(path))
			return too_long(folder, err);
		if (make_one(path, true, err) != 0)
			return -1;
	}
	if (snprintf(path, sizeof(path), "%s/.stepgate/.gitignore", folder) >= (int)sizeof(path))
		return too_long(folder, err);
	if (lstat(path, &now) == 0 && S_ISREG(now.st_mode) && now.st_size > 0)
		return 0;
	return file_replace(path, "*\n", 2, err);
}
