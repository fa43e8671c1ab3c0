#include "runner/schedule/schedule.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/value.h"
#include "runner/schedule/schedule_crontab.h"
#include "runner/schedule/shell_word.h"

#define LINE_MOST 998 /* characters of a command, as Debian's cron takes them */

static bool has_part(const char *path, const char *part, size_t length)
{
	for (; *path; path += strcspn(path, ":"), path += *path == ':')
		if (strcspn(path, ":") == length && memcmp(path, part, length) == 0)
			return true;
	return false;
}

/* The folders of PATH that mean the same everywhere, each once. */
static int take_path(char *path, size_t size, struct err *err)
{
	const char *own = getenv("PATH");
	size_t length = 0;
	if (!own || !*own)
		own = "/usr/local/bin:/usr/bin:/bin";
	path[0] = '\0';
	while (*own) {
		const size_t part = strcspn(own, ":");
		if (*own == '/' && length + part + 2 < size && !has_part(path, own, part))
			length += (size_t)snprintf(path + length, size - length, "%s%.*s",
						   length ? ":" : "", (int)part, own);
		own += part + (own[part] == ':');
	}
	if (length == 0)
		return err_set(err, ERR_USAGE, "PATH: it has no absolute folder");
	return 0;
}

static int find_self(char *program, size_t size, struct err *err)
{
	const ssize_t length = readlink("/proc/self/exe", program, size - 1);
	if (length < 0)
		return err_errno(err, "/proc/self/exe: can't be read");
	program[length] = '\0';
	return 0;
}

/* A name for the units: the file's own, and a figure that tells files of one name apart. */
static void find_name(const char *config, char *name, size_t size)
{
	const char *base = strrchr(config, '/') + 1;
	char plain[48];
	uint32_t sum = 2166136261u; /* FNV-1a, 32 bits */
	size_t n = 0;
	for (const char *at = config; *at; at++)
		sum = (sum ^ (unsigned char)*at) * 16777619u;
	for (; *base && *base != '.' && n < sizeof(plain) - 1; base++)
		plain[n++] = isalnum((unsigned char)*base) ? *base : '-';
	plain[n] = '\0';
	snprintf(name, size, "stepgate-%s-%08x", plain, (unsigned)sum);
}

extern char **environ;

/* Loads the config as cron would have it, with next to nothing in the environment. */
static int load_bare(struct schedule *schedule, struct err *err)
{
	static const char *const kept[] = {"HOME", "LOGNAME", "USER"};
	char *bare[6] = {NULL}, *path = NULL;
	char **const own = environ;
	int n = 0;
	if (asprintf(&path, "PATH=%s", schedule->path) < 0)
		return err_set(err, ERR_INTERNAL, "out of memory");
	bare[n++] = path;
	bare[n++] = (char[]){"SHELL=/bin/sh"};
	for (char **at = own; *at; at++)
		for (size_t i = 0; i < 3; i++)
			if (strncmp(*at, kept[i], strlen(kept[i])) == 0 &&
			    (*at)[strlen(kept[i])] == '=' && n < 5)
				bare[n++] = *at;
	environ = bare;
	const int failed = conf_load(schedule->config, &schedule->conf, err);
	environ = own;
	free(path);
	return failed;
}

/* What only the environment of this shell makes run is named. */
static int load(struct schedule *schedule, struct err *err)
{
	struct conf *here = NULL;
	struct err bare = {.code = ERR_NONE};
	if (load_bare(schedule, &bare) == 0)
		return 0;
	if (conf_load(schedule->config, &here, err) != 0)
		return -1;
	conf_free(here);
	return err_set(err, bare.code,
		       "%.900s (it is right here, but there only HOME, LOGNAME, SHELL and PATH are "
		       "set)",
		       bare.text);
}

/* Neither a crontab nor a unit file can hold every path. */
static int check_text(const char *text, struct err *err)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f || *at == '\\')
			return err_set(err, ERR_USAGE,
				       "a path with a control character or a backslash in it can't "
				       "be scheduled: rename it, or go round it with a link");
	return 0;
}

int schedule_find(struct schedule *schedule, const char *config, struct err *err)
{
	*schedule = (struct schedule){.conf = NULL};
	if (!realpath(config, schedule->config)) {
		if (*config != '/')
			return err_set(err, ERR_CONFIG, "%s: can't be found: %s", config,
				       strerror(errno));
		snprintf(schedule->config, sizeof(schedule->config), "%s", config);
	}
	find_name(schedule->config, schedule->name, sizeof(schedule->name));
	return 0;
}

int schedule_init(struct schedule *schedule, const char *config, struct err *err)
{
	if (schedule_find(schedule, config, err) != 0)
		return -1;
	if (find_self(schedule->program, sizeof(schedule->program), err) != 0 ||
	    take_path(schedule->path, sizeof(schedule->path), err) != 0 ||
	    check_text(schedule->config, err) != 0 || check_text(schedule->program, err) != 0 ||
	    check_text(schedule->path, err) != 0 || load(schedule, err) != 0)
		return -1;
	return check_text(schedule->conf->repository.path, err);
}

void schedule_release(struct schedule *schedule)
{
	conf_free(schedule->conf);
}

/* The command of the line, as a shell takes it. */
static char *command(const struct schedule *schedule)
{
	char *text = NULL, *path = NULL, jitter[VALUE_DURATION_SIZE];
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out || asprintf(&path, "PATH=%s", schedule->path) < 0) {
		if (out)
			fclose(out);
		free(text);
		return NULL;
	}
	fputs("/usr/bin/env ", out);
	shell_word(out, path);
	putc(' ', out);
	shell_word(out, schedule->program);
	fputs(" run --quiet ", out);
	value_write_duration(schedule->jitter_ms, jitter);
	if (schedule->jitter_ms)
		fprintf(out, "--jitter %s ", jitter);
	shell_word(out, schedule->config);
	fclose(out);
	free(path);
	return text;
}

/* cron takes the first bare % for the end of the command. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '%')
			putc('\\', out);
		putc(*text, out);
	}
}

static void put_block(FILE *out, const struct schedule *schedule, const char *line)
{
	fprintf(out, "%s%s\n", SCHEDULE_BEGIN, schedule->config);
	fputs("# The times are this machine's local time. Debian's cron makes up for a time that "
	      "the change to\n"
	      "# summer time skips, right after it, and does not run twice when the clock is set "
	      "back; jobs of\n"
	      "# every hour or more often run by the clock as it is. A run that was missed because "
	      "the machine\n"
	      "# was off is not made up for: `stepgate schedule --systemd` does that. Runs don't "
	      "overlap:\n"
	      "# stepgate has a lock of its own. There is no ssh agent and no keyring under cron: "
	      "the push\n"
	      "# must work without. What is printed is mailed: with --quiet only what went "
	      "wrong.\n",
	      out);
	fprintf(out, "%s ", schedule->cron.text);
	put_escaped(out, line);
	fprintf(out, "\n%s%s\n", SCHEDULE_END, schedule->config);
}

char *schedule_crontab(const struct schedule *schedule, struct err *err)
{
	char *text = NULL;
	size_t length;
	char *line = command(schedule);
	FILE *out = line ? open_memstream(&text, &length) : NULL;
	if (out) {
		put_block(out, schedule, line);
		fclose(out);
	}
	const size_t size = line ? strlen(line) : 0;
	free(line);
	if (text && size <= LINE_MOST)
		return text;
	if (text)
		err_set(err, ERR_USAGE,
			"the line would have %zu characters, and cron takes %d: try with a shorter "
			"PATH",
			size, LINE_MOST);
	else
		err_set(err, ERR_INTERNAL, "out of memory");
	free(text);
	return NULL;
}
