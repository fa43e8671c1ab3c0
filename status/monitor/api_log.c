/* What the worker of a step printed: as plain text, and as a stream that goes on while it prints.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/utf8.h"
#include "status/clock.h"
#include "status/monitor/api.h"
#include "status/text.h"

#define PIECE   4096
#define BEAT_MS 15000
#define LARGEST 1000000 /* a step's or attempt's number */

struct log {
	struct monitor *monitor;
	struct watch *watch;
	int64_t cycle;
	int step, attempt;
	char path[PATH_MAX];
	int fd; /* -1: it is not there yet */
	int64_t offset;
	/* What comes after the first half of what is kept stands beside the log until the step has
	 * ended (runner/cycle/step_log.h), and is then put behind it: what was told from there is
	 * not told again. It has no offsets to go on from, so who comes back goes on with what is
	 * new.
	 */
	int tail; /* -1: none is open */
	int64_t tail_offset;
	bool tailed, resumed;
	bool ended; /* the end was told */
	char *text; /* a piece of the answer */
	size_t length, done;
	int64_t sent_at; /* monotonic ms */
};

static void free_log(void *context)
{
	struct log *log = context;
	if (log->fd >= 0)
		close(log->fd);
	if (log->tail >= 0)
		close(log->tail);
	free(log->text);
	free(log);
}

static ssize_t give(struct log *log, char *out, size_t most)
{
	const size_t left = log->length - log->done;
	const size_t fits = left < most ? left : most;
	if (fits)
		memcpy(out, log->text + log->done, fits);
	log->done += fits;
	return (ssize_t)fits;
}

static void take(struct log *log, char *text, size_t length)
{
	free(log->text);
	log->text = text;
	log->length = text ? length : 0;
	log->done = 0;
	log->sent_at = clock_monotonic_ms();
}

/* As much of a piece as ends with a line, where it has the end of one: so that nothing that spans
 * bytes is cut, but in lines that are longer than a piece. */
static size_t whole_lines(const char *bytes, size_t length)
{
	const char *end = memrchr(bytes, '\n', length);
	return end ? (size_t)(end - bytes) + 1 : length;
}

static ssize_t read_plain(void *context, char *out, size_t most)
{
	struct log *log = context;
	while (log->done == log->length) {
		char piece[PIECE];
		const ssize_t got = pread(log->fd, piece, sizeof(piece), log->offset);
		if (got <= 0)
			return -1;
		const size_t length = whole_lines(piece, (size_t)got);
		char *text = malloc(3 * length);
		if (!text)
			return -1;
		log->offset += (int64_t)length;
		take(log, text, text_plain(piece, length, text));
	}
	return give(log, out, most);
}

/* Up to the last whole character; where that is nothing, all. */
static size_t whole_characters(const char *bytes, size_t length)
{
	size_t end = length;
	for (int back = 0; back < 3 && end > 0 && (bytes[end - 1] & 0xc0) == 0x80; back++)
		end--;
	if (end == 0 || (bytes[end - 1] & 0xc0) != 0xc0)
		return length;
	end--;
	return utf8_character(bytes + end, length - end, NULL) > 0 || end == 0 ? length : end;
}

static void take_event(struct log *log, const char *name, cJSON *data)
{
	char id[32];
	snprintf(id, sizeof(id), "%lld", (long long)log->offset);
	char *text = picture_print(data);
	char *event = text ? feed_event(log->tailed ? NULL : id, name, text) : NULL;
	cJSON_free(text);
	take(log, event, event ? strlen(event) : 0);
}

static void take_piece(struct log *log, char *piece, size_t length)
{
	cJSON *data = cJSON_CreateObject();
	piece[length] = '\0';
	/* A NUL would end the text. */
	for (char *nul = memchr(piece, '\0', length); nul; nul = memchr(piece, '\0', length))
		*nul = ' ';
	*(log->tailed ? &log->tail_offset : &log->offset) += (int64_t)length;
	if (json_set_text(data, "text", piece) != 0) {
		cJSON_Delete(data);
		data = NULL;
	}
	take_event(log, "output", data);
}

/* Whether the step prints no more. */
static bool is_over(const struct log *log)
{
	const struct now *now = &log->watch->now;
	if (!log->watch->seen || !now->has_cycle || now->cycle.past.number != log->cycle)
		return true;
	return now->cycle.past.step != log->step || now->cycle.step_attempt != log->attempt ||
	       now->cycle.past.state != FSM_STEP ||
	       (now->life != NOW_LIFE_RUNNING && now->life != NOW_LIFE_ELSEWHERE &&
		(now->life != NOW_LIFE_UNREADABLE || now->holder.hold == NOW_FREE));
}

/* Opens what stands beside the log. */
static void open_tail(struct log *log)
{
	char path[PATH_MAX];
	int64_t length = 0;
	const int named = snprintf(path, sizeof(path), "%s" STEP_LOG_TAIL, log->path);
	if (named > 0 && (size_t)named < sizeof(path))
		log->tail = step_log_read(path, &length);
	log->tail_offset = log->resumed && !log->tailed ? length : 0;
}

/* Whether another one has been begun in its place, or it has been taken away. */
static bool tail_is_over(const struct log *log)
{
	char path[PATH_MAX];
	struct stat ours, there;
	const int named = snprintf(path, sizeof(path), "%s" STEP_LOG_TAIL, log->path);
	return named < 0 || (size_t)named >= sizeof(path) || fstat(log->tail, &ours) != 0 ||
	       lstat(path, &there) != 0 || ours.st_ino != there.st_ino;
}

/* The next bytes beside the log: how many, 0 where there are none. */
static ssize_t read_tail(struct log *log, char *piece, size_t most)
{
	if (log->tail < 0)
		open_tail(log);
	if (log->tail < 0)
		return 0;
	const ssize_t got = pread(log->tail, piece, most, log->tail_offset);
	log->tailed |= got > 0;
	if (got > 0 || !tail_is_over(log))
		return got > 0 ? got : 0;
	close(log->tail);
	log->tail = -1;
	return 0;
}

static ssize_t read_following(void *context, char *out, size_t most)
{
	struct log *log = context;
	char piece[PIECE + 1];
	int64_t length = 0;
	if (log->done < log->length)
		return give(log, out, most);
	if (log->ended)
		return -1;
	if (log->fd < 0)
		log->fd = step_log_read(log->path, &length);
	/* Asked before it is read: what it printed last is read then. */
	const bool over = is_over(log);
	ssize_t got = log->fd < 0 || log->tailed ? 0 : pread(log->fd, piece, PIECE, log->offset);
	if (got <= 0)
		got = read_tail(log, piece, PIECE);
	if (got > 0) {
		take_piece(log, piece, whole_characters(piece, (size_t)got));
	} else if (over) {
		log->ended = true;
		take_event(log, "end", cJSON_CreateObject());
	} else if (clock_monotonic_ms() - log->sent_at > BEAT_MS) {
		char *beat = strdup(":\n\n");
		take(log, beat, beat ? strlen(beat) : 0);
	}
	return give(log, out, most);
}

/* The log that is asked for; NULL, and the reply is the error. */
static struct log *find_log(struct monitor *monitor, const struct request *request,
			    struct reply *reply)
{
	int64_t cycle = 0, step = 0, attempt = 0;
	struct watch *watch = api_watch(monitor, request, reply);
	if (!watch || api_number(request, "cycle", 0, INT64_MAX, &cycle, reply) != 0 ||
	    api_number(request, "step", 0, LARGEST, &step, reply) != 0 ||
	    api_number(request, "attempt", 1, LARGEST, &attempt, reply) != 0)
		return NULL;
	struct log *log = calloc(1, sizeof(*log));
	if (!log || step_log_path(watch->repository->folder, cycle, (int)step, (int)attempt,
				  log->path, sizeof(log->path)) != 0) {
		free(log);
		reply_error(reply, 500, "out of memory");
		return NULL;
	}
	log->monitor = monitor;
	log->watch = watch;
	log->cycle = cycle;
	log->step = (int)step;
	log->attempt = (int)attempt;
	log->sent_at = clock_monotonic_ms();
	log->tail = -1;
	int64_t length = 0;
	log->fd = step_log_read(log->path, &length);
	if (log->fd >= 0 || !is_over(log))
		return log;
	free_log(log);
	reply_error(reply, 404, "there is no such log");
	return NULL;
}

void api_log(void *app, const struct request *request, struct reply *reply)
{
	struct log *log = find_log(app, request, reply);
	if (!log)
		return;
	if (log->fd < 0) {
		free_log(log);
		reply_error(reply, 404, "there is no such log");
		return;
	}
	*reply = (struct reply){
		.type = "text/plain; charset=utf-8",
		.stream = {.read = read_plain, .free = free_log, .context = log},
	};
}

void api_log_stream(void *app, const struct request *request, struct reply *reply)
{
	struct log *log = find_log(app, request, reply);
	const char *last = request_header(request, "Last-Event-ID");
	if (!log)
		return;
	log->resumed = last != NULL;
	log->offset = last ? strtoll(last, NULL, 10) : 0;
	if (log->offset < 0)
		log->offset = 0;
	*reply = (struct reply){
		.type = "text/event-stream",
		.stream = {.read = read_following,
			   .free = free_log,
			   .context = log,
			   .lasting = true},
	};
}
