#include "status/step_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/text.h"

#define LOOKED_AT 8192 /* bytes at the end of a log */
#define PATH_ROOM 4096
#define US        INT64_C(1000000)

int step_logs_folder(const char *folder, int64_t cycle, char *out, size_t size)
{
	const int length =
		snprintf(out, size, "%s/" STEP_LOGS_PATH "/cycle-%04lld", folder, (long long)cycle);
	return length > 0 && (size_t)length < size ? 0 : -1;
}

int step_log_path(const char *folder, int64_t cycle, int step, int attempt, char *out, size_t size)
{
	char again[16] = "";
	if (attempt > 1)
		snprintf(again, sizeof(again), ".%d", attempt);
	if (step_logs_folder(folder, cycle, out, size) != 0)
		return -1;
	const size_t at = strlen(out);
	const int length = snprintf(out + at, size - at, "/step-%02d%s.log", step, again);
	return length > 0 && (size_t)length < size - at ? 0 : -1;
}

int step_log_read(const char *path, int64_t *length)
{
	struct stat found;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*length = found.st_size;
	return fd;
}

/* The end of a file, and when it was written to; how many bytes that is. */
static size_t read_end(const char *path, char *bytes, size_t most, int64_t *heard_at)
{
	struct stat found;
	int64_t length = 0;
	const int fd = step_log_read(path, &length);
	if (fd < 0)
		return 0;
	const int64_t from = length > (int64_t)most ? length - (int64_t)most : 0;
	const ssize_t got = pread(fd, bytes, most, from);
	if (fstat(fd, &found) == 0)
		*heard_at = found.st_mtim.tv_sec * US + found.st_mtim.tv_nsec / 1000;
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

static size_t split(const char *bytes, size_t length, char (*lines)[STEP_LINE_SIZE], size_t most)
{
	size_t begin = length, count = 0;
	while (begin > 0 && count < most) {
		size_t end = begin - (bytes[begin - 1] == '\n');
		for (begin = end; begin > 0 && bytes[begin - 1] != '\n';)
			begin--;
		/* Lines are found from the last one backwards, and told from the first one on. */
		memmove(lines[1], lines[0], (most - 1) * sizeof(*lines));
		text_clean(bytes + begin, end - begin, lines[0], sizeof(*lines));
		count++;
	}
	return count;
}

size_t step_log_last(const char *path, char (*lines)[STEP_LINE_SIZE], size_t most,
		     int64_t *heard_at)
{
	char bytes[LOOKED_AT], tail[PATH_ROOM];
	*heard_at = 0;
	const int named = snprintf(tail, sizeof(tail), "%s" STEP_LOG_TAIL, path);
	size_t length = 0;
	if (named > 0 && (size_t)named < sizeof(tail))
		length = read_end(tail, bytes, sizeof(bytes), heard_at);
	if (length == 0)
		length = read_end(path, bytes, sizeof(bytes), heard_at);
	return split(bytes, length, lines, most);
}
