/*
 * A step that runs targets of make, one after another, and reports which of them failed and where.
 *
 *   targets=A B C    what to make; without it, what make makes by itself
 *   directory=DIR    where the makefile is, from the step's folder
 *   jobs=N           make -jN
 *   stop=yes         at the first target that fails; without it, all are tried
 *   program=make     the program
 *
 * What make prints goes to the log as it comes. Its own line of a failure has the form
 * "make: *** [Makefile:12: check] Error 1" (GNU make manual, "Errors in Recipes").
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/stepgate.h"

extern char **environ;

enum {
	TARGETS_MOST = 64,
	WORDS = 1024,
	LINE = 512,
};

struct job {
	const struct stepgate_call *call;
	const char *program, *directory;
	char jobs[32]; /* "-j4", or "" */
	int stop;
	char *targets[TARGETS_MOST];
	int ntargets;
	char names[4096];   /* what they point to */
	char failed[WORDS]; /* "check (Makefile:12, exit status 2), …" */
	int nfailed;
};

static int fail(const struct stepgate_call *call, const char *what, const char *why)
{
	char words[WORDS];
	snprintf(words, sizeof(words), "%s: %s", what, why);
	call->host->say(call->host, words);
	return STEPGATE_FAILED;
}

/* Keeps the place of make's line about a failure: what stands between "*** [" and the last colon.
 */
static void keep_place(const char *line, char *place)
{
	const char *begin = strstr(line, "*** [");
	const char *end = begin ? strchr(begin, ']') : NULL;
	if (!end || *place)
		return;
	begin += 5;
	for (const char *at = end; at > begin; at--)
		if (*at == ':') {
			end = at;
			break;
		}
	snprintf(place, LINE, "%.*s", (int)(end - begin), begin);
}

/* A line of make's stderr under way; of a longer one the beginning. */
struct line {
	char text[LINE];
	size_t length;
};

static void take_bytes(struct line *line, const char *bytes, size_t length, char *place)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n' && line->length < sizeof(line->text) - 1)
			line->text[line->length++] = bytes[i];
		if (bytes[i] != '\n')
			continue;
		line->text[line->length] = '\0';
		keep_place(line->text, place);
		line->length = 0;
	}
}

/* Copies make's stderr to ours until make has ended and there is no more. What a recipe left
 * running may hold the pipe for ever: that is not waited for. */
static void pass_on(int fd, pid_t pid, char *place)
{
	struct line line = {.length = 0};
	char bytes[4096];
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
				{.fd = pidfd_open(pid, 0), .events = POLLIN}};
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		const ssize_t got = fds[0].revents ? read(fd, bytes, sizeof(bytes)) : 0;
		if (got <= 0 && (fds[0].revents || fds[1].revents))
			break;
		if (got > 0 && write(STDERR_FILENO, bytes, (size_t)got) < 0)
			break;
		take_bytes(&line, bytes, got > 0 ? (size_t)got : 0, place);
	}
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	close(fd);
}

/* 0 and *pid, or an error number. Its stderr goes to `out`, and nothing else of ours to it. */
static int start(char **argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);
	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Runs make to its end; its wait status, or -1 with words. */
static int run_make(const struct job *job, char *target, char *place)
{
	int ends[2], status = 0, n = 0;
	pid_t pid;
	char *argv[8];
	argv[n++] = (char *)(uintptr_t)job->program;
	if (job->directory) {
		argv[n++] = (char *)(uintptr_t) "-C";
		argv[n++] = (char *)(uintptr_t)job->directory;
	}
	if (job->jobs[0])
		argv[n++] = (char *)(uintptr_t)job->jobs;
	argv[n++] = (char *)(uintptr_t) "--";
	if (target)
		argv[n++] = target;
	argv[n] = NULL;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(job->call, job->program, strerror(errno)) - 2;
	const int error = start(argv, ends[1], &pid);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return fail(job->call, job->program, strerror(error)) - 2;
	}
	pass_on(ends[0], pid, place);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void add_failure(struct job *job, const char *target, const char *place, int status)
{
	const size_t used = strlen(job->failed);
	const int signal = WIFSIGNALED(status);
	snprintf(job->failed + used, sizeof(job->failed) - used, "%s%s (%s%s%s %d)",
		 used ? ", " : "", target ? target : "the default target", place,
		 *place ? ", " : "", signal ? "signal" : "exit status",
		 signal ? WTERMSIG(status) : WEXITSTATUS(status));
	job->nfailed++;
}

/* One target, or the default one. 0, or -1 where make can't be run at all. */
static int make_target(struct job *job, int i, int count)
{
	const struct stepgate_host *host = job->call->host;
	char place[LINE] = "", text[LINE];
	char *target = job->ntargets ? job->targets[i] : NULL;
	snprintf(text, sizeof(text), "make %s", target ? target : "");
	host->progress(host, 100 * i / count, text);
	const int status = run_make(job, target, place);
	if (status < 0)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		add_failure(job, target, place, status);
	return 0;
}

static int make_all(struct job *job)
{
	const int count = job->ntargets ? job->ntargets : 1;
	char words[WORDS + 64];
	int i = 0;
	for (; i < count && !(job->stop && job->nfailed); i++)
		if (make_target(job, i, count) != 0)
			return STEPGATE_FAILED;
	if (job->nfailed)
		snprintf(words, sizeof(words), "%d of %d failed: %s%s", job->nfailed, count,
			 job->failed, i < count ? "; the others were not tried" : "");
	else
		snprintf(words, sizeof(words), "%d made", count);
	job->call->host->say(job->call->host, words);
	return job->nfailed ? STEPGATE_FAILED : STEPGATE_OK;
}

/* Splits the names at blanks. NULL, or why they can't be taken. */
static const char *take_targets(struct job *job)
{
	char *rest = NULL;
	for (char *target = strtok_r(job->names, " \t\n", &rest); target;
	     target = strtok_r(NULL, " \t\n", &rest)) {
		if (job->ntargets == TARGETS_MOST)
			return "more than 64";
		job->targets[job->ntargets++] = target;
	}
	return job->ntargets == 0 ? "none is named" : NULL;
}

/* Takes one option. NULL, or why it can't be. */
static const char *take_option(struct job *job, const char *option)
{
	const char *value = strchr(option, '=') + 1;
	if (strncmp(option, "targets=", 8) == 0) {
		if (strlen(value) >= sizeof(job->names))
			return "it is too long";
		snprintf(job->names, sizeof(job->names), "%s", value);
		return take_targets(job);
	}
	if (strncmp(option, "directory=", 10) == 0) {
		job->directory = value;
	} else if (strncmp(option, "program=", 8) == 0) {
		job->program = value;
	} else if (strncmp(option, "stop=", 5) == 0) {
		job->stop = strcmp(value, "yes") == 0;
		return job->stop || strcmp(value, "no") == 0 ? NULL : "it is yes or no";
	} else if (strncmp(option, "jobs=", 5) == 0) {
		if (!*value || strlen(value) > 4 || strspn(value, "0123456789") != strlen(value) ||
		    *value == '0')
			return "it is a whole number from 1 to 9999";
		snprintf(job->jobs, sizeof(job->jobs), "-j%s", value);
	} else {
		return "no such option: there are targets, directory, jobs, stop and program";
	}
	return NULL;
}

static int step(const struct stepgate_call *call)
{
	struct job job = {.call = call, .program = "make"};
	/* What a make above us has set is not for this one. */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	for (const char *const *option = call->options; *option; option++) {
		const char *wrong = take_option(&job, *option);
		if (wrong)
			return fail(call, *option, wrong);
	}
	return make_all(&job);
}

const struct stepgate_module stepgate_module = {
	.abi = STEPGATE_ABI,
	.size = sizeof(struct stepgate_module),
	.name = "make",
	.about =
		"runs targets of make, and reports which of them failed (targets, directory, jobs, "
		"stop, program)",
	.step = step,
};
