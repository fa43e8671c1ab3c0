/* Prints of a repository's settings and places: compared, and told apart by name. */
#ifndef RUNNER_HELPER_PRINT_H
#define RUNNER_HELPER_PRINT_H

#include <stdbool.h>

#include "runner/helper/look.h"

/* Of a look that is filled in but for its print, and the settings it came from. */
void print_take(struct print *print, const struct look *look, const struct look_source *source);

/* What differs of what may not, as words; NULL where nothing does. Static text. The branch counts
 * where `with_branch`; what a worker may change where the config says so does not where `allowed`.
 */
const char *print_differs(const struct print *was, const struct print *is, bool with_branch,
			  bool allowed);

/* Takes over what git itself may have changed while it ran for us; `allowed`: and what the worker
 * may change. What of that differed, as words, or NULL. */
const char *print_accept(struct print *was, const struct print *is, bool allowed);

#endif
