#include "runner/process/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/text.h"

/* A holder needs a moment from taking the lock to saying who it is, and a dying one from its end to
 * the lock's. */
#define MOMENT_MS 1000
#define PAUSE_MS  5

#define END_MARK "end\n" /* the last line: without it the text is not whole */

enum {
	TEXT_MOST = 8192,
	PATH_ROOM = 4096,
};

static void host_name(char *host, size_t size)
{
	if (gethostname(host, size) != 0)
		snprintf(host, size, "?");
	host[size - 1] = '\0';
}

/* The value of a line "NAME VALUE", cleaned, into out. */
static void take_text(const char *text, const char *name, char *out, size_t size)
{
	const size_t length = strlen(name);
	out[0] = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, name, length) == 0 && line[length] == ' ') {
			text_clean(line + length + 1, strcspn(line + length + 1, "\n"), out, size);
			return;
		}
		if (!strchr(line, '\n'))
			return;
	}
}

static long long take_number(const char *text, const char *name)
{
	char digits[32];
	take_text(text, name, digits, sizeof(digits));
	return strtoll(digits, NULL, 10);
}

/* Reads what the holder says of itself. False where the text is not whole. */
static bool read_holder(int fd, struct lock_holder *holder)
{
	char text[TEXT_MOST + 1];
	const ssize_t got = pread(fd, text, TEXT_MOST, 0);
	const size_t length = got > 0 ? (size_t)got : 0;
	const size_t mark = strlen(END_MARK);
	text[length] = '\0';
	*holder = (struct lock_holder){.cycle = take_number(text, "cycle")};
	take_text(text, "host", holder->host, sizeof(holder->host));
	take_text(text, "boot", holder->process.boot, sizeof(holder->process.boot));
	holder->process.pid = (pid_t)take_number(text, "pid");
	holder->process.start = take_number(text, "start");
	take_text(text, "since", holder->since, sizeof(holder->since));
	take_text(text, "config", holder->config, sizeof(holder->config));
	return length > mark && memcmp(text + length - mark, END_MARK, mark) == 0;
}

static bool held(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

static bool of_this_host(const struct lock_holder *holder)
{
	char host[sizeof(holder->host)];
	host_name(host, sizeof(host));
	return strcmp(host, holder->host) == 0;
}

/* A text that names no one alive may be the last holder's, so it gets a moment to become true. */
static enum lock_state look(int fd, struct lock_holder *holder, int64_t moment_ms)
{
	const int64_t deadline = clock_monotonic_ms() + moment_ms;
	while (held(fd)) {
		const bool whole = read_holder(fd, holder);
		const bool ours = of_this_host(holder);
		if (whole && ours && identity_alive(&holder->process) && held(fd))
			return LOCK_ALIVE;
		if ((whole && !ours) || clock_monotonic_ms() >= deadline)
			return LOCK_UNSEEN;
		poll(NULL, 0, PAUSE_MS);
	}
	return LOCK_FREE;
}

static int open_lock(const char *folder, int flags)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%s/%s", folder, LOCK_PATH);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
}

static enum lock_state look_at(const char *folder, struct lock_holder *holder, int64_t moment_ms)
{
	const int fd = open_lock(folder, O_RDONLY);
	if (fd < 0)
		return LOCK_FREE;
	const enum lock_state state = look(fd, holder, moment_ms);
	close(fd);
	return state;
}

enum lock_state lock_look(const char *folder, struct lock_holder *holder)
{
	return look_at(folder, holder, MOMENT_MS);
}

enum lock_state lock_glance(const char *folder, struct lock_holder *holder)
{
	return look_at(folder, holder, 0);
}

int lock_signal(const struct lock_holder *holder, int sig, struct err *err)
{
	const long pid = (long)holder->process.pid;
	/* Opened before it is looked at: so it is that very process and no other. */
	const int process = pidfd_open(holder->process.pid, 0);
	if (process < 0)
		return err_errno(err, "process %ld, which has the repository, can't be asked", pid);
	int sent = -1;
	if (!identity_alive(&holder->process))
		err_set(err, ERR_REFUSED, "process %ld ended meanwhile", pid);
	else if (pidfd_send_signal(process, sig, NULL, 0) != 0)
		err_errno(err, "process %ld, which has the repository, can't be asked", pid);
	else
		sent = 0;
	close(process);
	return sent;
}

char *lock_words(const struct lock_holder *holder, char *out, size_t size)
{
	char cycle[48] = "";
	if (holder->process.pid <= 0) {
		snprintf(out, size, "another process");
		return out;
	}
	if (holder->cycle > 0)
		snprintf(cycle, sizeof(cycle), ", cycle %lld", holder->cycle);
	snprintf(out, size, "host %s, pid %ld, since %s%s", holder->host, (long)holder->process.pid,
		 holder->since, cycle);
	return out;
}

static bool try(int fd)
{
	/* An open-file-description lock: no close() elsewhere in the process loses it, and it is
	 * not passed on, since the descriptor is closed at exec. */
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
#ifdef STEPGATE_WITHOUT_LOCK /* tests/whole/without.sh: would it be noticed? */
	(void)whole;
	return fd >= 0;
#else
	return fcntl(fd, F_OFD_SETLK, &whole) == 0;
#endif
}

/* 0 with the lock on fd, or -1 and *err. */
static int lock_file(int fd, const char *folder, struct err *err)
{
	char words[512];
	struct lock_holder holder;
	while (!try(fd)) {
		if (errno != EAGAIN && errno != EACCES)
			return err_errno(err, "%s/%s: can't be locked", folder, LOCK_PATH);
		if (look(fd, &holder, MOMENT_MS) != LOCK_FREE)
			return err_set(err, ERR_BUSY, "%s/%s: another cycle has the repository: %s",
				       folder, LOCK_PATH,
				       lock_words(&holder, words, sizeof(words)));
	}
	return 0;
}

int lock_take(struct lock *lock, const char *folder, const char *config, struct err *err)
{
	lock->fd = -1;
	const int fd = open_lock(folder, O_RDWR | O_CREAT);
	if (fd < 0)
		return err_errno(err, "%s/%s: can't be opened", folder, LOCK_PATH);
	if (lock_file(fd, folder, err) != 0) {
		close(fd);
		return -1;
	}
	*lock = (struct lock){.fd = fd, .since = clock_now(), .config = config};
	lock_describe(lock, 0);
	return 0;
}

void lock_describe(const struct lock *lock, long long cycle)
{
	char host[sizeof(((struct lock_holder *)0)->host)], since[CLOCK_TEXT], text[TEXT_MOST];
	char config[PATH_ROOM] = "";
	struct identity self = {.pid = getpid()};
	host_name(host, sizeof(host));
	identity_of(self.pid, &self);
	if (lock->config[0] && !realpath(lock->config, config))
		snprintf(config, sizeof(config), "%s", lock->config);
	config[strcspn(config, "\n")] = '\0';
	const int length = snprintf(text, sizeof(text),
				    "host %s\nboot %s\npid %ld\nstart %lld\nsince %s\ncycle %lld\n"
				    "config %s\n" END_MARK,
				    host, self.boot, (long)self.pid, self.start,
				    clock_write(lock->since, since), cycle, config);
	/* Never shorter than what it says: a reader of a half sees that the end is missing. */
	if (length > 0 && length < (int)sizeof(text) &&
	    pwrite(lock->fd, text, (size_t)length, 0) == length)
		(void)!ftruncate(lock->fd, length);
}

int lock_take_back(struct lock *lock, const char *folder, long long cycle, struct err *err)
{
	struct stat ours, there;
	const int fd = open_lock(folder, O_RDWR | O_CREAT);
	if (fd < 0)
		return err_errno(err, "%s/%s: can't be opened", folder, LOCK_PATH);
	const bool stood = fstat(fd, &there) == 0 && fstat(lock->fd, &ours) == 0 &&
			   there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
	const int failed = stood ? 0 : lock_file(fd, folder, err);
	if (stood || failed) {
		close(fd);
		return failed;
	}
	close(lock->fd);
	lock->fd = fd;
	lock_describe(lock, cycle);
	return 1;
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
