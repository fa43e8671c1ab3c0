/*
 * A private copy of a repository's index to work on: GITDIR/NAME, at first the same file as
 * GITDIR/index under another name (so that what git knows of the files by its age stays true), and
 * a new one once it is written. Nothing of the real index changes until stage_install.
 */
#ifndef RUNNER_HELPER_STAGE_H
#define RUNNER_HELPER_STAGE_H

#include <git2.h>
#include <stdbool.h>

#include "runner/helper/look.h"

struct stage {
	git_index *index; /* NULL before stage_open */
	bool spoilt;      /* changed in memory, and not written: to be read anew */
	bool written;     /* since stage_open */
	bool damaged;     /* the file that was found */
	bool rebuilt;     /* from HEAD, since it was missing or can't be read */
	char path[LOOK_PATH + 32];
	char real[LOOK_PATH + 32];
};

/* Reads the index as it is now (what is in memory still, where the file has not changed) and makes
 * it that of the repository. One that is missing or damaged is built anew from `head` (NULL on an
 * unborn branch), so that what is tracked stays tracked. 0, or -1 where it can't be read or copied.
 */
int stage_open(struct stage *stage, git_repository *repository, const char *gitdir,
	       const char *name, const git_commit *head);
/* Keeps the damaged index as GITDIR/index.damaged-TIME (seconds since 1970), whose path goes into
 * kept[size]. 0, or -1 (errno says why). */
int stage_keep_damaged(const struct stage *stage, char *kept, size_t size);
/* Writes the copy. 0, or -1 (git_error_last says why). */
int stage_write(struct stage *stage);
/* Puts the written copy in the place of the real index. 0, or -1 (errno says why). */
int stage_install(struct stage *stage);
/* Takes the copy away from the disk; what is in memory is kept for the next time. */
void stage_close(struct stage *stage);
void stage_free(struct stage *stage);

#endif
