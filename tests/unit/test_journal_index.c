/* The index of the journal's log, which is mapped: cut short by somebody while it is in use, it is
 * made anew, and nothing is lost, neither for who writes nor for who reads beside. */
#include <check.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/journal_helpers.h"

#define INDEX JOURNAL_PATH "-shm"

static void count_line(void *context, const struct journal_line *line)
{
	(void)line;
	++*(int *)context;
}

static int lines_of(struct journal *from)
{
	int count = 0;
	assert_ok(journal_messages(from, 0, 100000, count_line, &count, &err), err);
	return count;
}

static void add(int count)
{
	for (int i = 0; i < count; i++)
		assert_ok(journal_message(journal, 0, "agent", "words", now++, &err), err);
}

/* Empty, within the first header, within the first page, behind the first page. */
static const off_t lengths[] = {0, 10, 100, 4096, 4097, 20000};
#define LENGTHS (int)(sizeof(lengths) / sizeof(lengths[0]))

static void cut(int which)
{
	ck_assert_int_eq(truncate(INDEX, lengths[which]), 0);
}

static void is_whole(void)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(sqlite3_open(JOURNAL_PATH, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

START_TEST(a_writer_goes_on)
{
	for (int i = 1; i <= 5; i++) {
		add(20);
		cut(_i);
		add(1);
		cut(_i);
		ck_assert_int_eq(lines_of(journal), 21 * i);
	}
	is_whole();
	open_journal();
	ck_assert_int_eq(lines_of(journal), 105);
}
END_TEST

START_TEST(a_reader_goes_on)
{
	struct journal *reader = NULL;
	add(30);
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 1);
	ck_assert_int_eq(lines_of(reader), 30);
	cut(_i);
	ck_assert_int_eq(lines_of(reader), 30);
	add(1);
	ck_assert_int_eq(lines_of(reader), 31);
	cut(_i);
	add(1);
	ck_assert_int_eq(lines_of(reader), 32);
	journal_close(reader);
	is_whole();
}
END_TEST

/* Both in processes of their own, which see each other's files and not each other's memory. */
START_TEST(processes_go_on)
{
	struct journal *reader = NULL;
	int status;
	add(30);
	const pid_t pid = fork();
	if (pid == 0) {
		struct journal *own = NULL;
		if (journal_open(".", &own, NULL, &err) != 0)
			_exit(1);
		for (int n = 0; n < 50; n++)
			if (journal_message(own, 0, "agent", "other", n, &err) != 0)
				_exit(2);
		journal_close(own);
		_exit(0);
	}
	/* The other may touch the index at any moment: what is between its look and its touch is
	 * the handler's of SIGBUS. So it is cut by us alone, when it has ended. */
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 1);
	cut(_i);
	ck_assert_int_eq(lines_of(journal), 80);
	cut(_i);
	ck_assert_int_eq(lines_of(reader), 80);
	journal_close(reader);
	is_whole();
}
END_TEST

/* What was under way is taken back, told, and can be done again. */
START_TEST(a_transaction_is_taken_back)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	struct journal_cycle last;
	start_step(cycle, 1, "Build", 1);
	struct work *work = end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(5));
	/* A receipt waits in an open transaction for its report. */
	save_step(cycle, work, &pushed);
	cut(_i);
	ck_assert_int_eq(journal_message(journal, 0, "agent", "words", now, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	assert_has(err.text, "./.stepgate/state.db-shm: somebody has cut it short");
	cycle_free(cycle);
	is_whole();
	open_journal();
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 1);
	ck_assert_int_eq(last.past.state, FSM_COMMIT);
	journal_cycle_release(&last);
}
END_TEST

/* A database that was moved away has another index by now: that one is let alone. */
START_TEST(another_index_is_let_alone)
{
	static const char text[] = "somebody's";
	add(3);
	struct stat state;
	ck_assert_int_eq(rename(INDEX, "kept"), 0);
	write_text(INDEX, text);
	ck_assert_int_eq(lines_of(journal), 3);
	ck_assert_int_eq(stat(INDEX, &state), 0);
	ck_assert_int_eq(state.st_size, (off_t)strlen(text));
	ck_assert_int_eq(unlink(INDEX), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_index");
	TCase *each = tcase_create("each");
	tcase_add_checked_fixture(each, set_up, tear_down);
	tcase_add_loop_test(each, a_writer_goes_on, 0, LENGTHS);
	tcase_add_loop_test(each, a_reader_goes_on, 0, LENGTHS);
	tcase_add_loop_test(each, processes_go_on, 0, LENGTHS);
	tcase_add_loop_test(each, a_transaction_is_taken_back, 0, LENGTHS);
	tcase_add_test(each, another_index_is_let_alone);
	suite_add_tcase(suite, each);
	return run_suite(suite);
}
