#include "conf/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/utf8.h"

/* NULL where only we can read it, or why that is not so. */
static const char *not_ours(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "it is no regular file";
	if (status.st_uid != geteuid())
		return "it belongs to someone else";
	if (status.st_mode & 077)
		return "others can read or write it: chmod 600";
	return status.st_size > OWN_FILE_MOST ? "it is larger than 64 KiB" : NULL;
}

const char *own_file_read(const char *path, char *text)
{
	size_t length = 0;
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? "there is no such file" : strerror(errno);
	const char *wrong = not_ours(fd);
	ssize_t got = wrong ? 0 : 1;
	while (got > 0 && length < OWN_FILE_MOST) {
		got = read(fd, text + length, OWN_FILE_MOST - length);
		if (got > 0)
			length += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		wrong = strerror(errno);
	close(fd);
	text[length] = '\0';
	if (!wrong && (strlen(text) != length || utf8_valid(text, length) != length))
		wrong = "it is not UTF-8 text";
	return wrong;
}
