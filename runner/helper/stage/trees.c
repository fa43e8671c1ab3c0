#include "runner/helper/stage/trees.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/objects.h"

#define DEEPEST 2048 /* folders in each other: a path of 4096 bytes has no more */

static const unsigned char empty_tree[20] = {
	0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
	0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04,
};

struct trees *trees_new(void)
{
	struct trees *trees = calloc(1, sizeof(*trees));
	if (trees)
		trees->count = -1;
	return trees;
}

static void release(struct trees *trees)
{
	for (uint32_t i = 0; i < trees->nfolders; i++)
		release(&trees->folders[i]);
	free(trees->folders);
	free(trees->own);
}

void trees_free(struct trees *trees)
{
	if (trees)
		release(trees);
	free(trees);
}

/* A number in decimal, to the byte `after`, which is taken too. */
static const unsigned char *read_number(const unsigned char *at, const unsigned char *end,
					char after, long *number)
{
	const bool below = at < end && *at == '-';
	long value = 0;
	const unsigned char *digit = at + below;
	for (; digit < end && *digit >= '0' && *digit <= '9' && value < INT32_MAX / 10; digit++)
		value = value * 10 + (*digit - '0');
	if (digit == at + below || digit == end || *digit != (unsigned char)after)
		return NULL;
	*number = below ? -value : value;
	return digit + 1;
}

/* A folder: name, NUL, how many entries, space, how many folders, newline, id; then its folders. */
static const unsigned char *read_folder(struct trees *trees, const unsigned char *at,
					const unsigned char *end, int depth)
{
	long count, folders;
	const unsigned char *nul = memchr(at, 0, (size_t)(end - at));
	if (!nul || depth > DEEPEST)
		return NULL;
	trees->name = (const char *)at;
	trees->length = (uint32_t)(nul - at);
	at = read_number(nul + 1, end, ' ', &count);
	if (at)
		at = read_number(at, end, '\n', &folders);
	if (!at || folders < 0 || folders > end - at || (count >= 0 && end - at < 20))
		return NULL;
	trees->count = count < 0 ? -1 : (int32_t)count;
	if (count >= 0) {
		memcpy(trees->id, at, 20);
		at += 20;
	}
	trees->folders = folders ? calloc((size_t)folders, sizeof(*trees->folders)) : NULL;
	if (folders && !trees->folders)
		return NULL;
	for (; at && trees->nfolders < (uint32_t)folders;)
		at = read_folder(&trees->folders[trees->nfolders++], at, end, depth + 1);
	return at;
}

struct trees *trees_read(const unsigned char *bytes, size_t size)
{
	struct trees *trees = trees_new();
	if (trees && size && read_folder(trees, bytes, bytes + size, 0) != bytes + size) {
		trees_free(trees);
		trees = NULL;
	}
	return trees;
}

static bool is_named(const struct trees *trees, const char *name, size_t length)
{
	return trees->length == length && memcmp(trees->name, name, length) == 0;
}

/* Looks at `first` and those behind it first: mostly one is looked for after another. */
static struct trees *find_folder(const struct trees *trees, const char *name, size_t length,
				 uint32_t first)
{
	for (uint32_t i = first; i < trees->nfolders; i++)
		if (is_named(&trees->folders[i], name, length))
			return &trees->folders[i];
	for (uint32_t i = 0; i < first && i < trees->nfolders; i++)
		if (is_named(&trees->folders[i], name, length))
			return &trees->folders[i];
	return NULL;
}

void trees_forget(struct trees *trees, const char *path)
{
	while (trees) {
		trees->count = -1;
		const char *slash = strchr(path, '/');
		if (!slash)
			break;
		trees = find_folder(trees, path, (size_t)(slash - path), 0);
		path = slash + 1;
	}
}

/* A folder whose tree is being made. */
struct building {
	struct trees *trees;
	const struct index *index;
	size_t prefix;
	struct objects *objects;
	struct bytes tree;
	struct trees *folders; /* as they will be */
	uint32_t nfolders, room;
	uint32_t next; /* of the folders as they were, behind the one found last */
	bool partly;   /* an entry is in no tree yet: what is made stands for this commit alone */
};

static void add_line(struct building *building, uint32_t mode, const char *name, size_t length,
		     const unsigned char *id)
{
	bytes_format(&building->tree, "%o ", mode);
	bytes_add(&building->tree, name, length);
	bytes_add(&building->tree, "", 1);
	bytes_add(&building->tree, id, 20);
}

/* What is known of a folder, taken over from before; or a new one. */
static struct trees *take_folder(struct building *building, const char *name, size_t length)
{
	if (building->nfolders == building->room) {
		const uint32_t room = building->room * 2 + 4;
		struct trees *folders = realloc(building->folders, room * sizeof(*folders));
		if (!folders)
			return NULL;
		building->folders = folders;
		building->room = room;
	}
	struct trees *folder = &building->folders[building->nfolders];
	struct trees *before = find_folder(building->trees, name, length, building->next);
	if (before) {
		building->next = (uint32_t)(before - building->trees->folders) + 1;
		*folder = *before;
		*before = (struct trees){.count = -1};
	} else {
		char *own = malloc(length + 1);
		if (!own)
			return NULL;
		memcpy(own, name, length);
		*folder = (struct trees){.name = own, .length = (uint32_t)length, .count = -1};
		folder->own = own;
	}
	building->nfolders++;
	return folder;
}

static bool is_below(const struct index_entry *entry, const char *path, size_t prefix)
{
	return entry->length > prefix && memcmp(entry->path, path, prefix) == 0;
}

/* Where the folder of entry `from` ends: what is known of it says so, if it is right. */
static size_t end_of_folder(const struct index *index, const struct trees *folder, size_t from,
			    size_t to, size_t prefix)
{
	const char *path = index->entries[from].path;
	const size_t end = from + (folder->count > 0 ? (size_t)folder->count : 0);
	if (end > from && end <= to && is_below(&index->entries[end - 1], path, prefix) &&
	    (end == to || !is_below(&index->entries[end], path, prefix)))
		return end;
	return index_end_of(index, from, to, path, prefix);
}

/* The folder that begins at entry `from`; gives where it ends, or 0. */
static size_t add_folder(struct building *building, size_t from, size_t to, const char *slash)
{
	const struct index *index = building->index;
	const char *path = index->entries[from].path, *name = path + building->prefix;
	const size_t prefix = (size_t)(slash - path) + 1;
	struct trees *folder = take_folder(building, name, (size_t)(slash - name));
	if (!folder)
		return 0;
	const size_t end = end_of_folder(index, folder, from, to, prefix);
	if (trees_build(folder, index, from, end, prefix, building->objects) != 0)
		return 0;
	building->partly |= folder->count < 0;
	if (memcmp(folder->id, empty_tree, 20) != 0)
		add_line(building, 040000, name, (size_t)(slash - name), folder->id);
	return end;
}

static int add_entries(struct building *building, size_t from, size_t to)
{
	while (from < to) {
		const struct index_entry *entry = &building->index->entries[from];
		const char *name = entry->path + building->prefix;
		const char *slash = strchr(name, '/');
		if (slash) {
			from = add_folder(building, from, to, slash);
			if (!from)
				return -1;
			continue;
		}
		if (entry->flags & INDEX_INTENT_TO_ADD)
			building->partly = true;
		else
			add_line(building, entry->mode, name, entry->length - building->prefix,
				 entry->id);
		from++;
	}
	return building->tree.broken ? -1 : 0;
}

int trees_build(struct trees *trees, const struct index *index, size_t from, size_t to,
		size_t prefix, struct objects *objects)
{
	struct building building = {
		.trees = trees,
		.index = index,
		.prefix = prefix,
		.objects = objects,
	};
	if (trees->count >= 0 && (size_t)trees->count == to - from &&
	    objects_have(objects, trees->id))
		return 0;
	int failed = add_entries(&building, from, to);
	if (!failed)
		failed = objects_add(objects, OBJECTS_TREE, building.tree.at, building.tree.length,
				     trees->id);
	for (uint32_t i = 0; i < trees->nfolders; i++)
		release(&trees->folders[i]);
	free(trees->folders);
	trees->folders = building.folders;
	trees->nfolders = building.nfolders;
	trees->count = failed || building.partly ? -1 : (int32_t)(to - from);
	bytes_release(&building.tree);
	return failed;
}

static void write_folder(const struct trees *trees, struct bytes *out)
{
	bytes_add(out, trees->name ? trees->name : "", trees->length);
	bytes_add(out, "", 1);
	bytes_format(out, "%ld %lu\n", (long)trees->count, (unsigned long)trees->nfolders);
	if (trees->count >= 0)
		bytes_add(out, trees->id, 20);
	for (uint32_t i = 0; i < trees->nfolders; i++)
		write_folder(&trees->folders[i], out);
}

int trees_write(const struct trees *trees, struct bytes *out)
{
	write_folder(trees, out);
	return out->broken ? -1 : 0;
}
