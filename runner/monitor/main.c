/*
 * stepgate-monitor: `stepgate monitor`, a program of its own so that the others neither link its
 * libraries nor carry its page.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runner/commands/command.h"
#include "runner/commands/monitor_args.h"
#include "runner/monitor/served.h"
#include "runner/process/bus.h"
#include "runner/process/hands.h"
#include "status/monitor/monitor.h"
#include "status/monitor/token.h"

#define TOKEN_NAME "stepgate/monitor.token" /* below XDG_STATE_HOME, or ~/.local/state */

static int default_token_file(char *path, size_t size, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length = -1;
	if (state && *state == '/')
		length = snprintf(path, size, "%s/" TOKEN_NAME, state);
	else if (home && *home == '/')
		length = snprintf(path, size, "%s/.local/state/" TOKEN_NAME, home);
	if (length > 0 && (size_t)length < size)
		return 0;
	return err_set(err, ERR_USAGE, "there is no HOME to keep a token in: name a --token-file");
}

/* SIGCHLD is left alone: runs are seen to end by their own descriptors. */
static int catch_signals(struct err *err)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
		return err_errno(err, "signals can't be prepared for");
	const int fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 ? fd : err_errno(err, "signals can't be prepared for");
}

/* The token is shown where it is new, or to a person: not to a service's log each time. */
static void announce(const struct listener *listener, const struct guard *guard, const char *file,
		     bool made)
{
	const bool show = made || isatty(STDOUT_FILENO);
	const char *address = listener->shown;
	if (listener->unlinked[0])
		printf("Listening on %s%s%s\n", address, show ? ", token " : "",
		       show ? guard->token : "");
	else if (show)
		printf("Open http://%s/?token=%s\n", address, guard->token);
	else
		printf("Listening on http://%s/; the token is in %s\n", address, file);
	fflush(stdout);
}

static int serve(const struct served *served, const char *token_file, struct err *err)
{
	struct listener listener;
	struct guard guard = {.hosts = NULL};
	const char *const hosts[] = {monitor_args.host ? monitor_args.host : "", NULL};
	bool made = false;
	if (listen_open(&listener, monitor_args.listen ? monitor_args.listen : LISTEN_DEFAULT,
			monitor_args.token_file != NULL, err) != 0)
		return -1;
	const char *const far[] = {listener.host, monitor_args.host, NULL};
	guard.hosts = listener.local ? (monitor_args.host ? hosts : NULL) : far;
	const int signals = catch_signals(err);
	int failed = signals < 0 ? -1 : token_load(token_file, guard.token, &made, err);
	if (!failed) {
		announce(&listener, &guard, token_file, made);
		const struct monitor_setup setup = {
			.repositories = served->repositories,
			.nrepositories = served->nrepositories,
			.guard = &guard,
			.hands = &hands,
			.listener = &listener,
			.signals = signals,
		};
		failed = monitor_run(&setup, err);
	}
	listen_close(&listener);
	return failed;
}

static int run(int argc, char *const *argv, struct err *err)
{
	struct served served;
	char token_file[PATH_MAX] = "";
	if (args_parse(monitor_args_table, argc, argv, err) != 0)
		return -1;
	if (monitor_args.token_file)
		snprintf(token_file, sizeof(token_file), "%s", monitor_args.token_file);
	else if (default_token_file(token_file, sizeof(token_file), err) != 0)
		return -1;
	int failed = served_init(&served, &monitor_args.configs, err);
	if (!failed)
		failed = serve(&served, token_file, err);
	served_release(&served);
	return failed;
}

int main(int argc, char **argv)
{
	struct err err = {.code = ERR_NONE};
	bus_say();
	if (run(argc - 1, argv + 1, &err) == 0)
		return EXIT_AS_IT_SHOULD;
	fprintf(stderr, "stepgate: %s\n", err.text);
	return err_exit_code(&err);
}
