/* What `plan` and `validate` say of the repository. */
#ifndef RUNNER_COMMANDS_SHOW_GIT_H
#define RUNNER_COMMANDS_SHOW_GIT_H

#include "conf/conf.h"
#include "runner/helper/git.h"
#include "status/plan_json.h"

/* What is in the way, if anything is; who would make the commits; and each feature that was found,
 * with how it would be served. */
void show_features(const struct git_view *view);

/* The same for a program. `problem` NULL: what the view says. 0, or -1 when memory is short. */
int show_git_json(struct plan_json *made, const struct conf_repository *conf,
		  const struct git_view *view, const char *problem);

#endif
