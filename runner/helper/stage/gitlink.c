#include "runner/helper/stage/gitlink.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>

bool gitlink_is_at(int folder, const char *path, const unsigned char id[20])
{
	char whole[4096 + 64];
	git_repository *repository = NULL;
	git_oid head;
	const int length = snprintf(whole, sizeof(whole), "/proc/self/fd/%d/%s", folder, path);
	if (length < 0 || (size_t)length >= sizeof(whole))
		return false;
	const bool is_at = git_repository_open_ext(&repository, whole,
						   GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0 &&
			   git_reference_name_to_id(&head, repository, "HEAD") == 0 &&
			   memcmp(head.id, id, 20) == 0;
	git_repository_free(repository);
	return is_at;
}
