/*
 * commit FOLDER COMMAND [ARG...]: starts the commit helper and has it commit once, as it does at
 * the beginning of a cycle; runs the command, which changes files; has it commit these, and prints
 * the wall microseconds of that, and the helper's peak memory in KiB. Exit code 1 where something
 * failed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner/helper/git.h"

static int64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool run(char **argv)
{
	int status = -1;
	const pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Saves; its wall microseconds, or -1. */
static int64_t save(struct git *git)
{
	static const char *const none[] = {NULL};
	const struct git_request request = {.subject = "Bench", .trailers = none};
	struct receipt_facts facts;
	const int64_t begin = now_us();
	git_save(git, &request, &facts);
	const int64_t took = now_us() - begin;
	if (facts.result == RECEIPT_NOTHING ||
	    (facts.result == RECEIPT_COMMITTED && facts.way == RECEIPT_WAY_ENGINE))
		return took;
	fprintf(stderr, "commit: %s (by %s): %s\n", receipt_name(facts.result),
		receipt_way_name(facts.way), facts.why);
	return -1;
}

/* The largest of those that have ended: the helper, where the command is a small one. */
static long peak_of_children(void)
{
	struct rusage used;
	getrusage(RUSAGE_CHILDREN, &used);
	return used.ru_maxrss;
}

int main(int argc, char **argv)
{
	static const char *const none[] = {NULL};
	if (argc < 3) {
		fprintf(stderr, "usage: commit FOLDER COMMAND [ARG...]\n");
		return 2;
	}
	const struct conf_repository conf = {
		.path = argv[1],
		.commit = true,
		.remote = "",
		.branch = "",
		.identity_name = "",
		.identity_email = "",
		.trailers = none,
		.lock_timeout_ms = 10000,
		.hooks = true,
		.hook_timeout_ms = 60000,
	};
	struct git *git = NULL;
	struct err err = {.code = ERR_NONE};
	if (git_new(&conf, &git, &err) != 0) {
		fprintf(stderr, "commit: %s\n", err.text);
		return 1;
	}
	const bool changed = save(git) >= 0 && run(argv + 2);
	const int64_t took = changed ? save(git) : -1;
	git_free(git);
	if (took < 0)
		return 1;
	printf("%lld %ld\n", (long long)took, peak_of_children());
	return 0;
}
