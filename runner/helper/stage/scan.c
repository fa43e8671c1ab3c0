#include "runner/helper/stage/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/stage/scan_private.h"

#define WORTH 6 /* folders waiting, for one more thread */

static void *work(void *context);

void scan_give_up(struct scan *scan, const char *doubt)
{
	struct scan_private *shared = scan->shared;
	const int error = errno;
	pthread_mutex_lock(&shared->mutex);
	if (!doubt)
		shared->error = error ? error : ENOMEM;
	else if (!shared->doubt)
		shared->doubt = doubt;
	pthread_cond_broadcast(&shared->change);
	pthread_mutex_unlock(&shared->mutex);
}

static bool is_given_up(const struct scan_private *shared)
{
	return shared->error || shared->doubt;
}

void scan_queue(struct scan *scan, const char *prefix, size_t length, size_t from, size_t to,
		const struct ignore *ignore, bool ignored)
{
	struct scan_private *shared = scan->shared;
	struct scan_task *task = malloc(sizeof(*task) + length + 1);
	if (!task) {
		scan_give_up(scan, NULL);
		return;
	}
	*task = (struct scan_task){
		.from = from, .to = to, .ignore = ignore, .ignored = ignored, .length = length};
	memcpy(task->prefix, prefix, length);
	task->prefix[length] = '\0';
	pthread_mutex_lock(&shared->mutex);
	task->next = shared->queue;
	shared->queue = task;
	shared->queued++;
	shared->open++;
	if (shared->queued > WORTH && shared->started + 1 < shared->wanted) {
		struct scan_worker *worker = &shared->workers[shared->started + 1];
		worker->scan = scan;
		if (pthread_create(&shared->threads[shared->started], NULL, work, worker) == 0)
			shared->started++;
		else
			shared->wanted = shared->started + 1;
	}
	pthread_cond_signal(&shared->change);
	pthread_mutex_unlock(&shared->mutex);
}

/* The next folder; NULL once there is none and will be none. */
static struct scan_task *next_task(struct scan_private *shared)
{
	while (!shared->queue && shared->open && !is_given_up(shared))
		pthread_cond_wait(&shared->change, &shared->mutex);
	if (!shared->queue || is_given_up(shared))
		return NULL;
	struct scan_task *task = shared->queue;
	shared->queue = task->next;
	shared->queued--;
	return task;
}

static void *work(void *context)
{
	struct scan_worker *worker = context;
	struct scan_private *shared = worker->scan->shared;
	struct scan_task *task;
	pthread_mutex_lock(&shared->mutex);
	while ((task = next_task(shared))) {
		pthread_mutex_unlock(&shared->mutex);
		scan_visit(worker, task);
		task->next = worker->done;
		worker->done = task;
		pthread_mutex_lock(&shared->mutex);
		if (--shared->open == 0)
			pthread_cond_broadcast(&shared->change);
	}
	pthread_mutex_unlock(&shared->mutex);
	return NULL;
}

/* Queues the root, or the one folder that was asked for. */
static void begin(struct scan *scan)
{
	char prefix[256];
	const struct index *index = scan->index;
	struct stat state;
	if (!scan->only) {
		scan_queue(scan, "", 0, 0, index->count, scan->ignore, false);
		return;
	}
	const struct ignore *ignore = scan->ignore;
	struct scan_task *root = calloc(1, sizeof(*root) + 1);
	if (!root || ignore_read(&ignore, scan->ignore, scan->root, IGNORE_FILE, "", false) != 0) {
		free(root);
		scan_give_up(scan, root ? "a " IGNORE_FILE " that can't be read" : NULL);
		return;
	}
	root->own = ignore != scan->ignore ? ignore : NULL;
	root->attributes = faccessat(scan->root, ".gitattributes", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	root->next = scan->shared->workers[0].done;
	scan->shared->workers[0].done = root;
	const size_t length = (size_t)snprintf(prefix, sizeof(prefix), "%s/", scan->only);
	const bool there = fstatat(scan->root, scan->only, &state, AT_SYMLINK_NOFOLLOW) == 0;
	if ((there && !S_ISDIR(state.st_mode)) ||
	    index_find(index, 0, index->count, scan->only, length - 1)) {
		scan_give_up(scan, "no folder where one should be");
		return;
	}
	size_t from = 0, to = index->count;
	while (from < to && strcmp(index->entries[from].path, prefix) < 0)
		from++;
	to = index_end_of(index, from, to, prefix, length);
	scan_queue(scan, prefix, length, from, to, ignore,
		   ignore_has(ignore, scan->only, scan->only, true));
}

static int by_path(const void *a, const void *b)
{
	const struct scan_item *first = a, *second = b;
	return strcmp(first->path, second->path);
}

/* All items of all threads, in order. */
static int gather_items(struct scan *scan)
{
	struct scan_private *shared = scan->shared;
	size_t count = 0;
	for (unsigned i = 0; i <= shared->started; i++)
		count += shared->workers[i].count;
	scan->items = calloc(count + 1, sizeof(*scan->items));
	if (!scan->items)
		return -1;
	for (unsigned i = 0; i <= shared->started; i++) {
		const struct scan_worker *worker = &shared->workers[i];
		if (worker->count)
			memcpy(scan->items + scan->count, worker->items,
			       worker->count * sizeof(*worker->items));
		scan->count += worker->count;
	}
	if (scan->count)
		qsort(scan->items, scan->count, sizeof(*scan->items), by_path);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int gather_attributes(struct scan *scan)
{
	struct scan_private *shared = scan->shared;
	size_t count = 0;
	for (unsigned i = 0; i <= shared->started; i++)
		for (const struct scan_task *task = shared->workers[i].done; task;
		     task = task->next)
			count += task->attributes;
	scan->attributes = calloc(count + 1, sizeof(*scan->attributes));
	if (!scan->attributes)
		return -1;
	for (unsigned i = 0; i <= shared->started; i++)
		for (const struct scan_task *task = shared->workers[i].done; task;
		     task = task->next)
			if (task->attributes)
				scan->attributes[scan->nattributes++] = task->prefix;
	if (count)
		qsort(scan->attributes, count, sizeof(*scan->attributes), by_text);
	return 0;
}

/* What was read is known from now on. Where the scan was given up some folders were not come to. */
static void keep_listings(struct scan *scan)
{
	struct scan_private *shared = scan->shared;
	if (!scan->listings)
		return;
	for (unsigned i = 0; i <= shared->started; i++)
		listings_keep(scan->listings, shared->workers[i].listings);
	listings_end(scan->listings, !scan->only && !is_given_up(shared));
}

int scan_run(struct scan *scan)
{
	struct scan_private *shared = scan->shared = calloc(1, sizeof(*shared));
	scan->states = calloc(scan->index->count + 1, 1);
	if (!shared || !scan->states)
		return -1;
	pthread_mutex_init(&shared->mutex, NULL);
	pthread_cond_init(&shared->change, NULL);
	shared->wanted = crew_size();
	shared->workers[0].scan = scan;
	if (scan->listings)
		listings_begin(scan->listings, scan->root);
	begin(scan);
	work(&shared->workers[0]);
	for (unsigned i = 0; i < shared->started; i++)
		pthread_join(shared->threads[i], NULL);
	keep_listings(scan);
	errno = shared->error;
	if (shared->error)
		return -1;
	scan->doubt = shared->doubt;
	if (scan->doubt)
		return 1;
	return gather_items(scan) != 0 || gather_attributes(scan) != 0 ? -1 : 0;
}

static void free_tasks(struct scan_task *task)
{
	while (task) {
		struct scan_task *next = task->next;
		ignore_free(task->own);
		free(task);
		task = next;
	}
}

void scan_release(struct scan *scan)
{
	struct scan_private *shared = scan->shared;
	for (unsigned i = 0; shared && i < CREW_MOST; i++) {
		struct scan_worker *worker = &shared->workers[i];
		for (size_t item = 0; item < worker->count; item++)
			if (worker->items[item].at == SCAN_NEW)
				free((char *)(uintptr_t)worker->items[item].path);
		free(worker->items);
		scan_names_release(&worker->names);
		bytes_release(&worker->path);
		free_tasks(worker->done);
	}
	if (shared)
		free_tasks(shared->queue);
	free(shared);
	free(scan->attributes);
	free(scan->items);
	free(scan->states);
	scan->shared = NULL;
	scan->items = NULL;
	scan->states = NULL;
	scan->attributes = NULL;
}
