#include "plugins/opencode_db.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BUSY_MS = 500,
	PATH_SIZE = 4096,
};

/* ?1 is the session, or NULL for all of them. */
#define FAMILY                                                                 \
	"WITH RECURSIVE family(id, main, made, title) AS ("                    \
	" SELECT id, 1, time_created, title FROM session"                      \
	"  WHERE CASE WHEN ?1 IS NULL THEN parent_id IS NULL ELSE id = ?1 END" \
	" UNION SELECT s.id, 0, s.time_created, s.title FROM session s"        \
	"  JOIN family f ON s.parent_id = f.id) "

#define FIELD(path) "json_extract(m.data, '$." path "')"

static const char replies[] = FAMILY "SELECT m.id, m.session_id, " FIELD(
	"modelID") ", f.main, m.time_created,"
		   " " FIELD("summary") " IS 1, " FIELD(
			   "error") " IS NOT NULL,"
				    " " FIELD(
					    "time.completed") " IS NOT NULL,"
							      " " FIELD("tokens.input") ", " FIELD("tokens.output") ", " FIELD(
								      "tokens.reasoning") ","
											  " " FIELD("tokens.cache.read") ", " FIELD(
												  "tokens.cache.write") " FROM family f CROSS JOIN message m ON m.session_id = f.id"
															" WHERE json_valid(m.data) AND " FIELD(
																"role") " = 'assistant'"
																	" ORDER BY m.time_created, m.id";

/* What each step of a reply tells; a reply's own figures may be those of its last step. */
static const char steps[] = FAMILY
	"SELECT m.message_id, m.session_id, '', f.main, m.time_created, 0, 0, 1,"
	" sum(" FIELD("tokens.input") "), sum(" FIELD(
		"tokens.output") "),"
				 " sum(" FIELD("tokens.reasoning") "), sum(" FIELD(
					 "tokens.cache.read") "),"
							      " sum(" FIELD(
								      "tokens.cache."
								      "write") ")"
									       " FROM "
									       "family "
									       "f "
									       "CROSS "
									       "JOIN "
									       "part m "
									       "ON "
									       "m."
									       "session"
									       "_id = "
									       "f.id"
									       " WHERE "
									       "json_"
									       "valid("
									       "m.data)"
									       " AND"
									       " " FIELD(
										       "type") " = "
											       "'st"
											       "ep-"
											       "fin"
											       "ish"
											       "'"
											       " GR"
											       "OUP"
											       " BY"
											       " m."
											       "mes"
											       "sag"
											       "e_"
											       "id "
											       "HAV"
											       "ING"
											       " co"
											       "unt"
											       "(*)"
											       " > "
											       "1";

static const char sessions[] = FAMILY "SELECT count(*) FROM family WHERE main";

static const char prompts[] =
	FAMILY "SELECT count(*) FROM family f CROSS JOIN message m ON m.session_id = f.id"
	       " WHERE f.main AND json_valid(m.data) AND " FIELD("role") " = 'user'";

/* A session that was given no title begins with this one, and gets another by a call. */
#define UNTITLED "'New session - %'"
static const char titled[] = FAMILY
	"SELECT max(f.made) FROM family f WHERE f.main AND (f.title LIKE " UNTITLED
	" OR EXISTS (SELECT 1 FROM event m WHERE m.aggregate_id = f.id AND m.seq = 0"
	"  AND json_valid(m.data) AND " FIELD(
		"info.title") " LIKE " UNTITLED ")"
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

static int tell_replies(sqlite3 *db, const char *sql, const struct opencode_look *look)
{
	sqlite3_stmt *row = prepare(db, sql, look->session);
	int code = row ? SQLITE_ROW : SQLITE_ERROR;
	while (row && (code = sqlite3_step(row)) == SQLITE_ROW) {
		const struct opencode_reply reply = {
			.id = text(row, 0),
			.session = text(row, 1),
			.model = text(row, 2),
			.main = sqlite3_column_int(row, 3) != 0,
			.created = sqlite3_column_int64(row, 4),
			.summary = sqlite3_column_int(row, 5) != 0,
			.failed = sqlite3_column_int(row, 6) != 0,
			.ended = sqlite3_column_int(row, 7) != 0,
			.input = figure(row, 8),
			.output = figure(row, 9),
			.reasoning = figure(row, 10),
			.cache_read = figure(row, 11),
			.cache_write = figure(row, 12),
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
	sqlite3 *db = open_db(path, &stale);
	if (!db)
		return -1;
	int failed = tell_replies(db, replies, look);
	if (failed == 0) {
		stale |= tell_replies(db, steps, look) != 0;
		found->sessions = asked_or(db, sessions, sessions, look->session);
		found->prompts = asked_or(db, prompts, prompts, look->session);
		found->titled_at = asked_or(db, titled, titled_or_not, look->session);
		found->stale = stale;
	}
	sqlite3_close(db);
	return failed;
}
