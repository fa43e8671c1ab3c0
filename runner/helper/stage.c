#include "runner/helper/stage.h"

#include <errno.h>
#include <git2/sys/repository.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
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

/* What libgit2 says where the file is not what an index should be; but git may know an extension
 * that libgit2 does not. */
static bool is_damaged(void)
{
	const git_error *last = git_error_last();
	if (!last || last->klass != GIT_ERROR_INDEX)
		return false;
	/* The second is what it says of a file that is too short. */
	return (strstr(last->message, "invalid data") && !strstr(last->message, "mandatory") &&
		!strstr(last->message, "version")) ||
	       strstr(last->message, "no longer exists");
}

static int rebuild(struct stage *stage, const git_commit *head)
{
	git_tree *tree = NULL;
	git_index_free(stage->index);
	stage->index = NULL;
	if (unlink(stage->path) != 0 && errno != ENOENT)
		return -1;
	int failed = git_index_open(&stage->index, stage->path);
	if (!failed)
		failed = git_commit_tree(&tree, head);
	if (!failed)
		failed = git_index_read_tree(stage->index, tree);
	git_tree_free(tree);
	stage->rebuilt = !failed;
	return failed;
}

/* Reads it as it is, or makes it what HEAD says. */
static int read_index(struct stage *stage, bool fresh, bool missing, const git_commit *head)
{
	if (missing && head)
		return rebuild(stage, head);
	if ((stage->index || git_index_open(&stage->index, stage->path) == 0) &&
	    git_index_read(stage->index, fresh) == 0)
		return 0;
	stage->damaged = head && is_damaged();
	return stage->damaged ? rebuild(stage, head) : -1;
}

int stage_keep_damaged(const struct stage *stage, char *kept, size_t size)
{
	snprintf(kept, size, "%s.damaged-%lld", stage->real, (long long)time(NULL));
	return link(stage->real, kept) == 0 || errno == EEXIST ? 0 : -1;
}

int stage_open(struct stage *stage, git_repository *repository, const char *gitdir,
	       const char *name, const git_commit *head)
{
	bool missing = false;
	bool fresh = stage->spoilt;
	snprintf(stage->path, sizeof(stage->path), "%s/%s", gitdir, name);
	snprintf(stage->real, sizeof(stage->real), "%s/index", gitdir);
	stage->written = stage->rebuilt = stage->damaged = false;
	if (clear(stage) != 0)
		return -1;
	if (link(stage->real, stage->path) != 0) {
		if (errno != ENOENT)
			return -1;
		fresh = missing = true; /* there is no index yet, or no longer */
	}
	if (read_index(stage, fresh, missing, head) != 0) {
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
