/* Prints of a repository's settings and places: compared, and told apart by name. */
#ifndef RUNNER_HELPER_PRINT_H
#define RUNNER_HELPER_PRINT_H

#include <stdbool.h>

#include "runner/helper/look.h"

/* Of a look that is filled in but for its print, and the settings it came from. */
void print_take(struct print *print, const struct look *look, const struct look_source *source);

/* What differs, as words; NULL where nothing does. Static text. The branch counts where
 * `with_branch`. */
const char *print_differs(const struct print *was, const struct print *is, bool with_branch);

#endif
