#include "status/journal_history.h"

#include <sys/stat.h>

#include "status/journal_private.h"

static const char *column(sqlite3_stmt *statement, int at)
{
	return (const char *)sqlite3_column_text(statement, at);
}

static int take_version(void *context, sqlite3_stmt *s)
{
	*(int64_t *)context = sqlite3_column_int64(s, 0);
	return 0;
}

int journal_data_version(struct journal *journal, int64_t *version, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_DATA_VERSION, err);
	return s ? journal_each_row(journal, s, take_version, version, err) : -1;
}

bool journal_stands(const struct journal *journal)
{
	struct stat now;
	return lstat(journal->file, &now) == 0 && now.st_ino == journal->inode;
}

struct ids {
	int64_t move, message;
};

static int take_ids(void *context, sqlite3_stmt *s)
{
	*(struct ids *)context =
		(struct ids){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
	return 0;
}

int journal_newest_ids(struct journal *journal, int64_t *move, int64_t *message, struct err *err)
{
	struct ids ids = {.move = 0};
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_NEWEST_IDS, err);
	if (!s || journal_each_row(journal, s, take_ids, &ids, err) != 0)
		return -1;
	*move = ids.move;
	*message = ids.message;
	return 0;
}

struct moves {
	void (*each)(void *context, const struct journal_past_move *move);
	void *context;
};

static int take_move(void *context, sqlite3_stmt *s)
{
	const struct moves *moves = context;
	const struct journal_past_move move = {
		.id = sqlite3_column_int64(s, 0),
		.cycle = sqlite3_column_int64(s, 1),
		.at = sqlite3_column_int64(s, 2),
		.step = sqlite3_column_int(s, 3),
		.from = column(s, 4),
		.event = column(s, 5),
		.to = column(s, 6),
		.used = journal_column_usage(s, 7),
	};
	if (!move.from || !move.event || !move.to)
		return -1;
	moves->each(moves->context, &move);
	return 0;
}

int journal_moves_after(struct journal *journal, int64_t after, int most,
			void (*each)(void *context, const struct journal_past_move *move),
			void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_MOVES_AFTER, err);
	struct moves moves = {.each = each, .context = context};
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, after);
	sqlite3_bind_int(s, 2, most);
	return journal_each_row(journal, s, take_move, &moves, err);
}

struct cycles {
	void (*each)(void *context, const struct journal_past_cycle *cycle);
	void *context;
};

static int take_cycle(void *context, sqlite3_stmt *s)
{
	const struct cycles *cycles = context;
	const struct journal_past_cycle cycle = {
		.number = sqlite3_column_int64(s, 0),
		.plan = column(s, 1),
		.title = column(s, 2),
		.terms = {.budget = sqlite3_column_int64(s, 3),
			  .threshold = sqlite3_column_int(s, 4)},
		.state = column(s, 5),
		.used = journal_column_usage(s, 6),
		.started_at = sqlite3_column_int64(s, 7),
		.ended_at = sqlite3_column_int64(s, 8),
		.cause = column(s, 9),
		.reason = column(s, 10),
		.steps = sqlite3_column_int64(s, 11),
		.ok = sqlite3_column_int64(s, 12),
	};
	if (!cycle.plan || !cycle.title || !cycle.state)
		return -1;
	cycles->each(cycles->context, &cycle);
	return 0;
}

int journal_cycles(struct journal *journal, const struct journal_filter *filter,
		   void (*each)(void *context, const struct journal_past_cycle *cycle),
		   void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_CYCLES, err);
	struct cycles cycles = {.each = each, .context = context};
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, filter->before ? filter->before : INT64_MAX);
	sqlite3_bind_int64(s, 2, filter->since);
	sqlite3_bind_int64(s, 3, filter->until ? filter->until : INT64_MAX);
	sqlite3_bind_text(s, 4, filter->plan, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, filter->cause, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 6, filter->most);
	return journal_each_row(journal, s, take_cycle, &cycles, err);
}

struct causes {
	void (*each)(void *context, const char *cause, int64_t cycles, int64_t last);
	void *context;
};

static int take_cause(void *context, sqlite3_stmt *s)
{
	const struct causes *causes = context;
	const char *cause = column(s, 0);
	if (!cause)
		return -1;
	causes->each(causes->context, cause, sqlite3_column_int64(s, 1),
		     sqlite3_column_int64(s, 2));
	return 0;
}

int journal_causes(struct journal *journal,
		   void (*each)(void *context, const char *cause, int64_t cycles, int64_t last),
		   void *context, struct err *err)
{
	sqlite3_stmt *s = journal_prepare(journal, JOURNAL_CAUSES, err);
	struct causes causes = {.each = each, .context = context};
	return s ? journal_each_row(journal, s, take_cause, &causes, err) : -1;
}
