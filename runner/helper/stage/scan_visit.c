#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/stage/attributes.h"
#include "runner/helper/stage/gitlink.h"
#include "runner/helper/stage/names.h"
#include "runner/helper/stage/scan_private.h"

/* A folder that is being read, and what lies in it. */
struct visit {
	struct scan_worker *worker;
	struct scan *scan;
	const struct index *index;
	struct scan_task *task;
	int folder;
	const struct scan_names *names; /* in it */
	const struct ignore *ignore;
};

uint32_t scan_mode(const struct stat *state, uint32_t before, bool trust_mode)
{
	const uint32_t mode = index_mode_of(state);
	if (mode == INDEX_LINK || trust_mode)
		return mode;
	return before == INDEX_EXECUTABLE ? INDEX_EXECUTABLE : INDEX_FILE;
}

/* In whole seconds, as git compares them: a clock that ticks more seldom than files change lets two
 * contents of one file have the same time. */
static bool is_older(const struct index_stat *stat, const struct timespec *than)
{
	return stat->mtime_s < (uint32_t)than->tv_sec;
}

/* A size of zero beside a content that is not empty is how git marks what it is not sure of. */
static bool may_be_same(const struct index_entry *entry)
{
	static const unsigned char empty[INDEX_ID] = {
		0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b,
		0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4, 0x8c, 0x53, 0x91,
	};
	return !(entry->flags & INDEX_INTENT_TO_ADD) &&
	       (entry->stat.size || memcmp(entry->id, empty, INDEX_ID) == 0);
}

/* As git compares them, nanoseconds included, and without the device, whose number may be another
 * one tomorrow. */
bool scan_is_same(const struct index *index, const struct index_entry *entry,
		  const struct stat *state, bool trust_mode)
{
	struct index_stat now;
	index_stat_of(&now, state);
	now.dev = entry->stat.dev;
	return may_be_same(entry) && memcmp(&now, &entry->stat, sizeof(now)) == 0 &&
	       scan_mode(state, entry->mode, trust_mode) == entry->mode &&
	       is_older(&entry->stat, &index->stamp);
}

static void list(struct visit *visit, size_t at, const char *path, const struct stat *state)
{
	struct scan_worker *worker = visit->worker;
	if (worker->count == worker->room) {
		const size_t room = worker->room * 2 + 64;
		struct scan_item *items = realloc(worker->items, room * sizeof(*items));
		if (!items) {
			scan_give_up(visit->scan, NULL);
			return;
		}
		worker->items = items;
		worker->room = room;
	}
	char *copy = at == SCAN_NEW ? strdup(path) : NULL;
	if (at == SCAN_NEW && !copy) {
		scan_give_up(visit->scan, NULL);
		return;
	}
	worker->items[worker->count++] = (struct scan_item){
		.at = at,
		.path = copy ? copy : path,
		.size = state->st_size,
	};
}

static void set_state(struct visit *visit, size_t at, enum scan_state state)
{
	visit->scan->states[at] = (unsigned char)state;
}

/* What is not there any more, but for what the user told git to leave alone. */
static void lose(struct visit *visit, size_t from, size_t to)
{
	for (size_t at = from; at < to; at++) {
		const struct index_entry *entry = &visit->index->entries[at];
		if (entry->mode == INDEX_GITLINK)
			scan_give_up(visit->scan, "a submodule is gone");
		set_state(visit, at, entry->flags & INDEX_KEPT ? SCAN_SAME : SCAN_GONE);
	}
}

/* A name in this folder, as a path; good until the next call. */
static const char *path_of(struct visit *visit, const char *name, size_t length)
{
	struct bytes *path = &visit->worker->path;
	path->length = 0;
	bytes_add(path, visit->task->prefix, visit->task->length);
	bytes_add(path, name, length);
	bytes_add(path, "", 1);
	if (!path->broken)
		return (const char *)path->at;
	scan_give_up(visit->scan, NULL);
	return NULL;
}

static void compare(struct visit *visit, size_t at, const char *name)
{
	const struct index_entry *entry = &visit->index->entries[at];
	struct stat state;
	set_state(visit, at, SCAN_SAME);
	if (entry->flags & INDEX_KEPT)
		return;
	if (fstatat(visit->folder, name, &state, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			scan_give_up(visit->scan, "a tracked file that can't be looked at");
		set_state(visit, at, SCAN_GONE);
	} else if (!S_ISREG(state.st_mode) && !S_ISLNK(state.st_mode)) {
		scan_give_up(visit->scan, "a tracked path that is no file any more");
	} else if (!scan_is_same(visit->index, entry, &state, visit->scan->trust_mode)) {
		set_state(visit, at, SCAN_LISTED);
		list(visit, at, entry->path, &state);
	}
}

/* A submodule whose own commit is the one that is recorded has not changed; nothing else of it
 * counts. That it has no repository of its own is how one is that was not fetched. */
static void compare_gitlink(struct visit *visit, size_t at)
{
	char name[4096 + 8];
	struct stat state;
	const struct index_entry *entry = &visit->index->entries[at];
	set_state(visit, at, SCAN_SAME);
	if (entry->flags & INDEX_KEPT)
		return;
	const int length = snprintf(name, sizeof(name), "%s/.git", entry->path);
	if (length < 0 || (size_t)length >= sizeof(name) ||
	    fstatat(visit->scan->root, entry->path, &state, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISDIR(state.st_mode) ||
	    (fstatat(visit->scan->root, name, &state, AT_SYMLINK_NOFOLLOW) == 0 &&
	     !gitlink_is_at(visit->scan->root, entry->path, entry->id)))
		scan_give_up(visit->scan, "a submodule that has changed");
}

/* Whether an entry that is left alone stands at the path, or below it. */
static bool is_kept(const struct visit *visit, const char *path, size_t length)
{
	const struct index *index = visit->index;
	if (!index->kept)
		return false;
	for (size_t at = visit->task->from; at < visit->task->to; at++) {
		const struct index_entry *entry = &index->entries[at];
		if ((entry->flags & INDEX_KEPT) && strncmp(entry->path, path, length) == 0 &&
		    (!entry->path[length] || entry->path[length] == '/'))
			return true;
	}
	return false;
}

/* A folder that is ignored is looked into by nobody; but where a file was tracked in its place, git
 * sees whether it is a repository. */
static bool was_file(const struct visit *visit, const char *path, size_t length)
{
	const struct index_entry *entry =
		index_find(visit->index, visit->task->from, visit->task->to, path, length);
	return entry && entry->mode != INDEX_GITLINK;
}

static bool is_gitlink(const struct visit *visit, const char *path, size_t length)
{
	const struct index_entry *entry =
		visit->index->gitlinks
			? index_find(visit->index, visit->task->from, visit->task->to, path, length)
			: NULL;
	return entry && entry->mode == INDEX_GITLINK;
}

/* A folder; [from, to) are the entries below it, of which there may be none. */
static void enter(struct visit *visit, const struct scan_name *name, size_t from, size_t to)
{
	const char *path = path_of(visit, name->name, name->length - 1);
	if (!path)
		return;
	const size_t length = visit->task->length + name->length;
	const bool ignored = visit->task->ignored ||
			     ignore_has(visit->ignore, path, path + visit->task->length, true);
	if (from == to && ignored && was_file(visit, path, length - 1))
		scan_give_up(visit->scan, "an ignored folder in the place of a file");
	if (from == to && (ignored || is_gitlink(visit, path, length - 1)))
		return;
	if (from == to && is_kept(visit, path, length - 1)) {
		scan_give_up(visit->scan, "a folder in the place of a file that is left alone");
		return;
	}
	path = path_of(visit, name->name, name->length);
	if (path)
		scan_queue(visit->scan, path, length, from, to, visit->ignore, ignored);
}

static void meet(struct visit *visit, const struct scan_name *name)
{
	struct stat state;
	if (name->kind == SCAN_FOLDER) {
		enter(visit, name, visit->task->from, visit->task->from);
		return;
	}
	if (name->kind == SCAN_OTHER || visit->task->ignored)
		return;
	const char *path = path_of(visit, name->name, name->length);
	if (!path || ignore_has(visit->ignore, path, path + visit->task->length, false))
		return;
	if (fstatat(visit->folder, name->name, &state, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			scan_give_up(visit->scan, "a file that can't be looked at");
		return;
	}
	if (!names_are_plain(path, name->kind == SCAN_LINK) ||
	    is_kept(visit, path, visit->task->length + name->length))
		scan_give_up(visit->scan, "a name that git may refuse");
	else if (S_ISREG(state.st_mode) || S_ISLNK(state.st_mode))
		list(visit, SCAN_NEW, path, &state);
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
	const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
	return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Whether a link that leads in a circle has taken the folder's place: git then keeps the files that
 * it can't look at. */
static bool is_circle(struct visit *visit, const char *name, size_t length)
{
	struct stat state;
	const char *path = path_of(visit, name, length);
	return path && fstatat(visit->scan->root, path, &state, 0) != 0 && errno == ELOOP;
}

/* The entry at `at`, or all of the folder that begins there, against the name at *next, behind
 * which *next then stands if it was that. Gives where the entries go on. */
static size_t merge(struct visit *visit, size_t at, size_t *next)
{
	const struct index_entry *entry = &visit->index->entries[at];
	const char *own = entry->path + visit->task->length, *slash = strchr(own, '/');
	const size_t length = slash ? (size_t)(slash - own) + 1 : strlen(own);
	if (entry->mode == INDEX_GITLINK && !slash) {
		compare_gitlink(visit, at);
		return at + 1;
	}
	const struct scan_name *name =
		*next < visit->names->count ? &visit->names->list[*next] : NULL;
	const int order = name ? compare_names(own, length, name->name, name->length) : -1;
	if (order > 0) {
		meet(visit, name);
		++*next;
		return at;
	}
	const size_t end = slash ? index_end_of(visit->index, at, visit->task->to, entry->path,
						visit->task->length + length)
				 : at + 1;
	if (order < 0 && slash && is_circle(visit, own, length - 1))
		scan_give_up(visit->scan, "files behind a link that leads in a circle");
	else if (order < 0)
		lose(visit, at, end);
	else if (slash)
		enter(visit, name, at, end);
	else
		compare(visit, at, name->name);
	*next += order == 0;
	return end;
}

/* The files of git's own in it. False where that ends all. */
static bool read_own(struct visit *visit)
{
	struct scan_task *task = visit->task;
	for (size_t i = 0; i < visit->names->count; i++) {
		const char *name = visit->names->list[i].name;
		if (strncmp(name, ".git", 4) != 0)
			continue;
		task->attributes |= strcmp(name, ATTRIBUTES_FILE) == 0;
		if (task->length && !task->ignored &&
		    (strcmp(name, ".git") == 0 || strcmp(name, ".git/") == 0)) {
			scan_give_up(visit->scan, "a repository in the repository");
			return false;
		}
		if (task->ignored || strcmp(name, IGNORE_FILE) != 0)
			continue;
		if (ignore_read(&visit->ignore, task->ignore, visit->folder, IGNORE_FILE,
				task->prefix, false) != 0) {
			scan_give_up(visit->scan, "a " IGNORE_FILE " that can't be read");
			return false;
		}
		task->own = visit->ignore != task->ignore ? visit->ignore : NULL;
	}
	return true;
}

static bool is_git_folder(const struct visit *visit, const struct scan_name *name)
{
	return visit->task->length == 0 &&
	       (strcmp(name->name, ".git") == 0 || strcmp(name->name, ".git/") == 0);
}

static void merge_all(struct visit *visit)
{
	size_t at = visit->task->from, next = 0;
	while (at < visit->task->to || next < visit->names->count) {
		if (next < visit->names->count && is_git_folder(visit, &visit->names->list[next])) {
			next++;
		} else if (at < visit->task->to) {
			at = merge(visit, at, &next);
		} else {
			meet(visit, &visit->names->list[next]);
			next++;
		}
	}
}

/* Without its last slash, which would have a link followed. */
static int open_folder(const struct visit *visit)
{
	struct scan_task *task = visit->task;
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	if (!task->length)
		return openat(visit->scan->root, ".", flags);
	task->prefix[task->length - 1] = '\0';
	const int folder = openat(visit->scan->root, task->prefix, flags);
	task->prefix[task->length - 1] = '/';
	return folder;
}

/* As they are known, or as they are read. */
static int get_names(struct visit *visit)
{
	struct scan_worker *worker = visit->worker;
	const struct listings *listings = visit->scan->listings;
	const char *path = visit->task->prefix;
	struct stat state;
	const bool kept = listings && fstat(visit->folder, &state) == 0;
	const struct listing *known = kept ? listings_find(listings, path, &state) : NULL;
	if (known)
		return listing_names(known, &worker->names);
	if (scan_names_read(&worker->names, visit->folder) != 0)
		return -1;
	struct listing *made = kept ? listings_make(listings, path, &state, &worker->names) : NULL;
	if (made) {
		made->next = worker->listings;
		worker->listings = made;
	}
	return 0;
}

void scan_visit(struct scan_worker *worker, struct scan_task *task)
{
	struct visit visit = {
		.worker = worker,
		.scan = worker->scan,
		.index = worker->scan->index,
		.names = &worker->names,
		.task = task,
		.ignore = task->ignore,
	};
	visit.folder = open_folder(&visit);
	if (visit.folder < 0 && errno == ENOENT) {
		lose(&visit, task->from, task->to);
	} else if (visit.folder < 0) {
		scan_give_up(visit.scan, "a folder that can't be read");
	} else {
		if (get_names(&visit) != 0)
			scan_give_up(visit.scan, "a folder that can't be read");
		else if (read_own(&visit))
			merge_all(&visit);
		close(visit.folder);
	}
}
