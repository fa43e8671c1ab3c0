/* What the tests of the journal share: cycles driven as the runner drives them. */
#ifndef TESTS_UNIT_JOURNAL_HELPERS_H
#define TESTS_UNIT_JOURNAL_HELPERS_H

#include "status/file.h"
#include "status/journal.h"
#include "tests/unit/status_helpers.h"

static const struct gate_terms terms = {.budget = 200000, .threshold = 35};

static struct journal *journal;
static struct err err;
static int64_t now = INT64_C(1770478034949404);

static inline void open_journal(void)
{
	char *notice = NULL;
	assert_ok(journal_open(".", &journal, &notice, &err), err);
	ck_assert_ptr_null(notice);
}

static inline void set_up(void)
{
	enter_new_folder();
	assert_ok(file_make_home(".", &err), err);
	open_journal();
}

static inline void tear_down(void)
{
	journal_close(journal);
}

static inline void reopen(void)
{
	journal_close(journal);
	open_journal();
}

/* A cycle driven as the runner drives it; the note of the next move is laid out first. */
static struct journal_note note;

static inline int write_move(void *context, const struct cycle_move *move)
{
	(void)context;
	note.at = now++;
	const int failed = journal_move(journal, move, &note, &err);
	note = (struct journal_note){.at = 0};
	return failed;
}

static inline struct cycle *begin_cycle(int64_t number, const char *plan)
{
	struct cycle *cycle = cycle_new(number, &terms, write_move, NULL);
	note = (struct journal_note){.plan = plan, .title = "Nightly", .terms = &terms};
	assert_ok(cycle_begin(cycle), err);
	return cycle;
}

static inline void start_step(struct cycle *cycle, int step, const char *title, int attempt)
{
	enum gate_answer answer;
	struct gate_pass *pass = cycle_pass_gate(cycle, step, &answer);
	ck_assert_ptr_nonnull(pass);
	note = (struct journal_note){.title = title, .attempt = attempt, .message = "Starting"};
	assert_ok(cycle_start_step(cycle, pass), err);
}

static inline struct work *end_step(struct cycle *cycle, enum fsm_event how, struct usage own)
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

static inline struct receipt *save_step(struct cycle *cycle, struct work *work,
					const struct receipt_facts *facts)
{
	struct receipt *receipt = cycle_save(cycle, work, facts);
	ck_assert_msg(receipt != NULL, "%s", err.text);
	return receipt;
}

static inline struct told *tell_step(struct cycle *cycle, struct receipt *receipt, bool ok)
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
static inline void do_step(struct cycle *cycle, int step, const char *title, int attempt, bool ok,
			   int64_t tokens)
{
	start_step(cycle, step, title, attempt);
	struct work *work = end_step(cycle, ok ? FSM_EV_DONE : FSM_EV_FAILED, USAGE_KNOWN(tokens));
	struct told *told = tell_step(cycle, save_step(cycle, work, &pushed), ok);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_AGAIN), FSM_EV_AGAIN);
}

static inline void close_cycle(struct cycle *cycle)
{
	note = (struct journal_note){.reason = "User requested",
				     .message = "Cycle closed: User requested"};
	assert_ok(cycle_close(cycle, FSM_EV_USER), err);
}

static inline struct journal_cycle last_cycle(void)
{
	struct journal_cycle last;
	ck_assert_msg(journal_last_cycle(journal, &last, &err) == 1, "%s", err.text);
	return last;
}

struct seen {
	int count;
	char text[16][64];
};

static inline void see_title(void *context, const char *title)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%s", title);
}

static inline struct seen plan_done(const char *plan)
{
	struct seen seen = {.count = 0};
	assert_ok(journal_plan_done(journal, plan, see_title, &seen, &err), err);
	return seen;
}

static inline void see_line(void *context, const struct journal_line *line)
{
	struct seen *seen = context;
	snprintf(seen->text[seen->count++], sizeof(seen->text[0]), "%lld %s: %s",
		 (long long)line->cycle, line->kind, line->text);
}

static inline int messages(void)
{
	struct seen seen = {.count = 0};
	assert_ok(journal_messages(journal, 0, 10, see_line, &seen, &err), err);
	return seen.count;
}

static inline void fill_journal(void)
{
	struct cycle *cycle = begin_cycle(1, "plan");
	for (int i = 1; i <= 40; i++)
		do_step(cycle, i, "A step with a title of some length", 1, true, 1);
	close_cycle(cycle);
	cycle_free(cycle);
	journal_close(journal);
	journal = NULL;
}

#endif
