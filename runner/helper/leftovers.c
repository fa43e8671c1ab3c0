#include "runner/helper/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARK    "ref.stepgate."   /* GITDIR/ref.stepgate.PID: the path of a lock */
#define INDEX   "index.stepgate." /* GITDIR/index.stepgate.PID: see index_lock.c */
#define DEEPEST 32                /* folders below refs */
#define SLACK_S 2

struct sweep {
	int64_t boot_s;  /* seconds since 1970 */
	int64_t started; /* microseconds since 1970 */
	bool busy;       /* another helper is committing: what is half made may be its own */
	char *said;
	size_t size;
};

typedef void visit(struct sweep *sweep, const char *path, const char *name);

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	const size_t length = strlen(text), want = strlen(with);
	return length > want && strcmp(text + length - want, with) == 0;
}

static int open_leftover(const char *path, struct stat *state)
{
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, state) != 0 || !S_ISREG(state->st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A lease is given only where nobody else has the file open. Where the file system knows none, age
 * alone has to tell. */
static bool is_open_elsewhere(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return false;
	}
	return errno == EAGAIN || errno == EACCES;
}

static void say(struct sweep *sweep, const char *path, const char *why)
{
	const size_t used = strlen(sweep->said);
	snprintf(sweep->said + used, sweep->size - used, "%s%s: removed: %s", used ? "; " : "",
		 path, why);
}

static void clear_old_lock(struct sweep *sweep, const char *path)
{
	struct stat state;
	const int fd = open_leftover(path, &state);
	if (fd < 0)
		return;
	if (state.st_mtim.tv_sec + SLACK_S < sweep->boot_s && !is_open_elsewhere(fd) &&
	    unlink(path) == 0)
		say(sweep, path, "a lock from before this boot");
	close(fd);
}

static bool is_older(const struct sweep *sweep, const struct stat *state)
{
	return (int64_t)state->st_mtim.tv_sec * 1000000 + state->st_mtim.tv_nsec / 1000 <
	       sweep->started;
}

static void clear_temporary(struct sweep *sweep, const char *path)
{
	struct stat state;
	const int fd = open_leftover(path, &state);
	if (fd < 0)
		return;
	if (!sweep->busy && is_older(sweep, &state) && !is_open_elsewhere(fd))
		unlink(path);
	close(fd);
}

static void visit_folder(struct sweep *sweep, const char *folder, visit *each)
{
	char path[2 * LOOK_PATH];
	DIR *list = opendir(folder);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		const int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof(path))
			each(sweep, path, entry->d_name);
	}
	if (list)
		closedir(list);
}

/* What a power cut leaves of an object whose name came to the disk before its bytes. Nobody would
 * write it again while it is there. */
static void clear_empty(struct sweep *sweep, const char *path)
{
	struct stat state;
	if (lstat(path, &state) != 0 || state.st_size != 0)
		return;
	const int fd = open_leftover(path, &state);
	if (fd < 0)
		return;
	if (state.st_size == 0 && is_older(sweep, &state) && !is_open_elsewhere(fd) &&
	    unlink(path) == 0)
		say(sweep, path, "an object that is empty, as a power cut leaves them");
	close(fd);
}

/* All but the first two letters of an id. */
static bool is_object_name(const char *name)
{
	const size_t length = strspn(name, "0123456789abcdef");
	return !name[length] && (length == 38 || length == 62);
}

static void on_object(struct sweep *sweep, const char *path, const char *name)
{
	static const char *const temporary[] = {
		"tmp_obj_", "tmp_object_git2_", "tmp_pack_", "tmp_idx_", "tmp_rev_", "pack_git2_",
	};
	if (is_object_name(name))
		clear_empty(sweep, path);
	for (size_t i = 0; i < sizeof(temporary) / sizeof(temporary[0]); i++)
		if (begins(name, temporary[i]))
			clear_temporary(sweep, path);
}

static void on_object_folder(struct sweep *sweep, const char *path, const char *name)
{
	if (strlen(name) == 2 || strcmp(name, "pack") == 0)
		visit_folder(sweep, path, on_object);
	else
		on_object(sweep, path, name);
}

static void on_ref(struct sweep *sweep, const char *path, const char *name)
{
	static int depth; /* a folder that is its own parent ends somewhere */
	struct stat state;
	if (ends(name, ".lock"))
		clear_old_lock(sweep, path);
	else if (depth < DEEPEST && lstat(path, &state) == 0 && S_ISDIR(state.st_mode)) {
		depth++;
		visit_folder(sweep, path, on_ref);
		depth--;
	}
}

/* The lock that a mark of a dead helper names: not older than the mark, so not somebody else's. */
static void clear_marked(struct sweep *sweep, int mark, const struct stat *made)
{
	char lock[LOOK_PATH + 1];
	struct stat state;
	const ssize_t length = pread(mark, lock, sizeof(lock) - 1, 0);
	if (length <= 0)
		return;
	lock[length] = '\0';
	const int fd = ends(lock, ".lock") ? open_leftover(lock, &state) : -1;
	if (fd < 0)
		return;
	const bool younger = state.st_mtim.tv_sec > made->st_mtim.tv_sec ||
			     (state.st_mtim.tv_sec == made->st_mtim.tv_sec &&
			      state.st_mtim.tv_nsec >= made->st_mtim.tv_nsec);
	if (younger && !is_open_elsewhere(fd) && unlink(lock) == 0)
		say(sweep, lock, "its holder, a commit helper, was killed");
	close(fd);
}

/* Whoever made a mark holds a flock on it for as long as it lives, as on an index.lock of its own
 * for as long as it commits. */
static bool is_held(const char *path)
{
	struct stat state;
	const int fd = open_leftover(path, &state);
	if (fd < 0)
		return false;
	const bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return held;
}

static void on_git_file(struct sweep *sweep, const char *path, const char *name)
{
	struct stat state;
	if (strcmp(name, "index.lock") == 0 && is_held(path))
		sweep->busy = true;
	if (ends(name, ".lock"))
		clear_old_lock(sweep, path);
	if (!begins(name, MARK) && !begins(name, INDEX))
		return;
	const int fd = open_leftover(path, &state);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (begins(name, MARK))
			clear_marked(sweep, fd, &state);
		unlink(path);
	}
	close(fd);
}

static int64_t boot_time(void)
{
	struct timespec now, up;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
		return 0;
	return now.tv_sec - up.tv_sec;
}

void leftovers_clear(const struct look *look, int64_t started, char *said, size_t size)
{
	char folder[LOOK_PATH + 16];
	struct sweep sweep = {
		.boot_s = boot_time(), .started = started, .said = said, .size = size};
	said[0] = '\0';
	visit_folder(&sweep, look->gitdir, on_git_file);
	if (strcmp(look->gitdir, look->commondir) != 0)
		visit_folder(&sweep, look->commondir, on_git_file);
	snprintf(folder, sizeof(folder), "%s/refs", look->commondir);
	visit_folder(&sweep, folder, on_ref);
	snprintf(folder, sizeof(folder), "%s/objects", look->commondir);
	visit_folder(&sweep, folder, on_object_folder);
}

void leftovers_mark(struct leftovers_mark *mark, const char *gitdir, const char *lock)
{
	const size_t length = strlen(lock);
	snprintf(mark->path, sizeof(mark->path), "%s/" MARK "%ld", gitdir, (long)getpid());
	mark->fd = open(mark->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (mark->fd >= 0 && (flock(mark->fd, LOCK_EX | LOCK_NB) != 0 ||
			      write(mark->fd, lock, length) != (ssize_t)length))
		leftovers_unmark(mark);
}

void leftovers_unmark(struct leftovers_mark *mark)
{
	if (mark->fd < 0)
		return;
	unlink(mark->path); /* before the flock goes */
	close(mark->fd);
	mark->fd = -1;
}
