#include "runner/helper/submodules.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>

#include "status/text.h"

#define TOLD_MOST 5

struct telling {
	char *said;
	size_t size;
	int told;
};

static int tell(git_submodule *submodule, const char *name, void *context)
{
	unsigned flags = 0;
	char whole[512], text[512];
	struct telling *telling = context;
	const size_t used = strlen(telling->said);
	(void)name;
	if (git_submodule_location(&flags, submodule) != 0 ||
	    !(flags & GIT_SUBMODULE_STATUS_IN_WD) ||
	    git_submodule_status(&flags, git_submodule_owner(submodule),
				 git_submodule_name(submodule), GIT_SUBMODULE_IGNORE_NONE) != 0)
		return 0;
	if (!(flags & (GIT_SUBMODULE_STATUS_WD_INDEX_MODIFIED |
		       GIT_SUBMODULE_STATUS_WD_WD_MODIFIED | GIT_SUBMODULE_STATUS_WD_UNTRACKED)) ||
	    telling->told++ == TOLD_MOST)
		return 0;
	snprintf(whole, sizeof(whole),
		 "%ssubmodule %.200s has uncommitted work, which is not part of the commit",
		 used ? "; " : "", git_submodule_path(submodule));
	text_clean(whole, strlen(whole), text, sizeof(text));
	if (used + strlen(text) < telling->size)
		memcpy(telling->said + used, text, strlen(text) + 1);
	return 0;
}

void submodules_tell(const struct look *look, char *said, size_t size)
{
	git_repository *repository = NULL;
	struct telling telling = {said, size, 0};
	if (git_repository_open(&repository, look->gitdir) == 0)
		git_submodule_foreach(repository, tell, &telling);
	git_repository_free(repository);
}
