#include "runner/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/signals.h"

/* So that a worker that prints much is not woken for every 64 KiB of it. */
#define PIPE_SIZE (1 << 20)

/* Both ends of every pipe, [0] to read, [1] to write; -1 where there is none. */
struct pipes {
	int in[2], out[2], complaint[2], usage[2];
	int trouble[2]; /* the child's words when it can't exec; closed by exec */
};

enum stage {
	STAGE_EXEC,
	STAGE_CWD,
	STAGE_STDIN,
	STAGE_DESCRIPTORS,
	STAGE_LIMITS,
};

struct trouble {
	enum stage stage;
	int error;
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	pair[0] = pair[1] = -1;
}

static void pipes_release(struct pipes *pipes)
{
	close_pair(pipes->in);
	close_pair(pipes->out);
	close_pair(pipes->complaint);
	close_pair(pipes->usage);
	close_pair(pipes->trouble);
}

static int pipes_init(struct pipes *pipes, const struct child_spec *spec)
{
	memset(pipes, 0xff, sizeof(*pipes)); /* every descriptor -1 */
	if (pipe2(pipes->out, O_CLOEXEC) != 0 || pipe2(pipes->trouble, O_CLOEXEC) != 0 ||
	    (spec->on_complaint && pipe2(pipes->complaint, O_CLOEXEC) != 0) ||
	    (spec->on_usage && pipe2(pipes->usage, O_CLOEXEC) != 0) ||
	    ((spec->stdin_bytes || spec->feed) && pipe2(pipes->in, O_CLOEXEC) != 0)) {
		const int error = errno;
		pipes_release(pipes);
		errno = error;
		return -1;
	}
	/* Refused to a user who has many: then it is as it is. */
	fcntl(pipes->out[0], F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

_Noreturn static void give_up(int fd, enum stage stage)
{
	const struct trouble trouble = {.stage = stage, .error = errno};
	if (write(fd, &trouble, sizeof(trouble)) < 0)
		_exit(126);
	_exit(127);
}

static int open_stdin(const struct child_spec *spec, const struct pipes *pipes)
{
	if (spec->stdin_bytes || spec->feed)
		return pipes->in[0];
	return open(spec->stdin_path ? spec->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Puts the descriptors where the program expects them and closes all others but `keep`. They are
 * first moved out of the way, since any may stand on 0 to 3. */
static int place_descriptors(int in, const struct pipes *pipes, int *keep)
{
	const int wanted[4] = {in, pipes->out[1],
			       pipes->complaint[1] >= 0 ? pipes->complaint[1] : pipes->out[1],
			       pipes->usage[1]};
	int aside[4] = {-1, -1, -1, -1};
	*keep = fcntl(*keep, F_DUPFD_CLOEXEC, 10);
	if (*keep < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		if (wanted[i] >= 0 && (aside[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, 10)) < 0)
			return -1;
	for (int i = 0; i < 4; i++)
		if (aside[i] >= 0 && dup2(aside[i], i) < 0)
			return -1;
	if (aside[CHILD_USAGE_FD] < 0)
		close(CHILD_USAGE_FD);
	/* Nothing else may leak in, also what was opened without CLOEXEC by whoever started us. */
	return close_range(CHILD_USAGE_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* What goes wrong here matters only where the cgroup is to hold limits. */
static void join(const struct child_spec *spec, const struct cgroup *cgroup, bool inside,
		 int trouble)
{
	if (cgroup_join(cgroup, !inside) != 0 && (spec->max_memory || spec->max_processes))
		give_up(trouble, STAGE_LIMITS);
}

static void die_with(pid_t parent, int sig)
{
	prctl(PR_SET_PDEATHSIG, sig);
	if (sig && getppid() != parent)
		_exit(126); /* it died before it was asked for */
}

_Noreturn static void become(const struct child_spec *spec, const struct pipes *pipes, pid_t parent)
{
	int trouble = pipes->trouble[1];
	setsid();
	signals_default();
	die_with(parent, spec->contained ? SIGKILL : spec->death_signal);
	umask(022);
	const int in = open_stdin(spec, pipes);
	if (in < 0)
		give_up(trouble, STAGE_STDIN);
	if (place_descriptors(in, pipes, &trouble) != 0)
		give_up(trouble < 0 ? pipes->trouble[1] : trouble, STAGE_DESCRIPTORS);
	if (spec->cwd && chdir(spec->cwd) != 0)
		give_up(trouble, STAGE_CWD);
	environ = (char **)(uintptr_t)spec->environment; /* execvp looks in its PATH, not in ours */
	execvp(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
	give_up(trouble, STAGE_EXEC);
}

static int tell(const struct child_spec *spec, const struct trouble *trouble, struct err *err)
{
	errno = trouble->error;
	switch (trouble->stage) {
	case STAGE_CWD:
		return err_errno(err, "%s: can't be the folder to run in", spec->cwd);
	case STAGE_STDIN:
		return err_errno(err, "%s: can't be opened as input",
				 spec->stdin_path ? spec->stdin_path : "/dev/null");
	case STAGE_EXEC:
		return err_errno(err, "%s: can't be started", spec->argv[0]);
	case STAGE_LIMITS:
		return err_errno(err, "%s: can't be put into the cgroup that holds its limits",
				 spec->argv[0]);
	case STAGE_DESCRIPTORS:
		break;
	}
	return err_errno(err, "%s: can't be given its descriptors", spec->argv[0]);
}

/* Waits for exec. 0 when it happened; -1 and *err when the child told of trouble, or died unheard.
 */
static int wait_for_exec(const struct child_spec *spec, const struct pipes *pipes, struct err *err)
{
	struct trouble trouble;
	ssize_t got;
	do
		got = read(pipes->trouble[0], &trouble, sizeof(trouble));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(trouble) ? tell(spec, &trouble, err) : 0;
}

static int take(int *fd)
{
	const int taken = *fd;
	*fd = -1;
	return taken;
}

static int adopt(pid_t pid, struct pipes *pipes, struct spawned *child, struct err *err)
{
	const int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		return err_errno(err, "a child process can't be watched");
	if (pipes->in[1] >= 0)
		fcntl(pipes->in[1], F_SETFL, O_NONBLOCK);
	*child = (struct spawned){
		.pid = pid,
		.pidfd = pidfd,
		.in = take(&pipes->in[1]),
		.out = take(&pipes->out[0]),
		.complaint = take(&pipes->complaint[0]),
		.usage = take(&pipes->usage[0]),
	};
	return 0;
}

/* A fork, right into the cgroup where the kernel can do that: *inside says so. */
static pid_t fork_into(const struct cgroup *cgroup, bool *inside)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (unsigned)cgroup->folder[CGROUP_UNIFIED],
	};
	pid_t pid = -1;
	*inside = true;
	if (cgroup->folder[CGROUP_UNIFIED] >= 0)
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		*inside = false;
		pid = fork();
	}
	return pid;
}

int spawn(const struct child_spec *spec, const struct cgroup *cgroup, struct spawned *child,
	  struct err *err)
{
	const pid_t parent = getpid();
	struct pipes pipes;
	bool inside;
	if (pipes_init(&pipes, spec) != 0)
		return err_errno(err, "%s: can't be started: no pipe", spec->argv[0]);
	int failed = -1;
	const pid_t pid = fork_into(cgroup, &inside);
	if (pid == 0) {
		join(spec, cgroup, inside, pipes.trouble[1]);
		become(spec, &pipes, parent);
	}
	if (pid < 0) {
		err_errno(err, "%s: can't be started", spec->argv[0]);
	} else {
		close(take(&pipes.trouble[1]));
		failed = wait_for_exec(spec, &pipes, err);
		if (failed == 0)
			failed = adopt(pid, &pipes, child, err);
		if (failed != 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	pipes_release(&pipes);
	return failed;
}
