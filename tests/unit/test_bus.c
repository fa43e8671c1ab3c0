/* The end by SIGBUS: said, with the file, where it was one; else what it was. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/bus.h"
#include "tests/unit/suite.h"

/* Runs it in a process of its own; what that said goes into said[size], its status is given. */
static int run(void act(void), char *said, size_t size)
{
	int ends[2], status;
	size_t length = 0;
	ssize_t got;
	ck_assert_int_eq(pipe(ends), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		bus_say();
		act();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + length, size - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static volatile char seen;

static void look_at_what_was_cut(void)
{
	const int fd = open("cut\033[31m short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 10000) != 0)
		_exit(2);
	const char *const bytes = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED || ftruncate(fd, 5000) != 0)
		_exit(2);
	seen = bytes[4999];
	seen = bytes[9000];
}

static void look_at_what_is_whole(void)
{
	const int fd = open("whole", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 10000) != 0)
		_exit(2);
	const char *const bytes = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		_exit(2);
	seen = bytes[9000];
}

static void be_sent_one(void)
{
	kill(getpid(), SIGBUS);
	pause();
}

START_TEST(test_a_file_is_named)
{
	char said[4096], here[1024], wanted[2048];
	const int status = run(look_at_what_was_cut, said, sizeof(said));
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(wanted, sizeof(wanted),
		 "stepgate: %s/cut short: somebody has cut it short, or its disk is full: the next "
		 "run goes on from here\n",
		 here);
	ck_assert_str_eq(said, wanted);
	ck_assert_int_eq(status, W_EXITCODE(EXIT_FAILURE, 0));
}
END_TEST

START_TEST(test_others_are_what_they_were)
{
	char said[4096];
	int status = run(look_at_what_is_whole, said, sizeof(said));
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(said, "");
	status = run(be_sent_one, said, sizeof(said));
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGBUS);
	ck_assert_str_eq(said, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *ends = tcase_create("ends");
	tcase_add_test(ends, test_a_file_is_named);
	tcase_add_test(ends, test_others_are_what_they_were);
	suite_add_tcase(suite, ends);
	return run_suite(suite);
}
