#include "runner/helper/stage/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/secrets.h"
#include "runner/helper/stage/crew.h"

#define TRIES      5           /* of a file that changes while it is read */
#define BATCH      256         /* files read together */
#define BATCH_MOST (32U << 20) /* bytes of these */

/* A file that has been read. */
struct reading {
	const struct scan_item *item;
	struct content *content;
	char *bytes; /* NULL: nothing to be made an object */
	size_t length;
	const char *doubt;
	int error;    /* errno */
	bool differs; /* from the entry */
	bool large;   /* not read: too large for memory */
};

struct batch {
	const struct contents_order *order;
	struct reading readings[BATCH];
	size_t count;
};

static const struct index_entry *entry_of(const struct batch *batch, const struct reading *reading)
{
	return reading->item->at == SCAN_NEW
		       ? NULL
		       : &batch->order->scan->index->entries[reading->item->at];
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The mode and state that the entry will have. */
static void note_state(const struct batch *batch, struct reading *reading, const struct stat *state)
{
	const struct index_entry *entry = entry_of(batch, reading);
	reading->content->mode =
		scan_mode(state, entry ? entry->mode : 0, batch->order->scan->trust_mode);
	index_stat_of(&reading->content->stat, state);
}

static int read_link(const struct batch *batch, struct reading *reading)
{
	struct stat state;
	const int root = batch->order->scan->root;
	char *text = malloc(PATH_MAX);
	if (!text)
		return -1;
	ssize_t length = -1;
	if (fstatat(root, reading->item->path, &state, AT_SYMLINK_NOFOLLOW) == 0)
		length = readlinkat(root, reading->item->path, text, PATH_MAX);
	if (length < 0 || length >= PATH_MAX) {
		free(text);
		return -1;
	}
	reading->bytes = text;
	reading->length = (size_t)length;
	note_state(batch, reading, &state);
	return 0;
}

/* Up to `size` bytes; gives how many, or -1. */
static ssize_t read_up_to(int fd, char *bytes, size_t size)
{
	size_t length = 0;
	while (length < size) {
		const ssize_t got = pread(fd, bytes + length, size - length, (off_t)length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

/* Reads an open file that has this state. 1 where it is no more the same afterwards. */
static int read_once(const struct batch *batch, struct reading *reading, int fd,
		     const struct stat *state)
{
	struct stat after;
	const size_t size = (size_t)state->st_size;
	free(reading->bytes);
	reading->bytes = malloc(size + 1);
	if (!reading->bytes)
		return -1;
	const ssize_t length = read_up_to(fd, reading->bytes, size);
	if (length < 0 || fstat(fd, &after) != 0)
		return -1;
	reading->length = (size_t)length;
	note_state(batch, reading, state);
	return !is_unchanged(state, &after) || reading->length != size;
}

/* One that never stops changing is taken as it was found, whole or not; its state is that from
 * before, so that it counts as changed the next time. */
static int read_file(const struct batch *batch, struct reading *reading, int fd)
{
	struct stat state;
	int again = 1;
	for (int tries = 0; again == 1 && tries < TRIES; tries++) {
		if (fstat(fd, &state) != 0)
			return -1;
		if (!S_ISREG(state.st_mode)) {
			reading->doubt = "a file that is none any more";
			return 0;
		}
		reading->large = state.st_size > (off_t)OBJECTS_ONE_MOST;
		if (reading->large)
			return 0;
		again = read_once(batch, reading, fd, &state);
	}
	return again < 0 ? -1 : 0;
}

/* 0, or -1 and errno. ELOOP of a link. */
static int read_path(const struct batch *batch, struct reading *reading)
{
	const int fd = openat(batch->order->scan->root, reading->item->path,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? read_link(batch, reading) : -1;
	const int failed = read_file(batch, reading, fd);
	const int error = errno;
	close(fd);
	errno = error;
	return failed;
}

static const char *find_secret(const struct batch *batch, const struct reading *reading,
			       const char *bytes, size_t length)
{
	const struct conf_secrets *secrets = batch->order->secrets;
	const struct index_entry *entry = entry_of(batch, reading);
	if (!secrets->hold || secret_allowed(secrets, reading->item->path))
		return NULL;
	if (!entry && secret_name(secrets, reading->item->path))
		return "its name";
	if (!secrets->tokens || reading->content->mode == INDEX_LINK)
		return NULL;
	return secret_in(bytes, length < SECRETS_READ ? length : SECRETS_READ);
}

/* Whether the file's own bytes are what belongs into the repository. */
static bool is_raw(const struct batch *batch, const struct reading *reading, const void *bytes,
		   size_t length)
{
	return reading->content->mode == INDEX_LINK ||
	       attributes_allow(attributes_of(batch->order->attributes, reading->item->path), bytes,
				length);
}

static bool differs(const struct batch *batch, const struct reading *reading)
{
	const struct index_entry *entry = entry_of(batch, reading);
	const struct content *content = reading->content;
	return !entry || (entry->flags & INDEX_INTENT_TO_ADD) || entry->mode != content->mode ||
	       memcmp(entry->id, content->id, INDEX_ID) != 0;
}

/* In any thread. */
static void read_one(void *context, size_t i, unsigned hand)
{
	(void)hand;
	struct batch *batch = context;
	struct reading *reading = &batch->readings[i];
	struct content *content = reading->content;
	if (read_path(batch, reading) != 0) {
		reading->error = errno;
		return;
	}
	if (reading->doubt || reading->large)
		return;
	if (!is_raw(batch, reading, reading->bytes, reading->length)) {
		reading->doubt = "a content that is converted";
		return;
	}
	if (objects_id(OBJECTS_BLOB, reading->bytes, reading->length, content->id) != 0) {
		reading->doubt = "a content that has no id";
		return;
	}
	reading->differs = differs(batch, reading);
	if (reading->differs)
		content->secret = find_secret(batch, reading, reading->bytes, reading->length);
}

/* The beginning of a large file tells what it is. */
static int judge_large(const struct batch *batch, struct reading *reading, int fd)
{
	char *bytes = malloc(SECRETS_READ);
	if (!bytes)
		return -1;
	const ssize_t length = read_up_to(fd, bytes, SECRETS_READ);
	if (length >= 0)
		reading->content->secret = find_secret(batch, reading, bytes, (size_t)length);
	free(bytes);
	return length < 0 ? -1 : 0;
}

/* A secret is not even written. 1 where it changed meanwhile. */
static int try_large(const struct batch *batch, struct reading *reading, int fd)
{
	struct stat state;
	struct content *content = reading->content;
	if (fstat(fd, &state) != 0)
		return -1;
	note_state(batch, reading, &state);
	if (objects_file_id(fd, content->id) != 0)
		return 1;
	reading->differs = differs(batch, reading);
	if (!reading->differs)
		return 0;
	if (judge_large(batch, reading, fd) != 0)
		return -1;
	return content->secret
		       ? 0
		       : objects_hold_file(batch->order->objects, fd, state.st_size, content->id);
}

static int take_open(const struct batch *batch, struct reading *reading, int fd)
{
	int again = 1;
	if (attributes_of(batch->order->attributes, reading->item->path) != ATTRIBUTES_RAW) {
		reading->doubt = "a large file with attributes";
		return 0;
	}
	for (int tries = 0; again == 1 && tries < TRIES; tries++)
		again = try_large(batch, reading, fd);
	if (again == 1)
		reading->doubt = "a large file that does not stop changing";
	return again < 0 ? -1 : 0;
}

/* In the one thread that has the objects. */
static int take_large(const struct batch *batch, struct reading *reading)
{
	const int fd = openat(batch->order->scan->root, reading->item->path,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const int failed = take_open(batch, reading, fd);
	const int error = errno;
	close(fd);
	errno = error;
	return failed;
}

/* What is done with what was read. 0; 1 and *doubt; -1. */
static int settle(const struct batch *batch, struct reading *reading, const char **doubt)
{
	struct content *content = reading->content;
	if (reading->large && take_large(batch, reading) != 0)
		reading->error = errno;
	if (reading->error == ENOENT) {
		content->outcome = CONTENT_GONE;
		return 0;
	}
	*doubt = reading->error ? "a file that can't be read" : reading->doubt;
	if (*doubt)
		return 1;
	if (content->secret)
		content->outcome = CONTENT_HELD;
	else
		content->outcome = reading->differs ? CONTENT_TAKEN : CONTENT_SAME;
	if (content->outcome != CONTENT_TAKEN || reading->large)
		return 0;
	char *bytes = reading->bytes;
	reading->bytes = NULL; /* theirs */
	*doubt = reading->item->path;
	return objects_hold(batch->order->objects, OBJECTS_BLOB, bytes, reading->length,
			    content->id);
}

/* As many of the items from `first` on as go together. */
static void fill(struct batch *batch, size_t first, struct content *contents)
{
	const struct scan *scan = batch->order->scan;
	off_t bytes = 0;
	batch->count = 0;
	for (size_t i = first; i < scan->count && batch->count < BATCH; i++) {
		batch->readings[batch->count++] = (struct reading){
			.item = &scan->items[i],
			.content = &contents[i],
		};
		bytes += scan->items[i].size < (off_t)OBJECTS_ONE_MOST ? scan->items[i].size : 0;
		if (bytes > (off_t)BATCH_MOST)
			break;
	}
}

int contents_take(const struct contents_order *order, struct content *contents, const char **doubt)
{
	struct batch *batch = malloc(sizeof(*batch));
	int failed = batch ? 0 : -1;
	if (batch)
		batch->order = order;
	for (size_t done = 0; !failed && done < order->scan->count; done += batch->count) {
		fill(batch, done, contents);
		crew_each(batch->count, read_one, batch);
		for (size_t i = 0; i < batch->count; i++) {
			if (!failed)
				failed = settle(batch, &batch->readings[i], doubt);
			free(batch->readings[i].bytes);
		}
		if (!failed)
			failed = objects_relieve(order->objects);
	}
	free(batch);
	return failed;
}
