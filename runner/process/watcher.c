#include "runner/process/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/descendants.h"
#include "status/clock.h"

#define PATIENCE_MS 900 /* for what it kills to be gone: then it ends itself */

/* What is to be ended. */
struct charge {
	pid_t child;
	uint64_t start_time; /* of the child */
	struct mark mark;
	char cgroup[CGROUP_NKINDS][CGROUP_PATH];
};

static struct {
	pid_t owner; /* who started it: not a fork of that */
	pid_t pid;
	int fd;
} watcher = {.fd = -1};

/* It keeps nothing of ours: no descriptor, no terminal, no signal, no folder. */
static void settle(int fd)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "stepgate-watch");
	if (dup2(fd, 0) != 0 || close_range(1, ~0U, 0) != 0 || chdir("/") != 0)
		_exit(1);
}

/* One round. The child's number, also that of its group, may be another's once it was reaped. */
static bool end_once(const struct charge *charge, struct cgroup *cgroup, bool first)
{
	bool left = false;
	const bool there =
		charge->child > 0 && process_start_time(charge->child, NULL) == charge->start_time;
	cgroup_kill(cgroup);
	/* Where there is no cgroup: before its end makes its children those of others. */
	if (there)
		left = descendants_kill_of(charge->child);
	if (there || (first && charge->child > 0))
		kill(-charge->child, SIGKILL);
	left |= mark_kill(&charge->mark);
	return !cgroup_remove(cgroup) || left;
}

static void end_charge(const struct charge *charge)
{
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	struct cgroup cgroup;
	bool first = true;
	cgroup_open(&cgroup, charge->cgroup);
	while (end_once(charge, &cgroup, first) && clock_monotonic_ms() < deadline) {
		first = false;
		poll(NULL, 0, 1);
	}
}

_Noreturn static void watch(int fd)
{
	struct charge charge = {.child = 0}, told;
	ssize_t got;
	settle(fd);
	while ((got = recv(0, &told, sizeof(told), 0)) != 0) {
		if (got == (ssize_t)sizeof(told))
			charge = told;
		else if (got < 0 && errno != EINTR)
			break;
	}
	if (charge.child > 0 || charge.mark.text[0] || charge.cgroup[CGROUP_UNIFIED][0])
		end_charge(&charge);
	_exit(0);
}

static void stop(void)
{
	if (watcher.fd >= 0)
		close(watcher.fd);
	if (watcher.pid > 0 && watcher.owner == getpid()) {
		kill(watcher.pid, SIGKILL);
		while (waitpid(watcher.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	watcher.pid = 0;
	watcher.fd = -1;
}

static int start(struct err *err)
{
	static bool registered;
	int ends[2];
	if (!registered && atexit(stop) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	registered = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_errno(err, "a step can't be watched over: no socket");
	const pid_t pid = fork();
	if (pid == 0)
		watch(ends[0]);
	close(ends[0]);
	if (pid < 0) {
		err_errno(err, "a step can't be watched over");
		close(ends[1]);
		return -1;
	}
	watcher.owner = getpid();
	watcher.pid = pid;
	watcher.fd = ends[1];
	return 0;
}

static bool tell(const struct charge *charge)
{
	ssize_t put;
	if (watcher.pid == 0 || watcher.owner != getpid() ||
	    waitpid(watcher.pid, NULL, WNOHANG) != 0)
		return false;
	do
		put = send(watcher.fd, charge, sizeof(*charge), MSG_NOSIGNAL | MSG_DONTWAIT);
	while (put < 0 && errno == EINTR);
	return put == (ssize_t)sizeof(*charge);
}

int watcher_guard(const struct cgroup *cgroup, const struct mark *mark, pid_t child,
		  struct err *err)
{
	struct charge charge = {.child = child, .mark = *mark};
	if (child > 0)
		charge.start_time = process_start_time(child, NULL);
	memcpy(charge.cgroup, cgroup->path, sizeof(charge.cgroup));
	if (tell(&charge))
		return 0;
	stop();
	if (start(err) != 0)
		return -1;
	return tell(&charge) ? 0 : err_set(err, ERR_SYSTEM, "a step can't be watched over");
}

void watcher_relax(void)
{
	const struct charge nothing = {.child = 0};
	if (!tell(&nothing))
		stop();
}
