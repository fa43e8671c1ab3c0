/*
 * hostile NAME [SIZE]: a worker that does what workers should not, and what becomes of which must
 * be nothing. `hostile alive` prints the processes of this very program file that live, itself left
 * out; exit code 1 where there are some. `hostile list` prints the names.
 *
 * SIZE is in bytes, for those that print.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USAGE_FD   3
#define BOMB_MOST  1000 /* where nothing else bounds it */
#define CHAIN_MOST 200

static const char *self;
static long size = 1 << 20;

static void stay(void)
{
	for (;;)
		pause();
}

static void put(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t done = write(fd, bytes, length);
		if (done < 0 && errno != EINTR)
			_exit(1);
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
}

static void say(const char *words)
{
	put(1, words, strlen(words));
}

static void ignore_all(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
}

static void close_all(void)
{
	close_range(0, ~0U, 0);
}

/* SIZE bytes, made from a short text. */
static void print_much(int fd, const char *text, size_t length)
{
	static char chunk[65536];
	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = text[i % length];
	for (long left = size; left > 0; left -= (long)sizeof(chunk))
		put(fd, chunk, left < (long)sizeof(chunk) ? (size_t)left : sizeof(chunk));
}

static void double_fork(void)
{
	if (fork() == 0) {
		if (fork() == 0)
			stay();
		_exit(0);
	}
	wait(NULL);
}

static void session(void)
{
	if (fork() == 0) {
		setsid();
		stay();
	}
}

static void daemon_of_old(void)
{
	if (daemon(0, 0) == 0)
		stay();
}

static void daemon_without_descriptors(void)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			ignore_all();
			close_all();
			clearenv();
			stay();
		}
		_exit(0);
	}
	wait(NULL);
}

static void term_ignored(void)
{
	ignore_all();
	stay();
}

/* Every one in a session of its own, and every one a bomb. */
static void bomb(void)
{
	atomic_int *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ignore_all();
	while (count != MAP_FAILED) {
		if (atomic_fetch_add(count, 1) >= BOMB_MOST)
			stay();
		if (fork() == 0)
			setsid();
	}
}

static void stopped(void)
{
	raise(SIGSTOP);
}

static void stopped_daemon(void)
{
	if (fork() == 0) {
		setsid();
		for (;;)
			raise(SIGSTOP);
	}
}

static void pipe_holder(void)
{
	if (fork() == 0) {
		setsid();
		ignore_all();
		stay();
	}
	say("done\n");
}

static void closed_stdio(void)
{
	close_all();
	stay();
}

static void long_line(void)
{
	print_much(1, "x", 1);
}

static void binary(void)
{
	char bytes[251];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 89);
	print_much(1, bytes, sizeof(bytes));
}

static void nuls(void)
{
	print_much(1, "\0", 1);
}

static void escapes(void)
{
	static const char text[] =
		"\033]0;title\007\033[2J\033[31m\033]52;c;aGk=\007\033P\033[?1049h";
	print_much(1, text, sizeof(text) - 1);
}

static void broken_utf8(void)
{
	static const char text[] = "\xff\xfe\xc3\x28\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80\xae";
	print_much(1, text, sizeof(text) - 1);
}

static void git_writer(void)
{
	const int lock = open(".git/index.lock", O_CREAT | O_WRONLY, 0644);
	const int index = open(".git/index", O_CREAT | O_WRONLY | O_TRUNC, 0644);
	put(index, "junk", 4);
	close(index);
	close(lock);
}

static void group_killer(void)
{
	kill(0, SIGKILL);
	stay();
}

static void traced(void)
{
	if (fork() == 0) {
		const pid_t prey = fork();
		setsid();
		if (prey == 0) {
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			raise(SIGSTOP);
			stay();
		}
		waitpid(prey, NULL, 0);
		stay();
	}
}

static void cwd_deleter(void)
{
	if (mkdir("deep", 0755) != 0 || chdir("deep") != 0 || rmdir("../deep") != 0)
		_exit(1);
	session();
}

static void flood(void)
{
	ignore_all();
	for (;;)
		print_much(1, "All work and no play\n", 21);
}

static void usage_flood(void)
{
	for (;;)
		print_much(USAGE_FD, "{\"tokens\": 1}\n", 14);
}

static void usage_line(void)
{
	print_much(USAGE_FD, "{\"tokens\": 1", 12);
}

static void usage_closer(void)
{
	close(USAGE_FD);
	say("done\n");
}

static void chatty_children(void)
{
	for (int i = 0; i < 5; i++)
		if (fork() == 0) {
			setsid();
			for (;;)
				say("and on\n");
		}
}

static void exec_chain(void)
{
	char next[32];
	const char *at = getenv("HOSTILE_CHAIN");
	const int count = at ? (int)strtol(at, NULL, 10) : 0;
	if (count >= CHAIN_MOST)
		return;
	snprintf(next, sizeof(next), "%d", count + 1);
	setenv("HOSTILE_CHAIN", next, 1);
	execl(self, self, "exec-chain", NULL);
	_exit(1);
}

static void spinner(void)
{
	if (nice(19) == -1)
		_exit(1);
	for (volatile unsigned long n = 0;; n++)
		;
}

static void own_group(void)
{
	if (fork() == 0) {
		setpgid(0, 0);
		stay();
	}
}

/* Our group's fate would be its own, and its TERM ours. */
static void group_joiner(void)
{
	if (setpgid(0, getpgid(getppid())) == 0)
		stay();
	if (fork() == 0) {
		if (setpgid(0, getpgid(getppid())) == 0)
			setsid();
		stay();
	}
}

static void stuck_vfork(void)
{
	if (vfork() == 0)
		stay();
}

static void *stay_in_thread(void *nothing)
{
	stay();
	return nothing;
}

static void wait_for_zombie(pid_t pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	while (!strstr(text, ") Z ")) {
		const int fd = open(path, O_RDONLY);
		const ssize_t got = read(fd, text, sizeof(text) - 1);
		text[got > 0 ? got : 0] = '\0';
		close(fd);
	}
}

/* Its first thread is a zombie, the process is none. */
static void thread_leader_gone(void)
{
	pthread_t thread;
	const pid_t pid = fork();
	if (pid != 0) {
		wait_for_zombie(pid);
		return;
	}
	setsid();
	if (pthread_create(&thread, NULL, stay_in_thread, NULL) == 0)
		pthread_exit(NULL);
}

static void subreaper(void)
{
	if (fork() != 0)
		return;
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	for (int i = 0; i < 5; i++)
		double_fork();
	stay();
}

static void many_sessions(void)
{
	for (int i = 0; i < 300; i++)
		session();
}

static void odd_name(void)
{
	if (fork() == 0) {
		setsid();
		prctl(PR_SET_NAME, ") Z 1 1 1 1\n(");
		stay();
	}
}

static void unreaped(void)
{
	for (int i = 0; i < 50; i++)
		if (fork() == 0)
			_exit(0);
	session();
}

static void parent_killer(void)
{
	session();
	kill(getppid(), SIGKILL);
	stay();
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{"double-fork", double_fork},
	{"session", session},
	{"daemon", daemon_of_old},
	{"bare-daemon", daemon_without_descriptors},
	{"term-ignored", term_ignored},
	{"bomb", bomb},
	{"stopped", stopped},
	{"stopped-daemon", stopped_daemon},
	{"pipe-holder", pipe_holder},
	{"closed-stdio", closed_stdio},
	{"long-line", long_line},
	{"binary", binary},
	{"nuls", nuls},
	{"escapes", escapes},
	{"broken-utf8", broken_utf8},
	{"git-writer", git_writer},
	{"group-killer", group_killer},
	{"traced", traced},
	{"cwd-deleter", cwd_deleter},
	{"flood", flood},
	{"usage-flood", usage_flood},
	{"usage-line", usage_line},
	{"usage-closer", usage_closer},
	{"chatty-children", chatty_children},
	{"exec-chain", exec_chain},
	{"spinner", spinner},
	{"own-group", own_group},
	{"group-joiner", group_joiner},
	{"vfork", stuck_vfork},
	{"thread-leader-gone", thread_leader_gone},
	{"subreaper", subreaper},
	{"many-sessions", many_sessions},
	{"odd-name", odd_name},
	{"unreaped", unreaped},
	{"parent-killer", parent_killer},
};

/* Whether a process, or thread, at that path under /proc runs this very program. */
static bool runs_this(const char *path)
{
	static char own[4096];
	char link[600], other[4096] = "";
	if (!own[0] && readlink("/proc/self/exe", own, sizeof(own) - 1) <= 0)
		return true;
	snprintf(link, sizeof(link), "%.500s/exe", path);
	return readlink(link, other, sizeof(other) - 1) > 0 && strcmp(own, other) == 0;
}

/* Any thread of it: where the first has ended, the process need not have. */
static bool lives(long pid)
{
	char path[64], thread[512];
	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	DIR *threads = opendir(path);
	bool found = false;
	for (const struct dirent *entry; threads && !found && (entry = readdir(threads));) {
		snprintf(thread, sizeof(thread), "%s/%.255s", path, entry->d_name);
		found = entry->d_name[0] != '.' && runs_this(thread);
	}
	if (threads)
		closedir(threads);
	return found;
}

static int tell_alive(void)
{
	DIR *folder = opendir("/proc");
	int found = 0;
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		const long pid = strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || pid == getpid() || !lives(pid))
			continue;
		printf("%ld\n", pid);
		found = 1;
	}
	if (folder)
		closedir(folder);
	return found;
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 2)
		size = strtol(argv[2], NULL, 10);
	if (argc > 1 && strcmp(argv[1], "alive") == 0)
		return tell_alive();
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (argc > 1 && strcmp(argv[1], "list") == 0) {
			puts(acts[i].name);
		} else if (argc > 1 && strcmp(argv[1], acts[i].name) == 0) {
			acts[i].act();
			return 0;
		}
	}
	return argc > 1 && strcmp(argv[1], "list") == 0 ? 0 : 2;
}
