/*
 * A gate that looks at the machine: it refuses while the disk is short or the load is high.
 *
 *   disk=1G      so much must be free on the file system of the repository: bytes, K, M, G, T, or %
 *   load=2       the load of the last minute, per processor, must be below this; 0: any
 *   memory=0     so much memory must be available: as disk; 0: any
 *
 * Sources: statvfs(3); getloadavg(3); MemTotal and MemAvailable in /proc/meminfo, proc(5).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "plugins/stepgate.h"

#define KIB 1024.0

enum {
	WORDS = 256,
};

struct limit {
	double amount; /* bytes, or percent */
	int percent;
};

static int fail(const struct stepgate_call *call, const char *what, const char *why)
{
	char words[WORDS];
	snprintf(words, sizeof(words), "%s: %s", what, why);
	call->host->say(call->host, words);
	return STEPGATE_GATE_FAILED;
}

/* 0, or -1 where the text is no number of 0 or more with what may stand behind it. */
static int read_number(const char *text, double *number, const char **end)
{
	char *rest;
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*number = strtod(text, &rest);
	*end = rest;
	return errno ? -1 : 0;
}

static int read_limit(const char *text, struct limit *limit)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	struct limit read = {0};
	if (read_number(text, &read.amount, &end) != 0)
		return -1;
	if (strcmp(end, "%") == 0) {
		read.percent = 1;
		end++;
	} else if (*end && (unit = strchr(units, *end)) != NULL) {
		for (const char *at = units; at <= unit; at++)
			read.amount *= KIB;
		end++;
	}
	if (*end || (read.percent && read.amount > 100))
		return -1;
	*limit = read;
	return 0;
}

/* 1 with words where there is less of it than the limit asks for; else 0. */
static int is_short(const struct limit *limit, double free, double all, const char *what,
		    char *words)
{
	const double gib = KIB * KIB * KIB;
	const double wanted = limit->percent ? all * limit->amount / 100 : limit->amount;
	if (free >= wanted)
		return 0;
	snprintf(words, WORDS, "%.1f GiB of %s are free, and %.1f are to be", free / gib, what,
		 wanted / gib);
	return 1;
}

static double of_meminfo(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	return at ? strtod(at + strlen(name), NULL) * KIB : 0;
}

/* 0 and both figures in bytes, or -1. */
static int read_memory(double *available, double *all)
{
	char text[4096];
	FILE *file = fopen("/proc/meminfo", "r");
	if (!file)
		return -1;
	const size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	*available = of_meminfo(text, "MemAvailable:");
	*all = of_meminfo(text, "MemTotal:");
	return *all > 0 ? 0 : -1;
}

/* Each gives the verdict; refusals with words in words[WORDS]. */
static int ask_disk(const struct stepgate_call *call, const struct limit *limit, char *words)
{
	struct statvfs disk;
	if (statvfs(call->repository, &disk) != 0)
		return fail(call, "disk", strerror(errno));
	const double block = (double)disk.f_frsize;
	return is_short(limit, (double)disk.f_bavail * block, (double)disk.f_blocks * block,
			"the disk", words)
		       ? STEPGATE_REFUSE
		       : STEPGATE_PASS;
}

static int ask_load(const struct stepgate_call *call, double most, char *words)
{
	double load;
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (most <= 0)
		return STEPGATE_PASS;
	if (getloadavg(&load, 1) != 1 || processors < 1)
		return fail(call, "load", "it can't be read");
	load /= (double)processors;
	if (load < most)
		return STEPGATE_PASS;
	snprintf(words, WORDS, "the load is %.1f for each processor, and is to be below %.1f", load,
		 most);
	return STEPGATE_REFUSE;
}

static int ask_memory(const struct stepgate_call *call, const struct limit *limit, char *words)
{
	double available, all;
	if (limit->amount <= 0)
		return STEPGATE_PASS;
	if (read_memory(&available, &all) != 0)
		return fail(call, "memory", "/proc/meminfo can't be read");
	return is_short(limit, available, all, "the memory", words) ? STEPGATE_REFUSE
								    : STEPGATE_PASS;
}

/* An option that is misspelt would guard nothing: it is a failure. */
static const char *unknown_option(const struct stepgate_call *call)
{
	static const char *const known[] = {"disk=", "load=", "memory="};
	for (const char *const *option = call->options; *option; option++) {
		int found = 0;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strncmp(*option, known[i], strlen(known[i])) == 0;
		if (!found)
			return *option;
	}
	return NULL;
}

static const char *option_or(const struct stepgate_call *call, const char *name,
			     const char *fallback)
{
	const char *value = call->host->option(call->host, name);
	return value ? value : fallback;
}

static int gate(const struct stepgate_call *call)
{
	char words[WORDS] = "";
	struct limit disk, memory;
	double load;
	const char *end;
	const char *unknown = unknown_option(call);
	if (unknown)
		return fail(call, unknown, "no such option: there are disk, load and memory");
	if (read_limit(option_or(call, "disk", "1G"), &disk) != 0)
		return fail(call, "disk",
			    "it is to be a size like 500M or 5G, or a share like 10%");
	if (read_limit(option_or(call, "memory", "0"), &memory) != 0)
		return fail(call, "memory",
			    "it is to be a size like 500M or 5G, or a share like 10%");
	if (read_number(option_or(call, "load", "2"), &load, &end) != 0 || *end)
		return fail(call, "load", "it is to be a number like 1.5");
	int verdict = ask_disk(call, &disk, words);
	if (verdict == STEPGATE_PASS)
		verdict = ask_load(call, load, words);
	if (verdict == STEPGATE_PASS)
		verdict = ask_memory(call, &memory, words);
	if (words[0])
		call->host->say(call->host, words);
	return verdict;
}

const struct stepgate_module stepgate_module = {
	.abi = STEPGATE_ABI,
	.size = sizeof(struct stepgate_module),
	.name = "machine",
	.about = "refuses while the disk is short or the load is high (disk, load, memory)",
	.gate = gate,
};
