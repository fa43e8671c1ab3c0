#include "runner/process/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/descendants.h"
#include "runner/process/spawn.h"
#include "status/clock.h"

enum { MOST = 1 << 20 }; /* bytes that are read of it at a time */

struct host_aside {
	struct host_program program;
	struct spawned child;
	char *input; /* own copy */
	size_t fed;
	int64_t deadline; /* monotonic ms */
};

static void ignore(void *context, const char *bytes, size_t length)
{
	(void)context;
	(void)bytes;
	(void)length;
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void release(struct host_aside *aside)
{
	drop(&aside->child.in);
	drop(&aside->child.out);
	drop(&aside->child.usage);
	drop(&aside->child.pidfd);
	free(aside->input);
	free(aside);
}

/* NULL where memory is short. */
static struct host_aside *aside_new(const struct host_program *program)
{
	struct host_aside *aside = calloc(1, sizeof(*aside));
	if (!aside)
		return NULL;
	aside->program = *program;
	aside->child = (struct spawned){.in = -1, .out = -1, .usage = -1, .pidfd = -1};
	aside->input = calloc(1, program->input_length + 1);
	if (!aside->input) {
		free(aside);
		return NULL;
	}
	if (program->input_length > 0)
		memcpy(aside->input, program->input, program->input_length);
	return aside;
}

int aside_start(const struct host *host, const struct host_program *program,
		struct host_aside **started, struct err *err)
{
	static const struct cgroup nowhere = {.folder = {-1, -1, -1}};
	struct host_aside *aside = aside_new(program);
	char **environment = child_environment(program->environment, NULL);
	const struct child_spec spec = {
		.argv = program->argv,
		.environment = (const char *const *)environment,
		.cwd = program->cwd,
		.stdin_bytes = aside ? aside->input : NULL,
		.stdin_length = program->input_length,
		.on_usage = program->answer ? ignore : NULL,
		.death_signal = SIGKILL,
	};
	(void)host;
	int failed = aside && environment ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
	if (!failed)
		failed = spawn(&spec, &nowhere, &aside->child, err);
	free(environment);
	if (failed) {
		if (aside)
			release(aside);
		return -1;
	}
	descendants_leave(aside->child.pid);
	fcntl(aside->child.out, F_SETFL, O_NONBLOCK);
	if (aside->child.usage >= 0)
		fcntl(aside->child.usage, F_SETFL, O_NONBLOCK);
	aside->deadline = clock_monotonic_ms() + program->timeout_ms;
	*started = aside;
	return 0;
}

static void feed(struct host_aside *aside)
{
	if (aside->child.in < 0)
		return;
	const size_t left = aside->program.input_length - aside->fed;
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	const ssize_t put = left ? write(aside->child.in, aside->input + aside->fed, left) : 0;
	signal(SIGPIPE, before);
	aside->fed += put > 0 ? (size_t)put : 0;
	if (aside->fed == aside->program.input_length ||
	    (put < 0 && errno != EAGAIN && errno != EINTR))
		drop(&aside->child.in);
}

/* Reads what is there; NULL: it is of no interest. */
static void pump(int *fd, void (*take)(void *context, const char *bytes, size_t length),
		 void *context)
{
	char chunk[16384];
	for (size_t sum = 0; *fd >= 0 && sum < MOST;) {
		const ssize_t got = read(*fd, chunk, sizeof(chunk));
		if (got > 0) {
			sum += (size_t)got;
			if (take)
				take(context, chunk, (size_t)got);
		} else if (got < 0 && errno == EINTR) {
			continue;
		} else if (got < 0 && errno == EAGAIN) {
			return;
		} else {
			drop(fd);
		}
	}
}

/* Its group dies with it. Whether it ended by itself, with 0. */
static bool reap(struct host_aside *aside)
{
	int status = 0;
	kill(-aside->child.pid, SIGKILL);
	while (waitpid(aside->child.pid, &status, 0) < 0 && errno == EINTR)
		;
	descendants_leave(0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool aside_hear(struct host_aside *aside, bool *well)
{
	struct pollfd ended = {.fd = aside->child.pidfd, .events = POLLIN};
	feed(aside);
	/* First whether it has ended, so that what it wrote before is read. */
	const bool over = poll(&ended, 1, 0) > 0;
	pump(&aside->child.out, NULL, NULL);
	pump(&aside->child.usage, aside->program.answer, aside->program.context);
	if (!over && clock_monotonic_ms() < aside->deadline)
		return true;
	*well = reap(aside);
	release(aside);
	return false;
}

void aside_stop(struct host_aside *aside)
{
	if (!aside)
		return;
	reap(aside);
	release(aside);
}
