/* Work in submodules that a commit of the repository around them does not hold. */
#ifndef RUNNER_HELPER_SUBMODULES_H
#define RUNNER_HELPER_SUBMODULES_H

#include <stddef.h>

#include "runner/helper/look.h"

/* Adds to said[size] which submodules have changes or new files that no commit of their own holds.
 * Looks by libgit2, which runs nothing that a submodule's own settings name. */
void submodules_tell(const struct look *look, char *said, size_t size);

#endif
