/* What the journal's files share. Nobody else includes this. */
#ifndef STATUS_JOURNAL_PRIVATE_H
#define STATUS_JOURNAL_PRIVATE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "status/journal.h"
#include "status/journal_index.h"

/* Every statement is prepared once, when it is first needed. One list, so that a name can't drift.
 */
#define JOURNAL_STATEMENTS(X)                                                                      \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                \
	X(COMMIT, "COMMIT")                                                                        \
	X(ROLLBACK, "ROLLBACK")                                                                    \
	X(MOVE, "INSERT INTO move(cycle, at, state, event, next, step, used) "                     \
		"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                              \
	X(CYCLE_BEGIN, "INSERT INTO cycle(number, plan, title, budget, threshold, state, step, "   \
		       "used, started_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7)")               \
	X(CYCLE_MOVE, "UPDATE cycle SET state = ?2, step = ?3, used = ?4 WHERE number = ?1")       \
	X(CYCLE_CLOSE,                                                                             \
	  "UPDATE cycle SET ended_at = ?2, cause = ?3, reason = ?4 WHERE number = ?1")             \
	X(STEP_START, "INSERT INTO step(cycle, step, attempt, title, started_at) "                 \
		      "VALUES(?1, ?2, ?3, ?4, ?5)")                                                \
	X(STEP_END, "UPDATE step SET how = ?2, own = ?3, used = ?4, estimated = ?5, why = ?6, "    \
		    "ended_at = ?7, title = coalesce(?8, title) WHERE id = (SELECT max(id) FROM "  \
		    "step WHERE cycle = ?1)")                                                      \
	X(STEP_AGENT, "UPDATE step SET agent = ?2, session = ?3, failure = ?4, resets_at = ?5 "    \
		      "WHERE id = (SELECT max(id) FROM step WHERE cycle = ?1)")                    \
	X(AGENT_SESSION,                                                                           \
	  "SELECT CASE WHEN step.failure = 'context_full' THEN NULL ELSE step.session END "        \
	  "FROM step JOIN cycle ON cycle.number = step.cycle WHERE cycle.plan = ?1 AND "           \
	  "step.agent = ?2 AND step.cycle >= ?3 AND step.session IS NOT NULL "                     \
	  "ORDER BY step.id DESC LIMIT 1")                                                         \
	X(STEP_SAVE, "UPDATE step SET result = ?2, git_commit = ?3, ref = ?4, upstream = ?5, "     \
		     "receipt_why = ?6, way = ?7, held = ?8 WHERE id = (SELECT max(id) FROM step " \
		     "WHERE cycle = ?1)")                                                          \
	X(STEP_TELL, "UPDATE step SET ok = ?2, action = ?3 WHERE id = "                            \
		     "(SELECT max(id) FROM step WHERE cycle = ?1)")                                \
	X(DEALT_WITH, "INSERT OR REPLACE INTO plan_done(plan, title, cycle, step, at) "            \
		      "SELECT cycle.plan, step.title, step.cycle, step.step, ?2 FROM step "        \
		      "JOIN cycle ON cycle.number = step.cycle WHERE step.id = "                   \
		      "(SELECT max(id) FROM step WHERE cycle = ?1)")                               \
	X(MESSAGE, "INSERT INTO message(cycle, at, kind, text) VALUES(?1, ?2, ?3, ?4)")            \
	X(LAST_CYCLE,                                                                              \
	  "SELECT c.number, c.plan, c.title, c.budget, c.threshold, c.state, c.step, c.used, "     \
	  "c.started_at, c.ended_at, c.reason, s.title, s.attempt, s.estimated, s.how, s.result, " \
	  "s.git_commit, s.ref, s.upstream, s.receipt_why, c.finished, c.cause, s.own, "           \
	  "s.process, "                                                                            \
	  "c.repository, s.failure, s.resets_at, s.held "                                          \
	  "FROM cycle c LEFT JOIN step s ON s.id "                                                 \
	  "= (SELECT max(id) FROM step WHERE cycle = c.number) ORDER BY c.number DESC LIMIT 1")    \
	X(ATTEMPTS, "SELECT max(attempt) FROM step WHERE cycle = ?1 AND step = ?2")                \
	X(PLAN_DONE, "SELECT title FROM plan_done WHERE plan = ?1")                                \
	X(PLAN_PASSED, "SELECT title FROM plan_done p WHERE plan = ?1 AND EXISTS (SELECT 1 FROM "  \
		       "step s WHERE s.cycle = p.cycle AND s.step = p.step GROUP BY s.step "       \
		       "HAVING sum(s.how = 'DONE') = 0)")                                          \
	X(CYCLE_PASSED,                                                                            \
	  "SELECT title, step FROM plan_done p WHERE cycle = ?1 AND EXISTS (SELECT 1 FROM "        \
	  "step s WHERE s.cycle = p.cycle AND s.step = p.step GROUP BY s.step "                    \
	  "HAVING sum(s.how = 'DONE') = 0) ORDER BY step DESC LIMIT ?2")                           \
	X(PLAN_MARK, "INSERT OR REPLACE INTO plan_done(plan, title, cycle, step, at) "             \
		     "VALUES(?1, ?2, ?3, ?4, ?5)")                                                 \
	X(PLAN_FORGET, "DELETE FROM plan_done WHERE plan = ?1 AND title = ?2")                     \
	X(PLAN_STEPS, "SELECT title, number FROM plan_step WHERE plan = ?1 ORDER BY number")       \
	X(PLAN_STEP_ADD,                                                                           \
	  "INSERT OR REPLACE INTO plan_step(plan, number, title) VALUES(?1, ?2, ?3)")              \
	X(PLAN_STEPS_DROP, "DELETE FROM plan_step WHERE plan = ?1")                                \
	X(PLAN_RESTART, "DELETE FROM plan_done WHERE plan = ?1")                                   \
	X(ROUND_UP, "INSERT INTO plan_round(plan, round) VALUES(?1, 2) "                           \
		    "ON CONFLICT(plan) DO UPDATE SET round = round + 1")                           \
	X(ROUND_SET, "INSERT OR REPLACE INTO plan_round(plan, round) VALUES(?1, ?2)")              \
	X(ROUND, "SELECT round FROM plan_round WHERE plan = ?1")                                   \
	X(SAMPLE,                                                                                  \
	  "UPDATE step SET own = ?2 WHERE id = (SELECT max(id) FROM step WHERE cycle = ?1)")       \
	X(PROCESS,                                                                                 \
	  "UPDATE step SET process = ?2 WHERE id = (SELECT max(id) FROM step WHERE cycle = ?1)")   \
	X(FINISHED, "UPDATE cycle SET finished = 1 WHERE number = ?1")                             \
	X(REPOSITORY, "UPDATE cycle SET repository = ?2 WHERE number = ?1")                        \
	X(OUTBOX_ADD, "INSERT INTO outbox(cycle, at, reporter, line, key) "                        \
		      "VALUES(?1, 1000000 * CAST(strftime('%s', 'now') AS INTEGER), ?2, ?3, "      \
		      "lower(hex(randomblob(16))))")                                               \
	X(OUTBOX_REMOVE, "DELETE FROM outbox WHERE id = ?1")                                       \
	X(OUTBOX, "SELECT id, reporter, line, key, at FROM outbox ORDER BY id")                    \
	X(LARGEST, "SELECT max(step.own) FROM step JOIN cycle ON cycle.number = step.cycle "       \
		   "WHERE cycle.plan = ?1 AND step.estimated = 0 AND step.how IS NOT NULL")        \
	X(STEPS,                                                                                   \
	  "SELECT cycle, step, attempt, title, started_at, ended_at, how, why, own, used, "        \
	  "estimated, ok, action, result, git_commit, ref, upstream, receipt_why, way, id, "       \
	  "failure, held "                                                                         \
	  "FROM step "                                                                             \
	  "ORDER BY cycle DESC, id")                                                               \
	X(STEPS_OF,                                                                                \
	  "SELECT cycle, step, attempt, title, started_at, ended_at, how, why, own, used, "        \
	  "estimated, ok, action, result, git_commit, ref, upstream, receipt_why, way, id, "       \
	  "failure, held "                                                                         \
	  "FROM step "                                                                             \
	  "WHERE cycle = ?1 ORDER BY id")                                                          \
	X(STEPS_AFTER,                                                                             \
	  "SELECT cycle, step, attempt, title, started_at, ended_at, how, why, own, used, "        \
	  "estimated, ok, action, result, git_commit, ref, upstream, receipt_why, way, id, "       \
	  "failure, held FROM step "                                                               \
	  "WHERE id > ?1 ORDER BY id LIMIT ?2")                                                    \
	X(MESSAGES, "SELECT * FROM (SELECT id, cycle, at, kind, text FROM message "                \
		    "ORDER BY id DESC LIMIT ?1) ORDER BY id")                                      \
	X(MESSAGES_OF, "SELECT * FROM (SELECT id, cycle, at, kind, text FROM message "             \
		       "WHERE cycle = ?2 ORDER BY id DESC LIMIT ?1) ORDER BY id")                  \
	X(MESSAGES_AFTER, "SELECT id, cycle, at, kind, text FROM message WHERE id > ?1 "           \
			  "ORDER BY id LIMIT ?2")                                                  \
	X(MOVES_AFTER, "SELECT id, cycle, at, step, state, event, next, used FROM move "           \
		       "WHERE id > ?1 ORDER BY id LIMIT ?2")                                       \
	X(NEWEST_IDS, "SELECT (SELECT coalesce(max(id), 0) FROM move), "                           \
		      "(SELECT coalesce(max(id), 0) FROM message)")                                \
	X(DATA_VERSION, "PRAGMA data_version")                                                     \
	X(CAUSES, "SELECT cause, count(*), max(ended_at) FROM cycle WHERE cause IS NOT NULL "      \
		  "GROUP BY cause")                                                                \
	X(CYCLES, "SELECT number, plan, title, budget, threshold, state, used, started_at, "       \
		  "ended_at, cause, reason, (SELECT count(*) FROM step WHERE cycle = number), "    \
		  "(SELECT count(*) FROM step WHERE cycle = number AND ok) FROM cycle "            \
		  "WHERE number < ?1 AND started_at >= ?2 AND started_at <= ?3 "                   \
		  "AND (?4 IS NULL OR plan = ?4) AND (?5 IS NULL OR cause = ?5) "                  \
		  "ORDER BY number DESC LIMIT ?6")

enum journal_statement {
#define X(name, sql) JOURNAL_##name,
	JOURNAL_STATEMENTS(X)
#undef X
		JOURNAL_NSTATEMENTS
};

struct journal {
	sqlite3 *db;
	char *path;  /* as it is named in messages */
	char *file;  /* the same without symbolic links above the repository's folder */
	ino_t inode; /* of the file that was opened */
	ino_t log;   /* of the log that was opened with it; 0: not known */
	struct journal_index index;
	bool damaged;           /* the database said so */
	bool notes;             /* … and that is noted beside it, for who opens it next */
	bool unsynced;          /* a sync failed: it is not written any more */
	struct err log_failure; /* … of the log's way into the database, once it was long enough */
	/* The SAVED or UNSAVED that waits in an open transaction for its TOLD: where that could not
	 * be kept both are rolled back, and a TOLD that is tried again brings it along. cycle 0:
	 * none. */
	struct cycle_move saved;
	struct receipt_facts saved_facts;
	int64_t saved_at;
	sqlite3_stmt *statements[JOURNAL_NSTATEMENTS];
};

/* A statement made ready to be bound; NULL and *err. */
sqlite3_stmt *journal_prepare(struct journal *journal, enum journal_statement which,
			      struct err *err);

/* Steps it to its end, as one that gives no row, and makes it ready again. 0, or -1 and *err. */
int journal_execute(struct journal *journal, sqlite3_stmt *statement, struct err *err);

/* A transaction: begun, and ended by keeping what was done in it or, where it went wrong, nothing
 * (-1; *err is then as it was). 0, or -1 and *err. */
int journal_begin(struct journal *journal, struct err *err);
int journal_end(struct journal *journal, bool well, struct err *err);

/* Steps through all rows and makes it ready again; `take` gives -1 when memory is short. 0, or -1
 * and *err. */
int journal_each_row(struct journal *journal, sqlite3_stmt *statement,
		     int (*take)(void *context, sqlite3_stmt *statement), void *context,
		     struct err *err);
/* A column's usage: unknown where it is NULL. */
struct usage journal_column_usage(sqlite3_stmt *statement, int at);

/* Runs some SQL. 0, or -1 and *err. */
int journal_run(struct journal *journal, const char *sql, struct err *err);

/* -1 with the words of the database's last error; ERR_DAMAGED where it says so. */
int journal_failed(struct journal *journal, struct err *err);

/* The schema's version; 0 of a database with none. 0, or -1 and *err, also where it is newer than
 * this program's. */
int journal_version(struct journal *journal, int *version, struct err *err);

/* 1 where its schema is this program's, 0 where it has none, -1 and *err for any other. */
int journal_readable(struct journal *journal, struct err *err);

/* Brings the schema up to date, in one transaction. 0, or -1 and *err. */
int journal_migrate(struct journal *journal, struct err *err);

#endif
