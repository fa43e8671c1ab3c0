/*
 * Repositories in the repository that its index records: submodules, and others. `git add -A` runs
 * `git status` in each, and `git push` looks for what it lacks, by the settings, the attributes and
 * the hooks that stand in it: a worker writes these as it likes. So git is told to leave them out,
 * and what each is at is recorded by itself, which only reads where its HEAD stands.
 */
#ifndef RUNNER_HELPER_GITLINKS_H
#define RUNNER_HELPER_GITLINKS_H

#include <stdbool.h>

#include "runner/helper/program.h"

/* Takes what has changed in `below` ("." is all, else a folder) into the index, as `git add -A --
 * BELOW` would, but for running anything in the repositories there. 0, or -1 and the facts. */
int gitlinks_add(struct work *work, const char *below);

/* Whether one of them, checked out, may fetch what it lacks when it is looked into, or can't be
 * made out. */
bool gitlinks_may_fetch(const struct look *look);

#endif
