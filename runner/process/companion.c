#include "runner/process/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/beside.h"
#include "runner/process/signals.h"

#define DEATH_MS 2000 /* from SIGKILL to its end */

const struct companion_program companion_git = {
	"stepgate-git",
	GIT_HELPER_VARIABLE,
	"the commit helper",
};
const struct companion_program companion_send = {
	"stepgate-send",
	"STEPGATE_SENDER",
	"the sender of reports",
};

void companion_init(struct companion *companion)
{
	*companion = (struct companion){.pid = 0, .fd = -1};
}

static int find(const struct companion_program *program, char *path, size_t size, struct err *err)
{
	const char *named = getenv(program->variable);
	if (named && *named) {
		if (strlen(named) >= size || access(named, X_OK) != 0)
			return err_errno(err, "%s: can't be run as %s", named, program->what);
		memcpy(path, named, strlen(named) + 1);
		return 0;
	}
	return beside_find(program->name, program->what, path, size, err);
}

/* stdin and stdout are nobody's, stderr is ours, COMPANION_FD is its end. */
_Noreturn static void become(const char *path, int end)
{
	char *const argv[] = {(char *)(uintptr_t)path, NULL};
	setpgid(0, 0);
	signals_default();
	end = fcntl(end, F_DUPFD_CLOEXEC, 10); /* it may stand on 0 to 3 itself */
	const int nobody = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (end < 0 || nobody < 0 || dup2(nobody, STDIN_FILENO) < 0 ||
	    dup2(nobody, STDOUT_FILENO) < 0 || dup2(end, COMPANION_FD) < 0 ||
	    close_range(COMPANION_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		_exit(126);
	execv(path, argv);
	_exit(127);
}

int companion_start(struct companion *companion, const struct companion_program *program,
		    struct err *err)
{
	char path[PATH_MAX];
	int ends[2];
	if (find(program, path, sizeof(path), err) != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return err_errno(err, "%s: can't be started: no socket", path);
	const pid_t pid = fork();
	if (pid == 0)
		become(path, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		err_errno(err, "%s: can't be started", path);
		close(ends[0]);
		return -1;
	}
	setpgid(pid, pid); /* both sides do it, so that it is done whoever runs first */
	*companion = (struct companion){.pid = pid, .fd = ends[0]};
	return 0;
}

/* Whether it ends within the time. Where it can't be watched it is not waited for. */
static int ends_within(pid_t pid, int64_t patience_ms)
{
	const int watch = pidfd_open(pid, 0);
	if (watch < 0)
		return 0;
	struct pollfd ended = {.fd = watch, .events = POLLIN};
	int got;
	do
		got = poll(&ended, 1, patience_ms > INT_MAX ? INT_MAX : (int)patience_ms);
	while (got < 0 && errno == EINTR);
	close(watch);
	return got > 0;
}

static void put_how(int status, int killed, char *how, size_t size)
{
	if (killed)
		snprintf(how, size, "it gave no answer and was killed");
	else if (WIFSIGNALED(status))
		snprintf(how, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(how, size, "exit status %d", WEXITSTATUS(status));
}

void companion_stop(struct companion *companion, int64_t patience_ms, char *how, size_t size)
{
	int status = 0;
	if (companion->pid == 0)
		return;
	close(companion->fd);
	const int killed = !ends_within(companion->pid, patience_ms);
	if (killed)
		kill(-companion->pid, SIGKILL);
	/* A mount that does not answer may hold it in the kernel for good. */
	const int options = killed && !ends_within(companion->pid, DEATH_MS) ? WNOHANG : 0;
	while (waitpid(companion->pid, &status, options) < 0 && errno == EINTR)
		;
	if (how)
		put_how(status, killed, how, size);
	companion_init(companion);
}
