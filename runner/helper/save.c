#include "runner/helper/save.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/durable.h"
#include "runner/helper/earlier.h"
#include "runner/helper/features.h"
#include "runner/helper/git_program.h"
#include "runner/helper/held.h"
#include "runner/helper/leftovers.h"
#include "runner/helper/maintenance.h"
#include "runner/helper/message.h"
#include "runner/helper/print.h"
#include "runner/helper/push.h"
#include "runner/helper/rejected.h"
#include "runner/helper/remote.h"
#include "runner/helper/submodules.h"
#include "runner/helper/target.h"
#include "runner/process/stuck.h"
#include "status/clock.h"
#include "status/text.h"

#define ANCESTOR_MS 60000 /* what a walk through a long history may take */

#define TRIES_LEAST 3 /* while HEAD moves under us, whatever the deadline */

/* Adds to what facts->held has, where there is room. */
static void append_held(struct receipt_facts *facts, const char *text)
{
	const size_t used = strlen(facts->held), length = strlen(text);
	if (used + length < sizeof(facts->held))
		memcpy(facts->held + used, text, length + 1);
}

void facts_hold(struct receipt_facts *facts, const char *path, const char *what)
{
	static const char more[] = ", …";
	char whole[2 * sizeof(facts->held)], text[sizeof(facts->held)];
	const size_t used = strlen(facts->held);
	if (used >= sizeof(more) && strcmp(facts->held + used + 1 - sizeof(more), more) == 0)
		return;
	snprintf(whole, sizeof(whole), "%s%s (%s)", used ? ", " : "", path, what);
	text_clean(whole, strlen(whole), text, sizeof(text) - sizeof(more));
	if (used + strlen(text) + sizeof(more) > sizeof(facts->held))
		append_held(facts, more);
	else
		append_held(facts, text);
}

void facts_fail(struct receipt_facts *facts, enum receipt_result result, const char *format, ...)
{
	char text[4 * sizeof(facts->why)];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	facts->result = result;
	text_clean(text, strlen(text), facts->why, sizeof(facts->why));
}

void facts_locked(struct receipt_facts *facts, const char *path, const struct job *job)
{
	facts_fail(facts, RECEIPT_LOCKED,
		   "%s: waited %lld ms for it: if no git program runs, remove it", path,
		   (long long)job->deadline_ms);
}

/* What every look at a repository opens and reads: a FIFO in its place would be waited for without
 * an end. Whether there is something else than a file goes with its path. */
static bool is_stuck(const struct saver *saver, char *path, size_t size)
{
	static const char *const files[] = {".git/HEAD",   ".git/index",     ".git/packed-refs",
					    ".git/config", ".git/commondir", ".gitmodules"};
	struct stat state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, size, "%s/%s", saver->conf->path, files[i]);
		if (stat(path, &state) == 0 && !S_ISREG(state.st_mode))
			return true;
	}
	return false;
}

/* Which engine is to be asked to save goes into *program. */
static int look_around(struct saver *saver, bool closely, struct look *look, bool *program,
		       struct err *err)
{
	char path[LOOK_PATH + 32];
	enum engine_answer answer = ENGINE_PASSES;
	if (is_stuck(saver, path, sizeof(path)))
		return err_set(err, ERR_CONFIG, "%s: " STUCK_WORDS, path);
	if (access(saver->conf->path, X_OK) != 0)
		return err_set(err, ERR_CONFIG, "%s: can't be used as the repository: %s",
			       saver->conf->path, strerror(errno));
	if (saver->libgit2)
		answer = engine_libgit2_look(saver->libgit2, saver->conf, closely, look, err);
	*program = answer == ENGINE_PASSES;
	if (*program)
		answer = engine_program_look(saver->conf, closely, look, err);
	else
		*program = look_needs_program(look) != NULL;
	if (answer == ENGINE_ANSWERED && !saver->seen) {
		saver->was = look->print;
		saver->seen = true;
	}
	return answer == ENGINE_ANSWERED ? 0 : -1;
}

int save_look(struct saver *saver, bool closely, struct git_view *view, struct err *err)
{
	struct look look = {.workdir = ""};
	bool program;
	if (look_around(saver, closely, &look, &program, err) != 0)
		return -1;
	const bool stuck = look.commit_problem != RECEIPT_PUSHED;
	*view = (struct git_view){
		.problem = stuck ? look.commit_problem : look.push_problem,
		.features = look.features,
	};
	snprintf(view->why, sizeof(view->why), "%s", stuck ? look.commit_why : look.push_why);
	snprintf(view->workdir, sizeof(view->workdir), "%s", look.workdir);
	snprintf(view->branch, sizeof(view->branch), "%s", look.branch);
	snprintf(view->head, sizeof(view->head), "%s", look.head);
	if (look.remote[0] && look.ref[0])
		target_tell(&look, look.ref, view->upstream, sizeof(view->upstream));
	if (look.author.name[0] && look.author.email[0])
		snprintf(view->identity, sizeof(view->identity), "%.250s <%.250s>",
			 look.author.name, look.author.email);
	return 0;
}

/* A salvage ref stands beside the branch, so that what the branch is in the middle of is no matter.
 */
static bool is_in_the_way(const struct look *look, const struct git_request *request)
{
	return look->commit_problem != RECEIPT_PUSHED &&
	       !(request->salvage_ref && (look->commit_problem == RECEIPT_DETACHED ||
					  look->commit_problem == RECEIPT_MID_OPERATION));
}

static bool is_synced(const char *folder, struct receipt_facts *facts)
{
	if (durable_sync(folder) == 0)
		return true;
	*facts = (struct receipt_facts){.result = RECEIPT_COMMIT_ERROR};
	facts_fail(facts, RECEIPT_COMMIT_ERROR, "%s: can't be synced to the disk: %s", folder,
		   strerror(errno));
	return false;
}

/* Whether HEAD still has the commit that it had. */
static bool has_base(const struct saver *saver, const struct look *look)
{
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	/* History as it is, and not as refs/replace/ or grafts have it. */
	const char *const args[] = {"--no-replace-objects",
				    "merge-base",
				    "--is-ancestor",
				    saver->base,
				    look->head,
				    NULL};
	const char *const variables[] = {GIT_WITHOUT_GRAFTS, NULL};
	const struct git_call call = {
		.folder = look->workdir,
		.args = args,
		.variables = variables,
		.timeout_ms = ANCESTOR_MS,
		.client = saver->client,
	};
	if (!saver->base[0] || strcmp(saver->base, look->head) == 0)
		return true;
	if (!look->head[0])
		return false;
	git_answer_init(&answer);
	const bool has = git_program(&call, &answer, &err) == 0 && git_answer_ok(&answer);
	git_answer_release(&answer);
	return has;
}

/* Whether the work would go somewhere else than where it was to go when the cycle began; *facts
 * then say so. A worker's own commits on top are fine, and beside a branch it doesn't matter where
 * that stands. */
static bool is_changed(struct saver *saver, const struct look *look,
		       const struct git_request *request, struct receipt_facts *facts)
{
	const bool on_branch = !request->salvage_ref;
	const bool allowed = saver->conf->allow_settings_change;
	const char *what = print_differs(&saver->was, &look->print, on_branch, allowed);
	if (what)
		facts_fail(facts, RECEIPT_REPOSITORY_CHANGED,
			   "%s: nothing is committed until the next cycle", what);
	else if (on_branch && !has_base(saver, look))
		facts_fail(facts, RECEIPT_REPOSITORY_CHANGED,
			   "HEAD does not have commit %.65s any more", saver->base);
	else
		return false;
	return true;
}

/* What the worker may have changed holds from now on, and is told. */
static void accept_change(struct saver *saver, const struct look *look)
{
	const char *what = print_accept(&saver->was, &look->print, true);
	const size_t used = strlen(saver->said);
	if (what)
		snprintf(saver->said + used, sizeof(saver->said) - used,
			 "%s%s: %s: allowed by the config", used ? "; " : "",
			 receipt_words(RECEIPT_REPOSITORY_CHANGED), what);
}

/* What git, its hooks and its filters have set up while they ran for us (git-lfs puts its hooks
 * there when it is first used) is not the worker's doing. */
static void accept_own(struct saver *saver)
{
	struct look look = {.workdir = ""};
	struct err err = {.code = ERR_NONE};
	bool program;
	if (look_around(saver, false, &look, &program, &err) == 0)
		print_accept(&saver->was, &look.print, false);
}

/* On a full disk git leaves what it was writing, and that may be the room that was kept back. */
static void forget_halves(const struct look *look)
{
	char said[256];
	leftovers_clear(look, clock_now(), said, sizeof(said));
}

static enum engine_answer commit(struct saver *saver, const struct git_request *request,
				 const struct look *look, int64_t deadline, bool program,
				 struct receipt_facts *facts)
{
	enum engine_answer answer = ENGINE_PASSES;
	char *message = message_write(request->subject, request->trailers, saver->conf->trailers);
	const struct job job = {
		.look = look,
		.request = request,
		.message = message,
		.deadline = deadline,
		.deadline_ms = saver->conf->lock_timeout_ms,
		.hook_timeout_ms = saver->conf->hook_timeout_ms,
		.hooks = saver->conf->hooks,
		.secrets = &saver->conf->secrets,
		.client = saver->client,
		.said = saver->said,
		.said_size = sizeof(saver->said),
		.log = &saver->log,
	};
	if (!message) {
		facts_fail(facts, RECEIPT_COMMIT_ERROR, "out of memory");
		return ENGINE_ANSWERED;
	}
	/* What is committed must be what is on the disk: after a power cut a file whose bytes were
	 * not is empty, and the next commit would take that. */
	if (!request->synced && !is_synced(look->workdir, facts)) {
		free(message);
		return ENGINE_ANSWERED;
	}
	if (!program)
		answer = engine_libgit2_save(saver->libgit2, &job, facts);
	const bool passed = answer == ENGINE_PASSES;
	if (passed)
		engine_program_save(&job, facts);
	if (passed && !facts->commit[0])
		forget_halves(look);
	if (facts->commit[0] && facts->result != RECEIPT_NOTHING)
		facts->way = passed ? RECEIPT_WAY_PROGRAM : RECEIPT_WAY_ENGINE;
	free(message);
	if (facts->commit[0] && is_synced(look->commondir, facts) &&
	    strcmp(look->gitdir, look->commondir) != 0)
		is_synced(look->gitdir, facts);
	return answer == ENGINE_PASSES ? ENGINE_ANSWERED : answer;
}

static void name_upstream(const struct look *look, const char *ref, struct receipt_facts *facts)
{
	target_tell(look, ref, facts->upstream, sizeof(facts->upstream));
}

/* A push of what the facts have to a ref of the remote. */
static struct push push_of(struct saver *saver, const struct look *look,
			   const struct receipt_facts *facts, const char *ref, char *by)
{
	return (struct push){
		.look = look,
		.conf = saver->conf,
		.from = facts->ref,
		.commit = facts->commit,
		.to = ref,
		.by = by,
		.client = saver->client,
		.log = &saver->log,
	};
}

static enum receipt_result push_now(struct saver *saver, const struct look *look, const char *aside,
				    struct receipt_facts *facts)
{
	const struct receipt_facts before = *facts;
	const struct push push = push_of(saver, look, &before, look->ref, facts->pushed_by);
	const enum receipt_result result = push_ref(&push, facts->why, sizeof(facts->why));
	if (result != RECEIPT_NON_FAST_FORWARD)
		return result;
	return rejected_push(&push, aside, facts, facts->why, sizeof(facts->why));
}

static void push_branch(struct saver *saver, const struct look *look, const char *aside,
			struct receipt_facts *facts)
{
	struct receipt_facts unheard = *facts;
	const bool nothing = facts->result == RECEIPT_NOTHING;
	enum receipt_result result = RECEIPT_PUSH_ERROR;
	if (look->push_problem != RECEIPT_PUSHED) {
		facts_fail(facts, look->push_problem, "%s", look->push_why);
		return;
	}
	unheard.result = RECEIPT_PUSH_DIED;
	saver->before_push(saver->context, &unheard);
	if (nothing && look_is_pushed(look, facts->commit))
		result = remote_has(look, look->ref, facts->commit, saver->conf->push_timeout_ms,
				    saver->client, facts->why, sizeof(facts->why));
	if (result != RECEIPT_PUSHED)
		result = push_now(saver, look, aside, facts);
	facts->result = result == RECEIPT_PUSHED && nothing ? RECEIPT_NOTHING : result;
	if (result == RECEIPT_PUSHED)
		facts->why[0] = '\0';
	if (result == RECEIPT_PUSHED || result == RECEIPT_BRANCHED)
		name_upstream(look, result == RECEIPT_PUSHED ? look->ref : aside, facts);
}

/* The work is safe on its ref, whether it can be pushed or not. */
static void push_salvage(struct saver *saver, const struct look *look, struct receipt_facts *facts)
{
	char why[sizeof(facts->why)];
	enum receipt_result result = RECEIPT_NO_UPSTREAM;
	snprintf(why, sizeof(why), "no remote is known to push to");
	if (look->remote[0]) {
		saver->before_push(saver->context, facts);
		const struct receipt_facts before = *facts;
		const struct push push =
			push_of(saver, look, &before, before.ref, facts->pushed_by);
		result = push_ref(&push, why, sizeof(why));
	}
	if (result == RECEIPT_PUSHED)
		name_upstream(look, facts->ref, facts);
	else
		facts_fail(facts, RECEIPT_SALVAGED, "not pushed: %s: %s", receipt_words(result),
			   why);
}

static void tell_unknown_held(struct saver *saver)
{
	const size_t used = strlen(saver->said);
	snprintf(saver->said + used, sizeof(saver->said) - used,
		 "%swhether likely secrets were held back can't be told any more",
		 used ? "; " : "");
}

/* Whether a process that died has made the commit already; the facts are then those of that one.
 * What has changed since is left to the next commit: a step has one. */
static bool is_made(struct saver *saver, const struct look *look, const struct git_request *request,
		    struct receipt_facts *facts)
{
	char ref[LOOK_NAME + 16];
	snprintf(ref, sizeof(ref), "refs/heads/%s", look->branch);
	const char *where = request->salvage_ref ? request->salvage_ref : ref;
	if (strlen(where) >= sizeof(facts->ref) ||
	    earlier_find(look, where, request->trailers, request->since, facts->commit) != 1)
		return false;
	facts->result = request->salvage_ref ? RECEIPT_SALVAGED : RECEIPT_COMMITTED;
	memcpy(facts->ref, where, strlen(where) + 1);
	if (request->scope == GIT_ALL && held_find(look, &saver->conf->secrets, facts) != 0)
		tell_unknown_held(saver);
	return true;
}

/* A work tree that was where it should be, and is elsewhere now, is somebody's doing. */
static enum receipt_result why_no_look(const struct saver *saver, const struct look *look,
				       const struct err *err)
{
	char path[LOOK_PATH + 32];
	if (err->code != ERR_CONFIG)
		return RECEIPT_COMMIT_ERROR;
	return saver->seen && (look->workdir[0] || is_stuck(saver, path, sizeof(path)))
		       ? RECEIPT_REPOSITORY_CHANGED
		       : RECEIPT_NO_REPOSITORY;
}

/* Looks and commits, or says why not in *facts. */
static enum engine_answer look_and_commit(struct saver *saver, const struct git_request *request,
					  int64_t deadline, struct look *look,
					  struct receipt_facts *facts)
{
	struct err err = {.code = ERR_NONE};
	bool program;
	if (look_around(saver, false, look, &program, &err) != 0) {
		facts_fail(facts, why_no_look(saver, look, &err), "%s", err.text);
		return ENGINE_ANSWERED;
	}
	/* What is refused because of what a worker has set is the worker's doing first of all. */
	if (look->commit_problem == RECEIPT_UNSERVED && is_changed(saver, look, request, facts))
		return ENGINE_ANSWERED;
	if (is_in_the_way(look, request)) {
		facts_fail(facts, look->commit_problem, "%s", look->commit_why);
		return ENGINE_ANSWERED;
	}
	if (is_changed(saver, look, request, facts))
		return ENGINE_ANSWERED;
	if (!saver->swept)
		leftovers_clear(look, saver->started, saver->said, sizeof(saver->said));
	saver->swept = true;
	if (saver->conf->allow_settings_change)
		accept_change(saver, look);
	if (request->again && is_made(saver, look, request, facts)) {
		is_synced(look->commondir, facts); /* who made it may not have come to that */
		return ENGINE_ANSWERED;
	}
	return commit(saver, request, look, deadline, program, facts);
}

/* What was mended on the way, behind what else there is to say. */
static void tell_notices(struct saver *saver, struct receipt_facts *facts)
{
	char both[sizeof(facts->why) + sizeof(saver->said) + 8];
	if (!saver->said[0])
		return;
	snprintf(both, sizeof(both), "%s%s%s", facts->why, facts->why[0] ? "; " : "", saver->said);
	text_clean(both, strlen(both), facts->why, sizeof(facts->why));
	saver->said[0] = '\0';
}

void save_end(struct saver *saver)
{
	struct look look = {.workdir = ""};
	struct err err = {.code = ERR_NONE};
	bool program;
	if (saver->made && look_around(saver, false, &look, &program, &err) == 0 &&
	    !print_differs(&saver->was, &look.print, false, false))
		maintenance_start(&look, saver->conf->hooks);
}

void save(struct saver *saver, const struct git_request *request, struct receipt_facts *facts)
{
	struct look look = {.workdir = ""};
	const int64_t deadline = clock_monotonic_ms() + saver->conf->lock_timeout_ms;
	enum engine_answer answer = ENGINE_AGAIN;
	git_log_release(&saver->log);
	*facts = (struct receipt_facts){.result = RECEIPT_COMMIT_ERROR};
	for (int tries = 0; answer == ENGINE_AGAIN; tries++) {
		if (tries >= TRIES_LEAST && clock_monotonic_ms() >= deadline)
			break;
		answer = look_and_commit(saver, request, deadline, &look, facts);
	}
	if (answer == ENGINE_AGAIN)
		facts_fail(facts, RECEIPT_LOCKED, "HEAD is being moved by another program");
	if (facts->commit[0] && features_has(&look.features, "submodules"))
		submodules_tell(&look, saver->said, sizeof(saver->said));
	if (saver->conf->push && facts->commit[0]) {
		if (facts->result == RECEIPT_SALVAGED)
			push_salvage(saver, &look, facts);
		else if (!request->salvage_ref)
			push_branch(saver, &look, request->aside, facts);
	}
	saver->made |= facts->commit[0] && facts->result != RECEIPT_NOTHING;
	if (saver->log.length || facts->way == RECEIPT_WAY_PROGRAM)
		accept_own(saver);
	tell_notices(saver, facts);
}
