/* The journal, opened: what is refused, what happens to a damaged one, and more than one process.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "tests/unit/journal_helpers.h"

#define WAL JOURNAL_PATH "-wal"

/* --- opening --- */

static void fail_to_open(enum err_code code, const char *words)
{
	struct journal *const untouched = (struct journal *)&err;
	char *notice = (char *)&err;
	journal_close(journal);
	journal = untouched;
	err = (struct err){.code = ERR_NONE};
	ck_assert_int_eq(journal_open(".", &journal, &notice, &err), -1);
	ck_assert_int_eq(err.code, code);
	assert_has(err.text, words);
	ck_assert_ptr_eq(journal, untouched);
	ck_assert_ptr_eq(notice, &err);
	journal = NULL;
}

static void remove_journal(void)
{
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(unlink(JOURNAL_PATH), 0);
}

START_TEST(a_symlink_is_refused)
{
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(rename(JOURNAL_PATH, "elsewhere.db"), 0);
	ck_assert_int_eq(symlink("../elsewhere.db", JOURNAL_PATH), 0);
	fail_to_open(ERR_DAMAGED, "./.stepgate/state.db: not a regular file: refused");
	struct journal *read = NULL;
	ck_assert_int_eq(journal_open_read(".", &read, &err), -1);
	ck_assert_str_eq(err.text, "./.stepgate/state.db: not a regular file: refused");
}
END_TEST

START_TEST(a_fifo_is_refused_without_waiting)
{
	remove_journal();
	ck_assert_int_eq(mkfifo(JOURNAL_PATH, 0644), 0);
	fail_to_open(ERR_DAMAGED, "./.stepgate/state.db: not a regular file: refused");
}
END_TEST

START_TEST(a_link_in_place_of_its_folder_is_refused)
{
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(rename(".stepgate", "elsewhere"), 0);
	ck_assert_int_eq(symlink("elsewhere", ".stepgate"), 0);
	fail_to_open(ERR_SYSTEM, "./.stepgate/state.db: ");
}
END_TEST

START_TEST(a_missing_folder)
{
	struct journal *none = NULL;
	ck_assert_int_eq(journal_open("nowhere", &none, NULL, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "nowhere: no such folder");
	ck_assert_int_eq(journal_open_read("nowhere", &none, &err), 0);
	ck_assert_int_eq(mkdir("bare", 0755), 0);
	ck_assert_int_eq(journal_open("bare", &none, NULL, &err), -1);
	ck_assert_str_eq(err.text, "bare/.stepgate/state.db: unable to open database file: No such "
				   "file or directory");
	ck_assert_int_eq(journal_open_read("bare", &none, &err), 0);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(a_repository_reached_through_a_link)
{
	struct journal *other = NULL;
	cycle_free(begin_cycle(1, "plan"));
	ck_assert_int_eq(symlink(".", "link"), 0);
	assert_ok(journal_open("link", &other, NULL, &err), err);
	struct journal_cycle last;
	ck_assert_int_eq(journal_last_cycle(other, &last, &err), 1);
	journal_cycle_release(&last);
	journal_close(other);
}
END_TEST

/* Root may write what is read-only: the test gives that up first, in its own process. */
START_TEST(a_journal_that_is_read_only)
{
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(chmod(JOURNAL_PATH, 0444), 0);
	ck_assert_int_eq(chmod(".stepgate", 0555), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chmod("..", 0755), 0);
		ck_assert_int_eq(chmod(".", 0755), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	fail_to_open(ERR_SYSTEM, "./.stepgate/state.db: can't be written: it is read-only");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	chmod(".stepgate", 0755);
}
END_TEST

/* The byte at which SQLite keeps PRAGMA user_version, as a big-endian number of four. */
static void set_version(unsigned char version)
{
	journal_close(journal);
	journal = NULL;
	const int fd = open(JOURNAL_PATH, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, &version, 1, 63), 1);
	close(fd);
}

START_TEST(a_newer_schema_is_refused)
{
	set_version(200);
	fail_to_open(ERR_DAMAGED,
		     "./.stepgate/state.db: written by a newer stepgate (schema 200; ");
	assert_has(err.text, "): use that one");
	ck_assert_int_eq(count_files(".stepgate", "damaged", NULL), 0);
	struct journal *read = NULL;
	ck_assert_int_eq(journal_open_read(".", &read, &err), -1);
	assert_has(err.text, "written by a newer stepgate");
}
END_TEST

/* Undoes what later versions of the schema added to the first. */
static const char first_schema[] = "ALTER TABLE step DROP COLUMN process;"
				   "ALTER TABLE step DROP COLUMN agent;"
				   "ALTER TABLE step DROP COLUMN session;"
				   "ALTER TABLE step DROP COLUMN failure;"
				   "ALTER TABLE step DROP COLUMN resets_at;"
				   "ALTER TABLE step DROP COLUMN held;"
				   "ALTER TABLE cycle DROP COLUMN finished;"
				   "DROP TABLE outbox; DROP TABLE plan_round; DROP TABLE plan_step;"
				   "ALTER TABLE step DROP COLUMN way;"
				   "ALTER TABLE cycle DROP COLUMN repository;"
				   "PRAGMA user_version = 1";

static void go_back_to_first_schema(void)
{
	sqlite3 *db;
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(sqlite3_open(JOURNAL_PATH, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, first_schema, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(an_older_schema_is_migrated)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	do_step(cycle, 1, "Build", 1, true, 5);
	close_cycle(cycle);
	cycle_free(cycle);
	go_back_to_first_schema();

	struct journal *read = NULL;
	ck_assert_int_eq(journal_open_read(".", &read, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	assert_has(err.text, "./.stepgate/state.db: written by an older stepgate (schema 1; this "
			     "one reads ");

	open_journal();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, FSM_CLOSED);
	ck_assert(last.finished);
	journal_cycle_release(&last);
	ck_assert_int_eq(plan_done("plan").count, 1);
	assert_ok(journal_plan_restart(journal, "plan", &err), err);
	ck_assert_int_eq(journal_open_read(".", &read, &err), 1);
	journal_close(read);
}
END_TEST

/* --- damage --- */

static void expect_mended(const char *words)
{
	char *notice = NULL, name[256];
	struct journal_cycle last;
	assert_ok(journal_open(".", &journal, &notice, &err), err);
	assert_has(notice, words);
	assert_has(notice, ": it is kept as ./.stepgate/state.db.damaged-20");
	assert_has(notice, ", and a new journal is begun");
	free(notice);
	ck_assert_int_ge(count_files(".stepgate", "state.db.damaged-", name), 1);
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 0);
	cycle_free(begin_cycle(1, "plan"));
	reopen();
}

START_TEST(what_is_no_database_is_set_aside)
{
	static const char *const texts[] = {
		"x", "not a database, but quite a long text of some kind", "SQLite format 3"};
	char text[8192];
	remove_journal();
	memset(text, '!', sizeof(text));
	memcpy(text, texts[_i], strlen(texts[_i]));
	write_bytes(JOURNAL_PATH, text, sizeof(text));
	expect_mended("./.stepgate/state.db: file is not a database");
}
END_TEST

START_TEST(nothing_is_set_aside_where_nobody_could_be_told)
{
	struct journal *none = NULL;
	char name[256];
	remove_journal();
	write_text(JOURNAL_PATH, "no database at all");
	ck_assert_int_eq(journal_open(".", &none, NULL, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert_str_eq(err.text, "./.stepgate/state.db: file is not a database");
	ck_assert_int_eq(count_files(".stepgate", "state.db.damaged-", name), 0);
}
END_TEST

START_TEST(a_database_cut_short_is_set_aside)
{
	fill_journal();
	ck_assert_int_eq(truncate(JOURNAL_PATH, 3 * 4096), 0);
	expect_mended("./.stepgate/state.db: database disk image is malformed");
}
END_TEST

START_TEST(a_database_without_our_tables_is_set_aside)
{
	set_version(0);
	expect_mended("./.stepgate/state.db: table cycle already exists");
}
END_TEST

/* A log left behind would be played into the database that takes the place. */
START_TEST(the_log_of_a_damaged_database_goes_with_it)
{
	fill_journal();
	write_text(JOURNAL_PATH, "no database at all");
	write_text(WAL, "a log");
	expect_mended("file is not a database");
	char name[256];
	ck_assert_int_eq(count_files(".stepgate", "Z-wal", name), 1);
	assert_has(name, "state.db.damaged-20");
}
END_TEST

/* Whatever byte is wrong: an error or a new journal, never a crash. */
START_TEST(any_page_full_of_rubbish)
{
	struct stat size;
	char page[4096];
	fill_journal();
	ck_assert_int_eq(stat(JOURNAL_PATH, &size), 0);
	const off_t at = (off_t)_i * 4096;
	if (at >= size.st_size)
		return;
	unsigned seed = (unsigned)_i;
	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = (char)rand_r(&seed);
	const int fd = open(JOURNAL_PATH, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, page, sizeof(page), at), sizeof(page));
	close(fd);
	char *notice = NULL;
	struct journal_cycle last;
	struct seen seen = {.count = 0};
	if (journal_open(".", &journal, &notice, &err) != 0)
		return;
	free(notice);
	if (journal_last_cycle(journal, &last, &err) == 1)
		journal_cycle_release(&last);
	err.code = ERR_NONE;
	if (journal_messages(journal, 0, 3, see_line, &seen, &err) != 0 ||
	    journal_plan_done(journal, "none", see_title, &seen, &err) != 0)
		ck_assert_int_eq(err.code, ERR_DAMAGED);
}
END_TEST

static void count_line(void *context, const struct journal_line *line)
{
	(void)line;
	++*(int *)context;
}

/* Many messages, and rubbish in the middle of them. */
static void spoil_the_middle(void)
{
	char text[512], page[4096];
	struct stat size;
	memset(text, 'm', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		assert_ok(journal_message(journal, 0, "warning", text, now, &err), err);
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(stat(JOURNAL_PATH, &size), 0);
	memset(page, 0xee, sizeof(page));
	const int fd = open(JOURNAL_PATH, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, page, sizeof(page), size.st_size / 8192 * 4096), sizeof(page));
	close(fd);
}

#define SUSPECT JOURNAL_PATH "-suspect"

/* The look at the opening is a quick one, which goes by the ends of the tables. */
START_TEST(damage_in_the_middle_is_mended_by_the_opening_after_it_was_met)
{
	struct seen seen = {.count = 0};
	char name[256];
	spoil_the_middle();
	open_journal();
	assert_ok(journal_messages(journal, 0, 3, see_line, &seen, &err), err);
	ck_assert(!is_there(SUSPECT));
	int lines = 0;
	ck_assert_int_eq(journal_messages(journal, 0, 1000, count_line, &lines, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert(is_there(SUSPECT));
	journal_close(journal);
	journal = NULL;
	expect_mended("./.stepgate/state.db: the database is damaged in its middle");
	ck_assert(!is_there(SUSPECT));
	ck_assert_int_eq(count_files(".stepgate", "Z-suspect", name), 1);
}
END_TEST

START_TEST(a_suspicion_that_is_wrong_is_dropped)
{
	struct journal_cycle last;
	fill_journal();
	write_text(SUSPECT, "");
	open_journal();
	ck_assert(!is_there(SUSPECT));
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 1);
	journal_cycle_release(&last);
}
END_TEST

START_TEST(who_only_reads_notes_nothing)
{
	struct journal *read = NULL;
	int lines = 0;
	spoil_the_middle();
	ck_assert_int_eq(journal_open_read(".", &read, &err), 1);
	ck_assert_int_eq(journal_messages(read, 0, 1000, count_line, &lines, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	journal_close(read);
	ck_assert(!is_there(SUSPECT));
}
END_TEST

/* --- more than one process --- */

START_TEST(readers_see_what_is_committed)
{
	struct journal *reader = NULL;
	struct journal_cycle last;
	cycle_free(begin_cycle(4, "plan"));
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 1);
	ck_assert_int_eq(journal_last_cycle(reader, &last, &err), 1);
	ck_assert_int_eq(last.past.number, 4);
	journal_cycle_release(&last);
	ck_assert_int_eq(journal_message(reader, 0, "agent", "x", now, &err), -1);
	assert_has(err.text, "attempt to write a readonly database");
	journal_close(reader);
}
END_TEST

START_TEST(reading_makes_no_journal)
{
	struct journal *reader = NULL;
	remove_journal();
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 0);
	ck_assert(!is_there(JOURNAL_PATH));
	write_text(JOURNAL_PATH, "");
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 0);
	write_text(JOURNAL_PATH, "no database at all, but some text that is long enough to be one");
	ck_assert_int_eq(journal_open_read(".", &reader, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert_int_eq(count_files(".stepgate", "damaged", NULL), 0);
}
END_TEST

START_TEST(reading_leaves_no_files_behind)
{
	struct journal *reader = NULL;
	struct journal_cycle last;
	fill_journal();
	ck_assert_int_eq(count_files(".stepgate", "state.db", NULL), 1);
	ck_assert_int_eq(journal_open_read(".", &reader, &err), 1);
	ck_assert_int_eq(journal_last_cycle(reader, &last, &err), 1);
	journal_cycle_release(&last);
	journal_close(reader);
	ck_assert_int_eq(count_files(".stepgate", "state.db", NULL), 1);
}
END_TEST

static void be_a_writer(int number)
{
	struct journal *own = NULL;
	char text[32];
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d/%d", number, i);
		if ((!own && journal_open(".", &own, NULL, &err) != 0) ||
		    journal_message(own, 0, "agent", text, 1, &err) != 0) {
			fprintf(stderr, "writer %d: %s\n", number, err.text);
			_exit(1);
		}
	}
	journal_close(own);
	_exit(0);
}

START_TEST(many_processes_make_it_and_write_at_once)
{
	int count = 0, status;
	remove_journal();
	for (int i = 0; i < 6; i++)
		if (fork() == 0)
			be_a_writer(i);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	open_journal();
	assert_ok(journal_messages(journal, 0, 1000, count_line, &count, &err), err);
	ck_assert_int_eq(count, 120);
}
END_TEST

/* A process that is killed between any two moves leaves what it was told is recorded. */
START_TEST(a_killed_writer_loses_nothing)
{
	int pipe_ends[2], status;
	char last_told = 0, told;
	journal_close(journal);
	journal = NULL;
	ck_assert_int_eq(pipe(pipe_ends), 0);
	const pid_t child = fork();
	if (child == 0) {
		open_journal();
		for (char i = 1;; i++)
			if (journal_message(journal, 0, "agent", "x", i, &err) != 0 ||
			    write(pipe_ends[1], &i, 1) != 1)
				_exit(1);
	}
	close(pipe_ends[1]);
	while (last_told < 20 && read(pipe_ends[0], &told, 1) == 1)
		last_told = told;
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	while (read(pipe_ends[0], &told, 1) == 1)
		last_told = told;
	close(pipe_ends[0]);
	int count = 0;
	open_journal();
	assert_ok(journal_messages(journal, 0, 1000, count_line, &count, &err), err);
	ck_assert_int_ge(count, last_told);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_open");
	TCase *opening = tcase_create("opening"), *damage = tcase_create("damage");
	TCase *others = tcase_create("others");
	tcase_add_checked_fixture(opening, set_up, tear_down);
	tcase_add_test(opening, a_symlink_is_refused);
	tcase_add_test(opening, a_fifo_is_refused_without_waiting);
	tcase_add_test(opening, a_link_in_place_of_its_folder_is_refused);
	tcase_add_test(opening, a_missing_folder);
	tcase_add_test(opening, a_repository_reached_through_a_link);
	tcase_add_test(opening, a_journal_that_is_read_only);
	tcase_add_test(opening, a_newer_schema_is_refused);
	tcase_add_test(opening, an_older_schema_is_migrated);
	suite_add_tcase(suite, opening);
	tcase_add_checked_fixture(damage, set_up, tear_down);
	tcase_add_loop_test(damage, what_is_no_database_is_set_aside, 0, 3);
	tcase_add_test(damage, nothing_is_set_aside_where_nobody_could_be_told);
	tcase_add_test(damage, a_database_cut_short_is_set_aside);
	tcase_add_test(damage, a_database_without_our_tables_is_set_aside);
	tcase_add_test(damage, the_log_of_a_damaged_database_goes_with_it);
	tcase_add_loop_test(damage, any_page_full_of_rubbish, 0, 16);
	tcase_add_test(damage, damage_in_the_middle_is_mended_by_the_opening_after_it_was_met);
	tcase_add_test(damage, a_suspicion_that_is_wrong_is_dropped);
	tcase_add_test(damage, who_only_reads_notes_nothing);
	suite_add_tcase(suite, damage);
	tcase_add_checked_fixture(others, set_up, tear_down);
	tcase_set_timeout(others, 60);
	tcase_add_test(others, readers_see_what_is_committed);
	tcase_add_test(others, reading_makes_no_journal);
	tcase_add_test(others, reading_leaves_no_files_behind);
	tcase_add_test(others, many_processes_make_it_and_write_at_once);
	tcase_add_test(others, a_killed_writer_loses_nothing);
	suite_add_tcase(suite, others);
	return run_suite(suite);
}
