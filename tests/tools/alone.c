/*
 * alone SECONDS COMMAND [ARG...]: runs a test to its end and to that of all that it started.
 *
 * It is the reaper of everything below it, so that no process can get away, whatever session,
 * group or environment it gave itself. The exit code is the test's, or one of those below, with
 * the reason on stderr.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ALONE_DEADLINE = 124,  /* it did not end in time */
	ALONE_LEFTOVERS = 125, /* it ended well and left processes behind */
	ALONE_BROKEN = 126,    /* it could not be started */
};

/* What is about to end anyway when the test ends may do so for this long. */
static const double patience = 1.0;
static const struct timespec poll_interval = {.tv_nsec = 5 * 1000 * 1000};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The parent of a process, and what it is ("(sleep)") in name; -1 where it is gone. */
static pid_t parent_of(const char *pid, char name[64])
{
	char path[64], line[512];
	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	const size_t length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[length] = '\0';
	/* The name may hold anything, so the last parenthesis ends it. */
	const char *open = strchr(line, '('), *close = strrchr(line, ')');
	int parent;
	if (!open || !close || sscanf(close, ") %*c %d", &parent) != 1)
		return -1;
	snprintf(name, 64, "%.*s", (int)(close + 1 - open), open);
	return parent;
}

/* Kills our children, which makes theirs ours; `tell` names them. */
static void kill_children(bool tell)
{
	DIR *folder = opendir("/proc");
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		char name[64];
		if (parent_of(entry->d_name, name) != getpid())
			continue;
		const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tell)
			fprintf(stderr, "left behind: process %d %s\n", (int)pid, name);
		kill(pid, SIGKILL);
	}
	if (folder)
		closedir(folder);
}

/* Reaps until nothing is left (true), or only what still runs at `until` (false). The end of
 * `test`, if it is met, goes to *status. */
static bool reap(pid_t test, int *status, double until)
{
	for (;;) {
		int ended;
		const pid_t pid = waitpid(-1, &ended, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid > 0) {
			if (pid == test)
				*status = ended;
			continue;
		}
		if (now() >= until)
			return false;
		nanosleep(&poll_interval, NULL);
	}
}

/* Kills all that is left; a process may start another while we look, so until none is. */
static void clear(bool tell)
{
	int ignored;
	do {
		kill_children(tell);
	} while (!reap(-1, &ignored, now() + 0.05));
}

/* Waits for the test itself. Its exit code, or ours. */
static int wait_for_test(pid_t test, double until)
{
	int status;
	for (;;) {
		const pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid == test)
			break;
		if (pid > 0)
			continue;
		if (interrupted || now() >= until) {
			if (!interrupted)
				fprintf(stderr, "deadline: not at its end in time\n");
			return ALONE_DEADLINE;
		}
		nanosleep(&poll_interval, NULL);
	}
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "killed by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static pid_t start(char **argv)
{
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	setsid();
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "alone: %s: can't be run: %s\n", argv[0], strerror(errno));
	_exit(ALONE_BROKEN);
}

int main(int argc, char **argv)
{
	char *end = NULL;
	const double seconds = argc > 2 ? strtod(argv[1], &end) : 0;
	if (argc < 3 || *end != '\0' || !(seconds > 0)) {
		fprintf(stderr, "usage: alone SECONDS COMMAND [ARG...]\n");
		return ALONE_BROKEN;
	}
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	signal(SIGHUP, on_interrupt);
	const double until = now() + seconds;
	pid_t test;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) != 0 || (test = start(argv + 2)) < 0) {
		fprintf(stderr, "alone: can't start: %s\n", strerror(errno));
		return ALONE_BROKEN;
	}
	int code = wait_for_test(test, until);
	int ignored;
	const bool clean = reap(test, &ignored, code == ALONE_DEADLINE ? now() : now() + patience);
	if (!clean)
		clear(true);
	if (!clean && (code == 0 || code == 77))
		code = ALONE_LEFTOVERS;
	return code;
}
