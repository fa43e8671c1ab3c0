/* Between engine_libgit2.c (the repository, and the look at it) and engine_save.c (the commit). */
#ifndef RUNNER_HELPER_ENGINE_LIBGIT2_H
#define RUNNER_HELPER_ENGINE_LIBGIT2_H

#include <git2.h>
#include <sys/stat.h>

#include "runner/helper/engine.h"
#include "runner/helper/stage/listings.h"
#include "runner/helper/stage/objects.h"

/* Open between requests, and opened anew where the folder is not the one it was, or after any
 * failure. */
struct engine_libgit2 {
	git_repository *repository;
	struct objects *objects;   /* new ones; the repository owns them */
	struct listings *listings; /* of the work tree; NULL: none */
	git_config *settings;      /* as they were at the last look */
	struct stat folder;        /* of the git folder when it was opened */
	struct stat common;        /* of the file in it that names the common folder; zeros: none */
	unsigned files;            /* of settings that there were then */
	bool refused; /* libgit2 lacks an extension of the repository: not tried again */
};

/* What libgit2 says of its last failure. */
const char *engine_libgit2_words(void);
/* Closes the repository: the next one starts afresh. */
void engine_libgit2_forget(struct engine_libgit2 *engine);
/* Where HEAD stands, into branch and head. -1 where it can't be made out. */
int engine_libgit2_look_at_head(struct engine_libgit2 *engine, struct look *look);

#endif
