#include "runner/process/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
	pid_t pid, parent;
	bool dead;
	bool ours; /* comes of the root that is looked for */
};

struct table {
	struct process *list;
	size_t count, capacity;
};

/* /proc/PID/stat from its state on: fields[0] is field 3. False where there is no such process. */
static bool read_stat(const char *pid, char *text, size_t size, const char **fields)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	const ssize_t got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	/* The name may hold anything, so the last parenthesis ends it. */
	const char *end = strrchr(text, ')');
	if (!end || end[1] != ' ')
		return false;
	*fields = end + 2;
	return true;
}

/* A numeric field of /proc/PID/stat by its number in proc(5); fields begins with the third. */
static uint64_t field_at(const char *fields, int number)
{
	for (int i = 3; i < number && fields; i++) {
		fields = strchr(fields, ' ');
		fields += fields != NULL;
	}
	return fields ? strtoull(fields, NULL, 10) : 0;
}

/* The corpse of a thread is that of its process only where there is no other thread (field 20). */
static bool is_corpse(const char *fields)
{
	return *fields == 'X' || (*fields == 'Z' && field_at(fields, 20) <= 1);
}

uint64_t process_start_time(pid_t pid, bool *alive)
{
	char name[24], text[1024];
	const char *fields;
	snprintf(name, sizeof(name), "%ld", (long)pid);
	if (!read_stat(name, text, sizeof(text), &fields))
		return 0;
	if (alive)
		*alive = !is_corpse(fields);
	return field_at(fields, 22);
}

static pid_t left_alone;

void descendants_leave(pid_t pid)
{
	left_alone = pid;
}

static void add(struct table *table, const struct process *process)
{
	if (table->count == table->capacity) {
		const size_t capacity = table->capacity * 2 + 512;
		struct process *list = realloc(table->list, capacity * sizeof(*list));
		if (!list)
			return; /* the rest is met in a later round, when these are gone */
		table->list = list;
		table->capacity = capacity;
	}
	table->list[table->count++] = *process;
}

static void scan(struct table *table)
{
	DIR *folder = opendir("/proc");
	char text[1024];
	table->count = 0;
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		const char *fields;
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !read_stat(entry->d_name, text, sizeof(text), &fields))
			continue;
		const struct process process = {
			.pid = (pid_t)strtol(entry->d_name, NULL, 10),
			.parent = (pid_t)strtol(fields + 1, NULL, 10),
			.dead = is_corpse(fields),
		};
		add(table, &process);
	}
	if (folder)
		closedir(folder);
}

static bool is_spared(const struct spared *spared, pid_t pid)
{
	for (size_t i = 0; spared && i < spared->count; i++)
		if (spared->list[i] == pid)
			return true;
	return false;
}

static int by_pid(const void *a, const void *b)
{
	const pid_t left = ((const struct process *)a)->pid,
		    right = ((const struct process *)b)->pid;
	return (left > right) - (left < right);
}

static const struct process *find(const struct table *table, pid_t pid)
{
	const struct process key = {.pid = pid};
	return table->count ? bsearch(&key, table->list, table->count, sizeof(key), by_pid) : NULL;
}

/* Marks what comes of `root`, but the spared children of it. How many that are. */
static size_t mark(struct table *table, pid_t root, const struct spared *spared)
{
	size_t count = 0, before;
	if (table->count == 0)
		return 0;
	qsort(table->list, table->count, sizeof(*table->list), by_pid);
	do {
		before = count;
		for (size_t i = 0; i < table->count; i++) {
			struct process *process = &table->list[i];
			const struct process *parent = find(table, process->parent);
			if (process->ours || (process->parent != root && !(parent && parent->ours)))
				continue;
			process->ours = !is_spared(spared, process->pid);
			count += process->ours;
		}
	} while (count > before);
	return count;
}

/* A number may have passed to another process since it was read, but not one whose parent is still
 * the same, or, since that ended, ourselves. */
static void kill_process(const struct process *process)
{
	char name[24], text[1024];
	const char *fields;
	const int fd = pidfd_open(process->pid, 0);
	if (fd < 0)
		return;
	snprintf(name, sizeof(name), "%ld", (long)process->pid);
	if (read_stat(name, text, sizeof(text), &fields)) {
		const pid_t parent = (pid_t)strtol(fields + 1, NULL, 10);
		if (parent == process->parent || parent == getpid() || parent == 1)
			pidfd_send_signal(fd, SIGKILL, NULL, 0);
	}
	close(fd);
}

/* Kills the marked ones; how many of them lived. Our own dead are reaped. What is born meanwhile
 * has a parent that was not killed yet, for the others can't fork any more: so this comes to an
 * end. */
static size_t kill_marked(const struct table *table, pid_t corpse)
{
	size_t alive = 0;
	for (size_t i = 0; i < table->count; i++) {
		const struct process *process = &table->list[i];
		if (!process->ours || process->pid == corpse)
			continue;
		if (!process->dead) {
			alive++;
			kill_process(process);
		} else if (process->parent == getpid() && process->pid != left_alone) {
			waitpid(process->pid, NULL, WNOHANG);
		}
	}
	return alive;
}

static bool kill_all(pid_t root, const struct spared *spared, pid_t corpse)
{
	struct table table = {.list = NULL};
	scan(&table);
	const bool left = mark(&table, root, spared) > 0 && kill_marked(&table, corpse) > 0;
	free(table.list);
	return left;
}

/* Our children as the kernel lists them, which is cheaper than to look at every process; free() it.
 * NULL where it does not. */
static char *list_children(void)
{
	char path[64];
	size_t length = 0, room = 4096;
	snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(room);
	while (text) {
		const ssize_t got = read(fd, text + length, room - length - 1);
		if (got <= 0)
			break;
		length += (size_t)got;
		char *larger = length + 1 < room ? text : realloc(text, room *= 2);
		if (!larger)
			free(text);
		text = larger;
	}
	if (text)
		text[length] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* Children out of a look at every process, for kernels that don't list them. */
static int spare_scanned(struct spared *spared)
{
	struct table table = {.list = NULL};
	scan(&table);
	spared->list = calloc(table.count + 1, sizeof(*spared->list));
	for (size_t i = 0; spared->list && i < table.count; i++)
		if (table.list[i].parent == getpid())
			spared->list[spared->count++] = table.list[i].pid;
	free(table.list);
	return spared->list ? 0 : -1;
}

int spared_init(struct spared *spared)
{
	char *text = list_children();
	*spared = (struct spared){.list = NULL};
	if (!text)
		return spare_scanned(spared);
	/* A number and its blank take two characters or more. */
	spared->list = calloc(strlen(text) / 2 + 1, sizeof(*spared->list));
	for (char *at = text; spared->list && *at;) {
		const long pid = strtol(at, &at, 10);
		if (pid <= 0)
			break;
		spared->list[spared->count++] = (pid_t)pid;
		at += *at == ' ';
	}
	free(text);
	return spared->list ? 0 : -1;
}

void spared_release(struct spared *spared)
{
	free(spared->list);
	*spared = (struct spared){.list = NULL};
}

void descendants_reap(const struct spared *spared, pid_t corpse)
{
	siginfo_t dead;
	for (;;) {
		dead.si_pid = 0;
		if (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) != 0 || dead.si_pid == 0 ||
		    dead.si_pid == corpse || dead.si_pid == left_alone ||
		    is_spared(spared, dead.si_pid))
			return;
		waitpid(dead.si_pid, NULL, WNOHANG);
	}
}

bool descendants_kill(const struct spared *spared, pid_t corpse)
{
	char *text = list_children();
	bool left = text == NULL;
	for (char *at = text; at && *at && !left;) {
		const long pid = strtol(at, &at, 10);
		if (pid <= 0)
			break;
		left = pid != corpse && !is_spared(spared, (pid_t)pid);
		at += *at == ' ';
	}
	free(text);
	return left && kill_all(getpid(), spared, corpse);
}

bool descendants_kill_of(pid_t root)
{
	const bool left = kill_all(root, NULL, 0);
	kill(root, SIGKILL);
	return left;
}
