/* Submodules: repositories in the repository, of which a tree has the commit that they are at. */
#ifndef RUNNER_HELPER_STAGE_GITLINK_H
#define RUNNER_HELPER_STAGE_GITLINK_H

#include <stdbool.h>

/* Whether the repository at a path below an open folder is beyond doubt at this commit. */
bool gitlink_is_at(int folder, const char *path, const unsigned char id[20]);

#endif
