/* Where the logs of the steps are, and their last lines. */
#ifndef STATUS_STEP_FILES_H
#define STATUS_STEP_FILES_H

#include <stddef.h>
#include <stdint.h>

#define STEP_LOGS_PATH \
	".stepgate/logs" /* below the repository's folder: what the workers printed */

/* FOLDER/.stepgate/logs/cycle-0004 into out[size]. 0, or -1 where that is too short. */
int step_logs_folder(const char *folder, int64_t cycle, char *out, size_t size);

/* "step-03.log", "step-03.2.log" for the second attempt, in that folder, into out[size]. 0, or -1.
 */
int step_log_path(const char *folder, int64_t cycle, int step, int attempt, char *out, size_t size);

/* While a log is longer than half of what is kept of it, what comes after that stands here. */
#define STEP_LOG_TAIL ".tail"

/* Opens a log for reading: workers can write where it is, so what is no regular file is neither
 * followed nor waited for. The descriptor and *length, or -1 with errno. */
int step_log_read(const char *path, int64_t *length);

/* What is behind the last line feeds: the last `most` lines of what the step has printed, cleaned,
 * into lines[most][size]; how many there are. *heard_at is when it printed last, in microseconds
 * since 1970; both are 0 where there is no log. */
#define STEP_LINE_SIZE 256
size_t step_log_last(const char *path, char (*lines)[STEP_LINE_SIZE], size_t most,
		     int64_t *heard_at);

#endif
