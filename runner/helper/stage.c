#include "runner/helper/stage.h"

#include <errno.h>
#include <git2/sys/repository.h>
#include <stdio.h>
#include <unistd.h>

/* What a helper that was killed may have left. The caller holds the lock of the index, so nobody
 * else uses the names. */
static int clear(const struct stage *stage)
{
	char lock[sizeof(stage->path) + 8];
	snprintf(lock, sizeof(lock), "%s.lock", stage->path);
	if ((unlink(stage->path) != 0 && errno != ENOENT) || (unlink(lock) != 0 && errno != ENOENT))
		return -1;
	return 0;
}

int stage_open(struct stage *stage, git_repository *repository, const char *gitdir,
	       const char *name)
{
	bool fresh = stage->spoilt;
	snprintf(stage->path, sizeof(stage->path), "%s/%s", gitdir, name);
	snprintf(stage->real, sizeof(stage->real), "%s/index", gitdir);
	stage->written = false;
	if (clear(stage) != 0)
		return -1;
	if (link(stage->real, stage->path) != 0) {
		if (errno != ENOENT)
			return -1;
		fresh = true; /* there is no index yet, or no longer */
	}
	if (!stage->index && git_index_open(&stage->index, stage->path) != 0)
		return -1;
	if (git_index_read(stage->index, fresh) != 0) {
		stage_free(stage);
		return -1;
	}
	stage->spoilt = true; /* until stage_install */
	/* Taking it away first: libgit2 disowns an index that is set twice. */
	git_repository_set_index(repository, NULL);
	return git_repository_set_index(repository, stage->index);
}

int stage_write(struct stage *stage)
{
	if (git_index_write(stage->index) != 0)
		return -1;
	stage->written = true;
	return 0;
}

int stage_install(struct stage *stage)
{
	if (rename(stage->path, stage->real) != 0)
		return -1;
	stage->spoilt = false;
	return 0;
}

void stage_close(struct stage *stage)
{
	clear(stage);
}

void stage_free(struct stage *stage)
{
	git_index_free(stage->index);
	*stage = (struct stage){.index = NULL};
}
