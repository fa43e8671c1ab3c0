#include "status/journal_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX  "-shm"
#define HEADERS 96 /* bytes of its two headers, which begin it (SQLite: "WAL-mode File Format") */

static const sqlite3_io_methods *original;
static sqlite3_io_methods methods;

/* Whether a link of /proc/self/fd leads to an index. */
static bool is_index(int folder, const char *name)
{
	char path[PATH_MAX];
	const size_t length = strlen(SUFFIX);
	const ssize_t got = readlinkat(folder, name, path, sizeof(path));
	return got > (ssize_t)length && (size_t)got < sizeof(path) &&
	       memcmp(path + got - length, SUFFIX, length) == 0;
}

/* Descriptors of ours that are of an index, until `found` says that it was that one: that is given;
 * else -1. */
static int each_index(bool found(void *context, int fd), void *context)
{
	DIR *folder = opendir("/proc/self/fd");
	int fd = -1;
	for (const struct dirent *entry; folder && fd < 0 && (entry = readdir(folder));) {
		if (entry->d_name[0] == '.' || !is_index(dirfd(folder), entry->d_name))
			continue;
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (!found(context, fd))
			fd = -1;
	}
	if (folder)
		closedir(folder);
	return fd;
}

static bool lacks_room(void *context, int fd)
{
	struct stat state;
	(void)context;
	return fstat(fd, &state) == 0 && state.st_size > 0 &&
	       fallocate(fd, 0, 0, state.st_size) != 0 && errno == ENOSPC;
}

/* Gives every index that is open all the blocks that its length is made of. SQLite itself writes
 * one byte for each 4 KiB, which is enough where blocks are no smaller. -1 where there is no room.
 */
static int give_room(void)
{
	return each_index(lacks_room, NULL) < 0 ? 0 : -1;
}

static int map(sqlite3_file *file, int region, int size, int extend, void volatile **mapped)
{
	const int code = original->xShmMap(file, region, size, extend, mapped);
	if (code != SQLITE_OK || !*mapped || give_room() == 0)
		return code;
	*mapped = NULL; /* it stays mapped, but nobody looks */
	return SQLITE_FULL;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *got_flags)
{
	const sqlite3_vfs *const unchanged = sqlite3_vfs_find(NULL);
	const int code = unchanged->xOpen(vfs, name, file, flags, got_flags);
	/* Those of its kinds of files that have the same methods, which is all of them but where
	 * locks are made in another way. */
	if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) && file->pMethods) {
		sqlite3_mutex *const turn = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP1);
		sqlite3_mutex_enter(turn);
		if (!original && file->pMethods->iVersion >= 2) {
			methods = *file->pMethods;
			methods.xShmMap = map;
			original = file->pMethods;
		}
		if (file->pMethods == original)
			file->pMethods = &methods;
		sqlite3_mutex_leave(turn);
	}
	return code;
}

const char *journal_index_vfs(void)
{
	static sqlite3_vfs ours;
	static const char name[] = "stepgate";
	if (sqlite3_initialize() != SQLITE_OK)
		return NULL;
	sqlite3_mutex *const turn = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP1);
	const sqlite3_vfs *const unchanged = sqlite3_vfs_find(NULL);
	sqlite3_mutex_enter(turn);
	if (!ours.zName && unchanged) {
		ours = *unchanged;
		ours.zName = name;
		ours.xOpen = open_file;
		if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
			ours.zName = NULL;
	}
	sqlite3_mutex_leave(turn);
	return ours.zName ? name : NULL;
}

static bool is_of(const struct journal_index *index, int fd, struct stat *state)
{
	return fd >= 0 && fstat(fd, state) == 0 && state->st_dev == index->device &&
	       state->st_ino == index->inode;
}

static bool take(void *context, int fd)
{
	struct journal_index *index = context;
	struct stat state;
	if (!is_of(index, fd, &state))
		return false;
	index->length = state.st_size;
	return true;
}

void journal_index_find(struct journal_index *index, const char *database)
{
	char path[PATH_MAX];
	struct stat named;
	*index = (struct journal_index){.fd = -1};
	if (snprintf(path, sizeof(path), "%s" SUFFIX, database) >= (int)sizeof(path) ||
	    stat(path, &named) != 0)
		return;
	index->device = named.st_dev;
	index->inode = named.st_ino;
	index->fd = each_index(take, index);
}

bool journal_index_mend(struct journal_index *index)
{
	static const char nothing[HEADERS];
	struct stat state;
	if (!is_of(index, index->fd, &state))
		return false;
	if (state.st_size >= index->length) {
		index->length = state.st_size;
		return false;
	}
	/* Where that fails the next look is its end, which says so: signals.h. */
	(void)(fallocate(index->fd, 0, 0, index->length) == 0 &&
	       pwrite(index->fd, nothing, sizeof(nothing), 0) == (ssize_t)sizeof(nothing));
	return true;
}
