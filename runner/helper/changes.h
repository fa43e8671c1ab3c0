/* What changed in the work tree, taken into an index as `git add -A` would. */
#ifndef RUNNER_HELPER_CHANGES_H
#define RUNNER_HELPER_CHANGES_H

#include <git2.h>
#include <stddef.h>

#include "runner/helper/engine.h"
#include "runner/helper/store.h"

#define CHANGES_PASS 1

/* Compares `index` (which must be the repository's) to the work tree, below the folder `only` where
 * that is not NULL, and takes over what differs. 0 and *count (how many paths); CHANGES_PASS where
 * something is for the git program (nested repositories, filters and conversions); or -1 and
 * *facts. The index is changed in memory only; the
 * new objects are in `store`, which is the repository's. What `secrets` holds back is left as it is
 * in the index, and named in facts->held. */
int changes_take(git_repository *repository, git_index *index, struct store *store,
		 const char *only, const struct conf_secrets *secrets, size_t *count,
		 struct receipt_facts *facts);

#endif
