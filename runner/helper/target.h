/* Where a push goes: as `git push` without arguments would have it, after the config's own words.
 */
#ifndef RUNNER_HELPER_TARGET_H
#define RUNNER_HELPER_TARGET_H

#include "conf/conf.h"
#include "runner/helper/look.h"

/*
 * Fills look->remote and look->ref; look->branch must stand. Where git would not push, or would do
 * more than push this branch, `why` says so with the way out, and the ref is "". The rules are
 * those of git-push(1) and of push.default in git-config(1):
 *
 *   the remote   repository.remote, branch.NAME.pushRemote, remote.pushDefault, branch.NAME.remote,
 *                and "origin" where a branch needs no upstream
 *   the ref      repository.branch, else as remote.REMOTE.push maps it, else by push.default
 */
void target_find(struct look *look, const struct conf_repository *conf,
		 const struct look_source *source, char *why, size_t size);

/* Where a push goes, as it may be told to anybody: "REMOTE REF" into out[size]. A remote that is an
 * address is told without the name and the password in it. */
void target_tell(const struct look *look, const char *ref, char *out, size_t size);

#endif
