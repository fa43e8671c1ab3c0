/* /metrics, of all repositories. A long past is added up piece by piece, between what others ask
 * for: who asks for it waits, and nobody else does. */
#include <stdlib.h>
#include <string.h>

#include "status/monitor/api.h"

#define PIECE 2000 /* steps: some milliseconds */

/* An answer: nothing until all is added up. */
struct scrape {
	struct monitor *monitor;
	char *text;
	size_t length, done;
};

static void free_scrape(void *context)
{
	struct scrape *scrape = context;
	scrape->monitor->scrapes -= !scrape->text;
	free(scrape->text);
	free(scrape);
}

/* Adds a piece of what is new; where the journal is another one, from the beginning. Whether there
 * is more. What can't be read is as far as it was, and the picture of now says why. */
static bool count(struct watch *watch)
{
	struct err err;
	if (watch->counted_of != watch->era)
		watch->metrics = (struct metrics){.counted = 0};
	watch->counted_of = watch->era;
	return watch->journal &&
	       metrics_count(&watch->metrics, watch->journal, &watch->now, PIECE, &err) > 0;
}

static bool count_all(struct monitor *monitor)
{
	for (int i = 0; i < monitor->nwatches; i++)
		if (count(&monitor->watches[i]))
			return true;
	return false;
}

static struct metrics_source source_of(const struct watch *watch)
{
	return (struct metrics_source){
		.name = watch->repository->name,
		.now = watch->seen && watch->now.life != NOW_LIFE_UNREADABLE ? &watch->now : NULL,
		.metrics = &watch->metrics,
	};
}

/* -1 when memory is short. */
static int write_text(struct scrape *scrape)
{
	const struct monitor *monitor = scrape->monitor;
	char *text = NULL;
	size_t length = 0;
	struct metrics_source *sources = calloc((size_t)monitor->nwatches, sizeof(*sources));
	FILE *to = sources ? open_memstream(&text, &length) : NULL;
	for (int i = 0; to && i < monitor->nwatches; i++)
		sources[i] = source_of(&monitor->watches[i]);
	if (to)
		metrics_write(to, sources, monitor->nwatches);
	free(sources);
	if (!to || fclose(to) != 0) {
		free(text);
		return -1;
	}
	scrape->text = text;
	scrape->length = length;
	scrape->monitor->scrapes--;
	return 0;
}

static ssize_t read_scrape(void *context, char *out, size_t most)
{
	struct scrape *scrape = context;
	if (!scrape->text && count_all(scrape->monitor))
		return 0;
	if (!scrape->text && write_text(scrape) != 0)
		return -1;
	const size_t left = scrape->length - scrape->done;
	const size_t fits = left < most ? left : most;
	memcpy(out, scrape->text + scrape->done, fits);
	scrape->done += fits;
	return fits ? (ssize_t)fits : -1;
}

void api_metrics(void *app, const struct request *request, struct reply *reply)
{
	struct monitor *monitor = app;
	struct scrape *scrape = calloc(1, sizeof(*scrape));
	(void)request;
	if (!scrape) {
		reply_error(reply, 500, "out of memory");
		return;
	}
	scrape->monitor = monitor;
	monitor->scrapes++;
	*reply = (struct reply){
		.type = "text/plain; version=0.0.4; charset=utf-8",
		.stream = {.read = read_scrape, .free = free_scrape, .context = scrape},
	};
}
