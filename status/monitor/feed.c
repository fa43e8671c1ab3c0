#include "status/monitor/feed.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 4096
#define BYTES  (4 << 20)

struct feed {
	char *events[EVENTS];
	uint64_t oldest, end; /* numbers of events; event N is events[N % EVENTS] */
	size_t bytes;
};

struct feed *feed_new(void)
{
	return calloc(1, sizeof(struct feed));
}

static void drop_oldest(struct feed *feed)
{
	char **event = &feed->events[feed->oldest % EVENTS];
	feed->bytes -= strlen(*event);
	free(*event);
	*event = NULL;
	feed->oldest++;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	while (feed->oldest < feed->end)
		drop_oldest(feed);
	free(feed);
}

char *feed_event(const char *id, const char *name, const char *data)
{
	char *text = NULL;
	if (asprintf(&text, "%s%s%sevent: %s\ndata: %s\n\n", id ? "id: " : "", id ? id : "",
		     id ? "\n" : "", name, data) < 0)
		return NULL;
	return text;
}

void feed_put(struct feed *feed, char *event)
{
	if (!event)
		return;
	const size_t length = strlen(event);
	while (feed->oldest < feed->end &&
	       (feed->end - feed->oldest == EVENTS || feed->bytes + length > BYTES))
		drop_oldest(feed);
	feed->events[feed->end++ % EVENTS] = event;
	feed->bytes += length;
}

struct feed_place feed_end(const struct feed *feed)
{
	return (struct feed_place){.event = feed->end};
}

ssize_t feed_read(const struct feed *feed, struct feed_place *place, char *out, size_t most)
{
	size_t done = 0;
	if (place->event < feed->oldest)
		return -1;
	while (done < most && place->event < feed->end) {
		const char *event = feed->events[place->event % EVENTS];
		const size_t left = strlen(event) - place->offset;
		const size_t fits = left < most - done ? left : most - done;
		memcpy(out + done, event + place->offset, fits);
		done += fits;
		place->offset += fits;
		if (fits == left)
			*place = (struct feed_place){.event = place->event + 1};
	}
	return (ssize_t)done;
}
