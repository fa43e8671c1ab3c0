/* git's own housekeeping, when it is due: after a cycle and in nobody's way. */
#ifndef RUNNER_HELPER_MAINTENANCE_H
#define RUNNER_HELPER_MAINTENANCE_H

#include "runner/helper/look.h"

/* Starts `git maintenance run --auto`, which tidies up as the user's own settings say and never
 * takes away what is new, where about so many loose objects or packs are there that it would find
 * something to do. Does not wait for it. `hooks`: those of the repository may run. */
void maintenance_start(const struct look *look, bool hooks);

#endif
