/* A plan: its steps as they were when it was last worked on, and what becomes of the record of
 * those that are done. */
#include "status/journal_private.h"

/* A statement with the plan's name as its first value; NULL and *err. */
static sqlite3_stmt *about(struct journal *journal, enum journal_statement which, const char *plan,
			   struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, which, err);
	if (s)
		sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	return s;
}

int journal_plan_forget(struct journal *journal, const char *plan, const char *title,
			struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_PLAN_FORGET, plan, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 2, title, -1, SQLITE_STATIC);
	return journal_execute(journal, s, err);
}

static int drop(struct journal *journal, const char *plan, struct err *err)
{
	return journal_execute(journal, about(journal, JOURNAL_PLAN_STEPS_DROP, plan, err), err);
}

static int add(struct journal *journal, const char *plan, const struct journal_plan_step *step,
	       struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_PLAN_STEP_ADD, plan, err);
	if (!s)
		return -1;
	sqlite3_bind_int(s, 2, step->number);
	sqlite3_bind_text(s, 3, step->title, -1, SQLITE_STATIC);
	return journal_execute(journal, s, err);
}

int journal_plan_remember(struct journal *journal, const char *plan, bool anew,
			  const struct journal_plan_step *steps, size_t count, struct err *err)
{
	if (journal_begin(journal, err) != 0)
		return -1;
	int failed = anew ? drop(journal, plan, err) : 0;
	for (size_t i = 0; !failed && i < count; i++)
		failed = add(journal, plan, &steps[i], err);
	return journal_end(journal, !failed, err);
}

/* Takes the rows of a title and a number. */
static int each_step(struct journal *journal, sqlite3_stmt *s,
		     void (*each)(void *context, const struct journal_plan_step *step),
		     void *context, struct err *err)
{
	int row = SQLITE_DONE, failed = 0;
	if (!s)
		return -1;
	while ((row = sqlite3_step(s)) == SQLITE_ROW) {
		const struct journal_plan_step step = {
			.title = (const char *)sqlite3_column_text(s, 0),
			.number = sqlite3_column_int(s, 1),
		};
		if (step.title)
			each(context, &step);
	}
	if (row != SQLITE_DONE)
		failed = journal_failed(journal, err);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return failed;
}

int journal_plan_steps(struct journal *journal, const char *plan,
		       void (*each)(void *context, const struct journal_plan_step *step),
		       void *context, struct err *err)
{
	return each_step(journal, about(journal, JOURNAL_PLAN_STEPS, plan, err), each, context,
			 err);
}

int journal_cycle_passed(struct journal *journal, int64_t cycle, int most,
			 void (*each)(void *context, const struct journal_plan_step *step),
			 void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_CYCLE_PASSED, err);
	if (s) {
		sqlite3_bind_int64(s, 1, cycle);
		sqlite3_bind_int(s, 2, most);
	}
	return each_step(journal, s, each, context, err);
}

int journal_plan_restart(struct journal *journal, const char *plan, struct err *err)
{
	if (journal_begin(journal, err) != 0)
		return -1;
	const int failed =
		journal_execute(journal, about(journal, JOURNAL_PLAN_RESTART, plan, err), err) !=
			0 ||
		journal_execute(journal, about(journal, JOURNAL_ROUND_UP, plan, err), err) != 0;
	return journal_end(journal, !failed, err);
}

static int set_round(struct journal *journal, const char *plan, int64_t round, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_ROUND_SET, plan, err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 2, round);
	return journal_execute(journal, s, err);
}

static int mark(struct journal *journal, const char *plan, const struct journal_plan_done *done,
		int64_t at, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_PLAN_MARK, plan, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 2, done->title, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, done->cycle);
	sqlite3_bind_int(s, 4, done->step);
	sqlite3_bind_int64(s, 5, at);
	return journal_execute(journal, s, err);
}

int journal_plan_restore(struct journal *journal, const char *plan, int64_t round,
			 const struct journal_plan_done *done, size_t count, int64_t at,
			 struct err *err)
{
	if (journal_begin(journal, err) != 0)
		return -1;
	int failed = journal_execute(journal, about(journal, JOURNAL_PLAN_RESTART, plan, err),
				     err) != 0 ||
		     set_round(journal, plan, round, err) != 0;
	for (size_t i = 0; !failed && i < count; i++)
		failed = mark(journal, plan, &done[i], at, err);
	return journal_end(journal, !failed, err);
}
