#include "runner/process/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX     "stepgate-"
#define DEPTH_MOST 32 /* of cgroups that a child makes within its own */

/* Writes a word to a file of the folder. 0, or -1. */
static int put(int folder, const char *name, const char *word)
{
	const int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const bool done = write(fd, word, strlen(word)) == (ssize_t)strlen(word);
	close(fd);
	return done ? 0 : -1;
}

static int put_number(int folder, const char *name, int64_t number)
{
	char word[32];
	snprintf(word, sizeof(word), "%" PRId64, number);
	return put(folder, name, word);
}

/* A small file of the folder into text[size]. False where it can't be read. */
static bool get(int folder, const char *name, char *text, size_t size)
{
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	const ssize_t got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got >= 0;
}

/* The figure after `key` in a file of lines "KEY FIGURE"; 0 where it is not there. */
static long figure(int folder, const char *name, const char *key)
{
	char text[512];
	const size_t length = strlen(key);
	if (!get(folder, name, text, sizeof(text)))
		return 0;
	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtol(line + length, NULL, 10);
	return 0;
}

static int open_folder(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* One that someone took away between its making and its lock is none. */
static int lock_folder(const char *path)
{
	struct stat opened, named;
	const int fd = open_folder(AT_FDCWD, path);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 &&
	    stat(path, &named) == 0 && opened.st_ino == named.st_ino)
		return fd;
	close(fd);
	return -1;
}

static bool make_folder(struct cgroup *cgroup, enum cgroup_kind kind)
{
	static unsigned serial;
	char own[CGROUP_PATH], path[CGROUP_PATH + 64];
	if (!cgroup_place(kind, own))
		return false;
	/* The number of another namespace's stepgate may be the same. */
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%s/" PREFIX "%ld-%u", own, (long)getpid(), ++serial);
		if (strlen(path) >= CGROUP_PATH)
			return false;
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return false;
		const int fd = lock_folder(path);
		if (fd < 0)
			continue;
		memcpy(cgroup->path[kind], path, strlen(path) + 1);
		cgroup->folder[kind] = fd;
		return true;
	}
	return false;
}

/* Limits of the unified kind need controllers that its parent hands on; it may not have been told
 * to yet. */
static void ask_for_controller(const char *name)
{
	char own[CGROUP_PATH], word[32];
	if (!cgroup_place(CGROUP_UNIFIED, own))
		return;
	const int folder = open_folder(AT_FDCWD, own);
	snprintf(word, sizeof(word), "+%s", name);
	if (folder >= 0) {
		put(folder, "cgroup.subtree_control", word);
		close(folder);
	}
}

static bool limit_memory(struct cgroup *cgroup, int64_t bytes)
{
	const int unified = cgroup->folder[CGROUP_UNIFIED];
	ask_for_controller("memory");
	if (unified >= 0 && put_number(unified, "memory.max", bytes) == 0) {
		put_number(unified, "memory.swap.max", 0);
		put(unified, "memory.oom.group", "1");
		return true;
	}
	if (!make_folder(cgroup, CGROUP_MEMORY))
		return false;
	const int folder = cgroup->folder[CGROUP_MEMORY];
	if (put_number(folder, "memory.limit_in_bytes", bytes) != 0)
		return false;
	put_number(folder, "memory.memsw.limit_in_bytes", bytes);
	return true;
}

static bool limit_processes(struct cgroup *cgroup, int64_t count)
{
	const int unified = cgroup->folder[CGROUP_UNIFIED];
	ask_for_controller("pids");
	if (unified >= 0 && put_number(unified, "pids.max", count) == 0)
		return true;
	return make_folder(cgroup, CGROUP_PIDS) &&
	       put_number(cgroup->folder[CGROUP_PIDS], "pids.max", count) == 0;
}

void cgroup_make(struct cgroup *cgroup, int64_t max_memory, int64_t max_processes, char *notice,
		 size_t size)
{
	*cgroup = (struct cgroup){.folder = {-1, -1, -1}};
	make_folder(cgroup, CGROUP_UNIFIED);
	const bool memory = max_memory == 0 || limit_memory(cgroup, max_memory);
	const bool processes = max_processes == 0 || limit_processes(cgroup, max_processes);
	if (!memory || !processes)
		snprintf(notice, size, "%s%s%s can't be held here: no cgroup can be made for it",
			 memory ? "" : "max_memory", memory || processes ? "" : " and ",
			 processes ? "" : "max_processes");
}

int cgroup_join(const struct cgroup *cgroup, bool unified)
{
	for (int kind = unified ? 0 : 1; kind < CGROUP_NKINDS; kind++)
		if (cgroup->folder[kind] >= 0 &&
		    put(cgroup->folder[kind], "cgroup.procs", "0") != 0)
			return -1;
	return 0;
}

/* Kills what cgroup.procs lists: for kernels before cgroup.kill (5.14), and version 1. */
static void kill_listed(int folder)
{
	char text[65536];
	if (!get(folder, "cgroup.procs", text, sizeof(text)))
		return;
	for (char *at = text; *at;) {
		const long pid = strtol(at, &at, 10);
		if (pid > 1 && (pid_t)pid != getpid())
			kill((pid_t)pid, SIGKILL);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
}

static void each_within(int folder, int depth, void act(int folder, const char *name, int depth))
{
	const int again = open_folder(folder, ".");
	DIR *list = again < 0 ? NULL : fdopendir(again);
	if (!list) {
		if (again >= 0)
			close(again);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(list));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			act(folder, entry->d_name, depth);
	closedir(list);
}

static void kill_within(int folder, const char *name, int depth)
{
	const int inner = open_folder(folder, name);
	if (inner < 0)
		return;
	kill_listed(inner);
	if (depth < DEPTH_MOST)
		each_within(inner, depth + 1, kill_within);
	close(inner);
}

static void kill_folder(int folder)
{
	if (folder < 0 || put(folder, "cgroup.kill", "1") == 0)
		return;
	put(folder, "cgroup.freeze", "1"); /* what stands still makes no new ones */
	kill_within(folder, ".", 0);
}

void cgroup_kill(const struct cgroup *cgroup)
{
#ifdef STEPGATE_WITHOUT_CGROUP_KILL /* tests/whole/without.sh: would it be noticed? */
	(void)cgroup;
#else
	for (int kind = 0; kind < CGROUP_NKINDS; kind++)
		kill_folder(cgroup->folder[kind]);
#endif
}

void cgroup_tell(const struct cgroup *cgroup, char *notice, size_t size)
{
	const int unified = cgroup->folder[CGROUP_UNIFIED];
	const int memory = cgroup->folder[CGROUP_MEMORY], pids = cgroup->folder[CGROUP_PIDS];
	if (figure(memory >= 0 ? memory : unified,
		   memory >= 0 ? "memory.oom_control" : "memory.events", "oom_kill") > 0)
		snprintf(notice, size, "max_memory was reached: the kernel killed some of it");
	else if (figure(pids >= 0 ? pids : unified, "pids.events", "max") > 0)
		snprintf(notice, size,
			 "max_processes was reached: it could not start all it wanted");
}

static void remove_within(int folder, const char *name, int depth)
{
	if (unlinkat(folder, name, AT_REMOVEDIR) == 0 || depth >= DEPTH_MOST)
		return;
	const int inner = open_folder(folder, name);
	if (inner < 0)
		return;
	each_within(inner, depth + 1, remove_within);
	close(inner);
	unlinkat(folder, name, AT_REMOVEDIR);
}

static bool remove_folder(int folder, const char *path)
{
	if (rmdir(path) == 0 || errno == ENOENT)
		return true;
	each_within(folder, 0, remove_within);
	return rmdir(path) == 0 || errno == ENOENT;
}

bool cgroup_remove(struct cgroup *cgroup)
{
	bool gone = true;
	for (int kind = 0; kind < CGROUP_NKINDS; kind++) {
		if (cgroup->folder[kind] < 0)
			continue;
		if (!remove_folder(cgroup->folder[kind], cgroup->path[kind])) {
			gone = false;
			continue;
		}
		close(cgroup->folder[kind]);
		cgroup->folder[kind] = -1;
	}
	return gone;
}

void cgroup_forget(struct cgroup *cgroup)
{
	for (int kind = 0; kind < CGROUP_NKINDS; kind++) {
		if (cgroup->folder[kind] >= 0)
			close(cgroup->folder[kind]);
		cgroup->folder[kind] = -1;
	}
}

/* One whose lock can be had has no stepgate any more. What does not die at once is met again by the
 * next run. */
static void end_leftover(int parent, const char *name, int depth)
{
	(void)depth;
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return;
	const int folder = open_folder(parent, name);
	if (folder < 0)
		return;
	if (flock(folder, LOCK_EX | LOCK_NB) == 0) {
		kill_folder(folder);
		for (int i = 0; i < 50 && unlinkat(parent, name, AT_REMOVEDIR) != 0; i++) {
			remove_within(parent, name, 0);
			usleep(1000);
		}
	}
	close(folder);
}

void cgroup_end_leftovers(void)
{
	char own[CGROUP_PATH];
	for (int kind = 0; kind < CGROUP_NKINDS; kind++) {
		const int folder =
			cgroup_place((enum cgroup_kind)kind, own) ? open_folder(AT_FDCWD, own) : -1;
		if (folder < 0)
			continue;
		each_within(folder, 0, end_leftover);
		close(folder);
	}
}

/* The path comes out of a file that a worker could have written, or out of our own memory. */
static int open_ours(const char *path)
{
	struct statfs fs;
	const char *name = strrchr(path, '/');
	if (!name || strncmp(name + 1, PREFIX, strlen(PREFIX)) != 0 || strstr(path, "/../") ||
	    statfs(path, &fs) != 0 ||
	    (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC))
		return -1;
	return open_folder(AT_FDCWD, path);
}

void cgroup_open(struct cgroup *cgroup, const char paths[CGROUP_NKINDS][CGROUP_PATH])
{
	*cgroup = (struct cgroup){.folder = {-1, -1, -1}};
	for (int kind = 0; kind < CGROUP_NKINDS; kind++) {
		cgroup->folder[kind] = open_ours(paths[kind]);
		memcpy(cgroup->path[kind], paths[kind], CGROUP_PATH);
	}
}
