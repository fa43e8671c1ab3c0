#include "runner/helper/store.h"

#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRIORITY   1000 /* before loose files and packs, which have 1 and 2 */
#define BUCKETS    4096
#define LOOSE_MOST 16          /* so many objects are loose files; more are one pack */
#define HELD_MOST  (64U << 20) /* bytes */
#define ONE_MOST   (1U << 20)  /* bytes of one object */

struct held {
	struct held *next;  /* in its bucket */
	struct held *after; /* in the order in which they came */
	git_oid id;
	git_object_t type;
	size_t length;
	char bytes[];
};

struct store {
	git_odb_backend backend; /* first: libgit2 hands it to us */
	struct held *buckets[BUCKETS];
	struct held *first, **last;
	size_t count, bytes;
	bool closed; /* during a flush: what is written goes on to the next backend */
	git_oid loose[LOOSE_MOST];
	size_t nloose;
};

/* What is written piece by piece. */
struct stream {
	git_odb_stream stream;
	git_object_t type;
	size_t length, room;
	char bytes[];
};

static struct store *store_of(git_odb_backend *backend)
{
	return (struct store *)(void *)backend;
}

static size_t bucket_of(const git_oid *id)
{
	return ((size_t)id->id[0] << 8 | id->id[1]) % BUCKETS;
}

static const struct held *find(const struct store *store, const git_oid *id)
{
	const struct held *held = store->buckets[bucket_of(id)];
	while (held && !git_oid_equal(&held->id, id))
		held = held->next;
	return held;
}

static int on_read(void **bytes, size_t *length, git_object_t *type, git_odb_backend *backend,
		   const git_oid *id)
{
	const struct held *held = find(store_of(backend), id);
	if (!held)
		return GIT_ENOTFOUND;
	char *copy = git_odb_backend_data_alloc(backend, held->length + 1);
	if (!copy)
		return -1;
	memcpy(copy, held->bytes, held->length);
	copy[held->length] = '\0';
	*bytes = copy;
	*length = held->length;
	*type = held->type;
	return 0;
}

static int on_read_header(size_t *length, git_object_t *type, git_odb_backend *backend,
			  const git_oid *id)
{
	const struct held *held = find(store_of(backend), id);
	if (!held)
		return GIT_ENOTFOUND;
	*length = held->length;
	*type = held->type;
	return 0;
}

static int on_exists(git_odb_backend *backend, const git_oid *id)
{
	const struct store *store = store_of(backend);
	return !store->closed && find(store, id) != NULL;
}

static int on_write(git_odb_backend *backend, const git_oid *id, const void *bytes, size_t length,
		    git_object_t type)
{
	struct store *store = store_of(backend);
	if (store->closed || length > ONE_MOST)
		return GIT_PASSTHROUGH;
	if (find(store, id))
		return 0;
	struct held *held = malloc(sizeof(*held) + length + 1);
	if (!held)
		return GIT_PASSTHROUGH;
	*held = (struct held){.next = store->buckets[bucket_of(id)], .id = *id, .type = type};
	held->length = length;
	memcpy(held->bytes, bytes, length);
	store->buckets[bucket_of(id)] = held;
	*store->last = held;
	store->last = &held->after;
	store->count++;
	store->bytes += length;
	return 0;
}

static int on_stream_write(git_odb_stream *base, const char *bytes, size_t length)
{
	struct stream *stream = (struct stream *)(void *)base;
	if (length > stream->room - stream->length)
		return -1;
	memcpy(stream->bytes + stream->length, bytes, length);
	stream->length += length;
	return 0;
}

static int on_stream_end(git_odb_stream *base, const git_oid *id)
{
	struct stream *stream = (struct stream *)(void *)base;
	return on_write(base->backend, id, stream->bytes, stream->length, stream->type);
}

static void on_stream_free(git_odb_stream *base)
{
	free(base);
}

static int on_writestream(git_odb_stream **base, git_odb_backend *backend, git_object_size_t size,
			  git_object_t type)
{
	if (store_of(backend)->closed || size > ONE_MOST)
		return GIT_PASSTHROUGH;
	struct stream *stream = calloc(1, sizeof(*stream) + (size_t)size + 1);
	if (!stream)
		return GIT_PASSTHROUGH;
	stream->stream = (git_odb_stream){
		.backend = backend,
		.mode = GIT_STREAM_WRONLY,
		.write = on_stream_write,
		.finalize_write = on_stream_end,
		.free = on_stream_free,
	};
	stream->type = type;
	stream->room = (size_t)size;
	*base = &stream->stream;
	return 0;
}

static void on_free(git_odb_backend *backend)
{
	store_drop(store_of(backend));
	free(backend);
}

int store_add(struct store **store, git_repository *repository)
{
	git_odb *odb = NULL;
	struct store *new = calloc(1, sizeof(*new));
	if (!new || git_odb_init_backend(&new->backend, GIT_ODB_BACKEND_VERSION) != 0 ||
	    git_repository_odb(&odb, repository) != 0) {
		free(new);
		return -1;
	}
	new->last = &new->first;
	new->backend.read = on_read;
	new->backend.read_header = on_read_header;
	new->backend.exists = on_exists;
	new->backend.write = on_write;
	new->backend.writestream = on_writestream;
	new->backend.free = on_free;
	const int failed = git_odb_add_backend(odb, &new->backend, PRIORITY);
	git_odb_free(odb);
	if (failed)
		free(new);
	else
		*store = new;
	return failed ? -1 : 0;
}

bool store_is_full(const struct store *store)
{
	return store->bytes > HELD_MOST;
}

/* They are synced together afterwards, not each by libgit2. */
static int flush_loose(struct store *store, git_odb *odb)
{
	int failed = 0;
	git_oid written;
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	for (const struct held *held = store->first; held && !failed; held = held->after) {
		if (git_odb_exists(odb, &held->id))
			continue;
		store->loose[store->nloose++] = held->id;
		failed = git_odb_write(&written, odb, held->bytes, held->length, held->type);
	}
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	return failed;
}

/* libgit2 syncs the pack, its index and their folder. */
static int flush_pack(const struct store *store, git_repository *repository)
{
	git_packbuilder *builder = NULL;
	int failed = git_packbuilder_new(&builder, repository);
	for (const struct held *held = store->first; held && !failed; held = held->after)
		failed = git_packbuilder_insert(builder, &held->id, NULL);
	if (!failed)
		failed = git_packbuilder_write(builder, NULL, 0, NULL, NULL);
	git_packbuilder_free(builder);
	return failed;
}

int store_flush(struct store *store, git_repository *repository)
{
	git_odb *odb = NULL;
	store->nloose = 0;
	if (store->count == 0)
		return 0;
	int failed = git_repository_odb(&odb, repository);
	store->closed = true;
	if (!failed)
		failed = store->count > LOOSE_MOST ? flush_pack(store, repository)
						   : flush_loose(store, odb);
	store->closed = false;
	if (!failed) {
		store_drop(store);
		failed = git_odb_refresh(odb);
	}
	git_odb_free(odb);
	return failed ? -1 : 0;
}

void store_take_back(struct store *store, git_repository *repository)
{
	char id[GIT_OID_HEXSZ + 1], path[4096 + 64];
	for (size_t i = 0; i < store->nloose; i++) {
		git_oid_tostr(id, sizeof(id), &store->loose[i]);
		snprintf(path, sizeof(path), "%sobjects/%.2s/%s",
			 git_repository_commondir(repository), id, id + 2);
		unlink(path);
	}
	store->nloose = 0;
}

void store_drop(struct store *store)
{
	while (store->first) {
		struct held *held = store->first;
		store->first = held->after;
		free(held);
	}
	store->last = &store->first;
	store->count = store->bytes = 0;
	memset(store->buckets, 0, sizeof(store->buckets));
}
