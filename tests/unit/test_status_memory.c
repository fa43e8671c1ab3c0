/*
 * Memory that runs out while status documents, settings and the journal are at work: every
 * allocation fails once, one after another. What failed says so and leaves all as it was.
 */
#include "fsm/cycle.h"
#include "status/document.h"
#include "status/file.h"
#include "status/journal.h"
#include "status/settings.h"
#include "tests/faults/sanitized.h"
#include "tests/unit/status_helpers.h"

#ifndef SANITIZED

#include "tests/faults/failing_malloc.h"

static const struct gate_terms terms = {.budget = 200000, .threshold = 35};
static struct err err;
static char *notice;

/* Calls `what`, which must not assert (that takes memory), again and again, with a later allocation
 * failing each time, until none does. What succeeds although one failed (a spare one of SQLite's)
 * is fine. */
static void sweep(int (*what)(void), void (*after)(int result), long least)
{
	long n = 0;
	do {
		err = (struct err){.code = ERR_NONE};
		allocations.count = 0;
		allocations.failed = false;
		allocations.failing = ++n;
		const int result = what();
		allocations.failing = 0;
		ck_assert_ptr_null(notice);
		ck_assert_msg(allocations.failed || result == 0, "allocation %ld: %s", n, err.text);
		if (result != 0 && err.code != ERR_NONE) {
			ck_assert_msg(err.code == ERR_INTERNAL, "allocation %ld: %s", n, err.text);
			assert_has(err.text, "out of memory");
		}
		after(result);
	} while (allocations.failed);
	ck_assert_int_gt(n, least);
}

static void set_up(void)
{
	enter_new_folder();
	assert_ok(file_make_home(".", &err), err);
}

/* --- documents --- */

static struct document *doc;
static char *before;

static int load_document(void)
{
	return document_load(".", &doc, &notice, &err);
}

static void free_document(int result)
{
	if (result == 0)
		document_free(doc);
}

static void fill_document(void)
{
	const struct document_step step = {
		.step = 1, .description = "A", .used = USAGE_KNOWN(5), .action = "failed"};
	doc = NULL;
	ck_assert_int_eq(load_document(), 0);
	ck_assert_int_eq(document_begin(doc, 4, 0, &terms), 0);
	ck_assert_int_eq(document_step(doc, &step), 0);
	assert_ok(document_save(doc, ".", &err), err);
}

START_TEST(a_document_is_loaded)
{
	fill_document();
	document_free(doc);
	sweep(load_document, free_document, 20);
}
END_TEST

static int begin(void)
{
	return document_begin(doc, 5, 1, &terms);
}

static int set_task(void)
{
	return document_task(doc, "new \xff", "next");
}

static int add_task(void)
{
	return document_task_completed(doc, "a task", true);
}

static int add_step(void)
{
	const struct document_step step = {.step = 2,
					   .description = "B",
					   .used = USAGE_UNKNOWN,
					   .estimated = true,
					   .action = "failed",
					   .commit = "0123",
					   .why = "why"};
	return document_step(doc, &step);
}

static int end(void)
{
	return document_end(doc, 1, "Error encountered", "error");
}

static void as_it_was(int result)
{
	char *now = document_print(doc);
	ck_assert_int_eq(strcmp(now, before) == 0, result != 0);
	free(now);
}

START_TEST(a_change_is_made_whole_or_not_at_all)
{
	static int (*const changes[])(void) = {begin, set_task, add_task, add_step, end};
	fill_document();
	before = document_print(doc);
	sweep(changes[_i], as_it_was, 2);
	free(before);
	document_free(doc);
}
END_TEST

static int save_document(void)
{
	return document_save(doc, ".", &err);
}

static void file_is_whole(int result)
{
	(void)result;
	assert_has(text_of(DOCUMENT_PATH), "\"cycle_number\":\t4");
	ck_assert_int_eq(count_files("status", ".tmp.", NULL), 0);
}

START_TEST(a_document_is_saved)
{
	fill_document();
	sweep(save_document, file_is_whole, 2);
	document_free(doc);
}
END_TEST

/* --- settings --- */

static int save_settings(void)
{
	const struct settings settings = {.budget = 7, .threshold = 50};
	return settings_save(".", &settings, &err);
}

static void settings_are_old_or_new(int result)
{
	assert_has(text_of(SETTINGS_PATH),
		   result == 0 ? "\"token_budget\":\t7" : "\"token_budget\": 5");
}

START_TEST(settings_are_saved)
{
	write_text(SETTINGS_PATH, "{\"token_budget\": 5, \"x\": [1]}");
	sweep(save_settings, settings_are_old_or_new, 10);
}
END_TEST

/* --- the journal --- */

static struct journal *journal;

static int open_journal(void)
{
	return journal_open(".", &journal, &notice, &err);
}

static void close_journal(int result)
{
	if (result == 0)
		journal_close(journal);
	ck_assert_int_eq(count_files(".stepgate", "damaged", NULL), 0);
}

START_TEST(a_journal_is_made)
{
	sweep(open_journal, close_journal, 20);
}
END_TEST

static int move(enum fsm_state from, enum fsm_event event, enum fsm_state to,
		const struct journal_note *note)
{
	const struct cycle_move row = {.cycle = 1,
				       .from = from,
				       .event = event,
				       .to = to,
				       .step = event == FSM_EV_BEGIN ? 0 : 1,
				       .used = USAGE_KNOWN(0)};
	return journal_move(journal, &row, note, &err);
}

/* With a connection of its own, so that every statement is prepared anew. */
static int record(void)
{
	const struct journal_note start = {.title = "Build", .attempt = 1, .message = "Starting"};
	if (open_journal() != 0)
		return -1;
	const int failed = move(FSM_PRECHECK, FSM_EV_PASS, FSM_STEP, &start);
	journal_close(journal);
	return failed;
}

static void count(void *context, const struct journal_line *line)
{
	(void)line;
	++*(int *)context;
}

static void recorded_whole_or_not_at_all(int result)
{
	struct journal_cycle last;
	int messages = 0;
	ck_assert_int_eq(open_journal(), 0);
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 1);
	ck_assert_int_eq(last.past.state, result == 0 ? FSM_STEP : FSM_PRECHECK);
	journal_cycle_release(&last);
	assert_ok(journal_messages(journal, 0, 10, count, &messages, &err), err);
	ck_assert_int_eq(messages, result == 0);
	journal_close(journal);
	/* What went through although an allocation failed must not be tried twice. */
	if (result == 0 && allocations.failed) {
		ck_assert_int_eq(unlink(JOURNAL_PATH), 0);
		const struct journal_note begun = {.plan = "", .title = "", .terms = &terms};
		ck_assert_int_eq(open_journal(), 0);
		assert_ok(move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, &begun), err);
		journal_close(journal);
	}
}

START_TEST(a_move_is_recorded)
{
	const struct journal_note begun = {.plan = "", .title = "", .terms = &terms};
	ck_assert_int_eq(open_journal(), 0);
	assert_ok(move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, &begun), err);
	journal_close(journal);
	sweep(record, recorded_whole_or_not_at_all, 50);
}
END_TEST

static int read_cycle(void)
{
	struct journal_cycle last;
	if (open_journal() != 0)
		return -1;
	const int found = journal_last_cycle(journal, &last, &err);
	bool whole = false;
	if (found == 1) {
		whole = strcmp(last.plan, "plan") == 0 && strcmp(last.title, "title") == 0;
		journal_cycle_release(&last);
	}
	journal_close(journal);
	return whole ? 0 : -1;
}

static void nothing_is_set_aside(int result)
{
	(void)result;
	ck_assert_int_eq(count_files(".stepgate", "damaged", NULL), 0);
}

START_TEST(a_cycle_is_read)
{
	const struct journal_note begun = {.plan = "plan", .title = "title", .terms = &terms};
	ck_assert_int_eq(open_journal(), 0);
	assert_ok(move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, &begun), err);
	journal_close(journal);
	sweep(read_cycle, nothing_is_set_aside, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("status_memory");
	TCase *memory = tcase_create("memory");
	tcase_add_checked_fixture(memory, set_up, NULL);
	tcase_set_timeout(memory, 120);
	tcase_add_test(memory, a_document_is_loaded);
	tcase_add_loop_test(memory, a_change_is_made_whole_or_not_at_all, 0, 5);
	tcase_add_test(memory, a_document_is_saved);
	tcase_add_test(memory, settings_are_saved);
	tcase_add_test(memory, a_journal_is_made);
	tcase_add_test(memory, a_move_is_recorded);
	tcase_add_test(memory, a_cycle_is_read);
	suite_add_tcase(suite, memory);
	return run_suite(suite);
}

#endif
