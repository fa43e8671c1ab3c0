#include "runner/helper/stage/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/stage/crew.h"
#include "runner/helper/stage/deposit.h"
#include "runner/helper/stage/packs.h"

#define PRIORITY   1000 /* before loose files and packs, which have 1 and 2 */
#define BUCKETS    4096
#define LOOSE_MOST 16          /* so many objects are loose files; more are one pack */
#define HELD_MOST  (32U << 20) /* bytes */
#define PATHS      4096

#define LOOKED_INTO_MOST (64U << 20) /* bytes of an object that is there already */

struct held {
	struct held *next;  /* in its bucket */
	struct held *after; /* in the order in which they came */
	unsigned char id[20];
	enum objects_type type;
	size_t length;
	void *bytes; /* NULL once it is written */
};

struct objects {
	git_odb_backend backend; /* first: libgit2 hands it to us */
	git_odb *odb;            /* the repository's, which owns us */
	char folder[PATHS];
	int level;
	struct packs *packs;
	bool packs_known; /* or libgit2 is asked for what is in them */
	/* The rest is under the mutex while there are several threads. Nobody who has it calls
	 * libgit2, which has a mutex of its own when it calls us. */
	pthread_mutex_t mutex;
	struct held *buckets[BUCKETS];
	struct held *first, **last;
	struct held *unwritten; /* the first one */
	size_t count, bytes;    /* that are unwritten */
	size_t loose;           /* written so */
	bool packed;            /* there is a pack */
	size_t mended;
	struct deposit *deposit;
};

static struct objects *objects_of(git_odb_backend *backend)
{
	return (struct objects *)(void *)backend;
}

static struct held **bucket_of(struct objects *objects, const unsigned char *id)
{
	return &objects->buckets[((size_t)id[0] << 8 | id[1]) % BUCKETS];
}

static const struct held *find_locked(struct objects *objects, const unsigned char *id)
{
	const struct held *held = *bucket_of(objects, id);
	while (held && memcmp(held->id, id, sizeof(held->id)) != 0)
		held = held->next;
	return held;
}

/* None is freed before all threads but one have ended. */
static const struct held *find(struct objects *objects, const unsigned char *id)
{
	pthread_mutex_lock(&objects->mutex);
	const struct held *held = find_locked(objects, id);
	pthread_mutex_unlock(&objects->mutex);
	return held;
}

static git_object_t type_of(const struct held *held)
{
	static const git_object_t types[] = {
		[OBJECTS_COMMIT] = GIT_OBJECT_COMMIT,
		[OBJECTS_TREE] = GIT_OBJECT_TREE,
		[OBJECTS_BLOB] = GIT_OBJECT_BLOB,
	};
	return types[held->type];
}

static int on_read(void **bytes, size_t *length, git_object_t *type, git_odb_backend *backend,
		   const git_oid *id)
{
	const struct held *held = find(objects_of(backend), id->id);
	if (!held || !held->bytes)
		return GIT_ENOTFOUND;
	char *copy = git_odb_backend_data_alloc(backend, held->length + 1);
	if (!copy)
		return -1;
	memcpy(copy, held->bytes, held->length);
	copy[held->length] = '\0';
	*bytes = copy;
	*length = held->length;
	*type = type_of(held);
	return 0;
}

static int on_read_header(size_t *length, git_object_t *type, git_odb_backend *backend,
			  const git_oid *id)
{
	const struct held *held = find(objects_of(backend), id->id);
	if (!held)
		return GIT_ENOTFOUND;
	*length = held->length;
	*type = type_of(held);
	return 0;
}

static int on_exists(git_odb_backend *backend, const git_oid *id)
{
	return find(objects_of(backend), id->id) != NULL;
}

static void on_free(git_odb_backend *backend)
{
	struct objects *objects = objects_of(backend);
	objects_drop(objects);
	packs_free(objects->packs);
	pthread_mutex_destroy(&objects->mutex);
	free(objects);
}

int objects_put_before(struct objects **objects, git_repository *repository)
{
	struct objects *new = calloc(1, sizeof(*new));
	git_odb *odb = NULL;
	if (!new || git_odb_init_backend(&new->backend, GIT_ODB_BACKEND_VERSION) != 0 ||
	    git_repository_odb(&odb, repository) != 0) {
		free(new);
		return -1;
	}
	snprintf(new->folder, sizeof(new->folder), "%sobjects",
		 git_repository_commondir(repository));
	new->packs = packs_new(new->folder);
	pthread_mutex_init(&new->mutex, NULL);
	new->odb = odb;
	new->level = 1;
	new->last = &new->first;
	new->backend.read = on_read;
	new->backend.read_header = on_read_header;
	new->backend.exists = on_exists;
	new->backend.free = on_free;
	const int failed = git_odb_add_backend(odb, &new->backend, PRIORITY);
	git_odb_free(odb); /* the repository has it for as long as it is open */
	if (failed)
		on_free(&new->backend);
	else
		*objects = new;
	return failed ? -1 : 0;
}

void objects_begin(struct objects *objects, int level)
{
	objects->level = level;
	objects->packs_known = objects->packs && packs_look(objects->packs);
}

static void loose_path(const struct objects *objects, const git_oid *id, char path[PATHS + 64])
{
	char hex[GIT_OID_HEXSZ + 1];
	git_oid_tostr(hex, sizeof(hex), id);
	snprintf(path, PATHS + 64, "%s/%.2s/%s", objects->folder, hex, hex + 2);
}

/* Whether what is in the file of a loose object is not the object. A power cut may have left its
 * name and not all of its bytes, where its writer did not sync it. */
static bool is_damaged(const struct objects *objects, const git_oid *id, const char *path)
{
	struct stat state;
	size_t length;
	git_object_t type;
	git_odb_object *object = NULL;
	if (stat(path, &state) != 0)
		return false;
	if (state.st_size == 0 || git_odb_read_header(&length, &type, objects->odb, id) != 0)
		return true;
	if (length > LOOKED_INTO_MOST)
		return false;
	const int failed = git_odb_read(&object, objects->odb, id); /* and its hash is looked at */
	git_odb_object_free(object);
	return failed;
}

static bool is_there(const struct objects *objects, const git_oid *id, const char *path)
{
	if (objects->packs_known)
		return packs_have(objects->packs, id->id) || access(path, F_OK) == 0;
	return git_odb_exists_ext(objects->odb, id, GIT_ODB_LOOKUP_NO_REFRESH);
}

static void count_mended(struct objects *objects)
{
	pthread_mutex_lock(&objects->mutex);
	objects->mended++;
	pthread_mutex_unlock(&objects->mutex);
}

bool objects_have(struct objects *objects, const unsigned char id[20])
{
	git_oid oid;
	char path[PATHS + 64];
	if (find(objects, id))
		return true;
	git_oid_fromraw(&oid, id);
	loose_path(objects, &oid, path);
	if (!is_there(objects, &oid, path))
		return false;
	if (is_damaged(objects, &oid, path) && unlink(path) == 0) {
		count_mended(objects);
		if (!is_there(objects, &oid, path))
			return false;
	}
	/* As git does with what it would write anew: a loose file that is old and that nothing
	 * refers to is taken away by the next `git gc`, maybe at this moment. */
	utimensat(AT_FDCWD, path, NULL, 0);
	return true;
}

size_t objects_mended(struct objects *objects)
{
	const size_t mended = objects->mended;
	objects->mended = 0;
	return mended;
}

int objects_id(enum objects_type type, const void *bytes, size_t length, unsigned char id[20])
{
	const struct held kind = {.type = type};
	git_oid oid;
	if (git_odb_hash(&oid, length ? bytes : "", length, type_of(&kind)) != 0)
		return -1;
	memcpy(id, oid.id, sizeof(oid.id));
	return 0;
}

static void keep_locked(struct objects *objects, struct held *held)
{
	struct held **bucket = bucket_of(objects, held->id);
	held->next = *bucket;
	*bucket = held;
	*objects->last = held;
	objects->last = &held->after;
	if (!held->bytes)
		return;
	if (!objects->unwritten)
		objects->unwritten = held;
	objects->count++;
	objects->bytes += held->length;
}

/* Takes it over, or frees it where another thread was first. */
static void keep(struct objects *objects, struct held *held)
{
	pthread_mutex_lock(&objects->mutex);
	if (find_locked(objects, held->id)) {
		free(held->bytes);
		free(held);
	} else {
		keep_locked(objects, held);
	}
	pthread_mutex_unlock(&objects->mutex);
}

/* Several at a time, each in its own thread. */
struct batch {
	const struct objects *objects;
	bool packed;
	size_t count;
	struct held *held[256];
	struct bytes deflated[256];
	bool failed[256];
	struct deflater *deflaters[CREW_MOST]; /* each made by who needs it first */
};

static void deflate_one(void *context, size_t i, unsigned hand)
{
	struct batch *batch = context;
	struct deflater **deflater = &batch->deflaters[hand];
	const struct held *held = batch->held[i];
	struct deposit_object object = {
		.type = held->type,
		.bytes = held->bytes,
		.size = held->length,
	};
	memcpy(object.id, held->id, sizeof(object.id));
	if (!*deflater)
		*deflater = deflater_new(batch->objects->level);
	batch->failed[i] = !*deflater || deposit_deflate(*deflater, &object, batch->packed,
							 &batch->deflated[i]) != 0;
}

static int write_one(struct objects *objects, struct batch *batch, size_t i)
{
	struct held *held = batch->held[i];
	if (batch->failed[i]) {
		errno = ENOMEM;
		return -1;
	}
	objects->count--;
	objects->bytes -= held->length;
	free(held->bytes);
	held->bytes = NULL;
	if (batch->packed)
		return deposit_packed(objects->deposit, held->id, &batch->deflated[i]);
	objects->loose++;
	return deposit_loose(objects->deposit, held->id, &batch->deflated[i]);
}

static int write_batch(struct objects *objects, struct batch *batch)
{
	int failed = 0;
	batch->count = 0;
	struct held *held = objects->unwritten;
	for (; held && batch->count < 256; held = held->after)
		if (held->bytes)
			batch->held[batch->count++] = held;
	objects->unwritten = held;
	memset(batch->deflated, 0, sizeof(batch->deflated));
	crew_each(batch->count, deflate_one, batch);
	for (size_t i = 0; i < batch->count; i++) {
		if (!failed)
			failed = write_one(objects, batch, i);
		bytes_release(&batch->deflated[i]);
	}
	return failed;
}

static int have_deposit(struct objects *objects)
{
	if (!objects->deposit)
		objects->deposit = deposit_new(objects->folder);
	return objects->deposit ? 0 : -1;
}

static int write_some(struct objects *objects)
{
	if (!objects->unwritten)
		return 0;
	struct batch *batch = calloc(1, sizeof(*batch));
	int failed = batch ? have_deposit(objects) : -1;
	objects->packed = objects->packed || objects->loose + objects->count > LOOSE_MOST;
	if (!failed) {
		batch->objects = objects;
		batch->packed = objects->packed;
	}
	while (!failed && objects->unwritten)
		failed = write_batch(objects, batch);
	for (size_t i = 0; batch && i < CREW_MOST; i++)
		deflater_free(batch->deflaters[i]);
	free(batch);
	return failed;
}

int objects_hold(struct objects *objects, enum objects_type type, void *bytes, size_t length,
		 const unsigned char id[20])
{
	if (objects_have(objects, id)) {
		free(bytes);
		return 0;
	}
	struct held *held = malloc(sizeof(*held));
	if (!held) {
		free(bytes);
		return -1;
	}
	*held = (struct held){.type = type, .length = length, .bytes = bytes};
	memcpy(held->id, id, sizeof(held->id));
	keep(objects, held);
	return 0;
}

int objects_relieve(struct objects *objects)
{
	return objects->bytes > HELD_MOST ? write_some(objects) : 0;
}

int objects_add(struct objects *objects, enum objects_type type, const void *bytes, size_t length,
		unsigned char id[20])
{
	if (objects_id(type, bytes, length, id) != 0)
		return -1;
	if (objects_have(objects, id))
		return 0;
	void *copy = malloc(length + 1);
	if (!copy)
		return -1;
	if (length)
		memcpy(copy, bytes, length);
	return objects_hold(objects, type, copy, length, id);
}

int objects_file_id(int fd, unsigned char id[20])
{
	char path[64];
	git_oid oid;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (git_odb_hashfile(&oid, path, GIT_OBJECT_BLOB) != 0)
		return -1;
	memcpy(id, oid.id, sizeof(oid.id));
	return 0;
}

int objects_hold_file(struct objects *objects, int fd, off_t size, const unsigned char id[20])
{
	if (objects_have(objects, id))
		return 0;
	struct held *held = calloc(1, sizeof(*held));
	if (!held || have_deposit(objects) != 0) {
		free(held);
		return -1;
	}
	struct deposit_object object = {.type = OBJECTS_BLOB, .fd = fd, .size = (uint64_t)size};
	memcpy(object.id, id, sizeof(object.id));
	memcpy(held->id, id, sizeof(held->id));
	held->type = OBJECTS_BLOB;
	held->length = (size_t)size;
	const int failed = deposit_file(objects->deposit, &object, objects->level);
	if (failed) {
		free(held);
		return failed;
	}
	objects->loose++;
	keep(objects, held);
	return 0;
}

/* By now nobody asks any more what is there, and writing needs memory. */
int objects_write(struct objects *objects)
{
	if (objects->packs)
		packs_rest(objects->packs);
	if (write_some(objects) != 0)
		return -1;
	return objects->deposit ? deposit_end(objects->deposit) : 0;
}

int objects_place(struct objects *objects)
{
	return objects->deposit ? deposit_place(objects->deposit) : 0;
}

void objects_drop(struct objects *objects)
{
	while (objects->first) {
		struct held *held = objects->first;
		objects->first = held->after;
		free(held->bytes);
		free(held);
	}
	deposit_free(objects->deposit);
	objects->deposit = NULL;
	objects->last = &objects->first;
	objects->unwritten = NULL;
	objects->count = objects->bytes = objects->loose = 0;
	objects->packed = false;
	memset(objects->buckets, 0, sizeof(objects->buckets));
}
