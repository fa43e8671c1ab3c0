/*
 * One repository that is watched: its journal is read as it grows (inotify says when), each move
 * and message becomes an event, and the picture of now an event when it has changed.
 */
#ifndef STATUS_MONITOR_WATCH_H
#define STATUS_MONITOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "status/metrics.h"
#include "status/now.h"
#include "status/picture.h"

/* What is served of a repository; all borrowed. */
struct monitor_repository {
	int id; /* from 1 */
	const char *name, *folder;
	const struct now_config *configs;
	int nconfigs;
};

/* How far a journal is known: the largest ids of moves and messages. */
struct watch_mark {
	int64_t move, message;
};

struct watch {
	const struct monitor_repository *repository;
	const struct hands *hands;
	struct journal *journal; /* NULL while there is none, or it can't be read */
	int64_t version;
	struct watch_mark mark; /* what was told */
	unsigned era;           /* another one whenever the journal is another one */
	struct now now;
	bool seen;               /* now is filled */
	char *shown;             /* the picture that was told, without the time; NULL: none yet */
	int inotify, home, logs; /* descriptors of watches, or -1 */
	int64_t logs_of;         /* the cycle whose logs are watched */
	int holder;             /* a pidfd: readable once who had the repository has ended; or -1 */
	bool stirred;           /* something may have changed */
	int64_t looked_at;      /* monotonic ms */
	struct metrics metrics; /* as far as they were asked for */
	unsigned counted_of;    /* the era that they are of */
	int64_t unseen_since;   /* monotonic ms; 0: it is seen */
};

/* `inotify` is shared and the caller's. */
void watch_init(struct watch *watch, const struct monitor_repository *repository,
		const struct hands *hands, int inotify);
void watch_release(struct watch *watch);

/* An event of inotify: whether it was this one's. */
bool watch_stir(struct watch *watch, int descriptor);

/* watch->holder has become readable: who had the repository has ended, and the next turn looks. */
void watch_holder_ended(struct watch *watch);

/* Tells of one event: its name, its data (an object, taken over; NULL when memory was short), and
 * how far the journal is known with it. */
typedef void watch_tell(void *context, const struct watch *watch, struct watch_mark mark,
			const char *name, cJSON *data);

/* Looks where something may have changed, or has not been looked at for a second, but not more
 * often than a few times a second; tells "move" and "message" of what was recorded, "now" of
 * another picture, and "reset" where the journal is another one. Gives in how many milliseconds it
 * wants to be called again at the latest. */
int64_t watch_turn(struct watch *watch, watch_tell *tell, void *context);

/* Tells the events after a mark up to watch->mark, or, where they are too many, "reset". */
void watch_missed(struct watch *watch, struct watch_mark after, watch_tell *tell, void *context);

/* The picture of now with the time; NULL when memory is short. */
cJSON *watch_picture(const struct watch *watch);

#endif
