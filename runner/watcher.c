#include "runner/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/descendants.h"
#include "status/clock.h"

#define PATIENCE_MS 900 /* for what it kills to be gone: then it ends itself */

/* Descriptors in the watcher; the first is the pipe, what follows the cgroup's folders. */
#define FIRST_FD 3

/* It keeps nothing of ours: no descriptor, no terminal, no signal, no folder. */
static void settle(int pipe_end, struct cgroup *cgroup)
{
	int place = FIRST_FD;
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "stepgate-watch");
	/* In ascending order none lands on one that is still to be moved, once all are high. */
	int high[1 + CGROUP_NKINDS] = {fcntl(pipe_end, F_DUPFD_CLOEXEC, 64)};
	for (int i = 0; i < CGROUP_NKINDS; i++)
		high[1 + i] =
			cgroup->folder[i] < 0 ? -1 : fcntl(cgroup->folder[i], F_DUPFD_CLOEXEC, 64);
	dup2(high[0], place++);
	for (int i = 0; i < CGROUP_NKINDS; i++)
		if (high[1 + i] >= 0)
			cgroup->folder[i] = dup2(high[1 + i], place++);
	close_range((unsigned)place, ~0U, 0);
	close_range(0, FIRST_FD - 1, 0);
	if (chdir("/") != 0)
		_exit(1);
}

/* Waits for the end of the pipe. Which child it was told of, or 0. */
static pid_t listen_to(int fd)
{
	pid_t child = 0;
	for (;;) {
		const ssize_t got = read(fd, &child, sizeof(child));
		if (got == 0 || (got < 0 && errno != EINTR))
			return child;
	}
}

_Noreturn static void watch(int pipe_end, struct cgroup *cgroup)
{
	settle(pipe_end, cgroup);
	const pid_t child = listen_to(FIRST_FD);
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	bool left = true;
	while (left && clock_monotonic_ms() < deadline) {
		cgroup_kill(cgroup);
		/* Where there is no cgroup: before its end makes its children those of others. */
		left = child > 0 && descendants_kill_of(child);
		if (child > 0)
			kill(-child, SIGKILL);
		left |= !cgroup_remove(cgroup);
		if (left)
			poll(NULL, 0, 1);
	}
	_exit(0);
}

int watcher_start(struct watcher *watcher, const struct cgroup *cgroup, struct err *err)
{
	int ends[2];
	*watcher = (struct watcher){.fd = -1};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "a step can't be watched over: no pipe");
	const pid_t pid = fork();
	if (pid == 0) {
		struct cgroup own = *cgroup;
		watch(ends[0], &own);
	}
	close(ends[0]);
	if (pid < 0) {
		err_errno(err, "a step can't be watched over");
		close(ends[1]);
		return -1;
	}
	*watcher = (struct watcher){.pid = pid, .fd = ends[1]};
	return 0;
}

void watcher_guard(const struct watcher *watcher, pid_t child)
{
	while (write(watcher->fd, &child, sizeof(child)) < 0 && errno == EINTR)
		;
}

void watcher_end(struct watcher *watcher)
{
	if (watcher->pid > 0) {
		kill(watcher->pid, SIGKILL);
		while (waitpid(watcher->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (watcher->fd >= 0)
		close(watcher->fd);
	*watcher = (struct watcher){.fd = -1};
}
