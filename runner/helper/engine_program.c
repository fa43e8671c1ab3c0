/* The engine that runs git itself: slower, and right where libgit2 is not. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runner/helper/engine.h"
#include "runner/helper/git_program.h"
#include "runner/helper/index_lock.h"
#include "runner/secrets.h"
#include "status/clock.h"
#include "status/text.h"

#define LOOK_MS  30000
#define RETRY_MS 50
#define WORDS    512
#define VARIABLE (LOOK_PATH + 128)

/* What git knows, for look_source. */
struct source {
	const char *folder;
	struct git_answer settings; /* of `git config -z --list` */
	struct git_answer scratch;
};

static int call(const char *folder, const char *const *args, struct git_answer *answer,
		struct err *err)
{
	const struct git_call call = {
		.folder = folder,
		.args = args,
		.timeout_ms = LOOK_MS,
		.client = -1,
	};
	return git_program(&call, answer, err);
}

#define CALL(folder, answer, err, ...) \
	call(folder, (const char *const[]){__VA_ARGS__, NULL}, answer, err)

/* The pairs end with a NUL each, "KEY\nVALUE" or "KEY"; the last one of a key counts. */
static const char *get_setting(void *context, const char *key)
{
	const struct source *source = context;
	const char *found = NULL, *at = source->settings.output;
	const char *end = at + source->settings.length;
	const size_t length = strlen(key);
	for (; at < end; at += strlen(at) + 1)
		if (strncmp(at, key, length) == 0 && at[length] == '\n')
			found = at + length + 1;
		else if (strcmp(at, key) == 0)
			found = "true";
	return found;
}

static void each_setting(void *context, look_take *take, void *to)
{
	const struct source *source = context;
	const char *at = source->settings.output, *end = at + source->settings.length;
	char key[2 * LOOK_PATH];
	for (; at < end; at += strlen(at) + 1) {
		const size_t length = strcspn(at, "\n");
		if (length >= sizeof(key))
			continue;
		memcpy(key, at, length);
		key[length] = '\0';
		take(to, key, at[length] ? at + length + 1 : "true");
	}
}

/* The first line of the output, if the call went well and it fits. */
static int take_line(const struct git_answer *answer, char *out, size_t size)
{
	const size_t length = strcspn(answer->output, "\n");
	if (!git_answer_ok(answer) || length == 0 || length >= size)
		return -1;
	memcpy(out, answer->output, length);
	out[length] = '\0';
	return 0;
}

static int get_id(const char *folder, const char *name, struct git_answer *answer, char *id)
{
	struct err err;
	if (CALL(folder, answer, &err, "rev-parse", "-q", "--verify", "--end-of-options", name) !=
	    0)
		return -1;
	return take_line(answer, id, 65);
}

static int get_ref(void *context, const char *name, char *id)
{
	struct source *source = context;
	return get_id(source->folder, name, &source->scratch, id);
}

static int tell_not_a_repository(const struct git_answer *answer, const char *path, struct err *err)
{
	char words[WORDS];
	if (strstr(answer->complaint, "dubious ownership"))
		return err_set(
			err, ERR_CONFIG,
			"%s: the repository is somebody else's: if you trust it, `git config "
			"--global --add safe.directory '%s'`",
			path, path);
	if (strstr(answer->complaint, "not a git repository"))
		return err_set(err, ERR_CONFIG,
			       "%s: not a git repository: run `git init` there, or set repository "
			       "{ path }, or repository { commit = false }",
			       path);
	return err_set(err, ERR_CONFIG, "%s: the repository can't be used: %s", path,
		       git_answer_words(answer, words, sizeof(words)));
}

/* The lines of one `git rev-parse`, in the order asked for. */
static int take_places(char *lines, struct look *look)
{
	char *const out[] = {look->workdir, look->gitdir, look->commondir};
	for (size_t i = 0; i < 3; i++) {
		const size_t length = strcspn(lines, "\n");
		if (length == 0 || length >= LOOK_PATH)
			return -1;
		memcpy(out[i], lines, length);
		out[i][length] = '\0';
		lines += length + (lines[length] == '\n');
	}
	return 0;
}

static int look_at_place(const char *path, struct look *look, struct git_answer *answer,
			 struct err *err)
{
	if (CALL(path, answer, err, "rev-parse", "--is-bare-repository") != 0)
		return -1;
	if (!git_answer_ok(answer))
		return tell_not_a_repository(answer, path, err);
	if (strcmp(answer->output, "true\n") == 0)
		return err_set(err, ERR_CONFIG,
			       "%s: a bare repository: it has no work tree to commit from", path);
	if (CALL(path, answer, err, "rev-parse", "--path-format=absolute", "--show-toplevel",
		 "--absolute-git-dir", "--git-common-dir") != 0)
		return -1;
	if (!git_answer_ok(answer) || take_places(answer->output, look) != 0)
		return tell_not_a_repository(answer, path, err);
	return look_check_root(look->workdir, path, err);
}

static int look_at_head(struct look *look, struct git_answer *answer, struct err *err)
{
	char target[LOOK_NAME + 16];
	look->branch[0] = look->head[0] = '\0';
	if (CALL(look->workdir, answer, err, "symbolic-ref", "-q", "HEAD") != 0)
		return -1;
	if (take_line(answer, target, sizeof(target)) == 0 &&
	    strncmp(target, "refs/heads/", 11) == 0)
		snprintf(look->branch, sizeof(look->branch), "%.*s", LOOK_NAME - 1, target + 11);
	if (get_id(look->workdir, "HEAD", answer, look->head) != 0)
		look->head[0] = '\0';
	return 0;
}

enum engine_answer engine_program_look(const struct conf_repository *conf, bool closely,
				       struct look *look, struct err *err)
{
	struct source source = {.folder = look->workdir};
	const struct look_source seen = {get_setting, get_ref, each_setting, &source};
	git_answer_init(&source.settings);
	git_answer_init(&source.scratch);
	enum engine_answer answer = ENGINE_FAILED;
	if (look_at_place(conf->path, look, &source.scratch, err) == 0 &&
	    look_at_head(look, &source.scratch, err) == 0 &&
	    CALL(look->workdir, &source.settings, err, "config", "-z", "--list") == 0) {
		look_fill(look, conf, &seen, closely);
		answer = ENGINE_ANSWERED;
	}
	git_answer_release(&source.settings);
	git_answer_release(&source.scratch);
	return answer;
}

/* One commit on its way. */
struct work {
	const struct job *job;
	struct receipt_facts *facts;
	struct git_answer answer;
	char variables[5][VARIABLE]; /* who commits, and with which index */
	const char *environment[6];
};

static void set_environment(struct work *work)
{
	const struct look *look = work->job->look;
	const char *const who[][2] = {
		{"GIT_AUTHOR_NAME", look->author.name},
		{"GIT_AUTHOR_EMAIL", look->author.email},
		{"GIT_COMMITTER_NAME", look->committer.name},
		{"GIT_COMMITTER_EMAIL", look->committer.email},
	};
	for (size_t i = 0; i < 4; i++) {
		snprintf(work->variables[i], VARIABLE, "%s=%s", who[i][0], who[i][1]);
		work->environment[i] = work->variables[i];
	}
}

/* What git's refusal means. */
static enum receipt_result judge(const struct git_answer *answer)
{
	static const struct {
		const char *words;
		enum receipt_result result;
	} meanings[] = {
		{".lock': File exists", RECEIPT_LOCKED},
		{"does not have a commit checked out", RECEIPT_REFUSED_PATH},
		{"adding files failed", RECEIPT_REFUSED_PATH},
		{"unable to index file", RECEIPT_REFUSED_PATH},
		{"invalid path", RECEIPT_REFUSED_PATH},
		{"unmerged", RECEIPT_CONFLICTED},
		{"tell me who you are", RECEIPT_NO_IDENTITY},
		{"empty ident", RECEIPT_NO_IDENTITY},
	};
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(answer->complaint, meanings[i].words))
			return meanings[i].result;
	return RECEIPT_COMMIT_ERROR;
}

/* The line that names the path, where there is one: git's last word is often "adding files failed".
 */
static void refuse(struct work *work)
{
	char words[WORDS];
	const char *line = strstr(work->answer.complaint, "error: ");
	const enum receipt_result result = judge(&work->answer);
	if (result == RECEIPT_REFUSED_PATH && line)
		text_clean(line, strcspn(line, "\n"), words, sizeof(words));
	else
		git_answer_words(&work->answer, words, sizeof(words));
	facts_fail(work->facts, result, "%s", words);
}

static int run_once(struct work *work, const char *const *args, const char *input)
{
	struct err err = {.code = ERR_NONE};
	const char *whole[24] = {
		"-c", "core.fsync=all",
		"-c", "core.fsyncMethod=fsync",
		"-c", "gc.auto=0", /* see maintenance.h: it has its own time */
		"-c", work->job->hooks ? "advice.ignoredHook=false" : "core.hooksPath=/dev/null",
	};
	for (size_t i = 0; i < 15 && args[i]; i++)
		whole[8 + i] = args[i];
	const struct git_call call = {
		.folder = work->job->look->workdir,
		.args = whole,
		.variables = work->environment,
		.input = input,
		.timeout_ms = work->job->hook_timeout_ms,
		.client = work->job->client,
	};
	if (git_program(&call, &work->answer, &err) == 0)
		return 0;
	facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s", err.text);
	return -1;
}

/* Runs it, and again while a lock is held. 0 when it went well, else -1 and the facts. */
static int run(struct work *work, const char *const *args, const char *input)
{
	for (;;) {
		if (run_once(work, args, input) != 0)
			return -1;
		if (git_answer_ok(&work->answer))
			return 0;
		if (judge(&work->answer) != RECEIPT_LOCKED ||
		    clock_monotonic_ms() >= work->job->deadline)
			break;
		poll(NULL, 0, RETRY_MS);
	}
	refuse(work);
	return -1;
}

#define RUN(work, input, ...) run(work, (const char *const[]){__VA_ARGS__, NULL}, input)

static int get_line(struct work *work, char *out, size_t size)
{
	if (take_line(&work->answer, out, size) == 0)
		return 0;
	facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "git gave an answer that can't be read");
	return -1;
}

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
	snprintf(work->variables[4], VARIABLE, "GIT_INDEX_FILE=%s", built);
	work->environment[4] = work->variables[4];
	const int failed = RUN(work, NULL, "read-tree", job->look->head);
	work->environment[4] = NULL;
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
	if (run_once(work, args, NULL) != 0)
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
	if (RUN(work, NULL, "write-tree") != 0 || get_line(work, tree, 65) != 0)
		return -1;
	snprintf(name, sizeof(name), "%s^{tree}", commit);
	if ((*commit ? RUN(work, NULL, "rev-parse", "--verify", name)
		     : RUN(work, "", "hash-object", "-t", "tree", "--stdin")) != 0 ||
	    get_line(work, other, sizeof(other)) != 0)
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
	    get_line(work, id, sizeof(id)) == 0)
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

static void commit_all(struct work *work)
{
	char tree[65];
	if (RUN(work, NULL, "add", "-A") != 0 || hold_back(work) != 0)
		return;
	const int same = is_tree_of(work, work->job->look->head[0] ? "HEAD" : "", tree);
	if (same > 0)
		report_nothing(work);
	if (same == 0 && RUN(work, work->job->message, "commit", "-q", "-F", "-") == 0)
		report_head(work);
}

/* 1 where something below status/ differs from HEAD, 0 where nothing does, -1 facts. */
static int is_status_changed(struct work *work)
{
	if (RUN(work, NULL, "status", "--porcelain", "--untracked-files=all", "--", "status") != 0)
		return -1;
	return work->answer.length > 0;
}

static void commit_status(struct work *work)
{
	const int changed = is_status_changed(work);
	if (changed == 0)
		report_nothing(work);
	if (changed <= 0 || RUN(work, NULL, "add", "-A", "--", "status") != 0)
		return;
	const int left = is_status_changed(work);
	if (left == 0)
		report_nothing(work);
	if (left == 1 &&
	    RUN(work, work->job->message, "commit", "-q", "--only", "-F", "-", "--", "status") == 0)
		report_head(work);
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
	if (run(work, args, work->job->message) != 0 || get_line(work, id, 65) != 0)
		return -1;
	return RUN(work, NULL, "update-ref", "-m", "stepgate: salvage", "--create-reflog",
		   work->job->request->salvage_ref, id, *earlier ? earlier : "");
}

static void salvage_tree(struct work *work)
{
	const char *ref = work->job->request->salvage_ref;
	char tree[65], id[65], earlier[65];
	if (RUN(work, NULL, "add", "-A") != 0 || hold_back(work) != 0)
		return;
	const int same = is_tree_of(work, work->job->look->head[0] ? "HEAD" : "", tree);
	if (same > 0)
		report_nothing(work);
	if (same != 0)
		return;
	if (get_id(work->job->look->workdir, ref, &work->answer, earlier) != 0)
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
	snprintf(work->variables[4], VARIABLE, "GIT_INDEX_FILE=%s", copy);
	snprintf(lock, sizeof(lock), "%s.lock", copy);
	unlink(copy);
	unlink(lock); /* of a helper that was killed: the name is ours alone */
	if (access(real, F_OK) == 0 && link(real, copy) != 0) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s: can't be made: %m", copy);
		return;
	}
	work->environment[4] = work->variables[4];
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
	set_environment(&work);
	const bool free_to_go = mend_index(&work) == 0 && has_conflicts(&work) == 0;
	if (free_to_go && job->request->salvage_ref)
		salvage(&work);
	else if (free_to_go && wait_for_index(&work) == 0)
		(job->request->scope == GIT_STATUS ? commit_status : commit_all)(&work);
	git_answer_release(&work.answer);
}
