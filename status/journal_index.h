/*
 * The index of the journal's log: a file beside the database (…-shm) that SQLite maps into memory,
 * and that others can reach. A page of it that the file system has no room for, or that somebody
 * has cut off, is not an error of some call but a SIGBUS at the next look at it. So it is given its
 * room before it is looked at, and its length before each statement.
 *
 * The file is never opened here: closing it would drop the locks that SQLite holds on it
 * (fcntl(2)). It is reached by SQLite's own descriptor.
 */
#ifndef STATUS_JOURNAL_INDEX_H
#define STATUS_JOURNAL_INDEX_H

#include <stdbool.h>
#include <sys/types.h>

/* One connection's. */
struct journal_index {
	int fd; /* SQLite's; -1: not known */
	dev_t device;
	ino_t inode;
	off_t length; /* the most that it had */
};

/* The name of a VFS, for sqlite3_open_v2, that is SQLite's default one but for the room; NULL where
 * it can't be had, which is the default one. */
const char *journal_index_vfs(void);

/* Finds the index of the database that was opened by this path, where there is one by now. */
void journal_index_find(struct journal_index *index, const char *database);

/* Whether it was cut shorter. It is brought back to its length then, as far as there is room, and
 * to be none: SQLite makes it anew from the log at the beginning of its next transaction. One that
 * is under way must not go on. */
bool journal_index_mend(struct journal_index *index);

#endif
