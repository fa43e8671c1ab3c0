#include "runner/helper/stage/listings.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

#include "status/text.h"

#define BUCKETS 16384
#define MOST    (64U << 20) /* bytes of all listings */

struct listings {
	struct listing *buckets[BUCKETS];
	size_t size;
	/* Of the scan that goes on. */
	bool serves;
	dev_t device;
	time_t now;
};

struct listings *listings_new(void)
{
	return calloc(1, sizeof(struct listings));
}

static void drop(struct listings *listings, struct listing **place)
{
	struct listing *listing = *place;
	*place = listing->next;
	listings->size -= listing->size;
	free(listing);
}

void listings_free(struct listings *listings)
{
	if (!listings)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (listings->buckets[i])
			drop(listings, &listings->buckets[i]);
	free(listings);
}

static size_t bucket_of(const char *path)
{
	return text_hash(TEXT_HASH, path) % BUCKETS;
}

static bool tells_by_time(int root)
{
	struct statfs state;
	if (fstatfs(root, &state) != 0)
		return false;
	switch ((unsigned long)state.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

void listings_begin(struct listings *listings, int root)
{
	struct stat state;
	listings->serves = fstat(root, &state) == 0 && tells_by_time(root);
	listings->device = listings->serves ? state.st_dev : 0;
	listings->now = time(NULL);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

const struct listing *listings_find(const struct listings *listings, const char *path,
				    const struct stat *state)
{
	if (!listings->serves || state->st_dev != listings->device)
		return NULL;
	struct listing *listing = listings->buckets[bucket_of(path)];
	while (listing && strcmp(listing->path, path) != 0)
		listing = listing->next;
	if (!listing)
		return NULL;
	listing->used = is_same(&listing->state, state);
	listing->outdated = !listing->used;
	return listing->used ? listing : NULL;
}

/* The two times move together, but for those who set the one. */
static bool has_rested(const struct listings *listings, const struct stat *state)
{
	const time_t before = listings->now - LISTINGS_REST_S;
	return state->st_mtim.tv_sec < before && state->st_ctim.tv_sec < before;
}

struct listing *listings_make(const struct listings *listings, const char *path,
			      const struct stat *state, const struct scan_names *names)
{
	if (!listings->serves || state->st_dev != listings->device || !has_rested(listings, state))
		return NULL;
	const size_t length = strlen(path) + 1;
	const size_t size = sizeof(struct listing) + length + names->count + names->text.length;
	struct listing *listing = malloc(size);
	if (!listing)
		return NULL;
	char *text = (char *)(listing + 1);
	*listing = (struct listing){
		.count = names->count, .state = *state, .size = size, .path = text};
	memcpy(text, path, length);
	text += length;
	for (size_t i = 0; i < names->count; i++) {
		*text++ = (char)names->list[i].kind;
		memcpy(text, names->list[i].name, names->list[i].length + 1);
		text += names->list[i].length + 1;
	}
	return listing;
}

int listing_names(const struct listing *listing, struct scan_names *names)
{
	const char *text = listing->path + strlen(listing->path) + 1;
	if (scan_names_room(names, listing->count) != 0)
		return -1;
	for (size_t i = 0; i < listing->count; i++) {
		const enum scan_kind kind = (enum scan_kind) * text++;
		names->list[i] = (struct scan_name){
			.name = text, .length = (uint32_t)strlen(text), .kind = kind};
		text += names->list[i].length + 1;
	}
	names->count = listing->count;
	return 0;
}

void listings_keep(struct listings *listings, struct listing *made)
{
	while (made) {
		struct listing *listing = made, **place = &listings->buckets[bucket_of(made->path)];
		made = made->next;
		while (*place && strcmp((*place)->path, listing->path) != 0)
			place = &(*place)->next;
		if (*place)
			drop(listings, place);
		listing->used = true;
		listing->next = *place;
		*place = listing;
		listings->size += listing->size;
		if (listings->size > MOST)
			drop(listings, place);
	}
}

void listings_end(struct listings *listings, bool whole)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct listing **place = &listings->buckets[i]; *place;) {
			if ((*place)->outdated || (whole && !(*place)->used)) {
				drop(listings, place);
				continue;
			}
			(*place)->used = false;
			place = &(*place)->next;
		}
	listings->serves = false;
}
