#include "status/journal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/file.h"
#include "status/journal_private.h"

#define BUSY_MS 10000

static bool is_damaged(const struct journal *journal)
{
	const int code = sqlite3_errcode(journal->db) & 0xff;
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

int journal_failed(struct journal *journal, struct err *err)
{
	return err_set(err, is_damaged(journal) ? ERR_DAMAGED : ERR_SYSTEM, "%s: %s", journal->path,
		       sqlite3_errmsg(journal->db));
}

sqlite3_stmt *journal_prepare(struct journal *journal, enum journal_statement which,
			      struct err *err)
{
	static const char *const sql[] = {
#define X(name, text) [JOURNAL_##name] = (text),
		JOURNAL_STATEMENTS(X)
#undef X
	};
	sqlite3_stmt **kept = &journal->statements[which];
	if (!*kept && sqlite3_prepare_v3(journal->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					 kept, NULL) != SQLITE_OK) {
		journal_failed(journal, err);
		return NULL;
	}
	return *kept;
}

int journal_execute(struct journal *journal, sqlite3_stmt *statement, struct err *err)
{
	int failed = 0;
	if (!statement)
		return -1;
	if (sqlite3_step(statement) != SQLITE_DONE)
		failed = journal_failed(journal, err);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return failed;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	for (int i = 0; i < JOURNAL_NSTATEMENTS; i++)
		sqlite3_finalize(journal->statements[i]);
	sqlite3_close(journal->db);
	free(journal->path);
	free(journal);
}

/* A symlink would lead elsewhere; a FIFO would block. */
static int refuse_odd(const char *path, struct err *err)
{
	struct stat now;
	if (lstat(path, &now) == 0 && !S_ISREG(now.st_mode))
		return err_set(err, ERR_DAMAGED, "%s: not a regular file: refused", path);
	return 0;
}

static struct journal *new_journal(const char *folder, struct err *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (!journal || asprintf(&journal->path, "%s/%s", folder, JOURNAL_PATH) < 0) {
		free(journal);
		err_set(err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	return journal;
}

static int connect(struct journal *journal, int flags, struct err *err)
{
	if (sqlite3_open_v2(journal->path, &journal->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) !=
	    SQLITE_OK) {
		if (!journal->db)
			return err_set(err, ERR_INTERNAL, "out of memory");
		return journal_failed(journal, err);
	}
	sqlite3_busy_timeout(journal->db, BUSY_MS);
	return 0;
}

static int open_once(struct journal *journal, struct err *err)
{
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				       "PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;";
	if (connect(journal, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) != 0)
		return -1;
	if (sqlite3_exec(journal->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return journal_failed(journal, err);
	return journal_migrate(journal, err);
}

/* A damaged database is kept, with the files that belong to it, and gone from its place. Those go
 * first: a log that is left behind would be written into the new one. */
static int set_aside(const struct journal *journal, const struct err *why, char **notice,
		     struct err *err)
{
	static const char *const companions[] = {"-wal", "-shm", NULL};
	char aside[PATH_MAX];
	if (file_set_aside(journal->path, companions, aside, sizeof(aside), err) != 0)
		return -1;
	if (notice && asprintf(notice, "%s: it is kept as %s, and a new journal is begun",
			       why->text, aside) < 0)
		*notice = NULL;
	return 0;
}

int journal_open(const char *folder, struct journal **journal, char **notice, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	struct journal *made = new_journal(folder, err);
	if (!made)
		return -1;
	if (refuse_odd(made->path, err) != 0) {
		journal_close(made);
		return -1;
	}
	int failed = open_once(made, &why);
	if (failed && is_damaged(made)) {
		sqlite3_close(made->db);
		made->db = NULL;
		if (set_aside(made, &why, notice, err) != 0) {
			journal_close(made);
			return -1;
		}
		failed = open_once(made, &why);
	}
	if (failed) {
		if (err)
			*err = why;
		journal_close(made);
		return -1;
	}
	*journal = made;
	return 0;
}

int journal_open_read(const char *folder, struct journal **journal, struct err *err)
{
	struct journal *made = new_journal(folder, err);
	if (!made)
		return -1;
	if (access(made->path, F_OK) != 0) {
		journal_close(made);
		return 0;
	}
	if (refuse_odd(made->path, err) != 0 || connect(made, SQLITE_OPEN_READONLY, err) != 0) {
		journal_close(made);
		return -1;
	}
	*journal = made;
	return 1;
}
