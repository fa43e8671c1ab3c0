/* The journal's log on its way into the database: what becomes of a sync that fails there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/journal_helpers.h"

static const char *failing; /* how the path of a file ends whose syncs fail */
static int syncs;           /* of that file */

/* In the place of the C library's, for SQLite too. */
static int sync_fd(int fd, long call)
{
	char link[64], path[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (failing && length > (ssize_t)strlen(failing) &&
	    memcmp(path + length - strlen(failing), failing, strlen(failing)) == 0) {
		syncs++;
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return sync_fd(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_fd(fd, SYS_fdatasync);
}

static void begin(const char *what)
{
	set_up();
	failing = what;
	syncs = 0;
}

static void end(void)
{
	failing = NULL;
	tear_down();
}

static off_t length_of(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? status.st_size : -1;
}

/* Messages until the database's log was long enough to be emptied; gives how many went well. */
static int fill_log(int most)
{
	static char text[200000]; /* some 50 pages */
	int n = 0;
	memset(text, 'x', sizeof(text) - 1);
	while (n < most && journal_message(journal, 0, "agent", text, now++, &err) == 0)
		n++;
	return n;
}

START_TEST(the_log_is_emptied)
{
	begin(NULL);
	ck_assert_int_eq(fill_log(3), 3);
	const off_t before = length_of(JOURNAL_PATH);
	assert_ok(journal_empty_log(journal, &err), err);
	ck_assert_int_gt(length_of(JOURNAL_PATH), before);
	journal_close(journal);
	ck_assert_int_eq(length_of(JOURNAL_PATH "-wal"), -1);
	open_journal();
	end();
}
END_TEST

START_TEST(a_sync_that_fails_at_the_end_is_told_and_loses_nothing)
{
	struct seen seen = {.count = 0};
	begin("/state.db");
	ck_assert_int_eq(fill_log(3), 3);
	ck_assert_int_eq(journal_empty_log(journal, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	assert_has(err.text, "/.stepgate/state.db: disk I/O error: ");
	assert_has(err.text, ": all that happened is in its log, and the next run has it");
	ck_assert_int_eq(syncs, 1);
	/* Not again, whatever is called. */
	assert_ok(journal_empty_log(journal, &err), err);
	ck_assert_int_eq(journal_message(journal, 0, "agent", "x", now++, &err), -1);
	journal_close(journal);
	ck_assert_int_eq(syncs, 1);
	ck_assert_int_gt(length_of(JOURNAL_PATH "-wal"), 0);
	failing = NULL;
	open_journal();
	assert_ok(journal_messages(journal, 0, 100, see_line, &seen, &err), err);
	ck_assert_int_eq(seen.count, 3);
	end();
}
END_TEST

/* A long cycle's log goes into the database while it runs. */
START_TEST(a_sync_that_fails_on_the_way_stops_the_writing)
{
	begin("/state.db");
	const int well = fill_log(200);
	ck_assert_int_gt(well, 10);
	ck_assert_int_lt(well, 200);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	assert_has(err.text, "disk I/O error");
	ck_assert_int_eq(syncs, 1);
	ck_assert_int_eq(journal_message(journal, 0, "agent", "x", now++, &err), -1);
	ck_assert_int_eq(journal_sample(journal, 0, USAGE_KNOWN(1), &err), -1);
	assert_ok(journal_empty_log(journal, &err), err);
	journal_close(journal);
	ck_assert_int_eq(syncs, 1);
	failing = NULL;
	open_journal();
	struct seen seen = {.count = 0};
	assert_ok(journal_messages(journal, 0, 1, see_line, &seen, &err), err);
	ck_assert_int_eq(seen.count, 1);
	end();
}
END_TEST

START_TEST(a_log_that_is_long_goes_into_the_database)
{
	begin(NULL);
	ck_assert_int_eq(fill_log(40), 40);
	ck_assert_int_gt(length_of(JOURNAL_PATH), 20 * 200000);
	ck_assert_int_lt(length_of(JOURNAL_PATH "-wal"), 30 * 200000);
	end();
}
END_TEST

/* Who reads in the meantime keeps the log from being emptied, and that is no failure. */
START_TEST(a_reader_is_no_failure)
{
	struct journal *reader = NULL;
	begin(NULL);
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 1);
	ck_assert_int_eq(fill_log(3), 3);
	assert_ok(journal_empty_log(journal, &err), err);
	journal_close(reader);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal log");
	TCase *tcase = tcase_create("log");
	tcase_add_test(tcase, the_log_is_emptied);
	tcase_add_test(tcase, a_sync_that_fails_at_the_end_is_told_and_loses_nothing);
	tcase_add_test(tcase, a_sync_that_fails_on_the_way_stops_the_writing);
	tcase_add_test(tcase, a_log_that_is_long_goes_into_the_database);
	tcase_add_test(tcase, a_reader_is_no_failure);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
