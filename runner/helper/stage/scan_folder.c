#include "runner/helper/stage/scan_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUFFER 65536U

static enum scan_kind kind_of_mode(mode_t mode)
{
	return S_ISREG(mode)   ? SCAN_FILE
	       : S_ISLNK(mode) ? SCAN_LINK
	       : S_ISDIR(mode) ? SCAN_FOLDER
			       : SCAN_OTHER;
}

/* Not every file system says it with the name. A name that is gone again is like one of no kind. */
static enum scan_kind find_kind(int folder, const struct dirent64 *entry)
{
	struct stat state;
	switch (entry->d_type) {
	case DT_REG:
		return SCAN_FILE;
	case DT_LNK:
		return SCAN_LINK;
	case DT_DIR:
		return SCAN_FOLDER;
	case DT_UNKNOWN:
		return fstatat(folder, entry->d_name, &state, AT_SYMLINK_NOFOLLOW) == 0
			       ? kind_of_mode(state.st_mode)
			       : SCAN_OTHER;
	default:
		return SCAN_OTHER;
	}
}

int scan_names_room(struct scan_names *names, size_t count)
{
	if (count <= names->room)
		return 0;
	const size_t room = count * 2 + 64;
	struct scan_name *list = realloc(names->list, room * sizeof(*list));
	if (!list)
		return -1;
	names->list = list;
	names->room = room;
	return 0;
}

/* The text may still move: until all are read `length` tells where a name is. */
static int add(struct scan_names *names, int folder, const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
		return 0;
	if (scan_names_room(names, names->count + 1) != 0)
		return -1;
	const enum scan_kind kind = find_kind(folder, entry);
	const size_t length = strlen(name);
	bytes_add(&names->text, name, length);
	if (kind == SCAN_FOLDER)
		bytes_add(&names->text, "/", 1);
	bytes_add(&names->text, "", 1);
	names->list[names->count++] = (struct scan_name){
		.length = (uint32_t)(length + (kind == SCAN_FOLDER)),
		.kind = kind,
	};
	return names->text.broken ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct scan_name *first = a, *second = b;
	return strcmp(first->name, second->name);
}

int scan_names_read(struct scan_names *names, int folder)
{
	names->count = names->text.length = 0;
	char *buffer = bytes_room(&names->buffer, BUFFER);
	ssize_t got = -1;
	while (buffer && (got = getdents64(folder, buffer, BUFFER)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			if (add(names, folder, entry) != 0)
				return -1;
			at += entry->d_reclen;
		}
	if (got < 0)
		return -1;
	const char *text = (const char *)names->text.at;
	for (size_t i = 0; i < names->count; i++) {
		names->list[i].name = text;
		text += names->list[i].length + 1;
	}
	if (names->count > 1)
		qsort(names->list, names->count, sizeof(*names->list), by_name);
	return 0;
}

void scan_names_release(struct scan_names *names)
{
	free(names->list);
	bytes_release(&names->text);
	bytes_release(&names->buffer);
}
