/* The event stream: what is told of the watches, and resuming it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/clock.h"
#include "status/monitor/api.h"
#include "status/text.h"

#define ID_SIZE 4096
#define RETRY   "retry: 1000\n\n"

/* Which journals they are, so that an id of others is known for one. */
static uint64_t era_of(const struct monitor *monitor)
{
	uint64_t hash = TEXT_HASH;
	char era[32];
	for (int i = 0; i < monitor->nwatches; i++) {
		snprintf(era, sizeof(era), "%u", monitor->watches[i].era);
		hash = text_hash(text_hash(hash, monitor->watches[i].repository->folder), era);
	}
	return hash;
}

/* An event's id: how far each journal is known with it, "ERA:MOVE.MESSAGE,MOVE.MESSAGE". */
static void write_id(const struct monitor *monitor, const struct watch_mark *marks, char *out)
{
	int at = snprintf(out, ID_SIZE, "%016" PRIx64 ":", era_of(monitor));
	for (int i = 0; i < monitor->nwatches && at < ID_SIZE; i++)
		at += snprintf(out + at, (size_t)(ID_SIZE - at), "%s%" PRId64 ".%" PRId64,
			       i ? "," : "", marks[i].move, marks[i].message);
}

static bool read_id(const struct monitor *monitor, const char *id, struct watch_mark *marks)
{
	char *at = NULL;
	if (strtoull(id, &at, 16) != era_of(monitor))
		return false;
	for (int i = 0; i < monitor->nwatches; i++) {
		if (*at != (i ? ',' : ':'))
			return false;
		marks[i].move = strtoll(at + 1, &at, 10);
		if (*at != '.')
			return false;
		marks[i].message = strtoll(at + 1, &at, 10);
	}
	return *at == '\0';
}

static char *make_event(const char *id, const struct watch *watch, const char *name, cJSON *data)
{
	char *event = NULL;
	if (data && json_set_integer(data, "repository", watch->repository->id) != 0) {
		cJSON_Delete(data);
		return NULL;
	}
	char *text = picture_print(data);
	if (text)
		event = feed_event(id, name, text);
	cJSON_free(text);
	return event;
}

/* The picture of now is not to be had again by its id: who comes again gets the newest one. */
static bool has_id(const char *name)
{
	return strcmp(name, "now") != 0;
}

void events_tell(void *context, const struct watch *watch, struct watch_mark mark, const char *name,
		 cJSON *data)
{
	struct monitor *monitor = context;
	struct watch_mark *marks = calloc((size_t)monitor->nwatches, sizeof(*marks));
	char id[ID_SIZE];
	if (!marks) {
		cJSON_Delete(data);
		return;
	}
	for (int i = 0; i < monitor->nwatches; i++)
		marks[i] = &monitor->watches[i] == watch ? mark : monitor->watches[i].mark;
	write_id(monitor, marks, id);
	free(marks);
	feed_put(monitor->feed, make_event(has_id(name) ? id : NULL, watch, name, data));
}

void events_notice(struct monitor *monitor, const struct watch *watch, const char *words)
{
	cJSON *data = cJSON_CreateObject();
	if (json_set_text(data, "text", words) == 0 &&
	    picture_set_time(data, "at", clock_now()) == 0)
		feed_put(monitor->feed, make_event(NULL, watch, "notice", data));
	else
		cJSON_Delete(data);
}

void events_beat(struct monitor *monitor)
{
	feed_put(monitor->feed, strdup(":\n\n"));
}

/* One who watches: first what it missed and the pictures, then the feed. */
struct subscriber {
	struct monitor *monitor;
	struct watch_mark *marks; /* while `first` is made: as far as it knows each journal */
	FILE *to;
	char *first;
	size_t length, done;
	struct feed_place place;
};

static void free_subscriber(void *context)
{
	struct subscriber *subscriber = context;
	free(subscriber->marks);
	free(subscriber->first);
	free(subscriber);
}

static ssize_t read_subscriber(void *context, char *out, size_t most)
{
	struct subscriber *subscriber = context;
	const size_t left = subscriber->length - subscriber->done;
	if (left == 0)
		return feed_read(subscriber->monitor->feed, &subscriber->place, out, most);
	const size_t fits = left < most ? left : most;
	memcpy(out, subscriber->first + subscriber->done, fits);
	subscriber->done += fits;
	if (fits == left) {
		free(subscriber->first);
		subscriber->first = NULL;
		subscriber->length = subscriber->done = 0;
	}
	return (ssize_t)fits;
}

static void tell_first(void *context, const struct watch *watch, struct watch_mark mark,
		       const char *name, cJSON *data)
{
	struct subscriber *subscriber = context;
	char id[ID_SIZE];
	subscriber->marks[watch->repository->id - 1] = mark;
	write_id(subscriber->monitor, subscriber->marks, id);
	char *event = make_event(has_id(name) ? id : NULL, watch, name, data);
	if (event)
		fputs(event, subscriber->to);
	free(event);
}

/* What a client gets first. `last` is the id of the last event that it got, or NULL. */
static void write_first(struct subscriber *subscriber, const char *last)
{
	struct monitor *monitor = subscriber->monitor;
	const bool known = last && read_id(monitor, last, subscriber->marks);
	fputs(RETRY, subscriber->to);
	for (int i = 0; i < monitor->nwatches; i++) {
		struct watch *watch = &monitor->watches[i];
		if (known)
			watch_missed(watch, subscriber->marks[i], tell_first, subscriber);
		else if (last)
			tell_first(subscriber, watch, watch->mark, "reset", cJSON_CreateObject());
		subscriber->marks[i] = watch->mark;
	}
	/* The id stands even where nothing was missed, so that the first break can be bridged. */
	char id[ID_SIZE];
	write_id(monitor, subscriber->marks, id);
	fprintf(subscriber->to, "id: %s\nevent: hello\ndata: {}\n\n", id);
	for (int i = 0; i < monitor->nwatches; i++)
		tell_first(subscriber, &monitor->watches[i], monitor->watches[i].mark, "now",
			   watch_picture(&monitor->watches[i]));
	subscriber->place = feed_end(monitor->feed);
}

static struct subscriber *new_subscriber(struct monitor *monitor, const char *last)
{
	struct subscriber *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->monitor = monitor;
	made->marks = calloc((size_t)monitor->nwatches, sizeof(*made->marks));
	made->to = made->marks ? open_memstream(&made->first, &made->length) : NULL;
	if (!made->to) {
		free_subscriber(made);
		return NULL;
	}
	write_first(made, last);
	if (fclose(made->to) == 0)
		return made;
	free_subscriber(made);
	return NULL;
}

void api_events(void *app, const struct request *request, struct reply *reply)
{
	/* A page that comes back itself, and not by its browser's own doing, says it in the query.
	 */
	const char *last = request_header(request, "Last-Event-ID");
	if (!last)
		last = request_query(request, "last");
	struct subscriber *subscriber = new_subscriber(app, last);
	if (!subscriber) {
		reply_error(reply, 500, "out of memory");
		return;
	}
	*reply = (struct reply){
		.type = "text/event-stream",
		.stream = {.read = read_subscriber,
			   .free = free_subscriber,
			   .context = subscriber,
			   .lasting = true},
	};
}
