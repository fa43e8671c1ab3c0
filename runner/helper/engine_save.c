/* The engine's commit: what stage/ makes of the index and the work tree, as a commit on a ref. */
#include <errno.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "runner/helper/durable.h"
#include "runner/helper/engine_libgit2.h"
#include "runner/helper/features.h"
#include "runner/helper/index_lock.h"
#include "runner/helper/leftovers.h"
#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/crew.h"
#include "runner/helper/stage/staging.h"
#include "status/clock.h"

#define RETRY_MS 20
#define BESIDE   1000     /* entries of an index, for its writing to be worth a thread */
#define STATUS   "status" /* the folder that a request may be for alone */

/* One commit on its way. */
struct work {
	struct engine_libgit2 *engine;
	const struct job *job;
	struct receipt_facts *facts;
	struct staging staging;
	git_commit *parent; /* NULL on an unborn branch */
	git_oid tree;
	git_oid commit;
	git_buf excludes, attributes; /* paths of settings */
	bool outrun;                  /* another program has moved the branch meanwhile */
};

static enum engine_answer fail(struct work *work, enum receipt_result result, const char *what)
{
	facts_fail(work->facts, result, "%s: %s", what, engine_libgit2_words());
	return ENGINE_ANSWERED;
}

static int fail_file(struct work *work, const char *path, const char *what)
{
	facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be %s: %s", path, what,
		   strerror(errno));
	return -1;
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

/* What a setting says, or the file that git takes where it says nothing. NULL where neither is. */
static const char *find_file(const struct work *work, const char *key, const char *name,
			     git_buf *set, char usual[LOOK_PATH])
{
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (git_config_get_path(set, work->engine->settings, key) == 0) {
		features_path(work->job->look, set->ptr, usual, LOOK_PATH);
		return usual;
	}
	if (folder && *folder)
		snprintf(usual, LOOK_PATH, "%s/git/%s", folder, name);
	else if (home)
		snprintf(usual, LOOK_PATH, "%s/.config/git/%s", home, name);
	else
		return NULL;
	return usual;
}

static bool is_set(const struct work *work, const char *key, bool usual)
{
	int value;
	return git_config_get_bool(&value, work->engine->settings, key) == 0 ? value != 0 : usual;
}

/* zlib's level for new objects, by git's rules for loose ones. */
static int find_level(const struct work *work)
{
	int32_t level;
	if (git_config_get_int32(&level, work->engine->settings, "core.loosecompression") != 0 &&
	    git_config_get_int32(&level, work->engine->settings, "core.compression") != 0)
		return 1;
	return level < -1 || level > 9 ? 1 : level;
}

static void on_held(void *context, const char *path, const char *what)
{
	const struct work *work = context;
	facts_hold(work->facts, path, what);
}

/* The damaged index is kept, and what was done is told. A salvage leaves it where it is. */
static int keep_damaged(struct work *work)
{
	char real[LOOK_PATH + 32], kept[LOOK_PATH + 96];
	const struct job *job = work->job;
	const size_t used = strlen(job->said);
	if (job->request->salvage_ref)
		return 0;
	snprintf(real, sizeof(real), "%s/index", job->look->gitdir);
	snprintf(kept, sizeof(kept), "%s.damaged-%lld", real, (long long)time(NULL));
	if (link(real, kept) != 0 && errno != EEXIST)
		return -1;
	snprintf(job->said + used, job->said_size - used,
		 "%sthe index was damaged: built anew from HEAD, kept as %s", used ? "; " : "",
		 kept);
	return 0;
}

/* The work tree taken into the index, in memory. ANSWERED with *taken where that went well, or with
 * the facts. */
static enum engine_answer take(struct work *work, const char *only, bool *taken)
{
	char usual[2][LOOK_PATH];
	const struct look *look = work->job->look;
	const struct staging_order order = {
		.workdir = look->workdir,
		.gitdir = look->gitdir,
		.commondir = look->commondir,
		.excludes =
			find_file(work, "core.excludesfile", "ignore", &work->excludes, usual[0]),
		.attributes = find_file(work, "core.attributesfile", "attributes",
					&work->attributes, usual[1]),
		.trust_mode = is_set(work, "core.filemode", true),
		.untracked_cache = is_set(work, "core.untrackedcache", false) ||
				   is_set(work, "feature.manyfiles", false),
		.objects = work->engine->objects,
		.listings = work->engine->listings,
		.secrets = work->job->secrets,
		.only = only,
		.held = on_held,
		.context = work,
	};
	objects_begin(work->engine->objects, find_level(work));
	int failed = staging_read(&work->staging, &order);
	if (!failed && work->parent && (work->staging.index.missing || work->staging.damaged))
		failed = staging_read_tree(&work->staging, work->engine->repository, work->parent);
	if (!failed && work->staging.damaged && (!work->parent || keep_damaged(work) != 0))
		failed = STAGING_DOUBT;
	if (!failed && work->staging.index.conflicts) {
		facts_fail(work->facts, RECEIPT_CONFLICTED, "resolve them with `git add`");
		return ENGINE_ANSWERED;
	}
	if (!failed)
		failed = staging_take(&work->staging, &order);
	if (failed < 0)
		fail_file(work, look->workdir, "compared");
	*taken = failed == 0;
	return failed == STAGING_DOUBT ? ENGINE_PASSES : ENGINE_ANSWERED;
}

/* HEAD's tree with what lies below status/ as it is in the index. */
static int make_status_tree(struct work *work)
{
	git_odb *odb = NULL;
	git_odb_object *base = NULL;
	int failed = git_repository_odb(&odb, work->engine->repository);
	if (!failed && work->parent)
		failed = git_odb_read(&base, odb, git_commit_tree_id(work->parent));
	if (!failed)
		failed = staging_tree_with(&work->staging, work->engine->objects, STATUS,
					   base ? git_odb_object_data(base) : "",
					   base ? git_odb_object_size(base) : 0, work->tree.id);
	git_odb_object_free(base);
	git_odb_free(odb);
	return failed;
}

static int make_tree(struct work *work, bool status_only)
{
	const int failed =
		status_only ? make_status_tree(work)
			    : staging_tree(&work->staging, work->engine->objects, work->tree.id);
	if (failed < 0)
		fail(work, RECEIPT_COMMIT_ERROR, "the tree can't be written");
	return failed;
}

static bool is_unchanged(const struct work *work)
{
	git_oid empty;
	git_oid_fromstr(&empty, "4b825dc642cb6eb9a060e54bf8d69288fbee4904"); /* the empty tree */
	return git_oid_equal(&work->tree, work->parent ? git_commit_tree_id(work->parent) : &empty);
}

static void add_person(struct bytes *out, const char *what, const git_signature *person)
{
	const int offset = person->when.offset < 0 ? -person->when.offset : person->when.offset;
	bytes_format(out, "%s ", what);
	bytes_add(out, person->name, strlen(person->name));
	bytes_add(out, " <", 2);
	bytes_add(out, person->email, strlen(person->email));
	bytes_format(out, "> %lld %c%02d%02d\n", (long long)person->when.time,
		     person->when.offset < 0 ? '-' : '+', offset / 60, offset % 60);
}

static void add_id(struct bytes *out, const char *what, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];
	bytes_format(out, "%s %s\n", what, git_oid_tostr(hex, sizeof(hex), id));
}

/* The object; no ref holds it yet. */
static int make_commit(struct work *work, size_t nparents, const git_commit *const *parents)
{
	const struct look *look = work->job->look;
	git_signature *author = NULL, *committer = NULL;
	struct bytes text = {.at = NULL};
	int failed = -1;
	if (git_signature_now(&author, look->author.name, look->author.email) != 0 ||
	    git_signature_now(&committer, look->committer.name, look->committer.email) != 0) {
		fail(work, RECEIPT_NO_IDENTITY, look->author.name);
	} else {
		add_id(&text, "tree", &work->tree);
		for (size_t i = 0; i < nparents; i++)
			add_id(&text, "parent", git_commit_id(parents[i]));
		add_person(&text, "author", author);
		add_person(&text, "committer", committer);
		bytes_add(&text, "\n", 1);
		bytes_add(&text, work->job->message, strlen(work->job->message));
		failed = text.broken ? -1
				     : objects_add(work->engine->objects, OBJECTS_COMMIT, text.at,
						   text.length, work->commit.id);
		if (failed)
			fail(work, RECEIPT_COMMIT_ERROR, "the commit can't be made");
	}
	bytes_release(&text);
	git_signature_free(author);
	git_signature_free(committer);
	return failed;
}

static int sync_folders(struct work *work)
{
	const struct look *look = work->job->look;
	if (durable_sync(look->gitdir) == 0 &&
	    (strcmp(look->gitdir, look->commondir) == 0 || durable_sync(look->commondir) == 0))
		return 0;
	return fail_file(work, look->gitdir, "synced to the disk");
}

/* Whether the file system brings renames to the disk in the order in which they were made. */
static bool keeps_order(const char *folder)
{
	struct statfs state;
	if (statfs(folder, &state) != 0)
		return false;
	switch ((unsigned long)state.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case TMPFS_MAGIC: /* which has no disk */
		return true;
	default:
		return false;
	}
}

/* What is written of a commit, and what became of it: 0, or errno, which is never 0 then. */
struct writing {
	struct work *work;
	const char *index; /* its path; NULL: it stays as it is */
	int index_error, objects_error;
};

static void write_index(void *context)
{
	struct writing *writing = context;
	if (writing->index && index_write(&writing->work->staging.index, writing->index) != 0)
		writing->index_error = errno ? errno : EIO;
}

static void write_objects(void *context)
{
	struct writing *writing = context;
	if (objects_write(writing->work->engine->objects) != 0)
		writing->objects_error = errno ? errno : EIO;
}

/* Each under a name that nobody reads. */
static int write_both(struct work *work, const char *index)
{
	struct writing writing = {.work = work, .index = index};
	if (work->staging.index.count < BESIDE) {
		write_index(&writing);
		write_objects(&writing);
	} else {
		crew_both(write_index, write_objects, &writing);
	}
	errno = writing.index_error;
	if (errno)
		return fail_file(work, index, "written");
	errno = writing.objects_error;
	return errno ? fail_file(work, work->job->look->commondir, "given new objects") : 0;
}

/* The contents of objects and index are on the disk before any of them has its name, and they have
 * their names there before a ref names them: on a disk that was cut off there is no object that is
 * empty, and no ref to one that is not there. */
static int make_durable(struct work *work, const char *index)
{
	const char *folder = work->job->look->commondir;
	if (write_both(work, index) != 0 || sync_folders(work) != 0)
		return -1;
	if (objects_place(work->engine->objects) != 0)
		return fail_file(work, folder, "given new objects");
	return keeps_order(folder) ? 0 : sync_folders(work);
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
		work->outrun = failed == GIT_EMODIFIED;
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

/* What a `git merge --squash`, a `git cherry-pick --no-commit` and the like have left for the next
 * commit: it has been made. (As remove_merge_branch_state of git 2.39 has it.) */
static void forget_drafts(const struct look *look)
{
	static const char *const names[] = {"SQUASH_MSG", "MERGE_MSG", "MERGE_MODE", "AUTO_MERGE"};
	char path[LOOK_PATH + 32];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", look->gitdir, names[i]);
		unlink(path);
	}
}

static void report_commit(struct work *work)
{
	forget_drafts(work->job->look);
	report(work, RECEIPT_COMMITTED, &work->commit, work->job->look->branch);
}

/* The index is locked and up to date. First the objects, then the index, then the ref: who dies in
 * between leaves at worst changes that are staged. */
static void commit_stage(struct work *work)
{
	char path[LOOK_PATH + 32], real[LOOK_PATH + 32];
	const git_commit *const parents[] = {work->parent};
	const bool unchanged = is_unchanged(work), written = work->staging.written;
	snprintf(path, sizeof(path), "%s/index.stepgate", work->job->look->gitdir);
	snprintf(real, sizeof(real), "%s/index", work->job->look->gitdir);
	if ((!unchanged && make_commit(work, work->parent ? 1 : 0, parents) != 0) ||
	    ((!unchanged || written) && make_durable(work, written ? path : NULL) != 0))
		unlink(path);
	else if (written && rename(path, real) != 0)
		fail_file(work, real, "replaced");
	else if (unchanged)
		report_nothing(work);
	else if (move_branch(work) == 0)
		report_commit(work);
}

/* Whoever held the lock before may have committed, or switched to another branch. */
static bool has_head_moved(const struct work *work)
{
	struct look now = {.workdir = ""};
	const struct look *look = work->job->look;
	return engine_libgit2_look_at_head(work->engine, &now) != 0 ||
	       strcmp(now.branch, look->branch) != 0 || strcmp(now.head, look->head) != 0;
}

static enum engine_answer commit_locked(struct work *work)
{
	const bool status_only = work->job->request->scope == GIT_STATUS;
	bool taken = false;
	if (has_head_moved(work))
		return ENGINE_AGAIN;
	const enum engine_answer answer = take(work, status_only ? STATUS : NULL, &taken);
	if (!taken)
		return answer;
	const int failed = make_tree(work, status_only);
	if (!failed)
		commit_stage(work);
	if (work->outrun)
		return ENGINE_AGAIN;
	return failed == STAGING_DOUBT ? ENGINE_PASSES : ENGINE_ANSWERED;
}

static enum engine_answer commit_on_branch(struct work *work)
{
	struct index_lock lock;
	switch (index_lock_take(&lock, work->job->look->gitdir, work->job->deadline)) {
	case INDEX_LOCK_HELD:
		facts_locked(work->facts, lock.path, work->job);
		return ENGINE_ANSWERED;
	case INDEX_LOCK_FAILED:
		fail_file(work, lock.path, "made");
		return ENGINE_ANSWERED;
	case INDEX_LOCK_UNSUPPORTED:
		return ENGINE_PASSES;
	case INDEX_LOCK_TAKEN:
		break;
	}
	const enum engine_answer answer = commit_locked(work);
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
	else if (make_commit(work, nparents, parents) == 0 && make_durable(work, NULL) == 0 &&
		 move_ref(work, ref, earlier ? git_commit_id(earlier) : NULL,
			  "stepgate: salvage") == 0)
		report(work, RECEIPT_SALVAGED, &work->commit, ref);
	git_commit_free(earlier);
}

/* The index on the disk stays as it is, so that it need not be locked. */
static enum engine_answer salvage(struct work *work)
{
	bool taken = false;
	const enum engine_answer answer = take(work, NULL, &taken);
	if (taken && make_tree(work, false) == 0)
		salvage_tree(work);
	return answer;
}

static void tell_mended(const struct work *work)
{
	const struct job *job = work->job;
	const size_t used = strlen(job->said), mended = objects_mended(work->engine->objects);
	if (mended)
		snprintf(job->said + used, job->said_size - used,
			 "%sobjects that were damaged, and are written anew: %zu", used ? "; " : "",
			 mended);
}

enum engine_answer engine_libgit2_save(struct engine_libgit2 *engine, const struct job *job,
				       struct receipt_facts *facts)
{
	struct work work = {.engine = engine, .job = job, .facts = facts};
	enum engine_answer answer = ENGINE_ANSWERED;
	*facts = (struct receipt_facts){.result = RECEIPT_COMMIT_ERROR};
	if (!engine->listings)
		engine->listings = listings_new(); /* without them all is read each time */
	if (find_parent(&work) == 0)
		answer = job->request->salvage_ref ? salvage(&work) : commit_on_branch(&work);
	git_commit_free(work.parent);
	git_buf_dispose(&work.excludes);
	git_buf_dispose(&work.attributes);
	staging_release(&work.staging);
	tell_mended(&work);
	objects_drop(engine->objects);
	if (receipt_place(facts->result) == RECEIPT_NOT_COMMITTED)
		engine_libgit2_forget(engine); /* whatever it was, the next one starts afresh */
	return answer;
}
