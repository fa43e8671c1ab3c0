/* What each signal asks for, once and twice. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/stop.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

static void setup(void)
{
	struct err err;
	ck_assert_int_eq(stop_descriptor(), -1);
	ck_assert_int_eq(stop_install(&err), 0);
	ck_assert_int_eq(stop_install(&err), 0);
	ck_assert(!stop_asked());
}

/* Whether the step under way is asked to end. */
static bool now(void)
{
	struct pollfd wish = {.fd = stop_descriptor(), .events = POLLIN};
	return poll(&wish, 1, 0) == 1;
}

/* A signal of another process, so that it is not the same asking as the one before. */
static void from_another(int sig)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();
	if (pid == 0) {
		kill(parent, sig);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(test_after_the_step)
{
	for (int i = 0; i < 3; i++) {
		from_another(STOP_AFTER_STEP);
		ck_assert(stop_asked());
		ck_assert(!now());
		ck_assert(!*stop_hard());
	}
	from_another(STOP_NOW);
	ck_assert(now());
	ck_assert(!*stop_hard());
}
END_TEST

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

START_TEST(test_now)
{
	from_another(signals[_i]);
	ck_assert(stop_asked());
	ck_assert(now());
	ck_assert(!*stop_hard());
	from_another(STOP_AFTER_STEP);
	ck_assert(!*stop_hard());
}
END_TEST

START_TEST(test_twice)
{
	from_another(SIGTERM);
	from_another(signals[_i]);
	ck_assert_int_eq(*stop_hard() != 0, signals[_i] != SIGHUP);
}
END_TEST

START_TEST(test_one_sender_at_one_time_is_one_asking)
{
	const int64_t began = clock_monotonic_ms();
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGTERM);
	ck_assert(now());
	/* On a busy machine they may have been two all the same. */
	ck_assert(!*stop_hard() || clock_monotonic_ms() - began >= 100);
	const int64_t until = clock_monotonic_ms() + 150;
	while (clock_monotonic_ms() < until)
		poll(NULL, 0, 10);
	kill(getpid(), SIGTERM);
	ck_assert(*stop_hard());
}
END_TEST

START_TEST(test_waiting)
{
	int64_t began = clock_monotonic_ms();
	ck_assert(!stop_wait(0));
	ck_assert(!stop_wait(-1));
	ck_assert(!stop_wait(60));
	ck_assert_int_ge(clock_monotonic_ms() - began, 60);
	const pid_t parent = getpid();
	const pid_t pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 20);
		kill(parent, STOP_AFTER_STEP);
		_exit(0);
	}
	began = clock_monotonic_ms();
	ck_assert(stop_wait(15000));
	ck_assert_int_lt(clock_monotonic_ms() - began, 10000);
	ck_assert(stop_wait(15000)); /* at once, from now on */
	ck_assert_int_lt(clock_monotonic_ms() - began, 10000);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_closed_pipe_is_no_death)
{
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(write(ends[1], "x", 1), -1);
}
END_TEST

START_TEST(test_nohup)
{
	struct err err;
	signal(SIGHUP, SIG_IGN);
	ck_assert_int_eq(stop_install(&err), 0);
	from_another(SIGHUP);
	ck_assert(!stop_asked());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stop");
	TCase *installed = tcase_create("installed");
	tcase_add_checked_fixture(installed, setup, NULL);
	tcase_add_test(installed, test_after_the_step);
	tcase_add_loop_test(installed, test_now, 0, 3);
	tcase_add_loop_test(installed, test_twice, 0, 3);
	tcase_add_test(installed, test_one_sender_at_one_time_is_one_asking);
	tcase_add_test(installed, test_waiting);
	tcase_add_test(installed, test_closed_pipe_is_no_death);
	suite_add_tcase(suite, installed);
	TCase *bare = tcase_create("bare");
	tcase_add_test(bare, test_nohup);
	suite_add_tcase(suite, bare);
	return run_suite(suite);
}
