/*
 * What a repository has that decides how its work is committed: hooks, filters, signing, settings
 * that libgit2 does not know. One table says for each how it is found and how it is served; it is
 * gone through at every look, which takes well under a millisecond.
 */
#ifndef RUNNER_HELPER_FEATURES_H
#define RUNNER_HELPER_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "runner/helper/git.h"
#include "runner/helper/look.h"

/* What a finder has to go by, and where it puts what it found. */
struct finding {
	const struct look *look;
	const struct conf_repository *conf;
	const struct look_source *source;
	bool closely; /* programs may be asked who they are */
	struct git_features *found;
};

/* Fills *found; look must have its folders, people and branch. */
void features_find(const struct finding *finding);

/* A finder's word. One that no longer fits is left out, unless it is refused. */
void features_tell(const struct finding *finding, enum git_way way, const char *name,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The first that is served in that way, or NULL. */
const struct git_feature *features_first(const struct git_features *features, enum git_way way);

/* Whether one of that name was found. */
bool features_has(const struct git_features *features, const char *name);

/* The finders with a file of their own. */
void find_hooks(const struct finding *finding);
void find_filters(const struct finding *finding);
void find_signing(const struct finding *finding);
void find_ignored(const struct finding *finding);
void find_settings(const struct finding *finding);

/* The folder that git looks for hooks in, into out[size]: core.hooksPath, as git reads a path, or
 * the repository's own. "" where it can't be made out. */
void hooks_folder(const struct look *look, const char *named, char *out, size_t size);

/* A path of a setting as git reads it: "~/" is HOME, and one that is not absolute is relative to
 * the work tree. "" in out[size] where it can't be made out or does not fit. */
void features_path(const struct look *look, const char *text, char *out, size_t size);

/* Whether a program of that name would be found by git, or is at that path. */
bool features_has_program(const struct look *look, const char *name);

#endif
