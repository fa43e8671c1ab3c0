/* stepgate-top: `stepgate top`, what is now in a terminal, with keys that start and stop cycles. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/commands/command.h"
#include "runner/commands/top_args.h"
#include "runner/monitor/served.h"
#include "runner/process/hands.h"
#include "runner/top/screen.h"
#include "status/clock.h"
#include "status/file.h"
#include "status/settings.h"
#include "status/text.h"

#define FRAME_MS 500  /* times that are shown grow older */
#define SAID_MS  8000 /* an answer is shown for so long */

struct top {
	struct served served;
	struct watch watch;
	int config; /* index of the one that `s` starts */
	char said[256];
	int64_t said_at; /* monotonic ms */
	bool asked;      /* whether to stop now: y or n */
	bool ended;
	int signals, inotify;
	pid_t run; /* that was started here, or 0 */
	char log[4096];
};

/* What is told of the journal: all of it is drawn anew. */
static void told(void *context, const struct watch *watch, struct watch_mark mark, const char *name,
		 cJSON *data)
{
	(void)context;
	(void)watch;
	(void)mark;
	(void)name;
	picture_free(data);
}

static const struct monitor_repository *repository(const struct top *top)
{
	return top->watch.repository;
}

static const struct now_config *chosen(const struct top *top)
{
	return repository(top)->nconfigs ? &repository(top)->configs[top->config] : NULL;
}

static void say(struct top *top, const char *words)
{
	text_clean(words, strlen(words), top->said, sizeof(top->said));
	top->said_at = clock_monotonic_ms();
}

/* An answer gives way to what the next cycle would be; a question stays. */
static void fade(struct top *top)
{
	if (!top->asked && clock_monotonic_ms() - top->said_at > SAID_MS)
		top->said[0] = '\0';
}

static void change_threshold(struct top *top, int by)
{
	struct err err = {.code = ERR_NONE};
	const int threshold = top->watch.now.next.threshold + by;
	const struct settings settings = {.threshold = threshold};
	if (threshold < GATE_THRESHOLD_MIN || threshold > GATE_THRESHOLD_MAX) {
		say(top, "The threshold is within 20 to 95 percent");
		return;
	}
	if (file_make_home(repository(top)->folder, &err) != 0 ||
	    settings_save(repository(top)->folder, &settings, &err) != 0) {
		say(top, err.text);
		return;
	}
	say(top, "");
	if (chosen(top) && chosen(top)->threshold) {
		char words[160];
		snprintf(words, sizeof(words),
			 "Saved: %d%% for the next cycle. But the config itself says %d%%, which "
			 "counts",
			 threshold, chosen(top)->threshold);
		say(top, words);
	}
	top->watch.now.next.threshold = threshold;
	top->watch.stirred = true;
}

static void start(struct top *top)
{
	struct err err = {.code = ERR_NONE};
	struct now_holder holder;
	hands.look(repository(top)->folder, &holder);
	if (!chosen(top))
		say(top, "There is no config to be started: name one to `stepgate top`");
	else if (holder.hold != NOW_FREE || top->run)
		say(top, "Another cycle has the repository");
	else if (hands.start(repository(top)->folder, chosen(top), &top->run, top->log,
			     sizeof(top->log), &err) != 0)
		say(top, err.text);
	else
		say(top, "Started");
}

static void stop(struct top *top, bool at_once)
{
	struct err err = {.code = ERR_NONE};
	if (hands.stop(repository(top)->folder, at_once, &err) != 0)
		say(top, err.text);
	else
		say(top, at_once ? "The step is asked to end" : "The cycle closes after this step");
}

static void answer(struct top *top, int key)
{
	top->asked = false;
	say(top, "");
	if (key == 'y')
		stop(top, true);
}

static void press(struct top *top, int key)
{
	if (top->asked) {
		answer(top, key);
		return;
	}
	switch (key) {
	case 'q':
		top->ended = true;
		break;
	case 's':
		start(top);
		break;
	case 'e':
		stop(top, false);
		break;
	case 'n':
		top->asked = true;
		say(top,
		    "Stop the step now? y: its worker is asked to end, and what it did is saved");
		break;
	case 'c':
		if (repository(top)->nconfigs)
			top->config = (top->config + 1) % repository(top)->nconfigs;
		break;
	case '+':
	case '-':
		change_threshold(top, key == '+' ? 1 : -1);
		break;
	default:
		break;
	}
}

/* A run that says no before it has a journal to say it in. */
static void reap(struct top *top)
{
	char lines[1][STEP_LINE_SIZE];
	int status = 0;
	int64_t at;
	if (!top->run || waitpid(top->run, &status, WNOHANG) != top->run)
		return;
	top->run = 0;
	say(top, "");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		say(top, step_log_last(top->log, lines, 1, &at) > 0 ? lines[0]
								    : "The run ended at once");
	top->watch.stirred = true;
}

static void drain(struct top *top)
{
	char bytes[4096];
	while (read(top->inotify, bytes, sizeof(bytes)) > 0)
		top->watch.stirred = true;
}

static int loop(struct top *top, struct err *err)
{
	while (!top->ended) {
		const int64_t due = watch_turn(&top->watch, told, NULL);
		fade(top);
		screen_draw(&top->watch, chosen(top), top->said);
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = top->signals, .events = POLLIN},
			{.fd = top->inotify, .events = POLLIN},
			{.fd = top->watch.holder, .events = POLLIN},
		};
		const int got = poll(fds, 4, due < FRAME_MS ? (int)due : FRAME_MS);
		if (got < 0 && errno != EINTR)
			return err_errno(err, "the terminal can't be waited for");
		if (got > 0 && (fds[1].revents || fds[0].revents & (POLLHUP | POLLERR)))
			break;
		if (got > 0 && fds[3].revents)
			watch_holder_ended(&top->watch);
		drain(top);
		reap(top);
		for (int key = screen_key(); key >= 0; key = screen_key())
			press(top, key);
	}
	return 0;
}

static int prepare(struct top *top, struct err *err)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	top->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	top->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (top->signals < 0 || top->inotify < 0)
		return err_errno(err, "the repository can't be watched");
	watch_init(&top->watch, &top->served.repositories[0], &hands, top->inotify);
	return 0;
}

static int run(struct top *top, int argc, char *const *argv, struct err *err)
{
	if (args_parse(top_args_table, argc, argv, err) != 0)
		return -1;
	const struct arg_texts configs = top_args.configs;
	if (served_init(&top->served, &configs, err) != 0)
		return -1;
	if (top->served.nrepositories > 1)
		return err_set(err, ERR_USAGE,
			       "the configs are of %d repositories: name those of one",
			       top->served.nrepositories);
	if (prepare(top, err) != 0 || screen_open(err) != 0)
		return -1;
	const int failed = loop(top, err);
	screen_close();
	watch_release(&top->watch);
	return failed;
}

int main(int argc, char **argv)
{
	struct err err = {.code = ERR_NONE};
	struct top *top = calloc(1, sizeof(*top));
	const int failed = top ? run(top, argc - 1, argv + 1, &err)
			       : err_set(&err, ERR_INTERNAL, "out of memory");
	if (top)
		served_release(&top->served);
	free(top);
	if (failed)
		fprintf(stderr, "stepgate: %s\n", err.text);
	return failed ? err_exit_code(&err) : EXIT_AS_IT_SHOULD;
}
