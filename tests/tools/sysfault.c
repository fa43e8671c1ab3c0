/*
 * sysfault [OPTION...] COMMAND [ARG...]: runs a command and does harm at its Nth system call.
 *
 *   -m          of the command's own process only (what it starts is left alone)
 *   -p PROGRAM  of the processes, anywhere below the command, that run PROGRAM (15 letters)
 *   -o CLASS    of a class of calls only: io, space, open, memory, write, sync (see the table)
 *   -k N        the process is killed with SIGKILL before its call is made; the whole tree with it
 *               where neither -m nor -p is given
 *   -e N:ERROR  the call is not made, and fails with ERROR (EIO, ENOSPC, EMFILE, ENOMEM)
 *   -s N        the call, one that writes, is given half of its bytes only
 *   -c N:PATH   the power goes before the call is made: the file system that has PATH (ext4, XFS)
 *               is shut down with all that it has in memory lost, and the whole tree killed
 *   -l          with -c: names and sizes of files are written first, what is in them is not
 *   -r FILE     FILE gets a line on the fault, and "calls COUNT" at the end
 *   -t FILE     FILE gets a line for each call that counts: PID NAME PATH = RESULT
 *
 * The exit code is the command's, or 128 and the signal that ended it. Calls are counted from the
 * command's exec on. x86-64 only: elsewhere it says so, and ends with 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

enum class {
	IO = 1,     /* may meet a disk that can't be read or written */
	SPACE = 2,  /* may meet a full disk */
	OPEN = 4,   /* makes a descriptor */
	MEMORY = 8, /* the kernel may lack memory for it */
	WRITE = 16, /* writes bytes that it is given: fd, address, count */
	SYNC = 32,  /* has to bring a file to the disk */
	ALL = 64,
};

struct word {
	const char *name;
	int value;
};

static const struct word classes[] = {{"all", ALL},   {"io", IO},         {"space", SPACE},
				      {"open", OPEN}, {"memory", MEMORY}, {"write", WRITE},
				      {"sync", SYNC}, {NULL, 0}};
static const struct word errors[] = {
	{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM}, {NULL, 0}};

#define CALL(name, classes) [SYS_##name] = {#name, classes}
static const struct call {
	const char *name;
	int classes;
} calls[] = {
	CALL(read, IO),
	CALL(pread64, IO),
	CALL(readv, IO),
	CALL(getdents64, IO),
	CALL(readlink, IO | MEMORY),
	CALL(access, IO | MEMORY),
	CALL(faccessat2, IO | MEMORY),
	CALL(stat, IO | MEMORY),
	CALL(lstat, IO | MEMORY),
	CALL(fstat, IO | MEMORY),
	CALL(newfstatat, IO | MEMORY),
	CALL(write, IO | SPACE | WRITE),
	CALL(pwrite64, IO | SPACE | WRITE),
	CALL(writev, IO | SPACE),
	CALL(open, IO | SPACE | OPEN | MEMORY),
	CALL(openat, IO | SPACE | OPEN | MEMORY),
	CALL(mkdir, IO | SPACE | MEMORY),
	CALL(rename, IO | SPACE | MEMORY),
	CALL(renameat2, IO | SPACE | MEMORY),
	CALL(link, IO | SPACE | MEMORY),
	CALL(symlink, IO | SPACE | MEMORY),
	CALL(unlink, IO | MEMORY),
	CALL(rmdir, IO | MEMORY),
	CALL(ftruncate, IO | SPACE),
	CALL(fallocate, IO | SPACE),
	CALL(fchmod, IO | MEMORY),
	CALL(fsync, IO | SPACE | SYNC),
	CALL(fdatasync, IO | SPACE | SYNC),
	CALL(syncfs, IO | SPACE | SYNC),
	CALL(dup, OPEN),
	CALL(dup2, OPEN),
	CALL(dup3, OPEN),
	CALL(pipe, OPEN | MEMORY),
	CALL(pipe2, OPEN | MEMORY),
	CALL(socket, OPEN | MEMORY),
	CALL(socketpair, OPEN | MEMORY),
	CALL(eventfd2, OPEN | MEMORY),
	CALL(signalfd4, OPEN | MEMORY),
	CALL(timerfd_create, OPEN | MEMORY),
	CALL(epoll_create1, OPEN | MEMORY),
	CALL(inotify_init1, OPEN | MEMORY),
	CALL(pidfd_open, OPEN | MEMORY),
	CALL(mmap, MEMORY),
	CALL(brk, MEMORY),
	CALL(mremap, MEMORY),
	CALL(clone, MEMORY),
	CALL(clone3, MEMORY),
	CALL(fork, MEMORY),
	CALL(vfork, MEMORY),
	CALL(poll, MEMORY),
	CALL(ppoll, MEMORY),
	CALL(fcntl, 0),
	CALL(close, 0),
	CALL(exit_group, 0),
};

/* EXT4_IOC_SHUTDOWN of fs/ext4/ext4.h and XFS_IOC_GOINGDOWN of xfs_fs.h, which are the same. */
#define SHUT_DOWN _IOR('X', 125, uint32_t)

enum cut {
	CUT_LOG_WRITTEN = 1,
	CUT_NOTHING_WRITTEN = 2,
};

static struct {
	bool main_only;
	const char *program;
	int class;
	long kill, fail, shorten, cut; /* the number of the call, or 0 */
	int error;
	const char *disk;
	uint32_t how_cut;
	const char *report, *trace;
} wanted = {.class = ALL, .how_cut = CUT_NOTHING_WRITTEN};

struct task {
	pid_t pid;
	bool met;        /* its first stop, which every new one has, is behind it */
	bool counts;     /* its calls count */
	bool failing;    /* the call it is in is the one that fails */
	bool inside;     /* it is in a call that counts */
	uint64_t number; /* of that call */
	int fd;
};

static struct task *tasks;
static size_t ntasks, room;
static pid_t top;
static bool armed; /* the command's exec is done */
static long count;
static bool felled; /* all that is watched is killed, also what is yet to be met */

_Noreturn static void broken(const char *what)
{
	fprintf(stderr, "sysfault: %s: %s\n", what, strerror(errno));
	exit(126);
}

__attribute__((format(printf, 2, 3))) static void note(const char *path, const char *format, ...)
{
	if (!path)
		return;
	FILE *file = fopen(path, "ae");
	if (!file)
		broken(path);
	va_list args;
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static const char *name_of(uint64_t number, char room_for[24])
{
	if (number < sizeof(calls) / sizeof(calls[0]) && calls[number].name)
		return calls[number].name;
	snprintf(room_for, 24, "call-%lu", (unsigned long)number);
	return room_for;
}

static bool is_of(uint64_t number, int classes_of_it)
{
	return number < sizeof(calls) / sizeof(calls[0]) && (calls[number].classes & classes_of_it);
}

/* What the descriptor of a call that writes or syncs stands for, or "-". */
static const char *path_of(const struct task *task, char *path, size_t size)
{
	char link[64];
	ssize_t length = -1;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)task->pid, task->fd);
	if (is_of(task->number, WRITE | SYNC))
		length = readlink(link, path, size - 1);
	if (length <= 0)
		return "-";
	path[length] = '\0';
	return path;
}

static bool runs_wanted(pid_t pid)
{
	char path[64], name[32] = "";
	if (!wanted.program)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return strncmp(name, wanted.program, 15) == 0;
}

static struct task *task_of(pid_t pid)
{
	for (size_t i = 0; i < ntasks; i++)
		if (tasks[i].pid == pid)
			return &tasks[i];
	if (ntasks == room) {
		room = room ? 2 * room : 64;
		tasks = realloc(tasks, room * sizeof(*tasks));
		if (!tasks)
			broken("out of memory");
	}
	tasks[ntasks] = (struct task){.pid = pid, .counts = runs_wanted(pid)};
	return &tasks[ntasks++];
}

static void forget(pid_t pid)
{
	struct task *task = task_of(pid);
	*task = tasks[--ntasks];
}

static void kill_all(void)
{
	felled = true;
	for (size_t i = 0; i < ntasks; i++)
		kill(tasks[i].pid, SIGKILL);
}

static void kill_now(pid_t pid)
{
	if (wanted.main_only || wanted.program)
		kill(pid, SIGKILL);
	else
		kill_all();
}

static void cut_now(void)
{
	const int fd = open(wanted.disk, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SHUT_DOWN, &wanted.how_cut) != 0)
		broken(wanted.disk);
	close(fd);
	kill_all();
}

static void change_call(pid_t pid, bool cancel, uint64_t third)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0)
		return;
	if (cancel)
		registers.orig_rax = (unsigned long long)-1;
	else
		registers.rdx = third;
	ptrace(PTRACE_SETREGS, pid, NULL, &registers);
}

static void change_result(pid_t pid, int64_t result)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0)
		return;
	registers.rax = (unsigned long long)result;
	ptrace(PTRACE_SETREGS, pid, NULL, &registers);
}

/* A process is about to make a call: counts it, and does the harm where it is its turn. */
static void enter(struct task *task, uint64_t number, const uint64_t args[6])
{
	char name[24], path[4096];
	task->inside = task->counts && number != SYS_exit_group &&
		       (wanted.class == ALL || is_of(number, wanted.class));
	task->number = number;
	task->fd = (int)args[0];
	if (!armed || !task->inside)
		return;
	count++;
	if (count != wanted.kill && count != wanted.fail && count != wanted.shorten &&
	    count != wanted.cut)
		return;
	note(wanted.report, "%s at call %ld: %s %s\n",
	     count == wanted.kill  ? "killed"
	     : count == wanted.cut ? "cut"
				   : "failed",
	     count, name_of(number, name), path_of(task, path, sizeof(path)));
	if (count == wanted.kill)
		kill_now(task->pid);
	else if (count == wanted.cut)
		cut_now();
	else if (count == wanted.shorten && args[2] > 1)
		change_call(task->pid, false, args[2] / 2);
	else if (count == wanted.fail)
		change_call(task->pid, task->failing = true, 0);
}

static void leave(struct task *task, int64_t result)
{
	char name[24], path[4096];
	if (task->failing)
		change_result(task->pid, result = -wanted.error);
	task->failing = false;
	if (armed && task->inside && wanted.trace)
		note(wanted.trace, "%d %s %s = %ld\n", (int)task->pid, name_of(task->number, name),
		     path_of(task, path, sizeof(path)), (long)result);
	task->inside = false;
}

/* Where all that run the calls are watched, the kernel is told to stop at those that count alone,
 * and once at each. */
static bool is_filtered(void)
{
	return !wanted.main_only && (wanted.class != ALL || !wanted.program);
}

static void filter_calls(void)
{
	enum { KNOWN = sizeof(calls) / sizeof(calls[0]) };
	struct sock_filter filter[2 * KNOWN + 2];
	unsigned short n = 0;
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0); /* the number */
	for (uint32_t i = 0; i < KNOWN; i++)
		if (wanted.class != ALL && is_of(i, wanted.class)) {
			filter[n++] =
				(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i, 0, 1);
			filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET, SECCOMP_RET_TRACE);
		}
	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_RET, wanted.class == ALL ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {.len = n, .filter = filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		broken("can't filter the calls");
}

static void at_call(struct task *task)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(task, info.entry.nr, info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_SECCOMP)
		enter(task, info.seccomp.nr, info.seccomp.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(task, info.exit.rval);
}

/* The harm is done, and no call after it is asked for. */
static bool is_done(void)
{
	const long last =
		wanted.kill + wanted.fail + wanted.shorten + wanted.cut; /* one is not 0 */
	return last != 0 && count >= last && !wanted.trace;
}

/* How a task goes on: to its next call or out of the one that it is in, or to the next call that
 * the kernel stops at. One that doesn't count need not stop at every call. */
static enum __ptrace_request next_stop(const struct task *task)
{
	if (!task->counts || (is_done() && !task->failing))
		return PTRACE_CONT;
	if (is_filtered() && !(task->inside && (wanted.trace || task->failing)))
		return PTRACE_CONT;
	return PTRACE_SYSCALL;
}

/* A task has stopped; it goes on, with the signal that it was to get. */
static void stopped(pid_t pid, int status)
{
	struct task *task = task_of(pid);
	const int event = status >> 16;
	int sig = WSTOPSIG(status);
	if (felled)
		kill(pid, SIGKILL);
	if (sig == (SIGTRAP | 0x80) || event == PTRACE_EVENT_SECCOMP) {
		at_call(task);
	} else if (event == PTRACE_EVENT_EXEC) {
		armed = true;
		task->counts = runs_wanted(pid);
	}
	if (sig == (SIGTRAP | 0x80) || event != 0 || (sig == SIGSTOP && !task->met))
		sig = 0;
	task->met = true;
	ptrace(next_stop(task), pid, NULL, (long)sig);
}

/* To the end of all that is watched. The command's exit code. */
static int watch(void)
{
	int status, code = 126;
	for (;;) {
		const pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return code;
		if (WIFSTOPPED(status)) {
			stopped(pid, status);
			continue;
		}
		forget(pid);
		if (pid == top)
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static void start(char **argv)
{
	int status;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC |
		       PTRACE_O_TRACECLONE;
	if (!wanted.main_only)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	if (is_filtered())
		options |= PTRACE_O_TRACESECCOMP;
	top = fork();
	if (top == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (is_filtered())
			filter_calls();
		execvp(argv[0], argv);
		broken(argv[0]);
	}
	if (top < 0 || waitpid(top, &status, 0) != top || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, top, NULL, options) != 0)
		broken("can't watch");
	task_of(top)->met = true;
	ptrace(is_filtered() ? PTRACE_CONT : PTRACE_SYSCALL, top, NULL, 0L);
}

static int value_of(const struct word *word, const char *name)
{
	while (word->name && strcmp(word->name, name) != 0)
		word++;
	return word->value;
}

/* False where it is no option that is known. */
static bool take_option(int option, const char *text)
{
	char *end = NULL;
	switch (option) {
	case 'm':
		return wanted.main_only = true;
	case 'p':
		return (wanted.program = text) != NULL;
	case 'r':
		return (wanted.report = text) != NULL;
	case 't':
		return (wanted.trace = text) != NULL;
	case 'o':
		return (wanted.class = value_of(classes, text)) != 0;
	case 'l':
		return (wanted.how_cut = CUT_LOG_WRITTEN) != 0;
	case 'c':
		wanted.cut = strtol(text, &end, 10);
		wanted.disk = end + 1;
		return wanted.cut > 0 && *end == ':';
	case 'k':
		return (wanted.kill = strtol(text, &end, 10)) > 0 && *end == '\0';
	case 's':
		wanted.class = WRITE;
		return (wanted.shorten = strtol(text, &end, 10)) > 0 && *end == '\0';
	case 'e':
		return (wanted.fail = strtol(text, &end, 10)) > 0 && *end == ':' &&
		       (wanted.error = value_of(errors, end + 1)) != 0;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	bool known = true;
	for (int option; known && (option = getopt(argc, argv, "+mlp:o:k:e:s:c:r:t:")) != -1;)
		known = take_option(option, optarg);
	if (!known || optind == argc) {
		fprintf(stderr, "usage: sysfault [-m | -p PROGRAM] [-o CLASS] [-k N | -e N:ERROR | "
				"-s N | -c N:PATH [-l]] [-r FILE] [-t FILE] COMMAND [ARG...]\n");
		return 126;
	}
	start(argv + optind);
	const int code = watch();
	note(wanted.report, "calls %ld\n", count);
	return code;
}

#else

int main(void)
{
	fprintf(stderr, "sysfault: knows the registers of x86-64 only\n");
	return 77;
}

#endif
