/*
 * New objects, held in memory until a commit is sure to need them, then brought to the disk
 * together: as loose files where they are few, in one pack where they are many, and what is of a
 * commit that is not made leaves no trace. An object too large to be held is written at once.
 */
#ifndef RUNNER_HELPER_STORE_H
#define RUNNER_HELPER_STORE_H

#include <git2.h>
#include <stdbool.h>

struct store;

/* Puts a store before the repository's own objects, which owns it from then on. 0, or -1
 * (git_error_last says why). */
int store_add(struct store **store, git_repository *repository);

/* Whether it holds so much that it should be flushed before more is added. */
bool store_is_full(const struct store *store);

/* Writes what it holds, which it then holds no more. Loose files may not be on the disk yet, that
 * is for the caller to see to. 0, or -1 (git_error_last says why). */
int store_flush(struct store *store, git_repository *repository);

/* Takes away again the loose files of the last flush: after a sync that failed nobody knows what of
 * them is on the disk, and they must not be taken for good by the next commit. */
void store_take_back(struct store *store, git_repository *repository);

/* Forgets what it holds. */
void store_drop(struct store *store);

#endif
