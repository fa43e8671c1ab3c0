#include "runner/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/cgroup.h"
#include "runner/process/descendants.h"
#include "runner/process/spawn.h"
#include "runner/process/watcher.h"
#include "status/clock.h"

#define KILL_WAIT_MS 400 /* how long the process itself is waited for after KILL */
#define END_WAIT_MS  900 /* how long all that follows its end may take … */
#define REST_WAIT_MS 700 /* … of which: what came of it is killed, again and again */
#define POLL_MOST_MS 200 /* so that stop_hard is seen in time */
#define DRAIN_MS     500
#define CHUNK        (1 << 18)

struct stream {
	int fd; /* -1: closed */
	child_bytes *take;
};

enum ending {
	ENDING_NO,
	ENDING_TERM, /* asked to end; KILL follows at `deadline` */
	ENDING_KILL,
};

struct run {
	const struct child_spec *spec;
	struct spawned child;
	struct stream streams[3];
	size_t fed; /* bytes of its stdin written so far */
	int64_t started, deadline, next_tick, next_reap;
	int64_t heard; /* when it last wrote something */
	enum ending ending;
	enum child_end why;
	int64_t ended;        /* when the process itself had */
	bool lost;            /* it did not even die of KILL */
	struct cgroup cgroup; /* of a contained child, like what follows */
	struct mark mark;
	char **environment; /* the spec's, with the mark; or NULL: the spec's counts */
	struct spared spared;
	char notice[sizeof(((struct child_result *)0)->notice)];
};

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void signal_group(const struct run *run, int sig)
{
	kill(-run->child.pid, sig);
	if (sig == SIGTERM)
		kill(-run->child.pid, SIGCONT); /* a stopped worker could not hear it */
}

static void ask_to_end(struct run *run, enum child_end why, int64_t now)
{
	run->why = why;
	run->ending = ENDING_TERM;
	run->deadline = now + run->spec->grace_ms;
	signal_group(run, SIGTERM);
}

static void put_to_death(struct run *run, int64_t now)
{
	run->ending = ENDING_KILL;
	run->deadline = now + KILL_WAIT_MS;
	signal_group(run, SIGKILL);
}

/* Whether the end has to be brought nearer. */
static void watch_time(struct run *run, int64_t now)
{
	const struct child_spec *spec = run->spec;
	const bool hard = spec->stop_hard && *spec->stop_hard;
	if (run->ending != ENDING_KILL && hard) {
		if (run->ending == ENDING_NO)
			run->why = CHILD_STOPPED;
		put_to_death(run, now);
	} else if (run->ending == ENDING_NO && spec->end_now && *spec->end_now) {
		ask_to_end(run, CHILD_STOPPED, now);
	} else if (run->ending == ENDING_NO && spec->timeout_ms && now >= run->deadline) {
		ask_to_end(run, CHILD_TIMED_OUT, now);
	} else if (run->ending == ENDING_NO && spec->idle_ms && now >= run->heard + spec->idle_ms) {
		ask_to_end(run, CHILD_IDLE, now);
	} else if (run->ending == ENDING_TERM && now >= run->deadline) {
		put_to_death(run, now);
	} else if (run->ending == ENDING_KILL && now >= run->deadline) {
		run->lost = true;
	}
}

static void do_regularly(struct run *run, int64_t now)
{
	const struct child_spec *spec = run->spec;
	if (spec->on_tick && now >= run->next_tick) {
		run->next_tick = now + spec->tick_ms;
		spec->on_tick(spec->context);
	}
	if (spec->contained && now >= run->next_reap) {
		run->next_reap = now + POLL_MOST_MS;
		descendants_reap(&run->spared, run->child.pid);
	}
}

static int time_left(const struct run *run, int64_t now)
{
	int64_t left = POLL_MOST_MS;
	const bool timed = run->ending != ENDING_NO || run->spec->timeout_ms;
	const bool idle = run->ending == ENDING_NO && run->spec->idle_ms;
	if (timed && run->deadline - now < left)
		left = run->deadline - now;
	if (idle && run->heard + run->spec->idle_ms - now < left)
		left = run->heard + run->spec->idle_ms - now;
	if (run->spec->on_tick && run->next_tick - now < left)
		left = run->next_tick - now;
	return left < 0 ? 0 : (int)left;
}

/* Reads once. False at the end of the stream, or where it can't be read. */
static bool pump(struct run *run, struct stream *stream)
{
	static char chunk[CHUNK];
	const ssize_t got = read(stream->fd, chunk, sizeof(chunk));
	if (got > 0)
		run->heard = clock_monotonic_ms();
	if (got > 0 && stream->take)
		stream->take(run->spec->context, chunk, (size_t)got);
	if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)))
		return true;
	drop(&stream->fd);
	return false;
}

static struct child_feed feed_of(const struct child_spec *spec)
{
	return spec->feed ? *spec->feed
			  : (struct child_feed){spec->stdin_bytes, spec->stdin_length, true};
}

static void feed(struct run *run)
{
	const struct child_feed what = feed_of(run->spec);
	const ssize_t put = write(run->child.in, what.bytes + run->fed, what.length - run->fed);
	if (put > 0)
		run->fed += (size_t)put;
	const bool broken = put < 0 && errno != EINTR && errno != EAGAIN;
	if (broken || (what.ended && run->fed == what.length))
		drop(&run->child.in);
}

/* Where there is something to write; else a pipe would be found ready all the time. */
static int fed_descriptor(struct run *run)
{
	const struct child_feed what = feed_of(run->spec);
	if (what.ended && run->fed == what.length)
		drop(&run->child.in);
	return run->fed < what.length ? run->child.in : -1;
}

/* Waits for what comes first and handles it. True once the process itself has ended. */
static bool turn(struct run *run, int timeout)
{
	struct pollfd fds[6] = {
		{.fd = run->streams[0].fd, .events = POLLIN},
		{.fd = run->streams[1].fd, .events = POLLIN},
		{.fd = run->streams[2].fd, .events = POLLIN},
		{.fd = run->child.pidfd, .events = POLLIN},
		{.fd = fed_descriptor(run), .events = POLLOUT},
		{.fd = run->ending == ENDING_NO ? run->spec->stop_fd : -1, .events = POLLIN},
	};
	if (poll(fds, 6, timeout) <= 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (fds[i].revents)
			pump(run, &run->streams[i]);
	if (fds[4].revents)
		feed(run);
	if (fds[5].revents)
		ask_to_end(run, CHILD_STOPPED, clock_monotonic_ms());
	return fds[3].revents != 0;
}

/* One round of ending what came of it. False once nothing is left. */
static bool end_rest(struct run *run)
{
	kill(-run->child.pid, SIGKILL);
	if (!run->spec->contained)
		return false;
	/* An empty cgroup can be removed, and only that. */
	bool left = !cgroup_remove(&run->cgroup);
	if (left)
		cgroup_kill(&run->cgroup);
	left |= descendants_kill(&run->spared, run->child.pid);
	/* The last look, and only where no cgroup has them all: it goes through all processes. */
	if (!left && !run->cgroup.path[CGROUP_UNIFIED][0])
		left = mark_kill(&run->mark);
	return left;
}

/* The process has ended: nothing that came of it may outlive it. It is reaped last, so that its
 * number can't be another group's meanwhile. */
static void end_all(struct run *run)
{
	run->ended = clock_monotonic_ms();
	if (run->spec->max_memory || run->spec->max_processes)
		cgroup_tell(&run->cgroup, run->notice, sizeof(run->notice));
	while (end_rest(run)) {
		if (clock_monotonic_ms() >= run->ended + REST_WAIT_MS) {
			snprintf(run->notice, sizeof(run->notice),
				 "some of what it started does not die");
			break;
		}
		poll(NULL, 0, 1);
	}
}

static void wait_for_group(const struct run *run)
{
	const int64_t deadline = run->ended + END_WAIT_MS;
	while (waitpid(-run->child.pid, NULL, WNOHANG) >= 0 || errno == EINTR)
		if (clock_monotonic_ms() >= deadline || poll(NULL, 0, 1) < 0)
			return;
	while (kill(-run->child.pid, 0) == 0 && clock_monotonic_ms() < deadline)
		poll(NULL, 0, 1);
}

static bool any_open(const struct run *run)
{
	return run->streams[0].fd >= 0 || run->streams[1].fd >= 0 || run->streams[2].fd >= 0;
}

/* What the pipes still hold is read, but not for ever: somebody who got away may hold them. All at
 * once, so that a held one keeps nothing back from the others. */
static void drain(struct run *run)
{
	const int64_t most = run->spec->drain_ms ? run->spec->drain_ms : DRAIN_MS;
	const int64_t wanted = clock_monotonic_ms() + most, last = run->ended + END_WAIT_MS;
	const int64_t deadline = wanted < last ? wanted : last;
	int64_t left = 1;
	drop(&run->child.in);
	while (any_open(run) && left > 0) {
		struct pollfd fds[3];
		left = deadline - clock_monotonic_ms();
		for (int i = 0; i < 3; i++)
			fds[i] = (struct pollfd){.fd = run->streams[i].fd, .events = POLLIN};
		if (poll(fds, 3, left > 0 ? (int)left : 0) == 0)
			break;
		for (int i = 0; i < 3; i++)
			if (fds[i].revents)
				pump(run, &run->streams[i]);
	}
	for (int i = 0; i < 3; i++)
		drop(&run->streams[i].fd);
}

static int64_t limit_of(const struct run *run)
{
	if (run->ending == ENDING_NO || run->why == CHILD_STOPPED)
		return 0;
	return run->why == CHILD_IDLE ? run->spec->idle_ms : run->spec->timeout_ms;
}

static void reap(struct run *run, struct child_result *result)
{
	struct rusage usage = {.ru_maxrss = 0};
	int status = SIGKILL; /* what waits for ever in the kernel is as good as killed */
	while (wait4(run->child.pid, &status, run->lost ? WNOHANG : 0, &usage) < 0 &&
	       errno == EINTR)
		;
	*result = (struct child_result){
		.end = run->why,
		.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.elapsed_ms = clock_monotonic_ms() - run->started,
		.limit_ms = limit_of(run),
		.max_rss_kb = usage.ru_maxrss,
	};
	memcpy(result->notice, run->notice, sizeof(result->notice));
	if (run->ending == ENDING_NO)
		result->end = WIFEXITED(status) ? CHILD_EXITED : CHILD_SIGNALED;
}

/* Everything that has to be there before the child is. 0, or -1 and *err. */
static int prepare(struct run *run, struct err *err)
{
	static bool tidied;
	const struct child_spec *spec = run->spec;
	run->cgroup = (struct cgroup){.folder = {-1, -1, -1}};
	if (!spec->contained)
		return 0;
	if (!tidied)
		cgroup_end_leftovers();
	tidied = true;
	cgroup_make(&run->cgroup, spec->max_memory, spec->max_processes, run->notice,
		    sizeof(run->notice));
	mark_make(&run->mark);
	run->environment = mark_environment(&run->mark, spec->environment);
	if (!run->environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (watcher_guard(&run->cgroup, &run->mark, 0, err) != 0)
		return -1;
	if (spared_init(&run->spared) != 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	return 0;
}

static void tidy_up(struct run *run)
{
	if (!run->spec->contained)
		return;
	prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
	watcher_relax();
	cgroup_remove(&run->cgroup);
	cgroup_forget(&run->cgroup);
	spared_release(&run->spared);
	free(run->environment);
}

static int start(struct run *run, struct err *err)
{
	struct child_spec spec = *run->spec;
	if (run->environment)
		spec.environment = (const char *const *)run->environment;
	return spawn(&spec, &run->cgroup, &run->child, err);
}

static void begin(struct run *run)
{
	const struct child_spec *spec = run->spec;
	struct child_identity identity;
	run->started = run->heard = clock_monotonic_ms();
	run->deadline = run->started + spec->timeout_ms;
	run->next_tick = run->started + spec->tick_ms;
	run->next_reap = run->started;
	run->streams[0] = (struct stream){run->child.out, spec->on_output};
	run->streams[1] = (struct stream){run->child.complaint, spec->on_complaint};
	run->streams[2] = (struct stream){run->child.usage, spec->on_usage};
	if (!spec->contained)
		return;
	watcher_guard(&run->cgroup, &run->mark, run->child.pid, NULL);
	if (spec->on_start) {
		child_identify(run->child.pid, &run->cgroup, &run->mark, &identity);
		spec->on_start(spec->context, &identity);
	}
}

static int run_child(const struct child_spec *spec, struct child_result *result, struct err *err)
{
	struct run run = {.spec = spec};
	if (prepare(&run, err) != 0 || start(&run, err) != 0) {
		tidy_up(&run);
		return -1;
	}
	begin(&run);
	bool ended = false;
	while (!ended && !run.lost) {
		const int64_t now = clock_monotonic_ms();
		watch_time(&run, now);
		do_regularly(&run, now);
		ended = turn(&run, time_left(&run, now));
	}
	end_all(&run);
	drain(&run);
	reap(&run, result);
	wait_for_group(&run);
	drop(&run.child.pidfd);
	tidy_up(&run);
	return 0;
}

int child_run(const struct child_spec *spec, struct child_result *result, struct err *err)
{
	static bool busy;
	const bool nested = busy;
	struct child_spec own = *spec;
	/* Subreaper, watcher and cgroup are the first one's. */
	if (nested && own.contained)
		own.death_signal = SIGKILL;
	own.contained &= !nested;
	busy = true;
	const int failed = run_child(&own, result, err);
	busy = nested;
	return failed;
}

char *child_words(const struct child_result *result, char *out, size_t size)
{
	char span[CLOCK_TEXT];
	switch (result->end) {
	case CHILD_TIMED_OUT:
		snprintf(out, size, "ended after its timeout of %s",
			 clock_span(result->limit_ms, span));
		break;
	case CHILD_IDLE:
		snprintf(out, size, "ended after %s of silence",
			 clock_span(result->limit_ms, span));
		break;
	case CHILD_STOPPED:
		snprintf(out, size, "stopped on request");
		break;
	case CHILD_SIGNALED:
		snprintf(out, size, "killed by signal %d (%s)", result->signal,
			 strsignal(result->signal));
		break;
	case CHILD_EXITED:
		snprintf(out, size, "exit status %d", result->exit_code);
		break;
	}
	return out;
}
