#include "status/monitor/token.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/file.h"

static int draw(char token[GUARD_TOKEN_LENGTH + 1], struct err *err)
{
	unsigned char bytes[GUARD_TOKEN_LENGTH / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "no random numbers for a token");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int make_folder(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	return file_make_folder(folder, err);
}

static int make(const char *path, char token[GUARD_TOKEN_LENGTH + 1], struct err *err)
{
	char line[GUARD_TOKEN_LENGTH + 2];
	if (draw(token, err) != 0 || make_folder(path, err) != 0)
		return -1;
	snprintf(line, sizeof(line), "%s\n", token);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "%s: the token file can't be made", path);
	const ssize_t length = GUARD_TOKEN_LENGTH + 1;
	const bool written = write(fd, line, (size_t)length) == length;
	if (close(fd) == 0 && written)
		return 0;
	err_errno(err, "%s: the token file can't be written", path);
	unlink(path);
	return -1;
}

static int take(int fd, const char *path, char token[GUARD_TOKEN_LENGTH + 1], struct err *err)
{
	struct stat found;
	char line[GUARD_TOKEN_LENGTH + 2] = "";
	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
		return err_set(err, ERR_REFUSED, "%s: the token file is no regular file", path);
	if (found.st_mode & 077)
		return err_set(
			err, ERR_REFUSED,
			"%s: others may read the token: chmod 600 it, or remove it to have a new "
			"one made",
			path);
	const ssize_t got = read(fd, line, sizeof(line) - 1);
	line[strcspn(line, "\n")] = '\0';
	if (got < GUARD_TOKEN_LENGTH || strlen(line) != GUARD_TOKEN_LENGTH ||
	    strspn(line, "0123456789abcdef") != GUARD_TOKEN_LENGTH)
		return err_set(
			err, ERR_REFUSED,
			"%s: not a token file: 64 hex digits are expected; remove it to have a "
			"new one made",
			path);
	memcpy(token, line, GUARD_TOKEN_LENGTH + 1);
	return 0;
}

int token_load(const char *path, char token[GUARD_TOKEN_LENGTH + 1], bool *made, struct err *err)
{
	char read[GUARD_TOKEN_LENGTH + 1];
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_errno(err, "%s: the token file can't be opened", path);
	const bool missing = fd < 0;
	const int failed = missing ? make(path, read, err) : take(fd, path, read, err);
	if (!missing)
		close(fd);
	if (failed)
		return -1;
	memcpy(token, read, sizeof(read));
	*made = missing;
	return 0;
}
