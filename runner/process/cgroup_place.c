#include "runner/process/cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST \
	((size_t)1024 * 1024) /* of mountinfo: a host of containers has thousands of mounts */

static const char *const controllers[CGROUP_NKINDS] = {
	[CGROUP_UNIFIED] = "",
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
};

/* A line, without its end, cut into fields at blanks. */
struct fields {
	char *at[16];
	size_t count;
};

static struct fields cut(char *line)
{
	struct fields fields = {.count = 0};
	char *rest = NULL;
	for (char *word = strtok_r(line, " ", &rest); word && fields.count < 16;
	     word = strtok_r(NULL, " ", &rest))
		fields.at[fields.count++] = word;
	return fields;
}

static bool lists(const char *list, const char *word)
{
	const size_t length = strlen(word);
	for (const char *at = list; at; at = strchr(at, ','), at += at != NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* Copies the next line of *text into line[size]. False at the end. */
static bool next_line(const char **text, char *line, size_t size)
{
	const size_t length = strcspn(*text, "\n");
	if (**text == '\0')
		return false;
	snprintf(line, size, "%.*s", (int)(length < size ? length : size - 1), *text);
	*text += length + ((*text)[length] == '\n');
	return true;
}

/* "4:memory:/a/b", or "0::/a/b" for the unified one. */
static bool own_path(enum cgroup_kind kind, const char *cgroups, char *path)
{
	char line[2 * CGROUP_PATH];
	while (next_line(&cgroups, line, sizeof(line))) {
		char *list = strchr(line, ':');
		char *where = list ? strchr(list + 1, ':') : NULL;
		if (!where)
			continue;
		*where++ = '\0';
		list++;
		const bool ours =
			kind == CGROUP_UNIFIED ? *list == '\0' : lists(list, controllers[kind]);
		if (ours && strlen(where) < CGROUP_PATH && !strstr(where, "/..")) {
			memcpy(path, where, strlen(where) + 1);
			return true;
		}
	}
	return false;
}

/* The part of `path` below `root`; NULL where it is not below it. */
static const char *below(const char *path, const char *root)
{
	const size_t length = root ? strlen(root) : 0;
	if (length == 1)
		return strcmp(path, "/") == 0 ? "" : path;
	if (length == 0 || strncmp(path, root, length) != 0)
		return NULL;
	return path[length] == '\0' || path[length] == '/' ? path + length : NULL;
}

/* "36 35 0:30 ROOT MOUNTPOINT OPTIONS [MORE...] - TYPE SOURCE SUPEROPTIONS" (proc(5)). */
static bool is_mount_of(enum cgroup_kind kind, const struct fields *fields)
{
	size_t dash = 6;
	while (dash < fields->count && strcmp(fields->at[dash], "-") != 0)
		dash++;
	if (dash + 3 >= fields->count || strchr(fields->at[4], '\\'))
		return false;
	if (kind == CGROUP_UNIFIED)
		return strcmp(fields->at[dash + 1], "cgroup2") == 0;
	return strcmp(fields->at[dash + 1], "cgroup") == 0 &&
	       lists(fields->at[dash + 3], controllers[kind]);
}

bool cgroup_place_from(enum cgroup_kind kind, const char *cgroups, const char *mounts, char *path)
{
	char own[CGROUP_PATH], line[4096];
	if (!own_path(kind, cgroups, own))
		return false;
	while (next_line(&mounts, line, sizeof(line))) {
		const struct fields fields = cut(line);
		if (!is_mount_of(kind, &fields))
			continue;
		const char *rest = below(own, fields.at[3]);
		if (rest && strlen(fields.at[4]) + strlen(rest) < CGROUP_PATH) {
			snprintf(path, CGROUP_PATH, "%s%s", fields.at[4], rest);
			return true;
		}
	}
	return false;
}

/* The whole file; free() it. NULL where it can't be read. */
static char *slurp(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(4096);
	size_t length = 0, room = 4096;
	while (text) {
		const ssize_t got = read(fd, text + length, room - length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
		char *larger = length + 1 < room ? text : realloc(text, room *= 2);
		if (!larger || room > FILE_MOST) {
			free(larger ? larger : text);
			text = NULL;
			break;
		}
		text = larger;
	}
	if (text)
		text[length] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static bool look(enum cgroup_kind kind, char *path)
{
	char *cgroups = slurp("/proc/self/cgroup");
	char *mounts = slurp("/proc/self/mountinfo");
	const bool found = cgroups && mounts && cgroup_place_from(kind, cgroups, mounts, path);
	free(cgroups);
	free(mounts);
	return found;
}

bool cgroup_place(enum cgroup_kind kind, char *path)
{
	static char found[CGROUP_NKINDS][CGROUP_PATH];
	static bool looked[CGROUP_NKINDS];
	if (!looked[kind] && !look(kind, found[kind]))
		found[kind][0] = '\0';
	looked[kind] = true;
	if (!found[kind][0])
		return false;
	memcpy(path, found[kind], CGROUP_PATH);
	return true;
}
