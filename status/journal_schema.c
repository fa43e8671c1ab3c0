/* The tables, and how an older database becomes one of today. Versions only go up: each entry of
 * the list is what brings the version before it here, and none is ever changed once it is out. */
#include <stdio.h>

#include "status/journal_private.h"

/* A message's cycle may be 0, which is none; unknown usage is NULL. */
static const char *const steps_up[] = {
	"CREATE TABLE cycle("
	"  number INTEGER PRIMARY KEY CHECK(number >= 1),"
	"  plan TEXT NOT NULL, title TEXT NOT NULL,"
	"  budget INTEGER NOT NULL CHECK(budget >= 1), threshold INTEGER NOT NULL,"
	"  state TEXT NOT NULL, step INTEGER NOT NULL CHECK(step >= 0),"
	"  used INTEGER CHECK(used >= 0),"
	"  started_at INTEGER NOT NULL, ended_at INTEGER, cause TEXT, reason TEXT);"
	"CREATE TABLE step("
	"  id INTEGER PRIMARY KEY, cycle INTEGER NOT NULL REFERENCES cycle(number),"
	"  step INTEGER NOT NULL CHECK(step >= 1), attempt INTEGER NOT NULL CHECK(attempt >= 1),"
	"  title TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,"
	"  how TEXT, why TEXT, own INTEGER CHECK(own >= 0), used INTEGER CHECK(used >= 0),"
	"  estimated INTEGER NOT NULL DEFAULT 0, ok INTEGER NOT NULL DEFAULT 0, action TEXT,"
	"  result TEXT, git_commit TEXT, ref TEXT, upstream TEXT, receipt_why TEXT,"
	"  UNIQUE(cycle, step, attempt));"
	"CREATE TABLE move("
	"  id INTEGER PRIMARY KEY, cycle INTEGER NOT NULL REFERENCES cycle(number),"
	"  at INTEGER NOT NULL, state TEXT NOT NULL, event TEXT NOT NULL, next TEXT NOT NULL,"
	"  step INTEGER NOT NULL, used INTEGER);"
	"CREATE INDEX move_cycle ON move(cycle);"
	"CREATE TABLE message("
	"  id INTEGER PRIMARY KEY, cycle INTEGER NOT NULL, at INTEGER NOT NULL,"
	"  kind TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE INDEX message_cycle ON message(cycle);"
	"CREATE TABLE plan_done("
	"  plan TEXT NOT NULL, title TEXT NOT NULL, cycle INTEGER NOT NULL,"
	"  step INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(plan, title)) WITHOUT ROWID;",

	/* What recovery needs: the worker's process, whether the closing words were all said, which
	 * reports are still to be delivered; and the rounds of a plan. */
	"ALTER TABLE step ADD COLUMN process TEXT;"
	"ALTER TABLE cycle ADD COLUMN finished INTEGER NOT NULL DEFAULT 0;"
	"UPDATE cycle SET finished = 1 WHERE state = 'CLOSED';"
	"CREATE TABLE outbox("
	"  id INTEGER PRIMARY KEY, cycle INTEGER NOT NULL, reporter TEXT NOT NULL,"
	"  line TEXT NOT NULL);"
	"CREATE TABLE plan_round(plan TEXT PRIMARY KEY, round INTEGER NOT NULL) WITHOUT ROWID;",

	/* The steps of a plan as its last cycle had them, with the numbers that they had in it. */
	"CREATE TABLE plan_step("
	"  plan TEXT NOT NULL, number INTEGER NOT NULL CHECK(number >= 1), title TEXT NOT NULL,"
	"  PRIMARY KEY(plan, number)) WITHOUT ROWID;",

	/* Who made a commit; and how the repository was when the cycle began. */
	"ALTER TABLE step ADD COLUMN way TEXT;"
	"ALTER TABLE cycle ADD COLUMN repository TEXT;",

	/* A report is tried until it arrives, under one key; an id is never used twice, so that an
	 * answer that comes late is taken for no other's. */
	"ALTER TABLE outbox RENAME TO outbox_before;"
	"CREATE TABLE outbox("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, cycle INTEGER NOT NULL, at INTEGER NOT NULL,"
	"  reporter TEXT NOT NULL, line TEXT NOT NULL, key TEXT NOT NULL);"
	"INSERT INTO outbox(cycle, at, reporter, line, key) SELECT cycle,"
	"  1000000 * CAST(strftime('%s', 'now') AS INTEGER), reporter, line,"
	"  lower(hex(randomblob(16))) FROM outbox_before ORDER BY id;"
	"DROP TABLE outbox_before;",

	/* Which agent did a step and in which session of its own; why it failed, typed; and when
	 * its limit ends, in seconds since 1970. */
	"ALTER TABLE step ADD COLUMN agent TEXT;"
	"ALTER TABLE step ADD COLUMN session TEXT;"
	"ALTER TABLE step ADD COLUMN failure TEXT;"
	"ALTER TABLE step ADD COLUMN resets_at INTEGER;",

	/* What was held back from a step's commit as likely secrets. */
	"ALTER TABLE step ADD COLUMN held TEXT;",
};

enum {
	NEWEST = sizeof(steps_up) / sizeof(steps_up[0]),
};

int journal_version(struct journal *journal, int *version, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(journal->db, "PRAGMA user_version", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW) {
		const int failed = journal_failed(journal, err);
		sqlite3_finalize(statement);
		return failed;
	}
	const int there = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	if (there > NEWEST)
		return err_set(err, ERR_DAMAGED,
			       "%s: written by a newer stepgate (schema %d; this one knows %d): "
			       "use that one",
			       journal->path, there, NEWEST);
	*version = there;
	return 0;
}

int journal_readable(struct journal *journal, struct err *err)
{
	int version = 0;
	if (journal_version(journal, &version, err) != 0)
		return -1;
	if (version == 0 || version == NEWEST)
		return version == NEWEST;
	return err_set(err, ERR_REFUSED,
		       "%s: written by an older stepgate (schema %d; this one reads %d): the next "
		       "run brings it up to date",
		       journal->path, version, NEWEST);
}

static int climb(struct journal *journal, struct err *err)
{
	char set[64];
	int version = 0;
	/* Read again under the write lock: another process may have been faster. */
	if (journal_version(journal, &version, err) != 0)
		return -1;
	for (; version < NEWEST; version++)
		if (journal_run(journal, steps_up[version], err) != 0)
			return -1;
	snprintf(set, sizeof(set), "PRAGMA user_version = %d", version);
	return journal_run(journal, set, err);
}

int journal_migrate(struct journal *journal, struct err *err)
{
	int version = 0;
	if (journal_version(journal, &version, err) != 0)
		return -1;
	if (version == NEWEST)
		return 0;
	if (journal_run(journal, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (climb(journal, err) == 0 && journal_run(journal, "COMMIT", err) == 0)
		return 0;
	sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}
