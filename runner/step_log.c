#include "runner/step_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "status/file.h"

int step_log_open(struct step_log *log, const char *folder, int64_t cycle, int step, int attempt,
		  struct err *err)
{
	char again[16] = "";
	char name[64];
	struct step_log made = {.fd = -1};
	if (attempt > 1)
		snprintf(again, sizeof(again), ".%d", attempt);
	snprintf(name, sizeof(name), "step-%02d%s.log", step, again);
	snprintf(made.path, sizeof(made.path), "%.3900s/.stepgate/logs/cycle-%04lld", folder,
		 (long long)cycle);
	if (file_make_folder(made.path, err) != 0)
		return -1;
	const size_t length = strlen(made.path);
	snprintf(made.path + length, sizeof(made.path) - length, "/%s", name);
	made.fd = open(made.path,
		       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (made.fd < 0)
		return err_errno(err, "%s: can't be opened", made.path);
	*log = made;
	return 0;
}

void step_log_write(struct step_log *log, const char *bytes, size_t length)
{
	while (length > 0 && log->error == 0) {
		const ssize_t put = write(log->fd, bytes, length);
		if (put < 0 && errno != EINTR)
			log->error = errno;
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
	}
}

void step_log_close(struct step_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
