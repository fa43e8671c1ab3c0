#include <errno.h>
#include <git2.h>
#include <git2/sys/repository.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/changes.h"
#include "runner/helper/durable.h"
#include "runner/helper/engine.h"
#include "runner/helper/index_lock.h"
#include "runner/helper/leftovers.h"
#include "runner/helper/stage.h"
#include "runner/helper/store.h"
#include "status/clock.h"

#define RETRY_MS 20

/* Open between requests, and opened anew where the folder is not the one it was, or after any
 * failure. */
struct engine_libgit2 {
	git_repository *repository;
	struct store *store;  /* of new objects; the repository owns it */
	git_config *settings; /* as they were at the last look */
	struct stage stage;
	struct stat folder; /* of the git folder when it was opened */
	bool refused;       /* libgit2 lacks an extension of the repository: not tried again */
};

/* One commit on its way. */
struct work {
	struct engine_libgit2 *engine;
	const struct job *job;
	struct receipt_facts *facts;
	git_commit *parent; /* NULL on an unborn branch */
	git_oid tree;
	git_oid commit;
};

static const char *words(void)
{
	const git_error *last = git_error_last();
	return last && last->message ? last->message : "libgit2 does not say why";
}

static bool names_no_file(const char *variable)
{
	const char *text = getenv(variable);
	return text && (!*text || strcmp(text, "/dev/null") == 0);
}

/* The one place for libgit2's global settings. */
struct engine_libgit2 *engine_libgit2_new(void)
{
	struct engine_libgit2 *engine = calloc(1, sizeof(*engine));
	if (!engine || git_libgit2_init() < 0) {
		free(engine);
		return NULL;
	}
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	if (names_no_file("GIT_CONFIG_GLOBAL")) {
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL, "");
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, "");
	}
	if (names_no_file("GIT_CONFIG_SYSTEM") || getenv("GIT_CONFIG_NOSYSTEM"))
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_SYSTEM, "");
	return engine;
}

static void forget(struct engine_libgit2 *engine)
{
	stage_free(&engine->stage);
	git_config_free(engine->settings);
	git_repository_free(engine->repository);
	engine->settings = NULL;
	engine->repository = NULL;
	engine->store = NULL;
}

void engine_libgit2_free(struct engine_libgit2 *engine)
{
	if (!engine)
		return;
	forget(engine);
	free(engine);
	git_libgit2_shutdown();
}

static const char *get_setting(void *context, const char *key)
{
	const struct engine_libgit2 *engine = context;
	const char *text = NULL;
	git_config_entry *entry;
	if (git_config_get_entry(&entry, engine->settings, key) != 0)
		return NULL;
	const bool bare = !entry->value; /* a key without a sign and a value is a yes */
	git_config_entry_free(entry);
	if (bare)
		return "true";
	return git_config_get_string(&text, engine->settings, key) == 0 ? text : "";
}

static void each_setting(void *context, look_take *take, void *to)
{
	const struct engine_libgit2 *engine = context;
	git_config_iterator *iterator = NULL;
	git_config_entry *entry;
	if (git_config_iterator_new(&iterator, engine->settings) != 0)
		return;
	while (git_config_next(&entry, iterator) == 0)
		take(to, entry->name, entry->value ? entry->value : "true");
	git_config_iterator_free(iterator);
}

static int get_ref(void *context, const char *name, char *id)
{
	const struct engine_libgit2 *engine = context;
	git_oid oid;
	if (git_reference_name_to_id(&oid, engine->repository, name) != 0)
		return -1;
	git_oid_tostr(id, 65, &oid);
	return 0;
}

static bool copy_path(char *out, const char *path)
{
	size_t length = path ? strlen(path) : 0;
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= LOOK_PATH)
		return false;
	memcpy(out, path, length);
	out[length] = '\0';
	return true;
}

static bool is_same_folder(const struct engine_libgit2 *engine)
{
	struct stat now;
	return stat(git_repository_path(engine->repository), &now) == 0 &&
	       now.st_dev == engine->folder.st_dev && now.st_ino == engine->folder.st_ino;
}

static int open_repository(struct engine_libgit2 *engine, const char *path)
{
	if (engine->repository && !is_same_folder(engine))
		forget(engine);
	if (!engine->repository &&
	    (git_repository_open_ext(&engine->repository, path, 0, NULL) != 0 ||
	     stat(git_repository_path(engine->repository), &engine->folder) != 0 ||
	     store_add(&engine->store, engine->repository) != 0))
		return -1;
	git_config_free(engine->settings);
	engine->settings = NULL;
	return git_repository_config_snapshot(&engine->settings, engine->repository);
}

/* Where HEAD stands. -1 where it can't be made out. */
static int look_at_head(struct engine_libgit2 *engine, struct look *look)
{
	git_reference *head = NULL;
	git_oid id;
	if (git_reference_lookup(&head, engine->repository, "HEAD") != 0)
		return -1;
	const char *target = git_reference_symbolic_target(head);
	look->branch[0] = '\0';
	int failed = 0;
	if (target && strncmp(target, "refs/heads/", 11) == 0 && strlen(target) - 11 < LOOK_NAME)
		memcpy(look->branch, target + 11, strlen(target) - 10);
	else if (target)
		failed = -1;
	git_reference_free(head);
	const int found = git_reference_name_to_id(&id, engine->repository, "HEAD");
	look->head[0] = '\0';
	if (found == 0)
		git_oid_tostr(look->head, sizeof(look->head), &id);
	else if (found != GIT_ENOTFOUND)
		failed = -1;
	return failed;
}

enum engine_answer engine_libgit2_look(struct engine_libgit2 *engine,
				       const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err)
{
	const struct look_source source = {get_setting, get_ref, each_setting, engine};
	if (engine->refused || open_repository(engine, conf->path) != 0 ||
	    git_repository_is_bare(engine->repository) ||
	    !copy_path(look->workdir, git_repository_workdir(engine->repository)) ||
	    !copy_path(look->gitdir, git_repository_path(engine->repository)) ||
	    !copy_path(look->commondir, git_repository_commondir(engine->repository)) ||
	    look_at_head(engine, look) != 0) {
		engine->refused = engine->refused || strstr(words(), "unsupported extension");
		forget(engine);
		return ENGINE_PASSES; /* git knows more kinds of repositories, and has better words
				       */
	}
	if (look_check_root(look->workdir, conf->path, err) != 0)
		return ENGINE_FAILED;
	look_fill(look, conf, &source, closely);
	return look_needs_program(look) ? ENGINE_PASSES : ENGINE_ANSWERED;
}

static enum engine_answer fail(struct work *work, enum receipt_result result, const char *what)
{
	facts_fail(work->facts, result, "%s: %s", what, words());
	return ENGINE_ANSWERED;
}

static int find_parent(struct work *work)
{
	git_oid id;
	const char *head = work->job->look->head;
	if (!*head)
		return 0;
	if (git_oid_fromstr(&id, head) != 0 ||
	    git_commit_lookup(&work->parent, work->engine->repository, &id) != 0) {
		fail(work, RECEIPT_COMMIT_ERROR, "HEAD can't be read");
		return -1;
	}
	return 0;
}

/* HEAD's tree with what lies below status/ as it is in the index. */
static int write_status_tree(struct work *work)
{
	git_repository *repository = work->engine->repository;
	git_index *index = work->engine->stage.index, *mixed = NULL;
	git_tree *head = NULL;
	int failed = git_index_new(&mixed);
	if (!failed && work->parent)
		failed = git_commit_tree(&head, work->parent);
	if (!failed && work->parent)
		failed = git_index_read_tree(mixed, head);
	if (!failed)
		failed = git_index_remove_directory(mixed, "status", 0);
	size_t at;
	if (!failed && git_index_find_prefix(&at, index, "status/") == 0)
		for (; !failed; at++) {
			const git_index_entry *entry = git_index_get_byindex(index, at);
			if (!entry || strncmp(entry->path, "status/", 7) != 0)
				break;
			failed = git_index_add(mixed, entry);
		}
	if (!failed)
		failed = git_index_write_tree_to(&work->tree, mixed, repository);
	git_tree_free(head);
	git_index_free(mixed);
	return failed;
}

static bool is_unchanged(const struct work *work)
{
	git_oid empty;
	git_oid_fromstr(&empty, "4b825dc642cb6eb9a060e54bf8d69288fbee4904"); /* the empty tree */
	return git_oid_equal(&work->tree, work->parent ? git_commit_tree_id(work->parent) : &empty);
}

/* The object; no ref holds it yet. */
static int make_commit(struct work *work, size_t nparents, const git_commit *const *parents)
{
	const struct look *look = work->job->look;
	git_signature *author = NULL, *committer = NULL;
	git_tree *tree = NULL;
	int failed = -1;
	if (git_signature_now(&author, look->author.name, look->author.email) != 0 ||
	    git_signature_now(&committer, look->committer.name, look->committer.email) != 0)
		fail(work, RECEIPT_NO_IDENTITY, look->author.name);
	else if (git_tree_lookup(&tree, work->engine->repository, &work->tree) != 0 ||
		 git_commit_create(&work->commit, work->engine->repository, NULL, author, committer,
				   NULL, work->job->message, tree, nparents,
				   (const git_commit **)(uintptr_t)parents) != 0)
		fail(work, RECEIPT_COMMIT_ERROR, "the commit can't be made");
	else
		failed = 0;
	git_tree_free(tree);
	git_signature_free(author);
	git_signature_free(committer);
	return failed;
}

/* Objects and the written index are on the disk before anything names them. */
static int make_durable(struct work *work)
{
	struct engine_libgit2 *engine = work->engine;
	const struct look *look = work->job->look;
	if (store_flush(engine->store, engine->repository) != 0) {
		fail(work, RECEIPT_COMMIT_ERROR, "the objects can't be written");
		return -1;
	}
	if (durable_sync(look->gitdir) == 0 &&
	    (strcmp(look->gitdir, look->commondir) == 0 || durable_sync(look->commondir) == 0))
		return 0;
	facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be synced to the disk: %s",
		   look->gitdir, strerror(errno));
	store_take_back(engine->store, engine->repository);
	return -1;
}

/* The lock of the ref is libgit2's, which does not say whose it is: a mark does. */
static int try_move(struct work *work, const char *ref, const git_oid *old, const char *log)
{
	char lock[LOOK_PATH + LOOK_NAME + 64];
	struct leftovers_mark mark;
	git_reference *moved = NULL;
	git_repository *repository = work->engine->repository;
	snprintf(lock, sizeof(lock), "%s/%s.lock", work->job->look->commondir, ref);
	if (access(lock, F_OK) == 0) {
		git_error_set_str(GIT_ERROR_REFERENCE, lock);
		return GIT_ELOCKED;
	}
	leftovers_mark(&mark, work->job->look->gitdir, lock);
	const int failed =
		old ? git_reference_create_matching(&moved, repository, ref, &work->commit, 1, old,
						    log)
		    : git_reference_create(&moved, repository, ref, &work->commit, 0, log);
	leftovers_unmark(&mark);
	git_reference_free(moved);
	return failed;
}

/* Has the ref go from `old` (NULL: it must not exist) to the commit, waiting for its lock. */
static int move_ref(struct work *work, const char *ref, const git_oid *old, const char *log)
{
	for (;;) {
		const int failed = try_move(work, ref, old, log);
		if (!failed)
			return 0;
		if (failed != GIT_ELOCKED || clock_monotonic_ms() >= work->job->deadline) {
			fail(work, failed == GIT_ELOCKED ? RECEIPT_LOCKED : RECEIPT_COMMIT_ERROR,
			     ref);
			return -1;
		}
		poll(NULL, 0, RETRY_MS);
	}
}

static int move_branch(struct work *work)
{
	char ref[LOOK_NAME + 16], log[128];
	const char *message = work->job->message;
	snprintf(ref, sizeof(ref), "refs/heads/%s", work->job->look->branch);
	snprintf(log, sizeof(log), "stepgate%s: %.*s", work->parent ? "" : " (initial)",
		 (int)(strcspn(message, "\n") > 100 ? 100 : strcspn(message, "\n")), message);
	return move_ref(work, ref, work->parent ? git_commit_id(work->parent) : NULL, log);
}

/* The facts of a commit that is there. */
static void report(struct work *work, enum receipt_result result, const git_oid *commit,
		   const char *ref)
{
	struct receipt_facts *facts = work->facts;
	facts->result = result;
	git_oid_tostr(facts->commit, sizeof(facts->commit), commit);
	if (!*work->job->look->branch && !work->job->request->salvage_ref)
		return;
	snprintf(facts->ref, sizeof(facts->ref), "%s%s",
		 work->job->request->salvage_ref ? "" : "refs/heads/", ref);
}

static void report_nothing(struct work *work)
{
	work->facts->result = RECEIPT_NOTHING;
	if (work->parent)
		report(work, RECEIPT_NOTHING, git_commit_id(work->parent),
		       work->job->request->salvage_ref ? "" : work->job->look->branch);
}

/* The index is locked, open and up to date. First the objects, then the index, then the ref: who
 * dies in between leaves at worst changes that are staged. */
static void commit_stage(struct work *work, size_t changed)
{
	struct stage *stage = &work->engine->stage;
	const bool status_only = work->job->request->scope == GIT_STATUS;
	if ((status_only ? write_status_tree(work)
			 : git_index_write_tree_to(&work->tree, stage->index,
						   work->engine->repository)) != 0) {
		fail(work, RECEIPT_COMMIT_ERROR, "the tree can't be written");
		return;
	}
	changed += stage->rebuilt;
	if (changed && stage_write(stage) != 0) {
		fail(work, RECEIPT_COMMIT_ERROR, "the index can't be written");
		return;
	}
	const git_commit *const parents[] = {work->parent};
	const bool unchanged = is_unchanged(work);
	if ((!unchanged && make_commit(work, work->parent ? 1 : 0, parents) != 0) ||
	    ((!unchanged || stage->written) && make_durable(work) != 0))
		return;
	if (stage->written && stage_install(stage) != 0) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be replaced: %s",
			   stage->real, strerror(errno));
		return;
	}
	stage->spoilt = stage->spoilt && changed;
	if (unchanged)
		report_nothing(work);
	else if (move_branch(work) == 0)
		report(work, RECEIPT_COMMITTED, &work->commit, work->job->look->branch);
}

/* Whoever held the lock before may have committed, or switched to another branch. */
static bool has_head_moved(const struct work *work)
{
	struct look now = {.workdir = ""};
	const struct look *look = work->job->look;
	return look_at_head(work->engine, &now) != 0 || strcmp(now.branch, look->branch) != 0 ||
	       strcmp(now.head, look->head) != 0;
}

static int keep_damaged(struct work *work)
{
	char kept[LOOK_PATH + 96];
	const struct job *job = work->job;
	const size_t used = strlen(job->said);
	if (stage_keep_damaged(&work->engine->stage, kept, sizeof(kept)) != 0) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be made: %s", kept,
			   strerror(errno));
		return -1;
	}
	snprintf(job->said + used, job->said_size - used,
		 "%sthe index was damaged: built anew from HEAD, kept as %s", used ? "; " : "",
		 kept);
	return 0;
}

static enum engine_answer commit_locked(struct work *work)
{
	struct stage *stage = &work->engine->stage;
	size_t changed = 0;
	if (has_head_moved(work))
		return ENGINE_AGAIN;
	if (stage_open(stage, work->engine->repository, work->job->look->gitdir, "index.stepgate",
		       work->parent) != 0)
		return ENGINE_PASSES;
	if (stage->damaged && keep_damaged(work) != 0)
		return ENGINE_ANSWERED;
	if (git_index_has_conflicts(stage->index)) {
		facts_fail(work->facts, RECEIPT_CONFLICTED, "resolve them with `git add`");
		return ENGINE_ANSWERED;
	}
	const char *only = work->job->request->scope == GIT_STATUS ? "status" : NULL;
	const int took = changes_take(work->engine->repository, stage->index, work->engine->store,
				      only, work->job->secrets, &changed, work->facts);
	if (took == CHANGES_PASS)
		return ENGINE_PASSES;
	if (took == 0)
		commit_stage(work, changed);
	return ENGINE_ANSWERED;
}

static enum engine_answer commit_on_branch(struct work *work)
{
	struct index_lock lock;
	switch (index_lock_take(&lock, work->job->look->gitdir, work->job->deadline)) {
	case INDEX_LOCK_HELD:
		facts_locked(work->facts, lock.path, work->job);
		return ENGINE_ANSWERED;
	case INDEX_LOCK_FAILED:
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be made: %s", lock.path,
			   strerror(errno));
		return ENGINE_ANSWERED;
	case INDEX_LOCK_UNSUPPORTED:
		return ENGINE_PASSES;
	case INDEX_LOCK_TAKEN:
		break;
	}
	const enum engine_answer answer = commit_locked(work);
	stage_close(&work->engine->stage);
	index_lock_release(&lock);
	return answer;
}

/* The commit that the salvage ref holds already, if there is one. */
static git_commit *find_earlier(const struct work *work)
{
	git_oid id;
	git_commit *earlier = NULL;
	git_repository *repository = work->engine->repository;
	if (git_reference_name_to_id(&id, repository, work->job->request->salvage_ref) != 0 ||
	    git_commit_lookup(&earlier, repository, &id) != 0)
		return NULL;
	return earlier;
}

/* An earlier commit on the ref becomes a parent of the new one, so that nothing is lost. */
static void salvage_tree(struct work *work)
{
	const char *ref = work->job->request->salvage_ref;
	git_commit *earlier = find_earlier(work);
	const git_commit *parents[2];
	size_t nparents = 0;
	if (work->parent)
		parents[nparents++] = work->parent;
	if (earlier)
		parents[nparents++] = earlier;
	if (is_unchanged(work))
		report_nothing(work);
	else if (earlier && git_oid_equal(git_commit_tree_id(earlier), &work->tree))
		report(work, RECEIPT_SALVAGED, git_commit_id(earlier), ref);
	else if (make_commit(work, nparents, parents) == 0 && make_durable(work) == 0 &&
		 move_ref(work, ref, earlier ? git_commit_id(earlier) : NULL,
			  "stepgate: salvage") == 0)
		report(work, RECEIPT_SALVAGED, &work->commit, ref);
	git_commit_free(earlier);
}

static enum engine_answer salvage(struct work *work)
{
	struct stage stage = {.index = NULL};
	git_repository *repository = work->engine->repository;
	size_t changed = 0;
	int took = CHANGES_PASS;
	if (stage_open(&stage, repository, work->job->look->gitdir, "index.salvage",
		       work->parent) == 0) {
		if (git_index_has_conflicts(stage.index)) {
			facts_fail(work->facts, RECEIPT_CONFLICTED, "resolve them with `git add`");
			took = -1;
		} else {
			took = changes_take(repository, stage.index, work->engine->store, NULL,
					    work->job->secrets, &changed, work->facts);
		}
	}
	if (took == 0 && git_index_write_tree_to(&work->tree, stage.index, repository) != 0)
		fail(work, RECEIPT_COMMIT_ERROR, "the tree can't be written");
	else if (took == 0)
		salvage_tree(work);
	stage_close(&stage);
	git_repository_set_index(repository, work->engine->stage.index);
	stage_free(&stage);
	return took == CHANGES_PASS ? ENGINE_PASSES : ENGINE_ANSWERED;
}

enum engine_answer engine_libgit2_save(struct engine_libgit2 *engine, const struct job *job,
				       struct receipt_facts *facts)
{
	struct work work = {.engine = engine, .job = job, .facts = facts};
	enum engine_answer answer = ENGINE_ANSWERED;
	*facts = (struct receipt_facts){.result = RECEIPT_COMMIT_ERROR};
	if (find_parent(&work) == 0)
		answer = job->request->salvage_ref ? salvage(&work) : commit_on_branch(&work);
	git_commit_free(work.parent);
	if (engine->store)
		store_drop(engine->store);
	if (receipt_place(facts->result) == RECEIPT_NOT_COMMITTED)
		forget(engine); /* whatever it was, the next one starts afresh */
	return answer;
}
