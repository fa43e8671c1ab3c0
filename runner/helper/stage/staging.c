#include "runner/helper/stage/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/contents.h"

#define PATHS 4096

static int doubt(struct staging *staging, const char *why)
{
	staging->doubt = why;
	return STAGING_DOUBT;
}

int staging_read(struct staging *staging, const struct staging_order *order)
{
	char path[PATHS + 16];
	const char *why = NULL;
	*staging = (struct staging){.doubt = NULL};
	snprintf(path, sizeof(path), "%s/index", order->gitdir);
	switch (index_read(&staging->index, path, &why)) {
	case INDEX_OK:
		break;
	case INDEX_FOREIGN:
		return doubt(staging, why);
	case INDEX_DAMAGED:
		staging->damaged = true;
		index_release(&staging->index);
		staging->index.trees = trees_new();
		return staging->index.trees ? 0 : -1;
	case INDEX_FAILED:
		return -1;
	}
	if (staging->index.untracked_cache && !order->untracked_cache)
		return doubt(staging, "a cache of untracked files that is not git's default");
	return 0;
}

/* A line of a tree on the way to becoming an entry. */
struct growing {
	struct index *index;
	size_t room;
	struct bytes names; /* they move: entries are given theirs at the end */
};

static int on_line(const char *folder, const git_tree_entry *line, void *context)
{
	struct growing *growing = context;
	struct index *index = growing->index;
	const char *name = git_tree_entry_name(line);
	if (git_tree_entry_type(line) == GIT_OBJECT_TREE)
		return 0;
	if (index->count == growing->room) {
		const size_t room = growing->room * 2 + 256;
		struct index_entry *entries = realloc(index->entries, room * sizeof(*entries));
		if (!entries)
			return -1;
		index->entries = entries;
		growing->room = room;
	}
	struct index_entry *entry = &index->entries[index->count++];
	*entry = (struct index_entry){.mode = git_tree_entry_filemode(line)};
	memcpy(entry->id, git_tree_entry_id(line)->id, INDEX_ID);
	entry->length = (uint32_t)(strlen(folder) + strlen(name));
	index->gitlinks |= entry->mode == INDEX_GITLINK;
	bytes_add(&growing->names, folder, strlen(folder));
	bytes_add(&growing->names, name, strlen(name) + 1);
	return growing->names.broken ? -1 : 0;
}

int staging_read_tree(struct staging *staging, git_repository *repository, const git_commit *commit)
{
	struct growing growing = {.index = &staging->index};
	git_tree *tree = NULL;
	int failed = git_tree_lookup(&tree, repository, git_commit_tree_id(commit));
	if (!failed)
		failed = git_tree_walk(tree, GIT_TREEWALK_PRE, on_line, &growing);
	git_tree_free(tree);
	const char *name = staging->index.names = (char *)growing.names.at;
	for (size_t i = 0; !failed && i < staging->index.count; i++) {
		staging->index.entries[i].path = name;
		name += staging->index.entries[i].length + 1;
	}
	staging->written = true;
	return failed ? -1 : 0;
}

void staging_release(struct staging *staging)
{
	index_release(&staging->index);
}

/* git reads one that is missing in the work tree from the index. */
static bool lacks_attributes(const struct scan *scan)
{
	static const char name[] = ATTRIBUTES_FILE;
	const size_t length = sizeof(name) - 1;
	for (size_t i = 0; i < scan->index->count; i++) {
		const struct index_entry *entry = &scan->index->entries[i];
		if (entry->length < length ||
		    memcmp(entry->path + entry->length - length, name, length) != 0)
			continue;
		if ((entry->length == length || entry->path[entry->length - length - 1] == '/') &&
		    (scan->states[i] == SCAN_GONE || (entry->flags & INDEX_KEPT)))
			return true;
	}
	return false;
}

/* In the order in which they count, the last before the first. */
static struct attributes *read_attributes(const struct staging_order *order,
					  const struct scan *scan)
{
	char path[PATHS + 64];
	struct attributes *attributes = attributes_new();
	if (!attributes)
		return NULL;
	int failed = attributes_add(attributes, AT_FDCWD, "/etc/gitattributes", "", true);
	if (!failed)
		failed = attributes_add(attributes, AT_FDCWD, "/usr/local/etc/gitattributes", "",
					true);
	if (!failed && order->attributes)
		failed = attributes_add(attributes, AT_FDCWD, order->attributes, "", true);
	for (size_t i = 0; !failed && i < scan->nattributes; i++) {
		snprintf(path, sizeof(path), "%s" ATTRIBUTES_FILE, scan->attributes[i]);
		failed = attributes_add(attributes, scan->root, path, scan->attributes[i], false);
	}
	snprintf(path, sizeof(path), "%s/info/attributes", order->commondir);
	if (!failed)
		failed = attributes_add(attributes, AT_FDCWD, path, "", true);
	if (failed) {
		attributes_free(attributes);
		return NULL;
	}
	if (lacks_attributes(scan))
		attributes_doubt(attributes);
	return attributes;
}

/* The rules that count after all .gitignore files; of two such files the second counts first. */
static int read_ignores(const struct staging_order *order, const struct ignore *ignores[2])
{
	char path[PATHS + 64];
	snprintf(path, sizeof(path), "%s/info/exclude", order->commondir);
	if (order->excludes &&
	    ignore_read(&ignores[0], NULL, AT_FDCWD, order->excludes, "", true) != 0)
		return -1;
	return ignore_read(&ignores[1], ignores[0], AT_FDCWD, path, "", true);
}

static void free_ignores(const struct ignore *ignores[2])
{
	if (ignores[1] != ignores[0])
		ignore_free(ignores[1]);
	ignore_free(ignores[0]);
}

/* The entry is now that of what was found. */
static void renew(struct staging *staging, struct index_entry *entry, const char *path,
		  const struct content *content)
{
	entry->stat = content->stat;
	staging->written = true;
	if (content->outcome == CONTENT_SAME)
		return;
	entry->mode = content->mode;
	entry->flags &= (uint8_t)~INDEX_INTENT_TO_ADD;
	memcpy(entry->id, content->id, INDEX_ID);
	trees_forget(staging->index.trees, path);
	staging->changed = true;
}

static void drop(struct staging *staging, const struct index_entry *entry)
{
	trees_forget(staging->index.trees, entry->path);
	staging->changed = staging->written = true;
}

static bool is_same_state(const struct index_entry *entry, const struct content *content)
{
	return content->outcome == CONTENT_SAME &&
	       memcmp(&entry->stat, &content->stat, sizeof(entry->stat)) == 0;
}

/* What was found, taken over into the entries that stay. */
static void settle_old(struct staging *staging, const struct scan *scan,
		       const struct content *contents)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct scan_item *item = &scan->items[i];
		const struct content *content = &contents[i];
		if (item->at == SCAN_NEW)
			continue;
		struct index_entry *entry = &staging->index.entries[item->at];
		if (content->outcome == CONTENT_GONE)
			scan->states[item->at] = SCAN_GONE;
		else if (content->outcome == CONTENT_HELD)
			entry->stat.size = 0; /* so that its state does not become a clean one's */
		else if (!is_same_state(entry, content))
			renew(staging, entry, entry->path, content);
	}
}

/* A new entry, whose path goes into the index's own memory at *names. */
static void make_entry(struct staging *staging, struct index_entry *entry,
		       const struct scan_item *item, const struct content *content, char **names)
{
	const size_t length = strlen(item->path);
	memcpy(*names, item->path, length + 1);
	*entry = (struct index_entry){.path = *names, .length = (uint32_t)length};
	*names += length + 1;
	renew(staging, entry, entry->path, content);
}

static bool is_new(const struct scan_item *item, const struct content *content)
{
	return item->at == SCAN_NEW && content->outcome == CONTENT_TAKEN;
}

/* The entries that stay and those that come, in order. */
static int join(struct staging *staging, const struct scan *scan, const struct content *contents)
{
	struct index *index = &staging->index;
	size_t come = 0, bytes = 1;
	for (size_t i = 0; i < scan->count; i++)
		if (is_new(&scan->items[i], &contents[i])) {
			come++;
			bytes += strlen(scan->items[i].path) + 1;
		}
	struct index_entry *entries = malloc((index->count + come + 1) * sizeof(*entries));
	char *names = malloc(bytes);
	if (!entries || !names) {
		free(entries);
		free(names);
		return -1;
	}
	index->added = names;
	size_t count = 0, next = 0;
	for (size_t at = 0; at <= index->count; at++) {
		const struct index_entry *entry = at < index->count ? &index->entries[at] : NULL;
		for (; next < scan->count &&
		       (!entry || strcmp(scan->items[next].path, entry->path) < 0);
		     next++)
			if (is_new(&scan->items[next], &contents[next]))
				make_entry(staging, &entries[count++], &scan->items[next],
					   &contents[next], &names);
		if (!entry)
			break;
		if (scan->states[at] == SCAN_GONE)
			drop(staging, entry);
		else
			entries[count++] = *entry;
	}
	free(index->entries);
	index->entries = entries;
	index->count = count;
	return 0;
}

static bool is_moved(const struct scan *scan, const struct content *contents)
{
	for (size_t i = 0; i < scan->count; i++)
		if (is_new(&scan->items[i], &contents[i]))
			return true;
	return memchr(scan->states, SCAN_GONE, scan->index->count) != NULL;
}

static void tell_held(const struct staging_order *order, const struct scan *scan,
		      const struct content *contents)
{
	for (size_t i = 0; i < scan->count; i++)
		if (contents[i].outcome == CONTENT_HELD)
			order->held(order->context, scan->items[i].path, contents[i].secret);
}

static int take_contents(struct staging *staging, const struct staging_order *order,
			 const struct scan *scan, const struct attributes *attributes)
{
	const struct contents_order contents_order = {
		.scan = scan,
		.objects = order->objects,
		.attributes = attributes,
		.secrets = order->secrets,
	};
	struct content *contents = calloc(scan->count + 1, sizeof(*contents));
	if (!contents)
		return -1;
	int failed = contents_take(&contents_order, contents, &staging->doubt);
	if (!failed) {
		settle_old(staging, scan, contents);
		failed = is_moved(scan, contents) ? join(staging, scan, contents) : 0;
	}
	if (!failed)
		tell_held(order, scan, contents);
	free(contents);
	return failed;
}

static int take_scanned(struct staging *staging, const struct staging_order *order,
			struct scan *scan)
{
	int failed = scan_run(scan);
	if (failed > 0)
		return doubt(staging, scan->doubt);
	struct attributes *attributes =
		!failed && scan->count ? read_attributes(order, scan) : NULL;
	if (failed || (scan->count && !attributes))
		return -1;
	failed = take_contents(staging, order, scan, attributes);
	attributes_free(attributes);
	return failed;
}

/* What the new index is as old as: files that changed in the same second or later are looked into
 * once more, by git too. One that says nothing new of most files is as old as it was. */
static void set_age(struct staging *staging, const struct staging_order *order,
		    const struct timespec *begun)
{
	if (!order->only || !staging->index.stamp.tv_sec)
		staging->index.stamp = *begun;
}

int staging_take(struct staging *staging, const struct staging_order *order)
{
	const struct ignore *ignores[2] = {NULL, NULL};
	struct scan scan = {
		.index = &staging->index,
		.root = open(order->workdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.listings = order->listings,
		.trust_mode = order->trust_mode,
		.only = order->only,
	};
	if (scan.root < 0)
		return -1;
	int failed = 0;
	struct timespec begun;
	clock_gettime(CLOCK_REALTIME_COARSE, &begun);
	if (read_ignores(order, ignores) != 0) {
		failed = doubt(staging, "rules of what to ignore that can't be read");
	} else {
		scan.ignore = ignores[1];
		failed = take_scanned(staging, order, &scan);
	}
	if (!failed)
		set_age(staging, order, &begun);
	const int error = errno;
	scan_release(&scan);
	free_ignores(ignores);
	close(scan.root);
	errno = error;
	return failed;
}

int staging_tree(struct staging *staging, struct objects *objects, unsigned char id[20])
{
	struct index *index = &staging->index;
	if (trees_build(index->trees, index, 0, index->count, 0, objects) != 0)
		return -1;
	memcpy(id, index->trees->id, 20);
	return 0;
}

/* One line of a tree: mode, space, name, NUL, id. Gives what is behind it; NULL: it is none. */
static const char *next_line(const char *at, const char *end, const char **name)
{
	const char *space = memchr(at, ' ', (size_t)(end - at));
	const char *nul = space ? memchr(space, 0, (size_t)(end - space)) : NULL;
	if (!nul || end - nul < 21)
		return NULL;
	*name = space + 1;
	return nul + 21;
}

/* Trees have their lines in the order of paths, a folder's name with a slash behind it. */
static int order_of(const char *line, const char *name, const char *folder)
{
	const size_t length = strlen(name), wanted = strlen(folder);
	const int order = memcmp(name, folder, length < wanted ? length : wanted);
	if (order || length == wanted)
		return order;
	const char own = length > wanted ? name[wanted] : *line == '4' ? '/' : '\0';
	return length > wanted ? (unsigned char)own - '/' : own - folder[length];
}

static void put_line(struct bytes *out, const char *folder, const unsigned char *id)
{
	bytes_format(out, "40000 %s", folder);
	bytes_add(out, "", 1);
	bytes_add(out, id, 20);
}

static int put_folder(struct bytes *out, const char *folder, const unsigned char *id,
		      const char *base, size_t length)
{
	const char *at = base, *const end = base + length, *name = "";
	bool put = !id;
	while (at < end) {
		const char *next = next_line(at, end, &name);
		if (!next) {
			errno = EINVAL;
			return -1;
		}
		const int order = order_of(at, name, folder);
		if (order == 0 && *at != '4')
			return STAGING_DOUBT; /* a file, which has another place */
		if (!put && order >= 0) {
			put_line(out, folder, id);
			put = true;
		}
		if (order != 0)
			bytes_add(out, at, (size_t)(next - at));
		at = next;
	}
	if (!put)
		put_line(out, folder, id);
	return out->broken ? -1 : 0;
}

int staging_tree_with(struct staging *staging, struct objects *objects, const char *folder,
		      const void *base, size_t length, unsigned char id[20])
{
	const struct index *index = &staging->index;
	const size_t prefix = strlen(folder) + 1;
	char slashed[256];
	struct bytes out = {.at = NULL};
	size_t from = 0;
	snprintf(slashed, sizeof(slashed), "%s/", folder);
	while (from < index->count && strcmp(index->entries[from].path, slashed) < 0)
		from++;
	const size_t to = index_end_of(index, from, index->count, slashed, prefix);
	struct trees *trees = trees_new();
	int failed = trees ? 0 : -1;
	if (!failed && from < to)
		failed = trees_build(trees, index, from, to, prefix, objects);
	if (!failed)
		failed = put_folder(&out, folder, from < to ? trees->id : NULL, base, length);
	if (!failed)
		failed = objects_add(objects, OBJECTS_TREE, out.at, out.length, id);
	if (failed == STAGING_DOUBT)
		staging->doubt = "a file in the place of a folder";
	trees_free(trees);
	bytes_release(&out);
	return failed;
}
