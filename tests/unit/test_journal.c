/* The journal: what it gives back, what it refuses, and what happens to it when it is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "status/file.h"
#include "status/journal.h"
#include "tests/unit/status_helpers.h"

#define WAL JOURNAL_PATH "-wal"

static const struct gate_terms terms = {.budget = 200000, .threshold = 35};

static struct journal *journal;
static struct err err;
static int64_t now = INT64_C(1770478034949404);

static void open_journal(void)
{
	char *notice = NULL;
	assert_ok(journal_open(".", &journal, &notice, &err), err);
	ck_assert_ptr_null(notice);
}

static void set_up(void)
{
	enter_new_folder();
	assert_ok(file_make_home(".", &err), err);
	open_journal();
}

static void tear_down(void)
{
	journal_close(journal);
}

static void reopen(void)
{
	journal_close(journal);
	open_journal();
}

/* A cycle driven as the runner drives it; the note of the next move is laid out first. */
static struct journal_note note;

static int write_move(void *context, const struct cycle_move *move)
{
	(void)context;
	note.at = now++;
	const int failed = journal_move(journal, move, &note, &err);
	note = (struct journal_note){.at = 0};
	return failed;
}

static struct cycle *begin_cycle(int64_t number, const char *plan)
{
	struct cycle *cycle = cycle_new(number, &terms, write_move, NULL);
	note = (struct journal_note){.plan = plan, .title = "Nightly", .terms = &terms};
	assert_ok(cycle_begin(cycle), err);
	return cycle;
}

static void start_step(struct cycle *cycle, int step, const char *title, int attempt)
{
	enum gate_answer answer;
	struct gate_pass *pass = cycle_pass_gate(cycle, step, &answer);
	ck_assert_ptr_nonnull(pass);
	note = (struct journal_note){.title = title, .attempt = attempt, .message = "Starting"};
	assert_ok(cycle_start_step(cycle, pass), err);
}

static struct work *end_step(struct cycle *cycle, enum fsm_event how, struct usage own)
{
	note = (struct journal_note){.own = own,
				     .why = how == FSM_EV_DONE ? NULL : "exit status 2"};
	struct work *work = cycle_end_step(cycle, how, own);
	ck_assert_msg(work != NULL, "%s", err.text);
	return work;
}

static const struct receipt_facts pushed = {
	.result = RECEIPT_PUSHED,
	.commit = "0123456789abcdef0123456789abcdef01234567",
	.ref = "refs/heads/main",
	.upstream = "origin refs/heads/main",
};

static struct receipt *save_step(struct cycle *cycle, struct work *work,
				 const struct receipt_facts *facts)
{
	struct receipt *receipt = cycle_save(cycle, work, facts);
	ck_assert_msg(receipt != NULL, "%s", err.text);
	return receipt;
}

static struct told *tell_step(struct cycle *cycle, struct receipt *receipt, bool ok)
{
	note = (struct journal_note){.ok = ok,
				     .dealt_with = ok,
				     .action = ok ? "updated & pushed" : "failed",
				     .message = "Step completed"};
	struct told *told = cycle_tell(cycle, receipt);
	ck_assert_msg(told != NULL, "%s", err.text);
	return told;
}

/* A whole step, back to PRECHECK. */
static void do_step(struct cycle *cycle, int step, const char *title, int attempt, bool ok,
		    int64_t tokens)
{
	start_step(cycle, step, title, attempt);
	struct work *work = end_step(cycle, ok ? FSM_EV_DONE : FSM_EV_FAILED, USAGE_KNOWN(tokens));
	struct told *told = tell_step(cycle, save_step(cycle, work, &pushed), ok);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
}

static void close_cycle(struct cycle *cycle)
{
	note = (struct journal_note){.reason = "User requested",
				     .message = "Cycle closed: User requested"};
	assert_ok(cycle_close(cycle, FSM_EV_USER), err);
}

static struct journal_cycle last_cycle(void)
{
	struct journal_cycle last;
	ck_assert_msg(journal_last_cycle(journal, &last, &err) == 1, "%s", err.text);
	return last;
}

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

	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.state, left_in);
	ck_assert_int_eq(last.past.step, 3);
	ck_assert_str_eq(last.step_title, "Build");
	ck_assert_int_eq(last.step_attempt, 2);
	assert_usage(last.past.used, left_in >= FSM_COMMIT ? 45000 : 0);
	if (left_in >= FSM_COMMIT)
		ck_assert_int_eq(last.past.how, FSM_EV_DONE);
	if (left_in >= FSM_REPORT) {
		ck_assert_int_eq(last.past.receipt.result, RECEIPT_PUSHED);
		ck_assert_str_eq(last.past.receipt.commit, pushed.commit);
		ck_assert_str_eq(last.past.receipt.ref, pushed.ref);
		ck_assert_str_eq(last.past.receipt.upstream, pushed.upstream);
		ck_assert_str_eq(last.past.receipt.why, "");
	}
	cycle = cycle_resume(&last.past, write_move, NULL, &proofs);
	ck_assert_ptr_nonnull(cycle);
	ck_assert_int_eq(cycle_state(cycle), left_in);
	ck_assert_int_eq(proofs.work != NULL, left_in == FSM_COMMIT);
	ck_assert_int_eq(proofs.receipt != NULL, left_in == FSM_REPORT);
	ck_assert_int_eq(proofs.told != NULL, left_in == FSM_POSTCHECK);
	cycle_free(cycle);
	journal_cycle_release(&last);
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

struct seen {
	int count;
	char text[16][64];
};

static void see_title(void *context, const char *title)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%s", title);
}

static struct seen plan_done(const char *plan)
{
	struct seen seen = {.count = 0};
	assert_ok(journal_plan_done(journal, plan, see_title, &seen, &err), err);
	return seen;
}

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
	struct receipt_facts facts = {.result = RECEIPT_NON_FAST_FORWARD};
	memset(facts.why, 'x', sizeof(facts.why) - 1);
	struct cycle *cycle = begin_cycle(1, "");
	start_step(cycle, 1, "Build", 1);
	save_step(cycle, end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(1)), &facts);
	cycle_free(cycle);
	struct journal_cycle last = last_cycle();
	ck_assert_int_eq(last.past.receipt.result, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(last.past.receipt.why, facts.why);
	ck_assert_str_eq(last.past.receipt.commit, "");
	journal_cycle_release(&last);
}
END_TEST

static void see_line(void *context, const struct journal_line *line)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%lld %s: %s",
		 (long long)line->cycle, line->kind, line->text);
}

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

static int messages(void)
{
	struct seen seen = {.count = 0};
	assert_ok(journal_messages(journal, 0, 10, see_line, &seen, &err), err);
	return seen.count;
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

static void fill_journal(void)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	for (int i = 1; i <= 40; i++)
		do_step(cycle, i, "A step with a title of some length", 1, true, 1);
	close_cycle(cycle);
	cycle_free(cycle);
	journal_close(journal);
	journal = NULL;
}

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

static void count_line(void *context, const struct journal_line *line)
{
	(void)line;
	++*(int *)context;
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

static void add_life(Suite *suite)
{
	TCase *life = tcase_create("life");
	tcase_add_checked_fixture(life, set_up, tear_down);
	tcase_add_test(life, a_new_journal_is_empty);
	tcase_add_test(life, a_begun_cycle);
	tcase_add_loop_test(life, a_cycle_left_in_any_state_can_be_resumed, FSM_STEP, FSM_CLOSED);
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

static void add_refusals(Suite *suite)
{
	TCase *refusals = tcase_create("refusals");
	tcase_add_checked_fixture(refusals, set_up, tear_down);
	tcase_add_loop_test(refusals, a_move_of_a_cycle_that_is_not_recorded, 0, 6);
	tcase_add_test(refusals, a_number_given_twice);
	tcase_add_test(refusals, an_attempt_given_twice);
	tcase_add_test(refusals, a_note_that_lacks_what_belongs_to_the_event);
	tcase_add_test(refusals, a_message_without_text);
	tcase_add_test(refusals, a_full_disk);
	tcase_add_test(refusals, a_symlink_is_refused);
	tcase_add_test(refusals, a_fifo_is_refused_without_waiting);
	tcase_add_test(refusals, a_link_in_place_of_its_folder_is_refused);
	tcase_add_test(refusals, a_missing_folder);
	tcase_add_test(refusals, a_repository_reached_through_a_link);
	tcase_add_test(refusals, a_journal_that_is_read_only);
	tcase_add_test(refusals, a_newer_schema_is_refused);
	suite_add_tcase(suite, refusals);
}

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *damage = tcase_create("damage"), *others = tcase_create("others");
	add_life(suite);
	add_refusals(suite);
	tcase_add_checked_fixture(damage, set_up, tear_down);
	tcase_add_loop_test(damage, what_is_no_database_is_set_aside, 0, 3);
	tcase_add_test(damage, a_database_cut_short_is_set_aside);
	tcase_add_test(damage, a_database_without_our_tables_is_set_aside);
	tcase_add_test(damage, the_log_of_a_damaged_database_goes_with_it);
	tcase_add_loop_test(damage, any_page_full_of_rubbish, 0, 16);
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
