#include "plugins/opencode_db.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/scan.h"

enum {
	BUSY_MS = 500,
	PATH_SIZE = 4096,
};

/* ?1 is the session, or NULL for all of them: those that are no sub-agents' come first. */
#define FAMILY                                                                 \
	"WITH RECURSIVE family(id, main, made, title) AS ("                    \
	" SELECT id, 1, time_created, title FROM session"                      \
	"  WHERE CASE WHEN ?1 IS NULL THEN parent_id IS NULL ELSE id = ?1 END" \
	" UNION SELECT s.id, 0, s.time_created, s.title FROM session s"        \
	"  JOIN family f ON s.parent_id = f.id) "

static const char family[] = FAMILY "SELECT id, main FROM family";

/* Of one session. What is in `data` is read by our own scanner: SQLite's functions look for each
 * value anew, which takes longer than all the rest. */
static const char messages[] = "SELECT id, time_created, data FROM message"
			       " WHERE session_id = ?1 ORDER BY time_created, id";

/* What each step of a reply tells; a reply's own figures may be those of its last step. Most have
 * one step alone, so that nothing in them is looked for. */
static const char steps[] =
	FAMILY ", several(id, main) AS (SELECT m.message_id, f.main FROM family f CROSS JOIN part m"
	       "  ON m.session_id = f.id WHERE instr(m.data, 'step-finish')"
	       "  GROUP BY m.message_id HAVING count(*) > 1)"
	       " SELECT m.message_id, min(m.time_created), several.main,"
	       "  sum(json_extract(m.data, '$.tokens.input')),"
	       "  sum(json_extract(m.data, '$.tokens.output')),"
	       "  sum(json_extract(m.data, '$.tokens.reasoning')),"
	       "  sum(json_extract(m.data, '$.tokens.cache.read')),"
	       "  sum(json_extract(m.data, '$.tokens.cache.write'))"
	       " FROM several CROSS JOIN part m ON m.message_id = several.id"
	       " WHERE json_valid(m.data) AND json_extract(m.data, '$.type') = 'step-finish'"
	       " GROUP BY m.message_id HAVING count(*) > 1";

static const char sessions[] = FAMILY "SELECT count(*) FROM family WHERE main";

/* A session that was given no title begins with this one, and gets another by a call. */
#define UNTITLED "'New session - %'"
static const char titled[] = FAMILY
	"SELECT max(f.made) FROM family f WHERE f.main AND (f.title LIKE " UNTITLED
	" OR EXISTS (SELECT 1 FROM event m WHERE m.aggregate_id = f.id AND m.seq = 0"
	"  AND json_valid(m.data) AND json_extract(m.data, '$.info.title') LIKE " UNTITLED ")"
	" OR NOT EXISTS (SELECT 1 FROM event m WHERE m.aggregate_id = f.id))";
/* The same where events are not kept: each title may have been made so. */
static const char titled_or_not[] = FAMILY "SELECT max(made) FROM family WHERE main";

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, const char *session)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	if (session)
		sqlite3_bind_text(statement, 1, session, -1, SQLITE_STATIC);
	return statement;
}

static struct usage figure(sqlite3_stmt *statement, int column)
{
	const int type = sqlite3_column_type(statement, column);
	if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
		return USAGE_UNKNOWN;
	const int64_t value = sqlite3_column_int64(statement, column);
	return USAGE_KNOWN(value > 0 ? value : 0);
}

static const char *text(sqlite3_stmt *statement, int column)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);
	return value ? value : "";
}

enum path { ROLE, MODEL, SUMMARY, ERROR, COMPLETED, IN, OUT, REASONING, READ, WRITTEN, NPATHS };

static const char *const paths[NPATHS] = {
	[ROLE] = "role",
	[MODEL] = "modelID",
	[SUMMARY] = "summary",
	[ERROR] = "error",
	[COMPLETED] = "time.completed",
	[IN] = "tokens.input",
	[OUT] = "tokens.output",
	[REASONING] = "tokens.reasoning",
	[READ] = "tokens.cache.read",
	[WRITTEN] = "tokens.cache.write",
};

/* The messages of a family, one after another. */
struct reader {
	const struct opencode_look *look;
	struct opencode_found *found;
	struct scan *scan;
	const char *id, *session; /* of the message under way */
	int64_t created;
	bool main;
};

static void on_message(void *context)
{
	struct reader *reader = context;
	const struct scan *scan = reader->scan;
	struct scan_value error;
	reader->found->prompts += reader->main && scan_is(scan, ROLE, "user");
	if (!scan_is(scan, ROLE, "assistant"))
		return;
	const struct opencode_reply reply = {
		.id = reader->id,
		.session = reader->session,
		.model = scan_text(scan, MODEL),
		.main = reader->main,
		.created = reader->created,
		.summary = scan_true(scan, SUMMARY),
		.failed = scan_get(scan, ERROR, &error) != SCAN_ABSENT,
		.ended = scan_number(scan, COMPLETED).known,
		.input = scan_number(scan, IN),
		.output = scan_number(scan, OUT),
		.reasoning = scan_number(scan, REASONING),
		.cache_read = scan_number(scan, READ),
		.cache_write = scan_number(scan, WRITTEN),
	};
	reader->look->reply(reader->look->context, &reply);
}

static const struct scan_spec spec = {.paths = paths, .npaths = NPATHS, .record = on_message};

/* 0 once all rows are read. */
static int read_session(sqlite3 *db, struct reader *reader)
{
	sqlite3_stmt *row = prepare(db, messages, reader->session);
	int code = row ? SQLITE_ROW : SQLITE_ERROR;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW) {
		reader->id = text(row, 0);
		reader->created = sqlite3_column_int64(row, 1);
		const char *data = text(row, 2);
		scan_feed(reader->scan, data, (size_t)sqlite3_column_bytes(row, 2));
		scan_end(reader->scan);
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : -1;
}

static int read_family(sqlite3 *db, struct reader *reader)
{
	sqlite3_stmt *row = prepare(db, family, reader->look->session);
	int code = row ? SQLITE_ROW : SQLITE_ERROR;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW) {
		reader->session = text(row, 0);
		reader->main = sqlite3_column_int(row, 1) != 0;
		if (read_session(db, reader) != 0)
			break;
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : -1;
}

static int read_steps(sqlite3 *db, const struct opencode_look *look)
{
	sqlite3_stmt *row = prepare(db, steps, look->session);
	int code = row ? SQLITE_ROW : SQLITE_ERROR;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW) {
		const struct opencode_reply reply = {
			.id = text(row, 0),
			.session = "",
			.model = "",
			.created = sqlite3_column_int64(row, 1),
			.main = sqlite3_column_int(row, 2) != 0,
			.steps = true,
			.ended = true,
			.input = figure(row, 3),
			.output = figure(row, 4),
			.reasoning = figure(row, 5),
			.cache_read = figure(row, 6),
			.cache_write = figure(row, 7),
		};
		look->reply(look->context, &reply);
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : -1;
}

/* The one number that a query gives, in *number. */
static int ask(sqlite3 *db, const char *sql, const char *session, int64_t *number)
{
	sqlite3_stmt *row = prepare(db, sql, session);
	const int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return code == SQLITE_ROW ? 0 : -1;
}

/* "file:PATH?OPTIONS", with what a URI does not take escaped (RFC 3986). */
static bool uri_of(const char *path, const char *options, char *out, size_t size)
{
	size_t length = (size_t)snprintf(out, size, "file:");
	for (; *path && length + 4 < size; path++) {
		if (isalnum((unsigned char)*path) || strchr("/._-~", *path))
			out[length++] = *path;
		else
			length += (size_t)snprintf(out + length, size - length, "%%%02X",
						   (unsigned char)*path);
	}
	const int rest = snprintf(out + length, size - length, "?%s", options);
	return !*path && rest > 0 && (size_t)rest < size - length;
}

static sqlite3 *open_with(const char *path, const char *options)
{
	char uri[3 * PATH_SIZE];
	sqlite3 *db = NULL;
	int64_t tables = 0;
	if (!uri_of(path, options, uri, sizeof(uri)))
		return NULL;
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		if (ask(db, "SELECT count(*) FROM sqlite_master", NULL, &tables) == 0)
			return db;
	}
	sqlite3_close(db);
	return NULL;
}

static bool has_log(const char *path)
{
	char log[PATH_SIZE + 8];
	struct stat stat_of;
	return snprintf(log, sizeof(log), "%s-wal", path) < (int)sizeof(log) &&
	       stat(log, &stat_of) == 0 && stat_of.st_size > 0;
}

/* A log of what was last written can't always be read without writing beside it: then the database
 * is read as it stands. */
static sqlite3 *open_db(const char *path, bool *stale)
{
	struct stat stat_of;
	if (stat(path, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
		return NULL;
	sqlite3 *db = open_with(path, "mode=ro");
	if (db)
		return db;
	*stale = has_log(path);
	return open_with(path, "mode=ro&immutable=1");
}

static int64_t asked_or(sqlite3 *db, const char *sql, const char *otherwise, const char *session)
{
	int64_t number = 0;
	if (ask(db, sql, session, &number) != 0)
		ask(db, otherwise, session, &number);
	return number;
}

int opencode_db_read(const char *path, const struct opencode_look *look,
		     struct opencode_found *found)
{
	bool stale = false;
	struct opencode_found made = {.sessions = 0};
	struct reader reader = {.look = look, .found = &made};
	sqlite3 *db = open_db(path, &stale);
	reader.scan = db ? scan_new(&spec, &reader) : NULL;
	int failed = reader.scan ? read_family(db, &reader) : -1;
	if (!failed) {
		stale |= scan_broken(reader.scan) > 0 || read_steps(db, look) != 0;
		made.sessions = asked_or(db, sessions, sessions, look->session);
		made.titled_at = asked_or(db, titled, titled_or_not, look->session);
		made.stale = stale;
		*found = made;
	}
	scan_free(reader.scan);
	sqlite3_close(db);
	return failed;
}
