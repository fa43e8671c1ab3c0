#include "status/monitor/monitor.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/monitor/api.h"
#include "status/text.h"

#define BEAT_MS 15000
#define WAKE_MS 1000

/* What is waited for: these three, the holder of each repository, the runs. */
enum {
	AT_SIGNALS,
	AT_SERVER,
	AT_INOTIFY,
	FIXED,
};

struct loop {
	struct monitor monitor;
	int inotify;
	struct pollfd *fds;
	nfds_t nfds;
	int64_t beat_at;
	int64_t woken_at;       /* monotonic ms: when the streams were asked last */
	struct feed_place told; /* the feed's end then */
	bool stirred;           /* a log may have grown since */
};

/* What the last line of a run's own log says, cleaned. */
static const char *last_words(const char *path, char lines[1][STEP_LINE_SIZE])
{
	int64_t at;
	return step_log_last(path, lines, 1, &at) > 0 ? lines[0] : "it said nothing";
}

/* A run that was started here has ended: where it did so with an error before it could tell of it
 * in the journal, that is shown. */
static void run_ended(struct monitor *monitor, struct monitor_run *run)
{
	char words[512], lines[1][STEP_LINE_SIZE];
	int status = 0;
	struct watch *watch = &monitor->watches[run->watch];
	if (waitpid(run->pid, &status, WNOHANG) != run->pid)
		return;
	if (WIFSIGNALED(status)) {
		snprintf(words, sizeof(words), "The run was killed by signal %d", WTERMSIG(status));
		events_notice(monitor, watch, words);
	} else if (WEXITSTATUS(status) != 0) {
		snprintf(words, sizeof(words), "The run ended with exit code %d: %s",
			 WEXITSTATUS(status), last_words(run->log, lines));
		events_notice(monitor, watch, words);
	}
	if (run->end >= 0)
		close(run->end);
	run->pid = 0;
	watch->stirred = true;
}

static void read_inotify(struct loop *loop)
{
	char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got;
	loop->stirred = true;
	while ((got = read(loop->inotify, bytes, sizeof(bytes))) > 0)
		for (char *at = bytes; at < bytes + got;) {
			const struct inotify_event *event = (const void *)at;
			for (int i = 0; i < loop->monitor.nwatches; i++)
				if (watch_stir(&loop->monitor.watches[i], event->wd) ||
				    event->mask & IN_Q_OVERFLOW)
					loop->monitor.watches[i].stirred = true;
			at += sizeof(*event) + event->len;
		}
}

static void fill(struct loop *loop)
{
	struct monitor *monitor = &loop->monitor;
	loop->fds[AT_SIGNALS].fd = monitor->setup->signals;
	loop->fds[AT_SERVER].fd = server_descriptor(monitor->server);
	loop->fds[AT_INOTIFY].fd = loop->inotify;
	struct pollfd *fd = loop->fds + FIXED;
	for (int i = 0; i < monitor->nwatches; i++)
		(fd++)->fd = monitor->watches[i].holder;
	for (int i = 0; i < MONITOR_RUNS; i++)
		(fd++)->fd = monitor->runs[i].pid ? monitor->runs[i].end : -1;
	loop->nfds = (nfds_t)(fd - loop->fds);
	for (nfds_t i = 0; i < loop->nfds; i++)
		loop->fds[i].events = POLLIN;
}

static void take(struct loop *loop)
{
	struct monitor *monitor = &loop->monitor;
	const struct pollfd *fd = loop->fds + FIXED;
	if (loop->fds[AT_INOTIFY].revents)
		read_inotify(loop);
	for (int i = 0; i < monitor->nwatches; i++)
		if ((fd++)->revents)
			watch_holder_ended(&monitor->watches[i]);
	for (int i = 0; i < MONITOR_RUNS; i++)
		if ((fd++)->revents || (monitor->runs[i].pid && monitor->runs[i].end < 0))
			run_ended(monitor, &monitor->runs[i]);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Streams are asked only where there may be something for them: asking is a round of the loop. */
static void wake(struct loop *loop)
{
	const struct feed_place end = feed_end(loop->monitor.feed);
	const int64_t at = clock_monotonic_ms();
	if (end.event == loop->told.event && !loop->stirred && !loop->monitor.scrapes &&
	    at - loop->woken_at < WAKE_MS)
		return;
	loop->told = end;
	loop->stirred = false;
	loop->woken_at = at;
	server_wake(loop->monitor.server);
}

/* Everything that is due; in how many milliseconds the next is. */
static int64_t turn(struct loop *loop)
{
	struct monitor *monitor = &loop->monitor;
	int64_t wait = BEAT_MS;
	if (clock_monotonic_ms() - loop->beat_at >= BEAT_MS) {
		events_beat(monitor);
		loop->beat_at = clock_monotonic_ms();
	}
	for (int i = 0; i < monitor->nwatches; i++)
		wait = sooner(wait, watch_turn(&monitor->watches[i], events_tell, monitor));
	wake(loop);
	wait = sooner(wait, server_turn(monitor->server));
	return monitor->scrapes ? 0 : wait;
}

static int serve(struct loop *loop, struct err *err)
{
	for (;;) {
		const int64_t wait = turn(loop);
		fill(loop);
		const int got = poll(loop->fds, loop->nfds, wait > INT_MAX ? INT_MAX : (int)wait);
		if (got < 0 && errno != EINTR)
			return err_errno(err, "the monitor can't wait");
		if (got > 0 && loop->fds[AT_SIGNALS].revents)
			return 0;
		if (got > 0)
			take(loop);
	}
}

static int make(struct loop *loop, const struct monitor_setup *setup, struct err *err)
{
	struct monitor *monitor = &loop->monitor;
	const size_t n = (size_t)setup->nrepositories;
	monitor->setup = setup;
	monitor->feed = feed_new();
	monitor->watches = calloc(n, sizeof(*monitor->watches));
	loop->fds = calloc(FIXED + n + MONITOR_RUNS, sizeof(*loop->fds));
	if (!monitor->feed || !monitor->watches || !loop->fds)
		return err_set(err, ERR_INTERNAL, "out of memory");
	loop->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (loop->inotify < 0)
		return err_errno(err, "the repositories can't be watched");
	monitor->nwatches = setup->nrepositories;
	for (int i = 0; i < monitor->nwatches; i++)
		watch_init(&monitor->watches[i], &setup->repositories[i], setup->hands,
			   loop->inotify);
	const struct server_setup server = {
		.fd = setup->listener->fd,
		.guard = setup->guard,
		.routes = api_routes,
		.other = assets_answer,
		.locked = assets_locked,
		.app = monitor,
	};
	return server_new(&server, &monitor->server, err);
}

int monitor_run(const struct monitor_setup *setup, struct err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return err_set(err, ERR_INTERNAL, "out of memory");
	loop->inotify = -1;
	loop->beat_at = clock_monotonic_ms();
	int failed = make(loop, setup, err);
	if (!failed)
		failed = serve(loop, err);
	server_free(loop->monitor.server);
	for (int i = 0; i < loop->monitor.nwatches; i++)
		watch_release(&loop->monitor.watches[i]);
	if (loop->inotify >= 0)
		close(loop->inotify);
	feed_free(loop->monitor.feed);
	free(loop->monitor.watches);
	free(loop->fds);
	free(loop);
	return failed;
}
