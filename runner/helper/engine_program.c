/* The engine that runs git itself: slower, and right where libgit2 is not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runner/helper/engine.h"
#include "runner/helper/features.h"
#include "runner/helper/gitlinks.h"
#include "runner/helper/index_lock.h"
#include "runner/helper/program.h"
#include "runner/helper/secrets.h"

static bool is_index_damaged(const struct git_answer *answer)
{
	static const char *const words[] = {
		"index file corrupt",  "index file smaller than expected", "bad signature 0x",
		"bad index file sha1", "unordered stage entries",          "malformed name field",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(answer->complaint, words[i]))
			return true;
	return false;
}

/* The one that can't be read is kept, and never just deleted: a tracked file that is ignored would
 * not come back. */
static int rebuild_index(struct work *work)
{
	char real[LOOK_PATH + 32], kept[LOOK_PATH + 96], built[LOOK_PATH + 64];
	const struct job *job = work->job;
	const size_t used = strlen(job->said);
	const bool missing = snprintf(real, sizeof(real), "%s/index", job->look->gitdir) > 0 &&
			     access(real, F_OK) != 0;
	snprintf(kept, sizeof(kept), "%s.damaged-%lld", real, (long long)time(NULL));
	snprintf(built, sizeof(built), "%s.stepgate", real);
	if (!missing && link(real, kept) != 0 && errno != EEXIST) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be made: %m", kept);
		return -1;
	}
	unlink(built);
	program_set_index(work, built);
	const int failed = RUN(work, NULL, "read-tree", job->look->head);
	program_set_index(work, NULL);
	if (failed)
		return -1;
	if (rename(built, real) != 0) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be replaced: %m", real);
		return -1;
	}
	if (!missing)
		snprintf(job->said + used, job->said_size - used,
			 "%sthe index was damaged: built anew from HEAD, kept as %s",
			 used ? "; " : "", kept);
	return 0;
}

/* Sees to it that there is an index that git can read. */
static int mend_index(struct work *work)
{
	char real[LOOK_PATH + 32];
	const char *const args[] = {"ls-files", "--unmerged", NULL};
	snprintf(real, sizeof(real), "%s/index", work->job->look->gitdir);
	if (!work->job->look->head[0])
		return 0;
	if (access(real, F_OK) != 0)
		return rebuild_index(work);
	if (program_run_once(work, args, NULL) != 0)
		return -1;
	return !git_answer_ok(&work->answer) && is_index_damaged(&work->answer)
		       ? rebuild_index(work)
		       : 0;
}

static int has_conflicts(struct work *work)
{
	if (RUN(work, NULL, "ls-files", "--unmerged") != 0)
		return -1;
	if (work->answer.length == 0)
		return 0;
	facts_fail(work->facts, RECEIPT_CONFLICTED, "resolve them with `git add`");
	return -1;
}

/* The tree of the index against that of `commit` ("" is the empty tree): 1 same, 0 not, -1 facts.
 */
static int is_tree_of(struct work *work, const char *commit, char *tree)
{
	char other[65], name[80];
	if (RUN(work, NULL, "write-tree") != 0 || program_get_line(work, tree, 65) != 0)
		return -1;
	snprintf(name, sizeof(name), "%s^{tree}", commit);
	if ((*commit ? RUN(work, NULL, "rev-parse", "--verify", name)
		     : RUN(work, "", "hash-object", "-t", "tree", "--stdin")) != 0 ||
	    program_get_line(work, other, sizeof(other)) != 0)
		return -1;
	return strcmp(tree, other) == 0;
}

static void report(struct work *work, enum receipt_result result, const char *commit,
		   const char *ref)
{
	struct receipt_facts *facts = work->facts;
	facts->result = result;
	snprintf(facts->commit, sizeof(facts->commit), "%s", commit);
	if (work->job->look->branch[0] && !ref)
		snprintf(facts->ref, sizeof(facts->ref), "refs/heads/%.*s",
			 (int)sizeof(facts->ref) - 12, work->job->look->branch);
	else if (ref)
		snprintf(facts->ref, sizeof(facts->ref), "%s", ref);
}

static void report_nothing(struct work *work)
{
	if (work->job->look->head[0])
		report(work, RECEIPT_NOTHING, work->job->look->head, NULL);
	else
		work->facts->result = RECEIPT_NOTHING;
}

static void report_head(struct work *work)
{
	char id[65];
	if (RUN(work, NULL, "rev-parse", "--verify", "HEAD") == 0 &&
	    program_get_line(work, id, sizeof(id)) == 0)
		report(work, RECEIPT_COMMITTED, id, NULL);
}

/* Takes what is held back out of the index again. */
static int hold_back_path(struct work *work, const char *path, bool named)
{
	const char *what = secret_file(work->job->secrets, work->job->look->workdir, path, named);
	if (!what)
		return 0;
	facts_hold(work->facts, path, what);
	if (work->job->look->head[0])
		return RUN(work, NULL, "--literal-pathspecs", "reset", "-q", "--", path);
	return RUN(work, NULL, "--literal-pathspecs", "rm", "-q", "--cached", "--", path);
}

static int hold_back_some(struct work *work, const char *filter, bool named)
{
	if (RUN(work, NULL, "diff", "--cached", "--name-only", "-z", "--no-renames", filter) != 0)
		return -1;
	char *paths = work->answer.output; /* it stays ours over the next calls */
	const size_t length = work->answer.length;
	int failed = 0;
	work->answer.output = NULL;
	work->answer.length = 0;
	for (const char *at = paths; !failed && at && at < paths + length; at += strlen(at) + 1)
		failed = hold_back_path(work, at, named);
	free(paths);
	return failed;
}

/* A new file may be a secret by its name; of one that is tracked only what is in it counts. */
static int hold_back(struct work *work)
{
	if (!work->job->secrets->hold)
		return 0;
	if (hold_back_some(work, "--diff-filter=A", true) != 0)
		return -1;
	return work->job->secrets->tokens ? hold_back_some(work, "--diff-filter=MT", false) : 0;
}

/* When post-commit runs the commit is there, and stays whatever the hook does. */
static bool is_behind_commit(const struct work *work)
{
	return work->answer.watch.is_hook && strcmp(work->answer.watch.running, "post-commit") == 0;
}

static void commit(struct work *work, const char *const *args)
{
	const struct job *job = work->job;
	const size_t used = strlen(job->said);
	work->signing = true;
	const bool made = program_run(work, args, job->message) == 0 || is_behind_commit(work);
	work->signing = false;
	if (!made)
		return;
	if (work->facts->why[0])
		snprintf(job->said + used, job->said_size - used, "%s%s", used ? "; " : "",
			 work->facts->why);
	work->facts->why[0] = '\0';
	report_head(work);
}

#define COMMIT(work, ...) commit(work, (const char *const[]){__VA_ARGS__, NULL})

/* Takes what is below status/ into the index; git would complain of a folder that it ignores. */
static int add_status(struct work *work)
{
	if (RUN(work, NULL, "ls-files", "--others", "--modified", "--deleted", "--exclude-standard",
		"--", "status") != 0)
		return -1;
	return work->answer.length ? gitlinks_add(work, "status") : 0;
}

/* All of the work tree, as `git add -A` takes it. Our own documents lie outside of most sparse
 * checkouts, where git adds nothing that is not named. */
static int take_all(struct work *work)
{
	if (features_has(&work->job->look->features, "sparse checkout") && add_status(work) != 0)
		return -1;
	return gitlinks_add(work, ".") == 0 ? hold_back(work) : -1;
}

static void commit_all(struct work *work)
{
	char tree[65];
	if (take_all(work) != 0)
		return;
	const int same = is_tree_of(work, work->job->look->head[0] ? "HEAD" : "", tree);
	if (same > 0)
		report_nothing(work);
	if (same == 0)
		COMMIT(work, "commit", "-q", "-F", "-");
}

/* 1 where something below status/ differs from HEAD, 0 where nothing does, -1 facts. */
static int is_status_changed(struct work *work)
{
	if (RUN(work, NULL, "status", "--porcelain", "--untracked-files=all",
		"--ignore-submodules=dirty", "--", "status") != 0)
		return -1;
	return work->answer.length > 0;
}

static void commit_status(struct work *work)
{
	const int changed = is_status_changed(work);
	if (changed == 0)
		report_nothing(work);
	if (changed <= 0 || add_status(work) != 0)
		return;
	const int left = is_status_changed(work);
	if (left == 0)
		report_nothing(work);
	/* By its files: what HEAD has in the place of the folder would else be in git's way. */
	if (left == 1)
		COMMIT(work, "commit", "-q", "--only", "-F", "-", "--", "status/*");
}

/* An earlier commit on the ref becomes a parent of the new one, so that nothing is lost. */
static int write_salvage(struct work *work, const char *tree, const char *earlier, char *id)
{
	const char *args[12] = {"commit-tree", "-F", "-"};
	size_t n = 3;
	const char *parents[] = {work->job->look->head, earlier};
	for (size_t i = 0; i < 2; i++)
		if (*parents[i]) {
			args[n++] = "-p";
			args[n++] = parents[i];
		}
	args[n++] = tree;
	if (program_run(work, args, work->job->message) != 0 || program_get_line(work, id, 65) != 0)
		return -1;
	return RUN(work, NULL, "update-ref", "-m", "stepgate: salvage", "--create-reflog",
		   work->job->request->salvage_ref, id, *earlier ? earlier : "");
}

static void salvage_tree(struct work *work)
{
	const char *ref = work->job->request->salvage_ref;
	char tree[65], id[65], earlier[65];
	if (take_all(work) != 0)
		return;
	const int same = is_tree_of(work, work->job->look->head[0] ? "HEAD" : "", tree);
	if (same > 0)
		report_nothing(work);
	if (same != 0)
		return;
	if (program_id(work->job->look->workdir, ref, &work->answer, earlier) != 0)
		earlier[0] = '\0';
	const int kept = *earlier ? is_tree_of(work, earlier, tree) : 0;
	if (kept > 0)
		report(work, RECEIPT_SALVAGED, earlier, ref);
	if (kept == 0 && write_salvage(work, tree, earlier, id) == 0)
		report(work, RECEIPT_SALVAGED, id, ref);
}

/* Works on a copy of the index: at first the same file under another name, so that its age stays,
 * by which git knows which files are unchanged; git writes a new one. */
static void salvage(struct work *work)
{
	char copy[LOOK_PATH + 32], real[LOOK_PATH + 32], lock[LOOK_PATH + 64];
	const char *gitdir = work->job->look->gitdir;
	snprintf(copy, sizeof(copy), "%s/index.salvage", gitdir);
	snprintf(real, sizeof(real), "%s/index", gitdir);
	snprintf(lock, sizeof(lock), "%s.lock", copy);
	unlink(copy);
	unlink(lock); /* of a helper that was killed: the name is ours alone */
	if (access(real, F_OK) == 0 && link(real, copy) != 0) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be made: %m", copy);
		return;
	}
	program_set_index(work, copy);
	salvage_tree(work);
	unlink(copy);
}

/* Waits until nobody holds the index, and takes away a lock that a helper left which was killed.
 * git takes its own, and may still find another program to have been faster. */
static int wait_for_index(struct work *work)
{
	struct index_lock lock;
	if (index_lock_take(&lock, work->job->look->gitdir, work->job->deadline) ==
	    INDEX_LOCK_HELD) {
		facts_locked(work->facts, lock.path, work->job);
		return -1;
	}
	index_lock_release(&lock);
	return 0;
}

void engine_program_save(const struct job *job, struct receipt_facts *facts)
{
	struct work work = {.job = job, .facts = facts};
	git_answer_init(&work.answer);
	*facts = (struct receipt_facts){.result = RECEIPT_COMMIT_ERROR};
	program_set_people(&work);
	const bool free_to_go = mend_index(&work) == 0 && has_conflicts(&work) == 0;
	if (free_to_go && job->request->salvage_ref)
		salvage(&work);
	else if (free_to_go && wait_for_index(&work) == 0)
		(job->request->scope == GIT_STATUS ? commit_status : commit_all)(&work);
	git_answer_release(&work.answer);
}
