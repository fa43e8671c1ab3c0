#include "runner/helper/stage/trees.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/crew.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/objects.h"

#define DEEPEST 2048 /* folders in each other: a path of 4096 bytes has no more */
#define WORTH   8    /* folders whose trees are to be made, for more than one thread */

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
	return trees->name && trees->length == length && memcmp(trees->name, name, length) == 0;
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

/* Where the entries of a folder are. */
struct part {
	size_t from, end;
	bool failed;
};

/* A folder whose tree is being made. */
struct building {
	struct trees *trees;
	const struct index *index;
	size_t prefix;
	struct objects *objects;
	bool alone; /* in its thread: no more are to be started */
	struct bytes tree;
	struct trees *folders; /* as they will be */
	struct part *parts;    /* of each of these */
	uint32_t nfolders, room;
	uint32_t next;    /* of the folders as they were, behind the one found last */
	uint32_t unknown; /* folders whose trees are to be made */
	bool partly; /* an entry is in no tree yet: what is made stands for this commit alone */
};

static int build(struct trees *trees, const struct index *index, struct part *part, size_t prefix,
		 struct objects *objects, bool alone);

/* As a tree has them: octal, without a zero before. */
static const char *mode_text(uint32_t mode)
{
	switch (mode) {
	case INDEX_FILE:
		return "100644 ";
	case INDEX_EXECUTABLE:
		return "100755 ";
	case INDEX_LINK:
		return "120000 ";
	default:
		return "160000 ";
	}
}

static void add_line(struct building *building, const char *mode, const char *name, size_t length,
		     const unsigned char *id)
{
	const size_t mode_length = strlen(mode), whole = mode_length + length + 1 + INDEX_ID;
	unsigned char *to = bytes_room(&building->tree, whole);
	if (!to)
		return;
	memcpy(to, mode, mode_length);
	memcpy(to + mode_length, name, length);
	to[mode_length + length] = '\0';
	memcpy(to + mode_length + length + 1, id, INDEX_ID);
	building->tree.length += whole;
}

static int make_room(struct building *building)
{
	if (building->nfolders < building->room)
		return 0;
	const uint32_t room = building->room * 2 + 4;
	struct trees *folders = realloc(building->folders, room * sizeof(*folders));
	if (!folders)
		return -1;
	building->folders = folders;
	struct part *parts = realloc(building->parts, room * sizeof(*parts));
	if (!parts)
		return -1;
	building->parts = parts;
	building->room = room;
	return 0;
}

/* What is known of a folder, taken over from before; or a new one. */
static struct trees *take_folder(struct building *building, const char *name, size_t length)
{
	if (make_room(building) != 0)
		return NULL;
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

static size_t prefix_of(const struct building *building, const struct trees *folder)
{
	return building->prefix + folder->length + 1;
}

/* The folders in it, and where they are. */
static int find_parts(struct building *building, size_t from, size_t to)
{
	const struct index *index = building->index;
	while (from < to) {
		const char *name = index->entries[from].path + building->prefix;
		const char *slash = strchr(name, '/');
		if (!slash) {
			from++;
			continue;
		}
		struct trees *folder = take_folder(building, name, (size_t)(slash - name));
		if (!folder)
			return -1;
		const size_t end =
			end_of_folder(index, folder, from, to, prefix_of(building, folder));
		building->parts[building->nfolders++] = (struct part){.from = from, .end = end};
		building->unknown += folder->count < 0;
		from = end;
	}
	return 0;
}

/* In any thread. */
static void build_part(void *context, size_t i, unsigned hand)
{
	struct building *building = context;
	struct trees *folder = &building->folders[i];
	struct part *part = &building->parts[i];
	(void)hand;
	part->failed = build(folder, building->index, part, prefix_of(building, folder),
			     building->objects, building->alone) != 0;
}

/* Of a folder with many that have changed these are made by several threads. */
static int build_parts(struct building *building)
{
	const bool together = !building->alone && building->unknown >= WORTH;
	if (together) {
		building->alone = true;
		crew_each(building->nfolders, build_part, building);
	}
	for (uint32_t i = 0; i < building->nfolders; i++) {
		if (!together)
			build_part(building, i, 0);
		if (building->parts[i].failed)
			return -1;
	}
	return 0;
}

static int add_lines(struct building *building, size_t from, size_t to)
{
	for (uint32_t next = 0; from < to;) {
		const struct index_entry *entry = &building->index->entries[from];
		if (next < building->nfolders && building->parts[next].from == from) {
			const struct trees *folder = &building->folders[next];
			building->partly |= folder->count < 0;
			if (memcmp(folder->id, empty_tree, 20) != 0)
				add_line(building, "40000 ", entry->path + building->prefix,
					 folder->length, folder->id);
			from = building->parts[next++].end;
			continue;
		}
		if (entry->flags & INDEX_INTENT_TO_ADD)
			building->partly = true;
		else
			add_line(building, mode_text(entry->mode), entry->path + building->prefix,
				 entry->length - building->prefix, entry->id);
		from++;
	}
	return building->tree.broken ? -1 : 0;
}

static int build(struct trees *trees, const struct index *index, struct part *part, size_t prefix,
		 struct objects *objects, bool alone)
{
	struct building building = {
		.trees = trees,
		.index = index,
		.prefix = prefix,
		.objects = objects,
		.alone = alone,
	};
	const size_t from = part->from, end = part->end;
	if (trees->count >= 0 && (size_t)trees->count == end - from &&
	    objects_have(objects, trees->id))
		return 0;
	int failed = find_parts(&building, from, end);
	if (!failed)
		failed = build_parts(&building);
	if (!failed)
		failed = add_lines(&building, from, end);
	if (!failed)
		failed = objects_add(objects, OBJECTS_TREE, building.tree.at, building.tree.length,
				     trees->id);
	for (uint32_t i = 0; i < trees->nfolders; i++)
		release(&trees->folders[i]);
	free(trees->folders);
	trees->folders = building.folders;
	trees->nfolders = building.nfolders;
	trees->count = failed || building.partly ? -1 : (int32_t)(end - from);
	free(building.parts);
	bytes_release(&building.tree);
	return failed;
}

int trees_build(struct trees *trees, const struct index *index, size_t from, size_t to,
		size_t prefix, struct objects *objects)
{
	struct part whole = {.from = from, .end = to};
	return build(trees, index, &whole, prefix, objects, false);
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
