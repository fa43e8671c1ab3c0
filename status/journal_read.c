/* The reading side. */
#include <stdlib.h>
#include <string.h>

#include "status/journal_private.h"
#include "status/lines.h"

static const char *column(sqlite3_stmt *statement, int at)
{
	return (const char *)sqlite3_column_text(statement, at);
}

struct usage journal_column_usage(sqlite3_stmt *statement, int at)
{
	if (sqlite3_column_type(statement, at) == SQLITE_NULL)
		return USAGE_UNKNOWN;
	return USAGE_KNOWN(sqlite3_column_int64(statement, at));
}

static void copy_column(sqlite3_stmt *statement, int at, char *out, size_t size)
{
	const char *text = column(statement, at);
	const size_t length = text ? strnlen(text, size - 1) : 0;
	if (text)
		memcpy(out, text, length);
	out[length] = '\0';
}

/* A column's text in a copy of its own; NULL stays NULL. *failed is set when memory is short. */
static char *own_column(sqlite3_stmt *statement, int at, bool *failed)
{
	const bool null = sqlite3_column_type(statement, at) == SQLITE_NULL;
	const char *text = column(statement, at);
	char *copy = text ? strdup(text) : NULL;
	*failed |= !null && !copy;
	return copy;
}

void journal_cycle_release(struct journal_cycle *cycle)
{
	free(cycle->plan);
	free(cycle->title);
	free(cycle->step_title);
	free(cycle->reason);
	free(cycle->process);
	free(cycle->repository);
	free(cycle->failure);
}

/* The newest cycle's state, and its last step's receipt, by their names. -1 where one is none of
 * ours. */
static int read_names(sqlite3_stmt *s, struct cycle_past *past)
{
	const char *name = column(s, 5), *how = column(s, 14), *result = column(s, 15);
	const int state = name ? fsm_state_by_name(name) : -1;
	const int event = how ? fsm_event_by_name(how) : FSM_EV_BEGIN;
	const int receipt = result ? receipt_by_name(result) : RECEIPT_COMMIT_ERROR;
	if (state < 0 || event < 0 || receipt < 0)
		return -1;
	past->state = (enum fsm_state)state;
	past->how = (enum fsm_event)event;
	past->receipt.result = (enum receipt_result)receipt;
	return 0;
}

/* The event that closes a cycle for a cause; ERROR for none that is known. */
static enum fsm_event closing_event(const char *cause)
{
	for (int event = 0; cause && event < FSM_NEVENTS; event++)
		if (fsm_event_kind((enum fsm_event)event) == FSM_KIND_CLOSES &&
		    strcmp(line_cause((enum fsm_event)event), cause) == 0)
			return (enum fsm_event)event;
	return FSM_EV_ERROR;
}

static int read_cycle(struct journal *journal, sqlite3_stmt *s, struct journal_cycle *cycle,
		      struct err *err)
{
	bool failed = false;
	struct journal_cycle read = {
		.past =
			{
				.number = sqlite3_column_int64(s, 0),
				.terms =
					{
						.budget = sqlite3_column_int64(s, 3),
						.threshold = sqlite3_column_int(s, 4),
					},
				.step = sqlite3_column_int(s, 6),
				.used = journal_column_usage(s, 7),
			},
		.started_at = sqlite3_column_int64(s, 8),
		.ended_at = sqlite3_column_int64(s, 9),
		.step_attempt = sqlite3_column_int(s, 12),
		.step_estimated = sqlite3_column_int(s, 13) != 0,
		.finished = sqlite3_column_int(s, 20) != 0,
		.closed_on = closing_event(column(s, 21)),
		.own = journal_column_usage(s, 22),
	};
	if (read_names(s, &read.past) != 0)
		return err_set(err, ERR_DAMAGED,
			       "%s: cycle %lld: a state or event of no known name", journal->path,
			       (long long)read.past.number);
	copy_column(s, 16, read.past.receipt.commit, sizeof(read.past.receipt.commit));
	copy_column(s, 17, read.past.receipt.ref, sizeof(read.past.receipt.ref));
	copy_column(s, 18, read.past.receipt.upstream, sizeof(read.past.receipt.upstream));
	copy_column(s, 19, read.past.receipt.why, sizeof(read.past.receipt.why));
	copy_column(s, 27, read.past.receipt.held, sizeof(read.past.receipt.held));
	read.plan = own_column(s, 1, &failed);
	read.title = own_column(s, 2, &failed);
	read.reason = own_column(s, 10, &failed);
	read.step_title = own_column(s, 11, &failed);
	read.process = own_column(s, 23, &failed);
	read.repository = own_column(s, 24, &failed);
	read.failure = own_column(s, 25, &failed);
	read.resets_at = sqlite3_column_int64(s, 26);
	if (failed) {
		journal_cycle_release(&read);
		return err_set(err, ERR_INTERNAL, "out of memory");
	}
	*cycle = read;
	return 1;
}

int journal_last_cycle(struct journal *journal, struct journal_cycle *cycle, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_LAST_CYCLE, err);
	if (!s)
		return -1;
	int found = 0;
	const int row = sqlite3_step(s);
	if (row == SQLITE_ROW)
		found = read_cycle(journal, s, cycle, err);
	else if (row != SQLITE_DONE)
		found = journal_failed(journal, err);
	sqlite3_reset(s);
	return found;
}

int journal_each_row(struct journal *journal, sqlite3_stmt *s,
		     int (*take)(void *context, sqlite3_stmt *s), void *context, struct err *err)
{
	int row, failed = 0;
	while (!failed && (row = sqlite3_step(s)) == SQLITE_ROW)
		if (take(context, s) != 0)
			failed = err_set(err, ERR_INTERNAL, "out of memory");
	if (!failed && row != SQLITE_DONE)
		failed = journal_failed(journal, err);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return failed;
}

static int take_number(void *context, sqlite3_stmt *s)
{
	*(int *)context = sqlite3_column_int(s, 0);
	return 0;
}

int journal_attempts(struct journal *journal, int64_t cycle, int step, int *attempts,
		     struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_ATTEMPTS, err);
	int most = 0; /* no row has NULL for its maximum, which is 0 as a number */
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, cycle);
	sqlite3_bind_int(s, 2, step);
	if (journal_each_row(journal, s, take_number, &most, err) != 0)
		return -1;
	*attempts = most;
	return 0;
}

struct titles {
	void (*each)(void *context, const char *title);
	void *context;
};

static int take_title(void *context, sqlite3_stmt *s)
{
	const struct titles *titles = context;
	const char *title = column(s, 0);
	if (!title)
		return -1;
	titles->each(titles->context, title);
	return 0;
}

/* Calls `each` with the titles that a statement finds for a plan. */
static int each_title(struct journal *journal, enum journal_statement which, const char *plan,
		      struct titles *titles, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, which, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	return journal_each_row(journal, s, take_title, titles, err);
}

int journal_plan_done(struct journal *journal, const char *plan,
		      void (*each)(void *context, const char *title), void *context,
		      struct err *err)
{
	struct titles titles = {.each = each, .context = context};
	return each_title(journal, JOURNAL_PLAN_DONE, plan, &titles, err);
}

int journal_plan_passed(struct journal *journal, const char *plan,
			void (*each)(void *context, const char *title), void *context,
			struct err *err)
{
	struct titles titles = {.each = each, .context = context};
	return each_title(journal, JOURNAL_PLAN_PASSED, plan, &titles, err);
}

static int take_round(void *context, sqlite3_stmt *s)
{
	*(int64_t *)context = sqlite3_column_int64(s, 0);
	return 0;
}

int journal_plan_round(struct journal *journal, const char *plan, int64_t *round, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_ROUND, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	*round = 1;
	return journal_each_row(journal, s, take_round, round, err);
}

static int take_usage(void *context, sqlite3_stmt *s)
{
	*(struct usage *)context = journal_column_usage(s, 0);
	return 0;
}

static int take_session(void *context, sqlite3_stmt *s)
{
	bool failed = false;
	*(char **)context = own_column(s, 0, &failed);
	return failed ? -1 : 0;
}

int journal_agent_session(struct journal *journal, const char *plan, const char *agent,
			  int64_t since, char **session, struct err *err)
{
	char *found = NULL;
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_AGENT_SESSION, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, agent, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, since);
	if (journal_each_row(journal, s, take_session, &found, err) != 0)
		return -1;
	*session = found;
	return 0;
}

int journal_largest_step(struct journal *journal, const char *plan, struct usage *usage,
			 struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_LARGEST, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	return journal_each_row(journal, s, take_usage, usage, err);
}

struct outbox {
	void (*each)(void *context, const struct journal_report *report);
	void *context;
};

static int take_report(void *context, sqlite3_stmt *s)
{
	const struct outbox *outbox = context;
	const struct journal_report report = {
		.id = sqlite3_column_int64(s, 0),
		.reporter = column(s, 1),
		.line = column(s, 2),
		.key = column(s, 3),
		.at = sqlite3_column_int64(s, 4),
	};
	outbox->each(outbox->context, &report);
	return 0;
}

int journal_outbox(struct journal *journal,
		   void (*each)(void *context, const struct journal_report *report), void *context,
		   struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_OUTBOX, err);
	struct outbox outbox = {.each = each, .context = context};
	return s ? journal_each_row(journal, s, take_report, &outbox, err) : -1;
}

struct steps {
	void (*each)(void *context, const struct journal_step *step);
	void *context;
};

static int take_step(void *context, sqlite3_stmt *s)
{
	const struct steps *steps = context;
	const struct journal_step step = {
		.cycle = sqlite3_column_int64(s, 0),
		.step = sqlite3_column_int(s, 1),
		.attempt = sqlite3_column_int(s, 2),
		.title = column(s, 3),
		.started_at = sqlite3_column_int64(s, 4),
		.ended_at = sqlite3_column_int64(s, 5),
		.how = column(s, 6),
		.why = column(s, 7),
		.own = journal_column_usage(s, 8),
		.used = journal_column_usage(s, 9),
		.estimated = sqlite3_column_int(s, 10) != 0,
		.ok = sqlite3_column_int(s, 11) != 0,
		.action = column(s, 12),
		.result = column(s, 13),
		.commit = column(s, 14),
		.ref = column(s, 15),
		.upstream = column(s, 16),
		.receipt_why = column(s, 17),
		.way = column(s, 18),
		.id = sqlite3_column_int64(s, 19),
		.failure = column(s, 20),
		.held = column(s, 21),
	};
	if (!step.title)
		return -1;
	steps->each(steps->context, &step);
	return 0;
}

int journal_steps(struct journal *journal, int64_t cycle,
		  void (*each)(void *context, const struct journal_step *step), void *context,
		  struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, cycle ? JOURNAL_STEPS_OF : JOURNAL_STEPS, err);
	struct steps steps = {.each = each, .context = context};
	if (!s)
		return -1;
	if (cycle)
		sqlite3_bind_int64(s, 1, cycle);
	return journal_each_row(journal, s, take_step, &steps, err);
}

int journal_steps_after(struct journal *journal, int64_t after, int most,
			void (*each)(void *context, const struct journal_step *step), void *context,
			struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_STEPS_AFTER, err);
	struct steps steps = {.each = each, .context = context};
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, after);
	sqlite3_bind_int(s, 2, most);
	return journal_each_row(journal, s, take_step, &steps, err);
}

struct lines {
	void (*each)(void *context, const struct journal_line *line);
	void *context;
};

static int take_line(void *context, sqlite3_stmt *s)
{
	const struct lines *lines = context;
	const struct journal_line line = {
		.id = sqlite3_column_int64(s, 0),
		.cycle = sqlite3_column_int64(s, 1),
		.at = sqlite3_column_int64(s, 2),
		.kind = column(s, 3),
		.text = column(s, 4),
	};
	if (!line.kind || !line.text)
		return -1;
	lines->each(lines->context, &line);
	return 0;
}

int journal_messages(struct journal *journal, int64_t cycle, int most,
		     void (*each)(void *context, const struct journal_line *line), void *context,
		     struct err *err)
{
	sqlite3_stmt *s =
		journal_prepare(journal, cycle ? JOURNAL_MESSAGES_OF : JOURNAL_MESSAGES, err);
	struct lines lines = {.each = each, .context = context};
	if (!s)
		return -1;
	sqlite3_bind_int(s, 1, most);
	if (cycle)
		sqlite3_bind_int64(s, 2, cycle);
	return journal_each_row(journal, s, take_line, &lines, err);
}

int journal_messages_after(struct journal *journal, int64_t after, int most,
			   void (*each)(void *context, const struct journal_line *line),
			   void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_MESSAGES_AFTER, err);
	struct lines lines = {.each = each, .context = context};
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, after);
	sqlite3_bind_int(s, 2, most);
	return journal_each_row(journal, s, take_line, &lines, err);
}
