#include "runner/cycle/step_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "status/file.h"
#include "status/step_files.h"

#define TAIL STEP_LOG_TAIL
#define OLD  STEP_LOG_TAIL ".old"

#define FOLDER_MOST 3900 /* leaves room for what comes behind it in a path */

/* Workers can write where the logs are: what stands in the place of one is not followed, nor waited
 * for. */
static int open_log(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
}

static void put(struct step_log *log, int fd, const char *bytes, size_t length)
{
	while (length > 0 && log->error == 0) {
		const ssize_t done = write(fd, bytes, length);
		if (done < 0 && errno != EINTR)
			log->error = errno;
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
}

/* PATH and what is added to it; the path leaves room for that. */
static const char *with(const struct step_log *log, const char *added, char *path, size_t size)
{
	snprintf(path, size, "%.4000s%s", log->path, added);
	return path;
}

static void put_words(struct step_log *log, int64_t left_out)
{
	char words[128] = "\n[stepgate: output is missing here]\n";
	if (left_out > 0)
		snprintf(words, sizeof(words),
			 "\n[stepgate: %lld bytes are left out here: max_output]\n",
			 (long long)left_out);
	put(log, log->fd, words, strlen(words));
}

/* Appends a file to the log, from an offset on, and takes it away. */
static void take_in(struct step_log *log, const char *added, int64_t offset)
{
	char path[4096], chunk[16384];
	ssize_t got;
	const int fd = open_log(with(log, added, path, sizeof(path)), O_RDONLY);
	if (fd < 0)
		return;
	while (log->error == 0 && (got = pread(fd, chunk, sizeof(chunk), offset)) > 0) {
		put(log, log->fd, chunk, (size_t)got);
		offset += got;
	}
	close(fd);
	if (log->error == 0)
		unlink(path);
}

/* What one left that did not live to close it. */
static void mend(struct step_log *log)
{
	char path[4096];
	if (access(with(log, TAIL, path, sizeof(path)), F_OK) != 0)
		return;
	if (access(with(log, OLD, path, sizeof(path)), F_OK) == 0)
		put_words(log, 0);
	take_in(log, OLD, 0);
	take_in(log, TAIL, 0);
}

int step_log_open(struct step_log *log, const char *folder, int64_t cycle, int step, int attempt,
		  int64_t most, struct err *err)
{
	struct step_log made = {.fd = -1, .tail = -1, .half = most / 2};
	if (strlen(folder) > FOLDER_MOST)
		return err_set(err, ERR_SYSTEM, "%.200s…: the path is too long for a log", folder);
	if (step_logs_folder(folder, cycle, made.path, sizeof(made.path)) != 0 ||
	    file_make_folder(made.path, err) != 0 ||
	    step_log_path(folder, cycle, step, attempt, made.path, sizeof(made.path)) != 0)
		return -1;
	made.fd = open_log(made.path, O_WRONLY | O_APPEND | O_CREAT);
	if (made.fd < 0)
		return err_errno(err, "%s: can't be opened", made.path);
	mend(&made);
	*log = made;
	return 0;
}

static void next_tail(struct step_log *log)
{
	char path[4096], old[4096];
	with(log, TAIL, path, sizeof(path));
	if (log->tail >= 0) {
		close(log->tail);
		if (rename(path, with(log, OLD, old, sizeof(old))) != 0)
			log->error = errno;
	}
	log->tail = open_log(path, O_WRONLY | O_CREAT | O_TRUNC);
	log->tail_length = 0;
	if (log->tail < 0)
		log->error = errno;
}

/* As much of it as fits into what is written to now; how much that was. */
static size_t put_piece(struct step_log *log, const char *bytes, size_t length)
{
	const bool whole = log->head == log->half;
	if (whole && (log->tail < 0 || log->tail_length == log->half))
		next_tail(log);
	const int64_t room = log->half - (whole ? log->tail_length : log->head);
	const size_t fits = (int64_t)length < room ? length : (size_t)room;
	if (log->error)
		return 0;
	put(log, whole ? log->tail : log->fd, bytes, fits);
	if (whole) {
		log->tail_length += (int64_t)fits;
		log->rest += (int64_t)fits;
	} else {
		log->head += (int64_t)fits;
	}
	return fits;
}

void step_log_write(struct step_log *log, const char *bytes, size_t length)
{
	while (length > 0 && log->error == 0) {
		const size_t done = put_piece(log, bytes, length);
		bytes += done;
		length -= done;
	}
}

void step_log_close(struct step_log *log)
{
	if (log->tail >= 0)
		close(log->tail);
	if (log->rest > 0) {
		const int64_t kept = log->rest < log->half ? log->rest : log->half;
		const int64_t older = kept - log->tail_length;
		log->left_out = log->rest - kept;
		if (log->left_out > 0)
			put_words(log, log->left_out);
		/* What is before the last half is taken away with the rest of its file. */
		take_in(log, OLD, log->half - older);
		take_in(log, TAIL, 0);
	}
	if (log->fd >= 0)
		close(log->fd);
	log->fd = log->tail = -1;
}
