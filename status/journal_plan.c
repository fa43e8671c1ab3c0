/* The steps of a plan as they were when it was last worked on. */
#include "status/journal_private.h"

int journal_plan_forget(struct journal *journal, const char *plan, const char *title,
			struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_PLAN_FORGET, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, title, -1, SQLITE_STATIC);
	return journal_execute(journal, s, err);
}

static int drop(struct journal *journal, const char *plan, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_PLAN_STEPS_DROP, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
	return journal_execute(journal, s, err);
}

static int add(struct journal *journal, const char *plan, const struct journal_plan_step *step,
	       struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_PLAN_STEP_ADD, err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
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

int journal_plan_steps(struct journal *journal, const char *plan,
		       void (*each)(void *context, const struct journal_plan_step *step),
		       void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_PLAN_STEPS, err);
	int row = SQLITE_DONE, failed = 0;
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, plan, -1, SQLITE_STATIC);
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
