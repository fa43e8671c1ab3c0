/* A module for the tests: does what its option `do` says, well or badly, as a step, a gate, a meter
 * and a report. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/stepgate.h"

static const struct stepgate_usage nothing = {sizeof(nothing), 0, -1, -1, -1, -1, -1};

static void use(const struct stepgate_host *host, long tokens)
{
	struct stepgate_usage usage = nothing;
	usage.tokens = tokens;
	host->usage(host, &usage);
}

static int work(const struct stepgate_call *call)
{
	const struct stepgate_host *host = call->host;
	FILE *file = fopen("made-by-module", "a");
	if (!file)
		return STEPGATE_FAILED;
	fprintf(file, "%s: cycle %ld, step %ld, attempt %ld, used %ld of %ld of %ld, key %d\n",
		call->title, (long)call->cycle, (long)call->step, (long)call->attempt,
		(long)call->used, (long)call->limit, (long)call->budget, call->key[0] != '\0');
	fclose(file);
	host->progress(host, 50, "half way");
	host->log(host, "a line for the log\nand \x1b[31mone more");
	use(host, 40);
	use(host, 30);
	host->say(host, "well done");
	return STEPGATE_OK;
}

static int misbehave(const struct stepgate_call *call, const char *how)
{
	const struct stepgate_host *host = call->host;
	if (strcmp(how, "crash") == 0)
		raise(SIGSEGV);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "exit") == 0)
		exit(0);
	if (strcmp(how, "exit3") == 0)
		_exit(3);
	if (strcmp(how, "hang") == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	if (strcmp(how, "leak") == 0)
		for (int i = 0; i < 400; i++) {
			char *lost = malloc(1 << 20);
			if (lost)
				memset(lost, i, 1 << 20);
		}
	if (strcmp(how, "flood") == 0)
		for (int i = 0; i < 20000; i++)
			host->log(host, "and another line of no use to anyone");
	if (strcmp(how, "fork") == 0 && fork() == 0) {
		setsid();
		sleep(1000);
	}
	if (strcmp(how, "close") == 0)
		for (int fd = 0; fd < 100; fd++)
			close(fd);
	if (strcmp(how, "fail") == 0)
		host->say(host, "two files \x1b[1mare wrong");
	return strcmp(how, "fail") == 0 ? STEPGATE_FAILED : STEPGATE_OK;
}

static int step(const struct stepgate_call *call)
{
	const char *how = call->host->option(call->host, "do");
	printf("printed by the module\n");
	return how ? misbehave(call, how) : work(call);
}

static int gate(const struct stepgate_call *call)
{
	const struct stepgate_host *host = call->host;
	const char *how = host->option(host, "do");
	if (how && strcmp(how, "refuse") == 0) {
		host->say(host, "it is too late in the day");
		return STEPGATE_REFUSE;
	}
	if (how && strcmp(how, "none") == 0)
		return STEPGATE_NO_OPINION;
	if (how && strcmp(how, "odd") == 0)
		return 17;
	return how ? misbehave(call, how) : STEPGATE_PASS;
}

static int report(const struct stepgate_call *call)
{
	const char *how = call->host->option(call->host, "do");
	const char *path = call->host->option(call->host, "to");
	FILE *file = path ? fopen(path, "a") : NULL;
	if (how)
		return misbehave(call, how);
	if (!file) {
		call->host->say(call->host, "nowhere to write to");
		return STEPGATE_FAILED;
	}
	fprintf(file, "%s\n", call->report);
	return fclose(file) == 0 ? STEPGATE_OK : STEPGATE_FAILED;
}

/* Counts the bytes "#". */
struct meter {
	long count;
	const char *how;
};

static void *meter_open(const struct stepgate_call *call)
{
	struct meter *meter = calloc(1, sizeof(*meter));
	if (meter)
		meter->how = call->host->option(call->host, "do");
	return meter;
}

static int meter_feed(void *context, const char *bytes, size_t length)
{
	struct meter *meter = context;
	if (meter->how && strcmp(meter->how, "crash") == 0)
		raise(SIGSEGV);
	for (size_t i = 0; i < length; i++)
		meter->count += bytes[i] == '#';
	return STEPGATE_OK;
}

static int meter_read(void *context, struct stepgate_usage *usage)
{
	const struct meter *meter = context;
	if (meter->how && strcmp(meter->how, "none") == 0)
		return STEPGATE_FAILED;
	usage->input = meter->count;
	usage->cache_read = 1000;
	usage->cache_write = 0;
	usage->output = 1;
	return STEPGATE_OK;
}

static void meter_close(void *context)
{
	free(context);
}

#ifndef ABI
#define ABI STEPGATE_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(struct stepgate_module)
#endif

const struct stepgate_module stepgate_module = {
	ABI,       SIZE,
#ifdef NOTHING
	"nothing", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
#else
	"worker",   "a module for the tests",
#ifdef HALF
	NULL,       NULL,
	NULL,       meter_open,
	meter_feed, NULL,
	NULL,
#else
	step,        gate,
	report,      meter_open,
	meter_feed,  meter_read,
	meter_close,
#endif
#endif
};
