/*
 * What `git add -A` does, done here: the index is read, the work tree compared with it, the
 * contents that changed become objects, the trees are made, and a new index is written. Where git
 * would do anything else than put a file's own bytes into the repository, or might, it is left to
 * git, with nothing changed.
 */
#ifndef RUNNER_HELPER_STAGE_STAGING_H
#define RUNNER_HELPER_STAGE_STAGING_H

#include "conf/conf.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/objects.h"
#include "runner/helper/stage/scan.h"

#define STAGING_DOUBT 1

struct staging_order {
	const char *workdir, *gitdir, *commondir; /* absolute, without a slash at the end */
	const char *excludes, *attributes;        /* core.excludesFile, core.attributesFile: paths;
						     NULL: none */
	bool trust_mode;                          /* core.fileMode */
	bool untracked_cache; /* git makes it anew by itself where the index has lost it */
	struct objects *objects;
	struct listings *listings; /* may be NULL */
	const struct conf_secrets *secrets;
	const char *only; /* a folder at the root, or NULL for all */
	/* Told of each file that is held back. */
	void (*held)(void *context, const char *path, const char *what);
	void *context;
};

struct staging {
	struct index index;
	const char *doubt; /* why git has to do it; static text, or a path */
	bool damaged;      /* the index that was found, which is taken for empty */
	bool changed;      /* some entry came, went or has another content or mode */
	bool written;      /* the index has to be written: changed, or some file's state is new */
};

/* Each gives 0, or STAGING_DOUBT, or -1 and errno. Any of them can be given up at any time by
 * staging_release: nothing has been changed but for objects that nothing names. */
int staging_read(struct staging *staging, const struct staging_order *order);
int staging_take(struct staging *staging, const struct staging_order *order);
/* In the place of an index that is missing or damaged: what a commit's tree has. */
int staging_read_tree(struct staging *staging, git_repository *repository,
		      const git_commit *commit);
/* The tree of the whole index. */
int staging_tree(struct staging *staging, struct objects *objects, unsigned char id[20]);
/* The tree of `base` (NULL: the empty one) with the folder at the root replaced by what the index
 * has of it. `base` is the object's content. */
int staging_tree_with(struct staging *staging, struct objects *objects, const char *folder,
		      const void *base, size_t length, unsigned char id[20]);
void staging_release(struct staging *staging);

#endif
