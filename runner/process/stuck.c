#include "runner/process/stuck.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/signals.h"
#include "status/clock.h"
#include "status/text.h"

#define PATH_SIZE 4096
#define LOOKS     3
#define LOOK_MS   1000 /* for the look … */
#define END_MS    500  /* … and for the end of who looks */

/* The call that a thread is in. */
struct call {
	long number;
	uint64_t args[3];
};

/* What is told of them, by a process to its maker: less than a pipe takes at once. */
struct answer {
	enum stuck stuck;
	char path[2048];
};

/* What is known so far. */
struct sight {
	enum stuck stuck;
	char *path;
	size_t size;
};

/* False where it is in none, or that is not ours to see. */
static bool read_call(const char *thread, struct call *call)
{
	char path[96], text[256];
	snprintf(path, sizeof(path), "/proc/%.60s/syscall", thread);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	const ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	char *at, *end;
	call->number = strtol(text, &at, 10);
	if (at == text || call->number < 0)
		return false;
	for (int i = 0; i < 3; i++, at = end)
		call->args[i] = strtoull(at, &end, 16);
	return true;
}

/* A text in its memory. */
static bool read_text(const char *thread, uint64_t address, char *text)
{
	char path[96];
	snprintf(path, sizeof(path), "/proc/%.60s/mem", thread);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = pread(fd, text, PATH_SIZE - 1, (off_t)address);
	if (got <= 0) /* not over the end of what it has there */
		got = pread(fd, text, PATH_SIZE - (size_t)(address % PATH_SIZE), (off_t)address);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return text[0] != '\0';
}

/* What a descriptor of it stands for; its folder where that is AT_FDCWD. */
static bool read_descriptor(const char *thread, int fd, char *text)
{
	char path[96];
	if (fd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%.60s/cwd", thread);
	else
		snprintf(path, sizeof(path), "/proc/%.60s/fd/%d", thread, fd);
	const ssize_t length = readlink(path, text, PATH_SIZE - 1);
	text[length > 0 ? length : 0] = '\0';
	return text[0] == '/'; /* else a pipe without a name, a socket, … */
}

static bool path_of_call(const char *thread, const struct call *call, char *path)
{
	char name[PATH_SIZE], folder[PATH_SIZE];
	int at = AT_FDCWD;
	uint64_t address;
	switch (call->number) {
	case SYS_read:
	case SYS_pread64:
		return read_descriptor(thread, (int)call->args[0], path);
	case SYS_openat:
		at = (int)call->args[0];
		address = call->args[1];
		break;
#ifdef SYS_open
	case SYS_open:
		address = call->args[0];
		break;
#endif
	default:
		return false;
	}
	if (!read_text(thread, address, name))
		return false;
	if (name[0] == '/' || !read_descriptor(thread, at, folder))
		folder[0] = '\0';
	snprintf(path, (size_t)2 * PATH_SIZE, "%s%s%s", folder, folder[0] ? "/" : "", name);
	return true;
}

static void look_at_thread(const char *thread, struct sight *sight)
{
	struct call call;
	struct stat state;
	char path[2 * PATH_SIZE];
	if (!read_call(thread, &call) || !path_of_call(thread, &call, path))
		return;
	const enum stuck stuck =
		stat(path, &state) == 0 && S_ISFIFO(state.st_mode) ? STUCK_FIFO : STUCK_SOMEWHERE;
	if (stuck <= sight->stuck)
		return;
	sight->stuck = stuck;
	snprintf(sight->path, sight->size, "%s", path);
}

/* All threads of a process; and of its children, where there is a `depth` left. */
static void look_at_process(pid_t pid, int depth, struct sight *sight);

static void look_at_children(const char *thread, int depth, struct sight *sight)
{
	char path[96], text[4096];
	snprintf(path, sizeof(path), "/proc/%.60s/children", thread);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (char *at = text;;) {
		const long child = strtol(at, &at, 10);
		if (child <= 0)
			return;
		look_at_process((pid_t)child, depth, sight);
	}
}

static void look_at_process(pid_t pid, int depth, struct sight *sight)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	DIR *threads = opendir(path);
	for (const struct dirent *entry; threads && (entry = readdir(threads));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%ld/task/%.20s", (long)pid, entry->d_name);
		look_at_thread(path, sight);
		if (depth > 0)
			look_at_children(path, depth - 1, sight);
	}
	if (threads)
		closedir(threads);
}

/* In a process of its own: what holds them up may well hold up who looks at it. */
_Noreturn static void look_and_tell(pid_t pid, int fd)
{
	struct answer answer = {.stuck = STUCK_NOWHERE};
	struct sight sight = {STUCK_NOWHERE, answer.path, sizeof(answer.path)};
	signals_default();
	look_at_process(pid, 1, &sight);
	answer.stuck = sight.stuck;
	_exit(write(fd, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
}

static void end_looker(pid_t looker)
{
	siginfo_t ended = {.si_pid = 0};
	const int64_t deadline = clock_monotonic_ms() + END_MS;
	kill(looker, SIGKILL);
	/* One that does not even die of that is not waited for. */
	while (waitid(P_PID, (id_t)looker, &ended, WEXITED | WNOHANG) == 0 && ended.si_pid == 0 &&
	       clock_monotonic_ms() < deadline)
		poll(NULL, 0, 1);
}

enum stuck stuck_look(pid_t pid, char *path, size_t size)
{
	struct answer answer;
	int ends[2];
	path[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return STUCK_NOWHERE;
	const pid_t looker = fork();
	if (looker == 0)
		look_and_tell(pid, ends[1]);
	close(ends[1]);
	struct pollfd told = {.fd = ends[0], .events = POLLIN};
	const bool heard = looker > 0 && poll(&told, 1, LOOK_MS) > 0 &&
			   read(ends[0], &answer, sizeof(answer)) == (ssize_t)sizeof(answer);
	close(ends[0]);
	if (looker > 0)
		end_looker(looker);
	if (!heard)
		return STUCK_NOWHERE;
	snprintf(path, size, "%s", answer.path);
	return answer.stuck;
}

bool stuck_watch(struct stuck_watch *watch, pid_t pid)
{
	char path[sizeof(watch->path)];
	watch->stuck = stuck_look(pid, path, sizeof(path));
	watch->looks = watch->stuck == STUCK_FIFO ? watch->looks + 1 : 0;
	text_clean(path, strlen(path), watch->path, sizeof(watch->path));
	return watch->looks >= LOOKS;
}
