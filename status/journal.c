#include "status/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/clock.h"
#include "status/file.h"
#include "status/journal_private.h"

#define BUSY_MS       10000
#define BUSY_PAUSE_MS 5
#define LOG_PAGES     1000 /* the log goes into the database when it has so many */
#define LOG           "-wal"
#define INDEX         "-shm"
#define SUSPECT       "-suspect" /* the file beside the database that says: look at all of it */

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* A failed sync is final: the kernel may have dropped the pages, so that the next one would say yes
 * to nothing. So nothing is written any more that would need one, not at the end either. */
static void stop_writing(struct journal *journal)
{
	journal->unsynced = true;
	sqlite3_exec(journal->db, "PRAGMA query_only = 1", NULL, NULL, NULL);
}

/* Damage that is met after the opening, whose look is a quick one: the next opening is to look at
 * all of it. */
static void note_damage(const struct journal *journal)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s" SUSPECT, journal->file);
	const int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

int journal_failed(struct journal *journal, struct err *err)
{
	const int code = sqlite3_errcode(journal->db) & 0xff;
	const bool outside = code == SQLITE_CANTOPEN || code == SQLITE_IOERR;
	const int error = outside ? sqlite3_system_errno(journal->db) : 0;
	if (code == SQLITE_NOMEM)
		return out_of_memory(err);
	/* Our statements are fixed: an error in one is a table that is not as it should be. */
	const bool damaged =
		code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
	const bool unsynced = sqlite3_extended_errcode(journal->db) == SQLITE_IOERR_FSYNC;
	journal->damaged |= damaged;
	if (journal->notes && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB))
		note_damage(journal);
	const int failed = err_set(err, damaged ? ERR_DAMAGED : ERR_SYSTEM, "%s: %s%s%s",
				   journal->path, sqlite3_errmsg(journal->db), error ? ": " : "",
				   error ? strerror(error) : "");
	if (unsynced)
		stop_writing(journal);
	return failed;
}

/* Brings the log into the database. It stays where that fails. */
static int empty_log(struct journal *journal, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	const int code =
		sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (code == SQLITE_OK || code == SQLITE_BUSY)
		return 0;
	journal_failed(journal, &why);
	return err_set(err, why.code,
		       "%s: all that happened is in its log, and the next run has it", why.text);
}

/* In the place of SQLite's own, which goes on after a failed sync and tells nobody. What it returns
 * would be taken for an error of the statement: journal_execute tells instead. Where there is no
 * room in the database there may be some later, and the log does till then. */
static int on_log(void *context, sqlite3 *db, const char *name, int pages)
{
	struct journal *journal = context;
	struct err why = {.code = ERR_NONE};
	(void)db;
	(void)name;
	if (pages >= LOG_PAGES && !journal->unsynced && empty_log(journal, &why) != 0 &&
	    journal->unsynced)
		journal->log_failure = why;
	return SQLITE_OK;
}

int journal_empty_log(struct journal *journal, struct err *err)
{
	if (journal->damaged || journal->unsynced || empty_log(journal, err) == 0)
		return 0;
	stop_writing(journal); /* the closing is not to try it again */
	return -1;
}

/* Looks after the index before it is touched. -1 and *err where what is under way can't go on. */
static int look_after_index(struct journal *journal, bool takes_back, struct err *err)
{
	const bool under_way = sqlite3_txn_state(journal->db, NULL) != SQLITE_TXN_NONE;
	if (!journal_index_mend(&journal->index) || !under_way || takes_back)
		return 0;
	return err_set(err, ERR_SYSTEM, "%s-shm: somebody has cut it short", journal->path);
}

int journal_run(struct journal *journal, const char *sql, struct err *err)
{
	if (look_after_index(journal, false, err) != 0)
		return -1;
	return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : journal_failed(journal, err);
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
	if (look_after_index(journal, which == JOURNAL_ROLLBACK, err) != 0)
		return NULL;
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
	if (!failed && journal->log_failure.code != ERR_NONE)
		failed = err_set(err, journal->log_failure.code, "%s", journal->log_failure.text);
	return failed;
}

static void disconnect(struct journal *journal)
{
	for (int i = 0; i < JOURNAL_NSTATEMENTS; i++) {
		sqlite3_finalize(journal->statements[i]);
		journal->statements[i] = NULL;
	}
	/* What is damaged is kept as it was found, its log too. */
	if (journal->damaged || journal->unsynced)
		sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(journal->db);
	journal->db = NULL;
	journal->index.fd = -1;
	journal->damaged = journal->unsynced = false;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	disconnect(journal);
	free(journal->path);
	free(journal->file);
	free(journal);
}

/* SQLite is to follow no link, but would take one above the repository for one too. 1 and *journal,
 * 0 where there is no such folder, -1 and *err. */
static int new_journal(const char *folder, struct journal **journal, struct err *err)
{
	char *real = realpath(folder, NULL);
	if (!real && errno == ENOENT)
		return 0;
	if (!real && errno == ENOMEM)
		return out_of_memory(err);
	if (!real)
		return err_errno(err, "%s: can't be opened", folder);
	struct journal *made = calloc(1, sizeof(*made));
	if (!made || asprintf(&made->path, "%s/%s", folder, JOURNAL_PATH) < 0 ||
	    asprintf(&made->file, "%s/%s", real, JOURNAL_PATH) < 0) {
		if (made)
			free(made->path);
		free(made);
		free(real);
		return out_of_memory(err);
	}
	free(real);
	*journal = made;
	return 1;
}

/* A symlink would lead elsewhere; a FIFO would block. 1 and *inode, 0 where there is no file. */
static int look(const struct journal *journal, ino_t *inode, struct err *err)
{
	struct stat now;
	if (lstat(journal->file, &now) != 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s: can't be opened", journal->path);
	if (!S_ISREG(now.st_mode))
		return err_set(err, ERR_DAMAGED, "%s: not a regular file: refused", journal->path);
	*inode = now.st_ino;
	return 1;
}

/* A file beside the database: 1 and *inode, 0 where there is none. */
static int look_beside(const struct journal *journal, const char *suffix, ino_t *inode)
{
	char path[PATH_MAX];
	struct stat now;
	snprintf(path, sizeof(path), "%s%s", journal->file, suffix);
	if (lstat(path, &now) != 0)
		return 0;
	*inode = now.st_ino;
	return 1;
}

static int connect(struct journal *journal, int flags, struct err *err)
{
	if (sqlite3_open_v2(journal->file, &journal->db, flags | SQLITE_OPEN_NOFOLLOW,
			    journal_index_vfs()) != SQLITE_OK)
		return journal->db ? journal_failed(journal, err) : out_of_memory(err);
	sqlite3_busy_timeout(journal->db, BUSY_MS);
	return 0;
}

/* Makes the tables where they are missing, and looks at each: a database that would fail at the
 * first move is better known before the cycle begins. */
static int settle(struct journal *journal, struct err *err)
{
	static const char probe[] = "SELECT max(number) FROM cycle; SELECT max(id) FROM step;"
				    "SELECT max(id) FROM move; SELECT max(id) FROM message;"
				    "SELECT plan FROM plan_done LIMIT 1;";
	if (journal_migrate(journal, err) == 0 && journal_run(journal, probe, err) == 0)
		return 0;
	return -1;
}

static int open_now(struct journal *journal, struct err *err)
{
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				       "PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;";
	if (connect(journal, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) != 0)
		return -1;
	/* SQLite itself would go on without being able to write. */
	if (sqlite3_db_readonly(journal->db, "main") == 1)
		return err_set(err, ERR_SYSTEM, "%s: can't be written: it is read-only",
			       journal->path);
	if (journal_run(journal, settings, err) != 0 || settle(journal, err) != 0)
		return -1;
	sqlite3_wal_hook(journal->db, on_log, journal);
	journal_index_find(&journal->index, journal->file);
	look_beside(journal, LOG, &journal->log);
	return look(journal, &journal->inode, err) < 0 ? -1 : 0;
}

/* SQLite itself waits for no other process that is just making the database, or its log. */
static int open_once(struct journal *journal, struct err *err)
{
	const int64_t deadline = clock_monotonic_ms() + BUSY_MS;
	while (open_now(journal, err) != 0) {
		if ((sqlite3_errcode(journal->db) & 0xff) != SQLITE_BUSY ||
		    clock_monotonic_ms() >= deadline)
			return -1;
		disconnect(journal);
		sqlite3_sleep(BUSY_PAUSE_MS);
	}
	return 0;
}

static const char *const companions[] = {LOG, INDEX, SUSPECT, NULL};

/* A damaged database is kept, with the files that belong to it, and gone from its place. Those go
 * first: a log that is left behind would be written into the new one. */
static int set_aside(const struct journal *journal, const char *what, char **words, struct err *err)
{
	char aside[PATH_MAX], *made = NULL;
	if (file_set_aside(journal->path, companions, aside, sizeof(aside), err) != 0)
		return -1;
	if (asprintf(&made, "%s: it is kept as %s, and a new journal is begun", what, aside) < 0)
		return out_of_memory(err);
	free(*words);
	*words = made;
	return 0;
}

static int take_verdict(void *whole, int count, char **values, char **names)
{
	(void)names;
	*(bool *)whole = count == 1 && values[0] && strcmp(values[0], "ok") == 0;
	return 0;
}

/* Looks at the whole of a database that somebody met damage in. 0, or -1 and *err, with
 * journal->damaged where it is. */
static int look_at_suspect(struct journal *journal, struct err *err)
{
	char path[PATH_MAX];
	bool whole = false;
	snprintf(path, sizeof(path), "%s" SUSPECT, journal->file);
	if (access(path, F_OK) != 0)
		return 0;
	if (sqlite3_exec(journal->db, "PRAGMA integrity_check(1)", take_verdict, &whole, NULL) !=
	    SQLITE_OK)
		return journal_failed(journal, err);
	if (whole)
		return unlink(path) == 0 ? 0 : err_errno(err, "%s: can't be removed", path);
	journal->damaged = true;
	return err_set(err, ERR_DAMAGED, "%s: the database is damaged in its middle",
		       journal->path);
}

/* Opens it; what is damaged makes room for a new one, where it may. *words then says so. */
static int open_or_mend(struct journal *journal, bool may_mend, char **words, struct err *err)
{
	for (int attempt = 1;; attempt++) {
		struct err why = {.code = ERR_NONE};
		ino_t opened = 0, now = 0;
		if (look(journal, &opened, err) < 0)
			return -1;
		if (open_once(journal, &why) == 0 &&
		    (!may_mend || look_at_suspect(journal, &why) == 0))
			return 0;
		if (!journal->damaged || !may_mend || attempt == 3) {
			*err = why;
			return -1;
		}
		disconnect(journal);
		/* Another process may have mended it already: its new one is to stay. */
		if (look(journal, &now, err) == 1 && now == opened &&
		    set_aside(journal, why.text, words, err) != 0)
			return -1;
	}
}

int journal_open(const char *folder, struct journal **journal, char **notice, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	struct journal *made = NULL;
	char *words = NULL;
	const int there = new_journal(folder, &made, &why);
	if (there == 0)
		err_set(&why, ERR_SYSTEM, "%s: no such folder", folder);
	if (there > 0 && open_or_mend(made, notice != NULL, &words, &why) == 0) {
		if (notice)
			*notice = words;
		made->notes = true;
		*journal = made;
		return 0;
	}
	journal_close(made);
	/* What has been moved is to be known, all the more where nothing came in its place. */
	err_set(err, why.code, "%s%s%s", words ? words : "", words ? "; " : "", why.text);
	free(words);
	return -1;
}

static int remove_beside(const struct journal *journal, const char *suffix, struct err *err)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s", journal->file, suffix);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(err, "%s: can't be removed", path);
	return 0;
}

/* What stands in the place of the journal's files makes room. */
static int clear_place(const struct journal *journal, bool occupied, struct err *err)
{
	char aside[PATH_MAX];
	for (const char *const *each = companions; !occupied && *each; each++)
		if (remove_beside(journal, *each, err) != 0)
			return -1;
	return occupied ? file_set_aside(journal->file, companions, aside, sizeof(aside), err) : 0;
}

/* Whether what was opened with the database lies beside it no more. */
static bool was_taken(const struct journal *journal, const char *suffix, ino_t opened)
{
	ino_t now = 0;
	return opened != 0 && (look_beside(journal, suffix, &now) == 0 || now != opened);
}

/* The database is where it was, but not its log, or the index of that: what they held goes into the
 * database itself. A log of ours stays until then. */
static int replace_in_place(const struct journal *journal, const unsigned char *bytes,
			    size_t length, struct err *err)
{
	const bool lost = was_taken(journal, LOG, journal->log);
	if ((lost && remove_beside(journal, LOG, err) != 0) ||
	    remove_beside(journal, INDEX, err) != 0 ||
	    file_replace(journal->file, bytes, length, err) != 0)
		return -1;
	return remove_beside(journal, LOG, err);
}

static int replace_whole(const struct journal *journal, bool occupied, const unsigned char *bytes,
			 size_t length, struct err *err)
{
	if (clear_place(journal, occupied, err) != 0)
		return -1;
	return file_replace(journal->file, bytes, length, err);
}

/* The connection goes over to the file that is there now. */
static int reconnect(struct journal *journal, struct err *err)
{
	struct journal fresh = {.path = journal->path, .file = journal->file};
	if (open_once(&fresh, err) != 0) {
		disconnect(&fresh);
		return -1;
	}
	journal->damaged = true; /* no more is written to what is gone, nor removed by its name */
	disconnect(journal);
	fresh.notes = true;
	*journal = fresh;
	sqlite3_wal_hook(journal->db, on_log, journal);
	return 0;
}

int journal_put_back(struct journal *journal, struct err *err)
{
	ino_t now = 0;
	sqlite3_int64 length = 0;
	const int there = look(journal, &now, err);
	const bool stands = there > 0 && now == journal->inode;
	if (there < 0 || (stands && !was_taken(journal, LOG, journal->log) &&
			  !was_taken(journal, INDEX, journal->index.inode)))
		return there < 0 ? -1 : 0;
	unsigned char *bytes = sqlite3_serialize(journal->db, "main", &length, 0);
	if (!bytes)
		return out_of_memory(err);
	const int failed = stands ? replace_in_place(journal, bytes, (size_t)length, err)
				  : replace_whole(journal, there > 0, bytes, (size_t)length, err);
	sqlite3_free(bytes);
	return failed || reconnect(journal, err) != 0 ? -1 : 1;
}

static int open_there(struct journal *journal, struct err *err)
{
	const int there = look(journal, &journal->inode, err);
	if (there <= 0)
		return there;
	/* Not SQLITE_OPEN_READONLY: such a connection makes -wal and -shm files, and leaves them.
	 */
	if (connect(journal, SQLITE_OPEN_READWRITE, err) != 0 ||
	    journal_run(journal, "PRAGMA query_only = ON; PRAGMA cache_size = -512", err) != 0)
		return -1;
	const int readable = journal_readable(journal, err);
	journal_index_find(&journal->index, journal->file);
	return readable;
}

int journal_open_read(const char *folder, struct journal **journal, struct err *err)
{
	struct journal *made = NULL;
	int there = new_journal(folder, &made, err);
	if (there > 0)
		there = open_there(made, err);
	if (there > 0)
		*journal = made;
	else
		journal_close(made);
	return there;
}
