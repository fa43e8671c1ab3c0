/* The ref that remembers here what a remote has. */
#ifndef RUNNER_HELPER_TRACKING_H
#define RUNNER_HELPER_TRACKING_H

#include <git2.h>

#include "runner/helper/look.h"

/* Has the ref that remote.NAME.fetch has for `ref` be what was pushed there, as `git push` does
 * (git-fetch(1), "Configured remote-tracking branches"), with a line in its log. That it fails
 * matters to nobody: the next fetch puts it right. */
void tracking_follow(git_repository *repository, const struct look *look, const char *ref,
		     const git_oid *commit);

#endif
