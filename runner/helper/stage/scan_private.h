/* Between scan.c (threads, and what they give) and scan_visit.c (one folder). */
#ifndef RUNNER_HELPER_STAGE_SCAN_PRIVATE_H
#define RUNNER_HELPER_STAGE_SCAN_PRIVATE_H

#include <pthread.h>

#include "runner/helper/stage/crew.h"
#include "runner/helper/stage/scan.h"
#include "runner/helper/stage/scan_folder.h"

/* A folder to be read. */
struct scan_task {
	struct scan_task *next;
	size_t from, to;             /* the entries below it */
	const struct ignore *ignore; /* the rules for what lies in it */
	const struct ignore *own;    /* of these, what it added */
	bool ignored;                /* it is ignored, and what is new below it */
	bool attributes;             /* it has a file of them */
	size_t length;               /* of prefix */
	char prefix[];               /* "" or "a/b/" */
};

/* A thread's own. */
struct scan_worker {
	struct scan *scan;
	struct scan_names names;
	struct scan_item *items;
	size_t count, room;
	struct bytes path;
	struct scan_task *done;   /* read; their prefixes are still used */
	struct listing *listings; /* of folders that were read */
};

struct scan_private {
	pthread_mutex_t mutex;
	pthread_cond_t change;
	/* Under the mutex. */
	struct scan_task *queue;
	size_t queued, open; /* waiting; waiting or under way */
	unsigned started, wanted;
	int error; /* errno: memory is short, or a thread's trouble */
	const char *doubt;

	pthread_t threads[CREW_MOST];
	struct scan_worker workers[CREW_MOST];
};

/* Reads a folder: marks its entries, lists what is to be looked at, queues the folders in it. */
void scan_visit(struct scan_worker *worker, struct scan_task *task);

/* Queues `prefix` with the entries [from, to). */
void scan_queue(struct scan *scan, const char *prefix, size_t length, size_t from, size_t to,
		const struct ignore *ignore, bool ignored);
/* The scan is of no use any more. `doubt` NULL: errno says why. */
void scan_give_up(struct scan *scan, const char *doubt);

#endif
