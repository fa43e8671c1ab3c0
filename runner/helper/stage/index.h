/*
 * The index of a repository, as the file GITDIR/index has it: git's own format, versions 2 to 4
 * (Documentation/gitformat-index.txt of git 2.39), read whole and written whole.
 */
#ifndef RUNNER_HELPER_STAGE_INDEX_H
#define RUNNER_HELPER_STAGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "runner/helper/stage/trees.h"

#define INDEX_ID 20 /* bytes of an object's id */

/* What of a file's state tells that it is unchanged; cut to 32 bits as in the file. */
struct index_stat {
	uint32_t ctime_s, ctime_n, mtime_s, mtime_n, dev, ino, uid, gid, size;
};

enum index_flag {
	INDEX_ASSUME_VALID = 1,  /* the user vouches that the file is unchanged */
	INDEX_SKIP_WORKTREE = 2, /* it is not in the work tree */
	INDEX_INTENT_TO_ADD = 4, /* `git add -N`: no content yet, and in no tree */
};

#define INDEX_KEPT (INDEX_ASSUME_VALID | INDEX_SKIP_WORKTREE)

#define INDEX_FILE       0100644U
#define INDEX_EXECUTABLE 0100755U
#define INDEX_LINK       0120000U
#define INDEX_GITLINK    0160000U

struct index_entry {
	const char *path; /* from the root, NUL-ended; lives in the index */
	uint32_t length;  /* of path */
	uint32_t mode;    /* one of the four above */
	struct index_stat stat;
	unsigned char id[INDEX_ID];
	uint8_t flags; /* of enum index_flag */
	uint8_t stage; /* 0, or 1 to 3 in a conflict */
};

struct index {
	struct index_entry *entries; /* sorted by path, then stage */
	size_t count;
	struct trees *trees;   /* what is known of its folders' trees; never NULL */
	struct timespec stamp; /* the file's mtime: what was changed at it or later may be newer
				  than what the index says of it. All zero: there was no file */
	uint32_t version;      /* of the file, 2 to 4 */
	bool missing;          /* there was no file: the index is empty */
	bool conflicts;        /* some entry has a stage */
	bool gitlinks;         /* some entry is a submodule */
	bool kept;             /* some entry has a flag of INDEX_KEPT */
	bool untracked_cache;  /* there was one, which index_write leaves out */

	/* What belongs to it. */
	unsigned char *bytes; /* of the file */
	size_t size;
	char *names;               /* of version 4, whose names are cut in the file */
	const unsigned char *undo; /* in bytes: resolve-undo records, kept as they are */
	size_t undo_size;
	char *added; /* names of entries that came later */
};

enum index_outcome {
	INDEX_OK,
	INDEX_FOREIGN, /* another format, or an extension that must be understood and is not; *why
			  says which (static text) */
	INDEX_DAMAGED, /* no index, or one whose sum is not right */
	INDEX_FAILED,  /* errno says why */
};

/* Reads the file at `path`. What it gives is released by index_release in any case. */
enum index_outcome index_read(struct index *index, const char *path, const char **why);
void index_release(struct index *index);

/* Writes it as a new file at `path`, not synced, whose mtime is the index's stamp where that is set
 * and earlier than now. 0, or -1 and errno. */
int index_write(const struct index *index, const char *path);

/* The state of a file as an entry has it. */
void index_stat_of(struct index_stat *out, const struct stat *state);
/* The mode of a regular file or symbolic link as an entry has it. */
uint32_t index_mode_of(const struct stat *state);

/* The first entry at `from` or behind it and before `to` that does not begin with prefix[length]:
 * those that do stand together, and begin at `from`. */
size_t index_end_of(const struct index *index, size_t from, size_t to, const char *prefix,
		    size_t length);
/* The entry of a path in [from, to), stage 0; NULL if there is none. */
const struct index_entry *index_find(const struct index *index, size_t from, size_t to,
				     const char *path, size_t length);

#endif
