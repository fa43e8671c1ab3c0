/* /metrics, of all repositories. */
#include <stdlib.h>

#include "status/monitor/api.h"

/* Counts what is new; where the journal is another one, from the beginning. */
static void count(struct watch *watch)
{
	struct err err;
	if (watch->counted_of != watch->era)
		watch->metrics = (struct metrics){.counted = 0};
	watch->counted_of = watch->era;
	if (watch->journal)
		metrics_count(&watch->metrics, watch->journal, &watch->now, &err);
}

void api_metrics(void *app, const struct request *request, struct reply *reply)
{
	struct monitor *monitor = app;
	char *text = NULL;
	size_t length = 0;
	struct metrics_source *sources = calloc((size_t)monitor->nwatches, sizeof(*sources));
	FILE *to = sources ? open_memstream(&text, &length) : NULL;
	(void)request;
	for (int i = 0; to && i < monitor->nwatches; i++) {
		struct watch *watch = &monitor->watches[i];
		count(watch);
		sources[i] = (struct metrics_source){
			.name = watch->repository->name,
			.now = watch->seen && !watch->now.trouble[0] ? &watch->now : NULL,
			.metrics = &watch->metrics,
		};
	}
	if (to)
		metrics_write(to, sources, monitor->nwatches);
	free(sources);
	if (!to || fclose(to) != 0) {
		free(text);
		reply_error(reply, 500, "out of memory");
		return;
	}
	*reply = (struct reply){
		.type = "text/plain; version=0.0.4; charset=utf-8",
		.body = text,
		.length = length,
	};
}
