/*
 * libconfuse is not made for memory that runs out: it uses what it did not get, or ends the
 * process. So it parses in a process of its own, whose death is an error here and not our end.
 *
 * What that process found comes back as it stood in its memory, pointers and all: the words and the
 * option table are at the same places in both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/settings.h"

/* Comes first; behind it, unless it failed, the top level and each section, with its settings. */
struct verdict {
	bool failed;
	struct err err;
	size_t sections;
};

static bool put(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	while (length > 0) {
		const ssize_t done = write(fd, at, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		length -= (size_t)done;
	}
	return true;
}

static bool get(int fd, void *bytes, size_t length)
{
	char *at = bytes;
	while (length > 0) {
		const ssize_t got = read(fd, at, length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		length -= (size_t)got;
	}
	return true;
}

static bool put_section(int fd, const struct section *section)
{
	return put(fd, section, sizeof(*section)) &&
	       put(fd, section->settings, section->count * sizeof(*section->settings));
}

/* In the process of its own. */
static bool parse_and_put(const struct words *words, int fd)
{
	struct settings settings;
	struct verdict verdict = {.err = {.code = ERR_NONE}};
	verdict.failed = settings_parse(words, &settings, &verdict.err) != 0;
	verdict.sections = settings.count;
	bool well = put(fd, &verdict, sizeof(verdict));
	if (verdict.failed)
		return well;
	well = well && put_section(fd, &settings.top);
	for (size_t i = 0; well && i < settings.count; i++)
		well = put_section(fd, &settings.sections[i]);
	return well;
}

/* It dies with us, leaves no core, and what libconfuse says at its end is not for the user. */
_Noreturn static void be_apart(const struct words *words, int fd)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	const int nobody = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nobody >= 0) {
		dup2(nobody, STDOUT_FILENO);
		dup2(nobody, STDERR_FILENO);
	}
	_exit(parse_and_put(words, fd) ? 0 : 1);
}

static int no_memory(const struct words *words, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "%s: memory ran out", words->file->path);
}

/* 1 and *section; 0 where it is not there; -1 when memory is short. */
static int take_section(int fd, struct section *section)
{
	struct section taken;
	if (!get(fd, &taken, sizeof(taken)))
		return 0;
	taken.capacity = taken.count;
	taken.settings = calloc(taken.count + 1, sizeof(*taken.settings));
	if (!taken.settings)
		return -1;
	const bool whole = get(fd, taken.settings, taken.count * sizeof(*taken.settings));
	if (!whole)
		free(taken.settings);
	else
		*section = taken;
	return whole;
}

/* The same, of all. */
static int take_settings(int fd, size_t sections, struct settings *settings)
{
	settings->sections = calloc(sections + 1, sizeof(*settings->sections));
	settings->capacity = sections;
	int took = settings->sections ? take_section(fd, &settings->top) : -1;
	while (took > 0 && settings->count < sections) {
		took = take_section(fd, &settings->sections[settings->count]);
		settings->count += took > 0;
	}
	return took;
}

static int end_apart(const struct words *words, pid_t pid, struct err *err)
{
	int status = 0;
	pid_t reaped;
	do
		reaped = waitpid(pid, &status, 0);
	while (reaped < 0 && errno == EINTR);
	if (reaped == pid && WIFSIGNALED(status))
		return err_set(err, ERR_INTERNAL,
			       "%s: memory ran out, or libconfuse failed: signal %d (%s)",
			       words->file->path, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return no_memory(words, err);
}

static int hear(const struct words *words, pid_t pid, int fd, struct settings *settings,
		struct err *err)
{
	struct verdict verdict;
	struct err died = {.code = ERR_NONE};
	const bool heard = get(fd, &verdict, sizeof(verdict));
	int took = heard;
	if (heard && !verdict.failed)
		took = take_settings(fd, verdict.sections, settings);
	close(fd);
	end_apart(words, pid, &died);
	if (took < 0)
		return no_memory(words, err);
	if (took > 0 && !verdict.failed)
		return 0;
	if (err)
		*err = took > 0 ? verdict.err : died;
	return -1;
}

int settings_read(const struct words *words, struct settings *settings, struct err *err)
{
	int ends[2];
	*settings = (struct settings){.count = 0};
	if (words->count == 0)
		return 0;
#ifdef STEPGATE_FUZZED /* what runs in another process is not seen by the fuzzer */
	return settings_parse(words, settings, err);
#endif
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "%s: can't be parsed: no pipe", words->file->path);
	const pid_t pid = fork();
	if (pid == 0)
		be_apart(words, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		err_errno(err, "%s: can't be parsed: no process", words->file->path);
		close(ends[0]);
		return -1;
	}
	return hear(words, pid, ends[0], settings, err);
}
