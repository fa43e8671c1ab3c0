/*
 * The events that are sent to those who watch (text/event-stream: WHATWG HTML, 9.2). One ring of
 * the newest ones for all of them; each reader has a place in it. Who is so slow that its place is
 * overwritten is at the end of its stream, and comes again with the id of the last event it got.
 */
#ifndef STATUS_MONITOR_FEED_H
#define STATUS_MONITOR_FEED_H

#include <stdint.h>
#include <sys/types.h>

struct feed;

struct feed *feed_new(void); /* NULL when memory is short */
void feed_free(struct feed *feed);

/* One event as it goes over the wire: `id` (may be NULL: none), a name, and data of one line. The
 * text is malloc'ed, NULL when memory is short. */
char *feed_event(const char *id, const char *name, const char *data);

/* Adds an event as feed_event made it (taken over, may be NULL). */
void feed_put(struct feed *feed, char *event);

/* Where a reader is. */
struct feed_place {
	uint64_t event;
	size_t offset; /* in it */
};
/* The place behind the newest event. */
struct feed_place feed_end(const struct feed *feed);
/* Copies up to `most` bytes from a place on, and moves it. How many; 0: there is no more yet; -1:
 * its place is overwritten. */
ssize_t feed_read(const struct feed *feed, struct feed_place *place, char *out, size_t most);

#endif
