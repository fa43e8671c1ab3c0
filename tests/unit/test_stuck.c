/* Where a process waits: in the open or the read of a FIFO, itself, a thread or a child of it. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/stuck.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

static char here[1024], path[2048];

static void setup(void)
{
	char name[] = "stuck-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(name));
	ck_assert_int_eq(chdir(name), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
}

/* A process that does that and never comes back. */
static pid_t start(void act(void))
{
	const pid_t pid = fork();
	if (pid == 0) {
		act();
		_exit(1);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* It gets there in its own time. */
static void waits(void act(void), enum stuck wanted)
{
	const int64_t deadline = clock_monotonic_ms() + 20000;
	const pid_t pid = start(act);
	enum stuck seen;
	while ((seen = stuck_look(pid, path, sizeof(path))) != wanted &&
	       clock_monotonic_ms() < deadline)
		usleep(1000);
	end(pid);
	ck_assert_int_eq(seen, wanted);
}

static void fifo_is_seen(void act(void), const char *name)
{
	char wanted[2048];
	waits(act, STUCK_FIFO);
	snprintf(wanted, sizeof(wanted), "%s/%s", here, name);
	ck_assert_str_eq(path, wanted);
}

static void open_relative(void)
{
	open("fifo", O_RDONLY);
}

static void open_absolute(void)
{
	char name[2048];
	snprintf(name, sizeof(name), "%s/fifo", here);
	open(name, O_RDONLY);
}

static void open_below_a_descriptor(void)
{
	openat(open("folder", O_PATH | O_DIRECTORY), "../fifo", O_WRONLY);
}

/* Somebody holds it open and writes nothing. */
static void read_opened(void)
{
	char byte;
	const int fd = open("fifo", O_RDWR);
	if (read(fd, &byte, 1) < 0)
		_exit(1);
}

static void *open_in_thread(void *nothing)
{
	open_relative();
	return nothing;
}

static void have_a_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, open_in_thread, NULL) == 0)
		pause();
}

static void have_a_child(void)
{
	int status;
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char *const argv[] = {"sh", "-c", "exec 3< fifo", NULL};
		execv("/bin/sh", argv);
	}
	wait(&status);
}

START_TEST(test_opens)
{
	fifo_is_seen(open_relative, "fifo");
	fifo_is_seen(open_absolute, "fifo");
	fifo_is_seen(open_below_a_descriptor, "folder/../fifo");
}
END_TEST

START_TEST(test_reads)
{
	fifo_is_seen(read_opened, "fifo");
}
END_TEST

START_TEST(test_thread)
{
	fifo_is_seen(have_a_thread, "fifo");
}
END_TEST

START_TEST(test_child)
{
	fifo_is_seen(have_a_child, "fifo");
}
END_TEST

static void do_nothing(void)
{
	pause();
}

static void read_nameless(void)
{
	int ends[2];
	char byte;
	if (pipe(ends) == 0 && read(ends[0], &byte, 1) < 0)
		_exit(1);
}

START_TEST(test_elsewhere)
{
	void (*const acts[])(void) = {do_nothing, read_nameless};
	for (size_t i = 0; i < 2; i++) {
		const pid_t pid = start(acts[i]);
		for (int n = 0; n < 20; n++) {
			ck_assert_int_ne(stuck_look(pid, path, sizeof(path)), STUCK_FIFO);
			usleep(1000);
		}
		end(pid);
		ck_assert_int_eq(stuck_look(pid, path, sizeof(path)), STUCK_NOWHERE);
		ck_assert_str_eq(path, "");
	}
}
END_TEST

static void read_terminal(void)
{
	char byte;
	if (read(posix_openpt(O_RDWR | O_NOCTTY), &byte, 1) < 0)
		_exit(1);
}

START_TEST(test_somewhere)
{
	const int fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd < 0)
		return;
	close(fd);
	waits(read_terminal, STUCK_SOMEWHERE);
	ck_assert_int_eq(strncmp(path, "/dev/", 5), 0);
}
END_TEST

/* Once is no proof: somebody may be just about to write. */
START_TEST(test_watch)
{
	struct stuck_watch watch = {.stuck = STUCK_NOWHERE};
	char wanted[2048];
	const pid_t pid = start(open_relative);
	waits(open_relative, STUCK_FIFO);
	while (stuck_look(pid, path, sizeof(path)) != STUCK_FIFO)
		usleep(1000);
	ck_assert(!stuck_watch(&watch, pid) && !stuck_watch(&watch, pid));
	ck_assert(stuck_watch(&watch, pid));
	snprintf(wanted, sizeof(wanted), "%s/fifo", here);
	ck_assert_str_eq(watch.path, wanted);
	end(pid);
	ck_assert(!stuck_watch(&watch, pid));
	ck_assert_int_eq(watch.stuck, STUCK_NOWHERE);
	ck_assert_int_eq(watch.looks, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stuck");
	TCase *looks = tcase_create("looks");
	tcase_set_timeout(looks, 60);
	tcase_add_checked_fixture(looks, setup, NULL);
	tcase_add_test(looks, test_opens);
	tcase_add_test(looks, test_reads);
	tcase_add_test(looks, test_thread);
	tcase_add_test(looks, test_child);
	tcase_add_test(looks, test_elsewhere);
	tcase_add_test(looks, test_somewhere);
	tcase_add_test(looks, test_watch);
	suite_add_tcase(suite, looks);
	return run_suite(suite);
}
