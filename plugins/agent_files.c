#include "plugins/agent_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static int open_file(const char *path)
{
	struct stat stat;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static ssize_t read_some(int fd, char *bytes, size_t size)
{
	ssize_t got;
	do
		got = read(fd, bytes, size);
	while (got < 0 && errno == EINTR);
	return got;
}

int agent_file_scan(const char *path, struct scan *scan)
{
	char bytes[CHUNK];
	ssize_t got;
	const int fd = open_file(path);
	if (fd < 0)
		return -1;
	while ((got = read_some(fd, bytes, sizeof(bytes))) > 0)
		scan_feed(scan, bytes, (size_t)got);
	scan_end(scan);
	close(fd);
	return got < 0 ? -1 : 0;
}

int agent_file_scan_until(const char *path, struct scan *scan, const bool *done, size_t most)
{
	char bytes[CHUNK];
	ssize_t got = 0;
	const int fd = open_file(path);
	if (fd < 0)
		return -1;
	for (size_t fed = 0; !*done && fed < most; fed += (size_t)got) {
		got = read_some(fd, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		scan_feed(scan, bytes, (size_t)got);
	}
	scan_end(scan);
	close(fd);
	return got < 0 ? -1 : 0;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void agent_files_walk(const char *folder, int depth, agent_file_visit *visit, void *context)
{
	struct dirent **names = NULL;
	const int count = scandir(folder, &names, not_hidden, alphasort);
	for (int i = 0; i < count; i++) {
		char path[AGENT_PATH];
		struct stat stat;
		const int length = snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (length < (int)sizeof(path) && lstat(path, &stat) == 0) {
			if (S_ISREG(stat.st_mode))
				visit(context, path, names[i]->d_name);
			else if (S_ISDIR(stat.st_mode) && depth > 0)
				agent_files_walk(path, depth - 1, visit, context);
		}
		free(names[i]);
	}
	free(names);
}

bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), tail = strlen(end);
	return length >= tail && strcmp(text + length - tail, end) == 0;
}
