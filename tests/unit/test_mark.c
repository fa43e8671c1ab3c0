/* The mark in a contained child's environment: made, handed on, found, and kept over our death. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/child.h"
#include "runner/process/descendants.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

static struct child_identity identity;
static char output[256];

static void on_output(void *context, const char *bytes, size_t length)
{
	(void)context;
	const size_t used = strlen(output);
	ck_assert_uint_lt(used + length, sizeof(output));
	memcpy(output + used, bytes, length);
	output[used + length] = '\0';
}

static void on_start(void *context, const struct child_identity *started)
{
	(void)context;
	identity = *started;
}

/* Runs a worker that prints its mark. */
static void run_worker(bool contained)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", MARK_VARIABLE "=lie", NULL};
	static const char *const argv[] = {"/bin/sh", "-c", "echo $" MARK_VARIABLE, NULL};
	const struct child_spec spec = {
		.argv = argv,
		.environment = environment,
		.on_output = on_output,
		.on_start = on_start,
		.timeout_ms = 10000,
		.grace_ms = 100,
		.stop_fd = -1,
		.contained = contained,
	};
	struct child_result result;
	struct err err = {.code = ERR_NONE};
	memset(output, 0, sizeof(output));
	ck_assert_msg(child_run(&spec, &result, &err) == 0, "%s", err.text);
}

static bool alive(pid_t pid)
{
	bool lives = false;
	return process_start_time(pid, &lives) != 0 && lives;
}

static void gone_soon(pid_t pid)
{
	const int64_t deadline = clock_monotonic_ms() + 10000;
	while (alive(pid) && clock_monotonic_ms() < deadline)
		usleep(1000);
	ck_assert_msg(!alive(pid), "process %ld lives", (long)pid);
}

static void output_is(const char *format, const char *mark)
{
	char wanted[256];
	snprintf(wanted, sizeof(wanted), format, mark);
	ck_assert_str_eq(output, wanted);
}

/* Ours is added to that of the worker that we come of, whatever a config says. */
START_TEST(marks_are_added_up)
{
	unsetenv(MARK_VARIABLE);
	run_worker(true);
	ck_assert_uint_eq(strspn(output, "0123456789abcdef"), MARK_LENGTH);
	output_is("%s\n", identity.mark.text);
	setenv(MARK_VARIABLE, "outer", 1);
	run_worker(true);
	output_is("outer:%s\n", identity.mark.text);
	run_worker(false);
	ck_assert_str_eq(output, "lie\n");
}
END_TEST

/* A process of another program that has `text` in its environment, behind much else. */
static pid_t start_marked(const char *name, const char *text)
{
	static char much[100000];
	char setting[128];
	int told[2], ends[2];
	snprintf(setting, sizeof(setting), "%s=%s", name, text);
	memset(much, 'x', sizeof(much) - 1);
	memcpy(much, "much=", 5);
	ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[0], 0);
		dup2(told[1], 1);
		execle("/bin/sh", "sh", "-c", "echo; read line", NULL,
		       (char *[]){much, setting, "last=", NULL});
		_exit(127);
	}
	close(told[1]);
	close(ends[0]);
	/* ends[1] stays open for as long as we live, and keeps it waiting. */
	ck_assert_int_eq(read(told[0], setting, 1), 1); /* exec is over */
	close(told[0]);
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(what_is_marked_is_found)
{
	struct mark mark, other;
	mark_make(&mark);
	mark_make(&other);
	ck_assert(mark_is_one(mark.text, MARK_LENGTH));
	ck_assert_str_ne(mark.text, other.text);
	const pid_t plain = start_marked("a", "b");
	const pid_t marked = start_marked(MARK_VARIABLE, mark.text);
	const pid_t within = start_marked("SAVED", mark.text);
	const pid_t others = start_marked(MARK_VARIABLE, other.text);
	ck_assert(mark_kill(&mark));
	while (mark_kill(&mark))
		;
	ck_assert(!alive(marked) && !alive(within));
	ck_assert(alive(plain) && alive(others));
	/* Who comes of it himself kills nobody by it. */
	setenv(MARK_VARIABLE, other.text, 1);
	ck_assert(!mark_kill(&other));
	ck_assert(alive(others));
	ck_assert(!mark_kill(&(struct mark){.text = ""}));
	reap(plain), reap(others), reap(marked), reap(within);
}
END_TEST

static void *stay(void *nothing)
{
	pause();
	return nothing;
}

/* Its first thread has ended, another has not: what it has in its environment is seen all the same.
 */
START_TEST(a_thread_that_is_left_is_found)
{
	struct mark mark;
	char path[64], setting[96];
	int64_t deadline = clock_monotonic_ms() + 5000;
	mark_make(&mark);
	snprintf(setting, sizeof(setting), MARK_VARIABLE "=%s", mark.text);
	const pid_t pid = fork();
	if (pid == 0) {
		execle("/proc/self/exe", "test", "thread", NULL, (char *[]){setting, NULL});
		_exit(127);
	}
	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	char first[2];
	while (readlink(path, first, 1) >= 0 && clock_monotonic_ms() < deadline)
		usleep(1000);
	ck_assert(alive(pid));
	ck_assert(mark_kill(&mark));
	gone_soon(pid);
	reap(pid);
}
END_TEST

START_TEST(leftovers_are_ended_by_their_mark)
{
	run_worker(true);
	const pid_t pid = start_marked(MARK_VARIABLE, identity.mark.text);
	struct child_identity other = identity;
	other.boot_id[0] ^= 1;
	ck_assert_int_eq(child_end_leftover(&other), 0);
	ck_assert(alive(pid));
	ck_assert_int_eq(child_end_leftover(&identity), 0);
	gone_soon(pid);
	reap(pid);
}
END_TEST

static void reads_back(const struct child_identity *written)
{
	char text[CHILD_IDENTITY_TEXT];
	struct child_identity back;
	child_identity_write(written, text);
	ck_assert_msg(child_identity_read(text, &back) == 0, "%s", text);
	ck_assert_int_eq(back.pid, written->pid);
	ck_assert_uint_eq(back.start_time, written->start_time);
	ck_assert_str_eq(back.boot_id, written->boot_id);
	ck_assert_str_eq(back.mark.text, written->mark.text);
	ck_assert_str_eq(back.cgroup, written->cgroup);
}

START_TEST(identities_are_written_and_read)
{
	struct child_identity whole = {.pid = INT32_MAX, .start_time = UINT64_MAX};
	memset(whole.boot_id, 'b', sizeof(whole.boot_id) - 1);
	reads_back(&whole);
	snprintf(whole.cgroup, sizeof(whole.cgroup), "/a b");
	reads_back(&whole); /* as before there were marks */
	mark_make(&whole.mark);
	reads_back(&whole);
	memset(whole.cgroup, '/', sizeof(whole.cgroup) - 1);
	reads_back(&whole);
	static const char *const bad[] = {"",         "x",           "1",      "1 2",
					  "1 2 boot", "0 2 boot /x", "-1 2 b "};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(child_identity_read(bad[i], &whole) == -1, "%s", bad[i]);
}
END_TEST

int main(int argc, char **argv)
{
	pthread_t thread;
	/* a_thread_that_is_left_is_found */
	if (argc > 1 && strcmp(argv[1], "thread") == 0 &&
	    pthread_create(&thread, NULL, stay, NULL) == 0)
		pthread_exit(NULL);
	Suite *suite = suite_create("mark");
	TCase *life = tcase_create("life");
	tcase_set_timeout(life, 60);
	tcase_add_test(life, marks_are_added_up);
	tcase_add_test(life, what_is_marked_is_found);
	tcase_add_test(life, a_thread_that_is_left_is_found);
	tcase_add_test(life, leftovers_are_ended_by_their_mark);
	tcase_add_test(life, identities_are_written_and_read);
	suite_add_tcase(suite, life);
	return run_suite(suite);
}
