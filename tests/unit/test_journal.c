/* The journal: what it gives back of cycles, steps, plans and messages, and what it refuses. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "tests/unit/journal_helpers.h"

#define WAL JOURNAL_PATH "-wal"

/* --- the life of a cycle --- */

START_TEST(a_new_journal_is_empty)
{
	struct journal_cycle last;
	ck_assert_int_eq(journal_last_cycle(journal, &last, &err), 0);
}
END_TEST

START_TEST(a_begun_cycle)
{
	cycle_free(begin_cycle(7, "plan"));
	reopen();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.number, 7);
	ck_assert_int_eq(last.past.state, FSM_PRECHECK);
	ck_assert_int_eq(last.past.step, 0);
	ck_assert_int_eq(last.past.terms.budget, 200000);
	ck_assert_int_eq(last.past.terms.threshold, 35);
	assert_usage(last.past.used, 0);
	ck_assert_str_eq(last.plan, "plan");
	ck_assert_str_eq(last.title, "Nightly");
	ck_assert_ptr_null(last.step_title);
	ck_assert_int_eq(last.step_attempt, 0);
	ck_assert_int_eq(last.started_at, INT64_C(1770478034949404));
	ck_assert_int_eq(last.ended_at, 0);
	ck_assert_ptr_null(last.reason);
	journal_cycle_release(&last);
}
END_TEST

/* Whatever state a cycle is left in, the journal knows enough to take it up. */
START_TEST(a_cycle_left_in_any_state_can_be_resumed)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	struct cycle_proofs proofs;
	struct receipt *receipt = NULL;
	struct work *work = NULL;
	const int left_in = _i;
	start_step(cycle, 3, "Build", 2);
	if (left_in >= FSM_COMMIT)
		work = end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(45000));
	if (left_in >= FSM_REPORT)
		receipt = save_step(cycle, work, &pushed);
	if (left_in >= FSM_POSTCHECK)
		tell_step(cycle, receipt, true);
	cycle_free(cycle);
	reopen();
	/* A receipt is recorded for good with the report that follows it: a death between the two
	 * leaves COMMIT, where the commit is found again. */
	const int recorded = left_in == FSM_REPORT ? FSM_COMMIT : left_in;

	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, recorded);
	ck_assert_int_eq(last.past.step, 3);
	ck_assert_str_eq(last.step_title, "Build");
	ck_assert_int_eq(last.step_attempt, 2);
	assert_usage(last.past.used, left_in >= FSM_COMMIT ? 45000 : 0);
	if (left_in >= FSM_COMMIT)
		ck_assert_int_eq(last.past.how, FSM_EV_DONE);
	if (recorded >= FSM_REPORT) {
		ck_assert_int_eq(last.past.receipt.result, RECEIPT_PUSHED);
		ck_assert_str_eq(last.past.receipt.commit, pushed.commit);
		ck_assert_str_eq(last.past.receipt.ref, pushed.ref);
		ck_assert_str_eq(last.past.receipt.upstream, pushed.upstream);
		ck_assert_str_eq(last.past.receipt.why, "");
	}
	cycle = cycle_resume(&last.past, write_move, NULL, &proofs);
	ck_assert_ptr_nonnull(cycle);
	ck_assert_int_eq(cycle_state(cycle), recorded);
	ck_assert_int_eq(proofs.work != NULL, recorded == FSM_COMMIT);
	ck_assert_int_eq(proofs.receipt != NULL, recorded == FSM_REPORT);
	ck_assert_int_eq(proofs.told != NULL, recorded == FSM_POSTCHECK);
	cycle_free(cycle);
	journal_cycle_release(&last);
}
END_TEST

/* Runs some SQL past the journal. */
static void run_sql(const char *sql)
{
	sqlite3 *db;
	ck_assert_int_eq(sqlite3_open(JOURNAL_PATH, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A disk that is full just then: both moves are undone, and one more try has to bring back both. */
START_TEST(a_report_tried_again_does_not_lose_the_receipt)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	start_step(cycle, 1, "Build", 1);
	struct work *work = end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(1000));
	run_sql("CREATE TRIGGER full BEFORE INSERT ON message WHEN NEW.text = 'no room' "
		"BEGIN SELECT RAISE(ABORT, 'full'); END");
	struct receipt *receipt = save_step(cycle, work, &pushed);
	note = (struct journal_note){.ok = true, .action = "pushed", .message = "no room"};
	ck_assert_ptr_null(cycle_tell(cycle, receipt));
	tell_step(cycle, receipt, true);
	cycle_free(cycle);
	reopen();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, FSM_POSTCHECK);
	ck_assert_int_eq(last.past.receipt.result, RECEIPT_PUSHED);
	ck_assert_str_eq(last.past.receipt.commit, pushed.commit);
	journal_cycle_release(&last);
	/* As many moves as were made: the index would fail on the same one twice. */
	run_sql("CREATE UNIQUE INDEX once ON move(cycle, state, event)");
}
END_TEST

START_TEST(a_closed_cycle)
{
	struct cycle *cycle = begin_cycle(2, "");
	do_step(cycle, 1, "Build", 1, true, 1000);
	close_cycle(cycle);
	cycle_free(cycle);
	reopen();
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, FSM_CLOSED);
	ck_assert_str_eq(last.plan, "");
	ck_assert_str_eq(last.reason, "User requested");
	ck_assert_int_gt(last.ended_at, last.started_at);
	assert_usage(last.past.used, 1000);
	journal_cycle_release(&last);
}
END_TEST

START_TEST(the_newest_cycle_is_the_last)
{
	for (int64_t n = 9; n <= 11; n++) {
		struct cycle *cycle = begin_cycle(n, "plan");
		close_cycle(cycle);
		cycle_free(cycle);
	}
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.number, 11);
	journal_cycle_release(&last);
}
END_TEST

START_TEST(unknown_usage_stays_unknown)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	start_step(cycle, 1, "Build", 1);
	end_step(cycle, FSM_EV_TIMED_OUT, USAGE_UNKNOWN);
	cycle_free(cycle);
	reopen();
	struct journal_cycle last = last_cycle();
	ck_assert(!last.past.used.known);
	ck_assert_int_eq(last.past.how, FSM_EV_TIMED_OUT);
	journal_cycle_release(&last);
}
END_TEST

START_TEST(the_largest_figures_are_exact)
{
	const struct gate_terms large = {.budget = INT64_MAX, .threshold = 95};
	struct cycle *cycle = cycle_new(INT64_MAX, &large, write_move, NULL);
	note = (struct journal_note){.plan = "plan", .title = "", .terms = &large};
	assert_ok(cycle_begin(cycle), err);
	start_step(cycle, INT32_MAX, "Build", INT32_MAX);
	end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(INT64_MAX));
	cycle_free(cycle);
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.number, INT64_MAX);
	ck_assert_int_eq(last.past.terms.budget, INT64_MAX);
	ck_assert_int_eq(last.past.step, INT32_MAX);
	ck_assert_int_eq(last.step_attempt, INT32_MAX);
	assert_usage(last.past.used, INT64_MAX);
	journal_cycle_release(&last);
}
END_TEST

/* --- steps, plans, messages --- */

START_TEST(a_plan_remembers_what_is_dealt_with)
{
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "Build", 1, true, 10);
	do_step(cycle, 2, "Test", 1, false, 10);
	close_cycle(cycle);
	cycle_free(cycle);
	cycle = begin_cycle(2, "other");
	do_step(cycle, 1, "Lint", 1, true, 10);
	cycle_free(cycle);
	reopen();
	struct seen seen = plan_done("one");
	ck_assert_int_eq(seen.count, 1);
	ck_assert_str_eq(seen.text[0], "Build");
	ck_assert_str_eq(plan_done("other").text[0], "Lint");
	ck_assert_int_eq(plan_done("none").count, 0);
}
END_TEST

START_TEST(a_plan_begun_anew_has_nothing_done)
{
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "Build", 1, true, 10);
	close_cycle(cycle);
	cycle_free(cycle);
	cycle = begin_cycle(2, "other");
	do_step(cycle, 1, "Lint", 1, true, 10);
	assert_ok(journal_plan_restart(journal, "one", &err), err);
	ck_assert_int_eq(plan_done("one").count, 0);
	ck_assert_int_eq(plan_done("other").count, 1);
	close_cycle(cycle);
	cycle_free(cycle);
	cycle = begin_cycle(3, "one");
	do_step(cycle, 1, "Build", 1, true, 10);
	ck_assert_int_eq(plan_done("one").count, 1);
	cycle_free(cycle);
}
END_TEST

START_TEST(the_largest_step_of_a_plan)
{
	struct usage usage = USAGE_KNOWN(1);
	assert_ok(journal_largest_step(journal, "one", &usage, &err), err);
	ck_assert(!usage.known);

	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "A", 1, true, 500);
	do_step(cycle, 2, "B", 1, true, 700);
	start_step(cycle, 3, "C", 1);
	note = (struct journal_note){.own = USAGE_KNOWN(9000), .estimated = true};
	struct work *work = cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(9000));
	save_step(cycle, work, &pushed);
	cycle_free(cycle);

	assert_ok(journal_largest_step(journal, "one", &usage, &err), err);
	assert_usage(usage, 700);
	assert_ok(journal_largest_step(journal, "other", &usage, &err), err);
	ck_assert(!usage.known);
	struct journal_cycle last = last_cycle();
	ck_assert(last.step_estimated);
	journal_cycle_release(&last);
}
END_TEST

static void see_step(void *context, const struct journal_step *step)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%lld/%d.%d %s %s %s %s %d",
		 (long long)step->cycle, step->step, step->attempt, step->title,
		 step->how ? step->how : "-", step->why ? step->why : "-",
		 step->action ? step->action : "-", step->ok);
}

START_TEST(the_steps_of_a_cycle)
{
	struct seen seen = {.count = 0};
	struct cycle *cycle = begin_cycle(1, "one");
	do_step(cycle, 1, "Build", 1, false, 10);
	do_step(cycle, 1, "Build", 2, true, 10);
	close_cycle(cycle);
	cycle_free(cycle);
	cycle = begin_cycle(2, "one");
	start_step(cycle, 2, "Test", 1);
	cycle_free(cycle);
	assert_ok(journal_steps(journal, 0, see_step, &seen, &err), err);
	ck_assert_int_eq(seen.count, 3);
	ck_assert_str_eq(seen.text[0], "2/2.1 Test - - - 0");
	ck_assert_str_eq(seen.text[1], "1/1.1 Build FAILED exit status 2 failed 0");
	ck_assert_str_eq(seen.text[2], "1/1.2 Build DONE - updated & pushed 1");
	seen.count = 0;
	assert_ok(journal_steps(journal, 1, see_step, &seen, &err), err);
	ck_assert_int_eq(seen.count, 2);
	seen.count = 0;
	assert_ok(journal_steps(journal, 99, see_step, &seen, &err), err);
	ck_assert_int_eq(seen.count, 0);
}
END_TEST

/* An agent says what its step was only when it is done. */
START_TEST(a_title_given_at_the_end_replaces_the_first)
{
	struct cycle *cycle = begin_cycle(1, "");
	start_step(cycle, 1, "(under way)", 1);
	note = (struct journal_note){.own = USAGE_KNOWN(1), .title = "Reader"};
	ck_assert_ptr_nonnull(cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(1)));
	cycle_free(cycle);
	struct journal_cycle last = last_cycle();
	ck_assert_str_eq(last.step_title, "Reader");
	journal_cycle_release(&last);
}
END_TEST

START_TEST(a_receipt_that_says_why_not)
{
	struct receipt_facts facts = {
		.result = RECEIPT_NON_FAST_FORWARD,
		.held = ".env (its name), notes (API key)",
	};
	memset(facts.why, 'x', sizeof(facts.why) - 1);
	struct cycle *cycle = begin_cycle(1, "");
	start_step(cycle, 1, "Build", 1);
	save_step(cycle, end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(1)), &facts);
	cycle_free(cycle);
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.receipt.result, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(last.past.receipt.why, facts.why);
	ck_assert_str_eq(last.past.receipt.held, facts.held);
	ck_assert_str_eq(last.past.receipt.commit, "");
	journal_cycle_release(&last);
}
END_TEST

START_TEST(messages_come_oldest_first)
{
	struct seen seen = {.count = 0};
	assert_ok(journal_message(journal, 0, "agent", "before any cycle", now++, &err), err);
	struct cycle *cycle = begin_cycle(1, "");
	do_step(cycle, 1, "Build", 1, true, 1);
	close_cycle(cycle);
	cycle_free(cycle);
	assert_ok(journal_messages(journal, 0, 100, see_line, &seen, &err), err);
	ck_assert_int_eq(seen.count, 4);
	ck_assert_str_eq(seen.text[0], "0 agent: before any cycle");
	ck_assert_str_eq(seen.text[1], "1 report: Starting");
	ck_assert_str_eq(seen.text[2], "1 report: Step completed");
	ck_assert_str_eq(seen.text[3], "1 report: Cycle closed: User requested");
	seen.count = 0;
	assert_ok(journal_messages(journal, 1, 2, see_line, &seen, &err), err);
	ck_assert_int_eq(seen.count, 2);
	ck_assert_str_eq(seen.text[0], "1 report: Step completed");
}
END_TEST

/* --- what recovery needs --- */

START_TEST(what_a_step_used_so_far_is_known_after_our_death)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	start_step(cycle, 1, "Build", 1);
	struct journal_cycle last = last_cycle();
	ck_assert(!last.own.known);
	ck_assert_ptr_null(last.process);
	journal_cycle_release(&last);

	assert_ok(journal_process(journal, 1, "123 456", &err), err);
	assert_ok(journal_sample(journal, 1, USAGE_KNOWN(40), &err), err);
	assert_ok(journal_sample(journal, 1, USAGE_KNOWN(70), &err), err);
	reopen();
	last = last_cycle();
	assert_usage(last.own, 70);
	assert_usage(last.past.used, 0);
	ck_assert_str_eq(last.process, "123 456");
	journal_cycle_release(&last);
	/* A sample is no step: it is none to estimate by. */
	struct usage largest;
	assert_ok(journal_largest_step(journal, "plan", &largest, &err), err);
	ck_assert(!largest.known);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_cycle_is_finished_once_all_is_said)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	close_cycle(cycle);
	cycle_free(cycle);
	struct journal_cycle last = last_cycle();
	ck_assert(!last.finished);
	ck_assert_int_eq(last.closed_on, FSM_EV_USER);
	journal_cycle_release(&last);
	assert_ok(journal_finished(journal, 1, &err), err);
	last = last_cycle();
	ck_assert(last.finished);
	journal_cycle_release(&last);
}
END_TEST

struct reports {
	struct seen seen;
	int64_t first;
};

static void see_report(void *context, const struct journal_report *report)
{
	struct reports *reports = context;
	if (reports->seen.count == 0)
		reports->first = report->id;
	snprintf(reports->seen.text[reports->seen.count++], sizeof(reports->seen.text[0]), "%s: %s",
		 report->reporter, report->line);
}

static struct reports outbox(void)
{
	struct reports reports = {.first = 0};
	assert_ok(journal_outbox(journal, see_report, &reports, &err), err);
	return reports;
}

START_TEST(reports_wait_until_they_are_delivered)
{
	const struct journal_report waiting[] = {{.reporter = "slack", .line = "{\"a\":1}"},
						 {.reporter = "file", .line = "{\"b\":2}"}};
	struct cycle *cycle = begin_cycle(1, "plan");
	note = (struct journal_note){
		.reason = "User requested", .outbox = waiting, .noutbox = COUNT(waiting)};
	assert_ok(cycle_close(cycle, FSM_EV_USER), err);
	cycle_free(cycle);
	reopen();
	struct reports reports = outbox();
	ck_assert_int_eq(reports.seen.count, 2);
	ck_assert_str_eq(reports.seen.text[0], "slack: {\"a\":1}");
	ck_assert_str_eq(reports.seen.text[1], "file: {\"b\":2}");
	assert_ok(journal_outbox_remove(journal, reports.first, &err), err);
	reports = outbox();
	ck_assert_int_eq(reports.seen.count, 1);
	ck_assert_str_eq(reports.seen.text[0], "file: {\"b\":2}");
}
END_TEST

START_TEST(rounds_are_counted)
{
	int64_t round = 0;
	assert_ok(journal_plan_round(journal, "one", &round, &err), err);
	ck_assert_int_eq(round, 1);
	assert_ok(journal_plan_restart(journal, "one", &err), err);
	assert_ok(journal_plan_restart(journal, "one", &err), err);
	reopen();
	assert_ok(journal_plan_round(journal, "one", &round, &err), err);
	ck_assert_int_eq(round, 3);
	assert_ok(journal_plan_round(journal, "other", &round, &err), err);
	ck_assert_int_eq(round, 1);
}
END_TEST

/* --- what it refuses --- */

static int try_move(enum fsm_state from, enum fsm_event event, enum fsm_state to, int step)
{
	const struct cycle_move move = {.cycle = 5,
					.from = from,
					.event = event,
					.to = to,
					.step = step,
					.used = USAGE_KNOWN(0),
					.receipt = &pushed};
	err = (struct err){.code = ERR_NONE};
	return journal_move(journal, &move, &note, &err);
}

START_TEST(a_move_of_a_cycle_that_is_not_recorded)
{
	static const struct {
		enum fsm_state from;
		enum fsm_event event;
		enum fsm_state to;
		enum err_code code;
	} moves[] = {
		{FSM_PRECHECK, FSM_EV_PASS, FSM_STEP, ERR_SYSTEM}, /* a foreign key */
		{FSM_STEP, FSM_EV_DONE, FSM_COMMIT, ERR_DAMAGED},
		{FSM_COMMIT, FSM_EV_SAVED, FSM_REPORT, ERR_DAMAGED},
		{FSM_REPORT, FSM_EV_TOLD, FSM_POSTCHECK, ERR_DAMAGED},
		{FSM_POSTCHECK, FSM_EV_USER, FSM_CLOSED, ERR_DAMAGED},
		{FSM_POSTCHECK, FSM_EV_AGAIN, FSM_PRECHECK, ERR_SYSTEM},
	};
	note = (struct journal_note){.at = now, .title = "x", .attempt = 1, .message = "said"};
	ck_assert_int_eq(try_move(moves[_i].from, moves[_i].event, moves[_i].to, 1), -1);
	ck_assert_int_eq(err.code, moves[_i].code);
	if (err.code == ERR_DAMAGED)
		ck_assert_str_eq(err.text, "./.stepgate/state.db: cycle 5: its record, or that of "
					   "step 1, is missing");
	ck_assert_int_eq(messages(), 0);
}
END_TEST

START_TEST(a_number_given_twice)
{
	cycle_free(begin_cycle(5, "plan"));
	note = (struct journal_note){.plan = "p", .title = "t", .terms = &terms, .message = "said"};
	ck_assert_int_eq(try_move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, 0), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "./.stepgate/state.db: UNIQUE constraint failed: cycle.number");
	ck_assert_int_eq(messages(), 0);
	struct journal_cycle last = last_cycle();
	ck_assert_str_eq(last.plan, "plan");
	journal_cycle_release(&last);
}
END_TEST

START_TEST(an_attempt_given_twice)
{
	struct cycle *cycle = begin_cycle(5, "plan");
	do_step(cycle, 1, "Build", 1, false, 10);
	note = (struct journal_note){.title = "Build", .attempt = 1};
	ck_assert_int_eq(try_move(FSM_PRECHECK, FSM_EV_PASS, FSM_STEP, 1), -1);
	assert_has(err.text, "UNIQUE constraint failed: step.cycle, step.step, step.attempt");
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, FSM_PRECHECK);
	journal_cycle_release(&last);
	/* The failure is over: the next move goes through. */
	do_step(cycle, 1, "Build", 2, true, 10);
	cycle_free(cycle);
}
END_TEST

START_TEST(a_note_that_lacks_what_belongs_to_the_event)
{
	note = (struct journal_note){.title = "t", .terms = &terms};
	ck_assert_int_eq(try_move(FSM_IDLE, FSM_EV_BEGIN, FSM_PRECHECK, 0), -1);
	ck_assert_str_eq(err.text, "./.stepgate/state.db: NOT NULL constraint failed: cycle.plan");
}
END_TEST

START_TEST(a_message_without_text)
{
	ck_assert_int_eq(journal_message(journal, 0, "agent", NULL, now, &err), -1);
	ck_assert_str_eq(err.text,
			 "./.stepgate/state.db: NOT NULL constraint failed: message.text");
}
END_TEST

/* A full disk, as the limit of a file's size shows it: nothing half recorded, and it goes on once
 * there is room. */
START_TEST(a_full_disk)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	struct rlimit old, small;
	struct stat wal;
	ck_assert_int_eq(stat(WAL, &wal), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = (rlim_t)wal.st_size + 100;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum gate_answer answer;
	struct gate_pass *pass = cycle_pass_gate(cycle, 1, &answer);
	note = (struct journal_note){.title = "Build", .attempt = 1, .message = "said"};
	const int failed = cycle_start_step(cycle, pass);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(failed, -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	assert_has(err.text, "./.stepgate/state.db: ");
	ck_assert_int_eq(cycle_state(cycle), FSM_PRECHECK);
	ck_assert_int_eq(messages(), 0);
	do_step(cycle, 1, "Build", 1, true, 10);
	cycle_free(cycle);
	reopen();
	ck_assert_int_eq(plan_done("plan").count, 1);
}
END_TEST

static void add_life(Suite *suite)
{
	TCase *life = tcase_create("life");
	tcase_add_checked_fixture(life, set_up, tear_down);
	tcase_add_test(life, a_new_journal_is_empty);
	tcase_add_test(life, a_begun_cycle);
	tcase_add_loop_test(life, a_cycle_left_in_any_state_can_be_resumed, FSM_STEP, FSM_CLOSED);
	tcase_add_test(life, a_report_tried_again_does_not_lose_the_receipt);
	tcase_add_test(life, a_closed_cycle);
	tcase_add_test(life, the_newest_cycle_is_the_last);
	tcase_add_test(life, unknown_usage_stays_unknown);
	tcase_add_test(life, the_largest_figures_are_exact);
	tcase_add_test(life, a_plan_remembers_what_is_dealt_with);
	tcase_add_test(life, a_plan_begun_anew_has_nothing_done);
	tcase_add_test(life, the_largest_step_of_a_plan);
	tcase_add_test(life, the_steps_of_a_cycle);
	tcase_add_test(life, a_title_given_at_the_end_replaces_the_first);
	tcase_add_test(life, a_receipt_that_says_why_not);
	tcase_add_test(life, messages_come_oldest_first);
	suite_add_tcase(suite, life);
}

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *refusals = tcase_create("refusals"), *recovery = tcase_create("recovery");
	add_life(suite);
	tcase_add_checked_fixture(recovery, set_up, tear_down);
	tcase_add_test(recovery, what_a_step_used_so_far_is_known_after_our_death);
	tcase_add_test(recovery, a_cycle_is_finished_once_all_is_said);
	tcase_add_test(recovery, reports_wait_until_they_are_delivered);
	tcase_add_test(recovery, rounds_are_counted);
	suite_add_tcase(suite, recovery);
	tcase_add_checked_fixture(refusals, set_up, tear_down);
	tcase_add_loop_test(refusals, a_move_of_a_cycle_that_is_not_recorded, 0, 6);
	tcase_add_test(refusals, a_number_given_twice);
	tcase_add_test(refusals, an_attempt_given_twice);
	tcase_add_test(refusals, a_note_that_lacks_what_belongs_to_the_event);
	tcase_add_test(refusals, a_message_without_text);
	tcase_add_test(refusals, a_full_disk);
	suite_add_tcase(suite, refusals);
	return run_suite(suite);
}
