/*
 * Which objects a repository's packs have, by their indexes as they are on the disk
 * (Documentation/gitformat-pack.txt of git 2.39, version 2). libgit2 can tell as well, but takes
 * several times as long to say no, and new objects are asked for by the thousand.
 */
#ifndef RUNNER_HELPER_STAGE_PACKS_H
#define RUNNER_HELPER_STAGE_PACKS_H

#include <stdbool.h>

struct packs;

/* `folder` is that of the objects. NULL when memory is short. */
struct packs *packs_new(const char *folder);
void packs_free(struct packs *packs);

/* Takes notice of packs that have come or gone. False where the question is left to others: an
 * index that can't be read or is of another kind, or objects that the repository has elsewhere. */
bool packs_look(struct packs *packs);
/* Whether a pack has it, as of the last look, which went well. From any thread. */
bool packs_have(const struct packs *packs, const unsigned char id[20]);
/* Gives back the memory that has been asked for so far; what is asked next is read anew. */
void packs_rest(const struct packs *packs);

#endif
