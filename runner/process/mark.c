#include "runner/process/mark.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <unistd.h>

#define ROUNDS_MOST    4 /* without a find, while somebody is just becoming another program */
#define ROUND_PAUSE_MS 3

/* What became of a look at an environment. */
enum look {
	LOOK_NOTHING, /* none to be seen: gone, a corpse, the kernel's, another user's */
	LOOK_EMPTY,   /* it has none, or not yet: exec makes it in steps */
	LOOK_OTHER,
	LOOK_MARKED,
};

void mark_make(struct mark *mark)
{
	unsigned char bytes[MARK_LENGTH / 2];
	ssize_t got;
	do
		got = getrandom(bytes, sizeof(bytes), 0);
	while (got < 0 && errno == EINTR);
	mark->text[0] = '\0';
	for (size_t i = 0; got == (ssize_t)sizeof(bytes) && i < sizeof(bytes); i++)
		snprintf(mark->text + 2 * i, 3, "%02x", (unsigned)bytes[i]);
}

bool mark_is_one(const char *text, int length)
{
	for (int i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return false;
	return length == MARK_LENGTH;
}

char **mark_environment(const struct mark *mark, const char *const *environment)
{
	static const char name[] = MARK_VARIABLE "=";
	const char *outer = getenv(MARK_VARIABLE);
	const size_t size = sizeof(name) + (outer ? strlen(outer) : 0) + 1 + MARK_LENGTH;
	size_t count = 0, n = 0;
	while (environment[count])
		count++;
	char **list = malloc((count + 2) * sizeof(*list) + size);
	if (!list)
		return NULL;
	char *own = (char *)(list + count + 2);
	for (size_t i = 0; i < count; i++)
		if (strncmp(environment[i], name, sizeof(name) - 1) != 0)
			list[n++] = (char *)(uintptr_t)environment[i];
	snprintf(own, size, "%s%s%s%s", name, outer ? outer : "",
		 outer && *outer && mark->text[0] ? ":" : "", mark->text);
	if (own[sizeof(name) - 1])
		list[n++] = own;
	list[n] = NULL;
	return list;
}

/* The word may lie across two reads. */
static enum look search(int fd, const struct mark *mark)
{
	char bytes[16384];
	size_t kept = 0;
	enum look found = LOOK_EMPTY;
	for (;;) {
		const ssize_t got = read(fd, bytes + kept, sizeof(bytes) - kept);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return found;
		const size_t have = kept + (size_t)got;
		if (memmem(bytes, have, mark->text, MARK_LENGTH))
			return LOOK_MARKED;
		found = LOOK_OTHER;
		kept = have < MARK_LENGTH - 1 ? have : MARK_LENGTH - 1;
		memmove(bytes, bytes + have - kept, kept);
	}
}

/* A thread, or a process, by its folder below /proc. */
static enum look look_at(const char *folder, const struct mark *mark)
{
	char path[96], program[2];
	snprintf(path, sizeof(path), "/proc/%.60s/environ", folder);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return LOOK_NOTHING;
	const enum look found = search(fd, mark);
	close(fd);
	snprintf(path, sizeof(path), "/proc/%.60s/exe", folder);
	/* Corpses and the kernel's own have no program. */
	if (found == LOOK_EMPTY && readlink(path, program, sizeof(program)) < 0)
		return LOOK_NOTHING;
	return found;
}

/* Where the first thread has ended another may go on. */
static enum look look_at_threads(const char *pid, const struct mark *mark)
{
	char path[64];
	enum look found = LOOK_NOTHING;
	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	DIR *threads = opendir(path);
	for (const struct dirent *entry; threads && (entry = readdir(threads));) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, pid) == 0)
			continue;
		snprintf(path, sizeof(path), "%.20s/task/%.20s", pid, entry->d_name);
		const enum look seen = look_at(path, mark);
		found = seen > found ? seen : found;
	}
	if (threads)
		closedir(threads);
	return found;
}

static enum look look_at_process(const char *pid, const struct mark *mark)
{
	const enum look found = look_at(pid, mark);
	return found == LOOK_NOTHING ? look_at_threads(pid, mark) : found;
}

/* The number may be another one's by now: what is held is looked at once more. */
static void end_process(const char *name, const struct mark *mark)
{
	const int fd = pidfd_open((pid_t)strtol(name, NULL, 10), 0);
	if (fd < 0)
		return;
	if (look_at_process(name, mark) == LOOK_MARKED)
		pidfd_send_signal(fd, SIGKILL, NULL, 0);
	close(fd);
}

/* Once over all processes. True where one was marked; *doubt: one may have become so since. */
static bool kill_once(const struct mark *mark, bool *doubt)
{
	const long self = getpid();
	bool left = false;
	DIR *folder = opendir("/proc");
	*doubt = false;
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strtol(entry->d_name, NULL, 10) == self)
			continue;
		const enum look found = look_at_process(entry->d_name, mark);
		*doubt |= found == LOOK_EMPTY;
		left |= found == LOOK_MARKED;
		if (found == LOOK_MARKED)
			end_process(entry->d_name, mark);
	}
	if (folder)
		closedir(folder);
	return left;
}

bool mark_kill(const struct mark *mark)
{
#ifdef STEPGATE_WITHOUT_MARK /* tests/whole/without.sh: would it be noticed? */
	return false;
#endif
	const char *ours = getenv(MARK_VARIABLE);
	bool doubt = true, left = false;
	if (!mark->text[0] || (ours && strstr(ours, mark->text)))
		return false;
	for (int i = 0; !left && doubt && i < ROUNDS_MOST; i++) {
		if (i > 0)
			poll(NULL, 0, ROUND_PAUSE_MS);
		left = kill_once(mark, &doubt);
	}
	return left;
}
