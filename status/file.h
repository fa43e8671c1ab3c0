/* Files that others read: replaced whole, so that a reader sees the old one or the new one. */
#ifndef STATUS_FILE_H
#define STATUS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

/* Writes beside it, fsync, rename, fsync of the folder. The folder must exist. A path that is there
 * and is no regular file (a symlink, a FIFO, a device) is refused. -1 and *err: the old file is as
 * it was, and the temporary one is gone; only where the folder could not be synced is the new one
 * there, and *err says that it may not last. */
int file_replace(const char *path, const void *bytes, size_t length, struct err *err);

/* Reads a regular file of at most `most` bytes, without following a symlink or blocking on a FIFO.
 * 1: *bytes (malloc, NUL behind it) and *length; 0: there is no such file; -1: *err. */
int file_read(const char *path, size_t most, char **bytes, size_t *length, struct err *err);

/* Renames a damaged file to PATH.damaged-TIME, never over another one; the new name goes into
 * aside[size]. First, in the same way, PATH with each of `suffixes` (ends with NULL; may be NULL)
 * where there is such a file: PATH-wal becomes PATH.damaged-TIME-wal. 0, or -1 and *err. */
int file_set_aside(const char *path, const char *const *suffixes, char *aside, size_t size,
		   struct err *err);

/* Whether PATH was ever set aside so, and still lies there. False also where that can't be seen. */
bool file_was_set_aside(const char *path);

/* Makes the folder and its parents that are missing (mode 0777 & ~umask), fsyncing the folder of
 * each one made. 0, or -1 and *err. */
int file_make_folder(const char *path, struct err *err);

/* Makes FOLDER/.stepgate with its .gitignore of "*", and FOLDER/status. 0, or -1 and *err. */
int file_make_home(const char *folder, struct err *err);

#endif
