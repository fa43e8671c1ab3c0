#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/agent_meter.h"
#include "plugins/meter.h"
#include "plugins/reading_json.h"
#include "runner/commands/command.h"
#include "status/clock.h"
#include "status/text.h"

static const char *agent, *file, *files, *since;
static bool json;

static const struct arg args[] = {
	{"AGENT", ARG_TEXT, &agent, 0, 0, true, NULL, "claude, codex, gemini, opencode or auto"},
	{"FILE", ARG_TEXT, &file, 0, 0, false, NULL,
	 "what the agent printed, or a transcript that it wrote; - is standard input"},
	{"--files", ARG_TEXT, &files, 0, 0, false, "DIR",
	 "the agent's own folder: ~/.claude, ~/.codex, ~/.gemini, ~/.local/share"},
	{"--since", ARG_TEXT, &since, 0, 0, false, "TIME",
	 "of its files, what was written from then on: 2026-02-07T15:27:14Z"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "answer in JSON"},
	{.name = NULL},
};

enum { CHUNK = 1 << 16 };

static int feed(struct meter *meter, int fd, const char *name, struct err *err)
{
	static char bytes[CHUNK];
	for (;;) {
		const ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got > 0)
			meter_feed(meter, bytes, (size_t)got);
		else if (got == 0)
			return 0;
		else if (errno != EINTR)
			return err_errno(err, "%s: can't be read", name);
	}
}

static int feed_file(struct meter *meter, struct err *err)
{
	if (strcmp(file, "-") == 0)
		return feed(meter, STDIN_FILENO, "standard input", err);
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, "%s: can't be opened", file);
	const int result = feed(meter, fd, file, err);
	close(fd);
	return result;
}

static void print_row(const char *name, const struct tokens *used)
{
	const struct usage figures[] = {used->of[TOKENS_INPUT],       used->of[TOKENS_CACHE_READ],
					used->of[TOKENS_CACHE_WRITE], used->of[TOKENS_OUTPUT],
					tokens_fresh(used),           tokens_all(used)};
	printf("%-28s", name);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		char text[32];
		printf(" %13s",
		       figures[i].known ? text_grouped(figures[i].tokens, text) : "unknown");
	}
	putchar('\n');
}

static void print_context(const struct reading *reading)
{
	char text[32];
	if (!reading->context.known)
		return;
	printf("context: %s", text_grouped(reading->context.tokens, text));
	if (reading->window.known)
		printf(" of %s", text_grouped(reading->window.tokens, text));
	putchar('\n');
}

static void print_text(const struct reading *reading)
{
	char stamp[CLOCK_TEXT];
	const char *ended = ended_name(reading->ended);
	printf("%s: %s", reading->agent[0] ? reading->agent : agent,
	       ended ? ended : "it does not say how it ended");
	if (reading->resets_at > 0 && reading->resets_at < INT64_MAX / 1000000)
		printf(", resets at %s", clock_write(reading->resets_at * 1000000, stamp));
	printf("; usage %s", quality_name(reading->quality));
	if (reading->source != SOURCE_NONE)
		printf(", from %s", reading->source == SOURCE_BOTH ? "stdout and files"
								   : source_name(reading->source));
	printf("%s%s\n", reading->why[0] ? ": " : "", reading->why);
	if (reading->disagree) {
		char one[32], other[32];
		printf("stdout says %s, files say %s: the larger counts\n",
		       text_grouped(reading->stdout_all.tokens, one),
		       text_grouped(reading->files_all.tokens, other));
	}
	if (reading->quality == QUALITY_UNKNOWN)
		return;
	printf("\n%-28s %13s %13s %13s %13s %13s %13s\n", "model", "input", "cache read",
	       "cache write", "output", "fresh", "all");
	for (int i = 0; i < reading->nmodels; i++)
		print_row(reading->models[i].name, &reading->models[i].used);
	print_row("total", &reading->used);
	print_context(reading);
}

static int print(const struct reading *reading, struct err *err)
{
	if (!json) {
		print_text(reading);
		return 0;
	}
	char *text = reading_json(reading);
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	puts(text);
	free(text);
	return 0;
}

static int check_folder(struct err *err)
{
	struct stat stat_of;
	if (stat(files, &stat_of) != 0)
		return err_errno(err, "%s: can't be read", files);
	if (!S_ISDIR(stat_of.st_mode))
		return err_set(err, ERR_USAGE, "--files: %s: it is no folder", files);
	return 0;
}

static int what_kind(struct meter_start *start, struct err *err)
{
	const struct agent_kind *kind = agent_kind_named(agent);
	if (!kind)
		return err_set(err, ERR_USAGE,
			       "%s: no such agent: it is one of claude, codex, gemini, opencode, "
			       "auto",
			       agent);
	start->kind = kind->meter;
	return 0;
}

static int run(struct err *err)
{
	int64_t us = 0;
	struct reading reading;
	struct meter_start start = {.files = files};
	const struct meter_end end = {.exit_code = -1};
	if (what_kind(&start, err) != 0 || (files && check_folder(err) != 0))
		return -1;
	if (since && clock_read(since, &us) != 0)
		return err_set(err, ERR_USAGE, "--since: '%s': no time as 2026-02-07T15:27:14Z",
			       since);
	start.since_ms = us / 1000;
	if (!file && !files)
		file = "-";
	struct meter *meter = meter_new(&start, err);
	if (!meter)
		return -1;
	int result = file ? feed_file(meter, err) : 0;
	if (result == 0) {
		meter_end(meter, &end, &reading);
		result = print(&reading, err);
	}
	meter_free(meter);
	if (result != 0)
		return -1;
	return reading.quality == QUALITY_UNKNOWN ? EXIT_NO : EXIT_AS_IT_SHOULD;
}

const struct command command_meter = {
	.name = "meter",
	.takes = "AGENT [FILE] [--files DIR] [--since TIME] [--json]",
	.summary = "Reads the usage out of what an agent printed or wrote",
	.details = "Without --files, FILE is standard input; with it, nothing that was printed is\n"
		   "needed, and all that is in the folder counts. Sub-agents, and runs that were\n"
		   "killed, are only in an agent's own files.\n"
		   "\n"
		   "input, cache read, cache write and output share no token; fresh is the sum "
		   "without\n"
		   "cache read, all with it. The usage is exact where every call is known, and an\n"
		   "estimate, on the safe side as far as it can be, where one may be missing.\n"
		   "Exit code 0: there is a figure; 1: there is none, or FILE can't be read.",
	.args = args,
	.run = run,
};
