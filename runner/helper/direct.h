/* The direct way of a push to a repository of this machine: no `git push`, but the talk that it
 * would have with `git receive-pack`, which enforces all that there is on the other side. */
#ifndef RUNNER_HELPER_DIRECT_H
#define RUNNER_HELPER_DIRECT_H

#include "runner/helper/push.h"

/* What makes it sync what it receives; behind "git". */
#define RECEIVE_DURABLY "-c", "core.fsync=all", "-c", "core.fsyncMethod=batch", "receive-pack"

enum direct {
	DIRECT_ANSWERED, /* the answer is as that of a `git push --porcelain` */
	DIRECT_BROKEN,   /* it could not be run, or not to its end: *answer's result, and *err */
	DIRECT_PASSES,   /* for git to make; nothing was changed; *reason, static text */
};

/* Pushes what push->from has to push->to, where push->look->route leaves it to us, and has the
 * ref by which that is remembered here follow. *answer is initialised. */
enum direct direct_push(const struct push *push, struct git_answer *answer, const char **reason,
			struct err *err);

#endif
