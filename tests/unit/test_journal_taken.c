/* The journal's files are taken away, or others put in their place, while it is open. */
#include <check.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/journal_helpers.h"

static void remove_all(void)
{
	unlink(JOURNAL_PATH);
	unlink(JOURNAL_PATH "-wal");
	unlink(JOURNAL_PATH "-shm");
}

static void remove_it_alone(void)
{
	unlink(JOURNAL_PATH);
}

static void put_another(void)
{
	remove_all();
	write_text(JOURNAL_PATH, "another");
}

static void remove_log(void)
{
	unlink(JOURNAL_PATH "-wal");
}

static void remove_index(void)
{
	unlink(JOURNAL_PATH "-shm");
}

static void remove_both(void)
{
	remove_log();
	remove_index();
}

static void put_another_log(void)
{
	remove_log();
	write_text(JOURNAL_PATH "-wal", "another");
}

static void (*const takings[])(void) = {remove_all,   remove_it_alone, put_another,    remove_log,
					remove_index, remove_both,     put_another_log};
#define TAKINGS (int)(sizeof(takings) / sizeof(takings[0]))

START_TEST(what_was_taken_away_is_put_back)
{
	struct cycle *cycle = begin_cycle(7, "plan");
	start_step(cycle, 3, "Build", 1);
	takings[_i]();
	ck_assert_int_eq(journal_put_back(journal, &err), 1);
	ck_assert_int_eq(journal_put_back(journal, &err), 0);
	/* It is written to as before. */
	end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(45000));
	cycle_free(cycle);
	reopen();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.number, 7);
	ck_assert_int_eq(last.past.state, FSM_COMMIT);
	ck_assert_str_eq(last.step_title, "Build");
	journal_cycle_release(&last);
}
END_TEST

/* Killed right after: what was put back is all there for the next one. */
START_TEST(what_was_put_back_outlives_us)
{
	int status;
	journal_close(journal);
	journal = NULL;
	const pid_t child = fork();
	if (child == 0) {
		open_journal();
		start_step(begin_cycle(7, "plan"), 3, "Build", 1);
		takings[_i]();
		if (journal_put_back(journal, &err) == 1)
			raise(SIGKILL);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	open_journal();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.number, 7);
	ck_assert_int_eq(last.past.state, FSM_STEP);
	journal_cycle_release(&last);
}
END_TEST

START_TEST(what_stands_is_left_alone)
{
	struct stat before, after;
	cycle_free(begin_cycle(7, "plan"));
	ck_assert_int_eq(stat(JOURNAL_PATH, &before), 0);
	ck_assert_int_eq(journal_put_back(journal, &err), 0);
	ck_assert_int_eq(stat(JOURNAL_PATH, &after), 0);
	ck_assert(before.st_ino == after.st_ino);
}
END_TEST

START_TEST(what_can_not_be_put_back)
{
	struct journal_cycle last;
	cycle_free(begin_cycle(7, "plan"));
	remove_all();
	ck_assert_int_eq(symlink("elsewhere", JOURNAL_PATH), 0);
	ck_assert_int_eq(journal_put_back(journal, &err), -1);
	ck_assert_str_eq(err.text, "./" JOURNAL_PATH ": not a regular file: refused");
	/* What the open connection has can still be asked for. */
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 1);
	journal_cycle_release(&last);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_taken");
	TCase *taken = tcase_create("taken away");
	tcase_add_checked_fixture(taken, set_up, tear_down);
	tcase_add_loop_test(taken, what_was_taken_away_is_put_back, 0, TAKINGS);
	tcase_add_loop_test(taken, what_was_put_back_outlives_us, 0, TAKINGS);
	tcase_add_test(taken, what_stands_is_left_alone);
	tcase_add_test(taken, what_can_not_be_put_back);
	suite_add_tcase(suite, taken);
	return run_suite(suite);
}
