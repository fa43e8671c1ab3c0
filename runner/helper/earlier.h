/* A commit that a process made before it died, and could not tell of. */
#ifndef RUNNER_HELPER_EARLIER_H
#define RUNNER_HELPER_EARLIER_H

#include <stdbool.h>

#include "runner/helper/look.h"

#define EARLIER_COMMITS "1000" /* how far back on the branch it is looked for */

/* Whether the trailers of a commit message that begin with "Stepgate-" are the same, all and no
 * others, as those of `trailers`; and whether there are any. A hook may have changed the rest. */
bool earlier_is_same(const char *message, const char *const *trailers);

/* The newest commit on `ref`, by its first parents, that is the same in that sense; its hex id into
 * id[65]. What `since` (NULL: unknown) has is not looked at, nor what lies behind a commit of a
 * lower cycle. 1, 0 where there is none, -1 where it can't be looked for. */
int earlier_find(const struct look *look, const char *ref, const char *const *trailers,
		 const char *since, char *id);

#endif
