#include "runner/helper/push.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runner/helper/direct.h"
#include "runner/helper/features.h"
#include "runner/helper/git_program.h"
#include "runner/helper/gitlinks.h"
#include "runner/helper/porcelain.h"
#include "runner/helper/remote.h"
#include "status/clock.h"
#include "status/text.h"

#define FIRST_PAUSE_MS 1000
#define MOST_PAUSE_MS  64000

/*
 * A remote on this machine may lose its power with us, and git syncs neither loose objects nor refs
 * unless it is told to. ("batch": all objects of a push by one sync; a disk that was cut off shows
 * none of them half.)
 */
static const char receive_durably[] =
	"--receive-pack=git -c core.fsync=all -c core.fsyncMethod=batch receive-pack";

/* What could not be run, or not to its end. Gives -1. */
static int broken(const struct git_answer *answer, const struct err *err,
		  enum receipt_result *result, char *why, size_t size)
{
	text_clean(err->text, strlen(err->text), why, size);
	*result =
		answer->result.end == CHILD_TIMED_OUT ? RECEIPT_PUSH_TIMED_OUT : RECEIPT_PUSH_ERROR;
	return -1;
}

/* One call of git on the way; 0 where it ran to its end, well or not, else -1 and *result and why.
 */
static int call(const struct push *push, const char *const *args, struct git_answer *answer,
		enum receipt_result *result, char *why, size_t size)
{
	struct err err = {.code = ERR_NONE};
	const char *const variables[] = {
		/* A question for a passphrase would wait for ever. */
		GIT_WITHOUT_GRAFTS,
		push->look->own_ssh ? NULL : "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
		NULL,
	};
	const struct git_call what = {
		.folder = push->look->workdir,
		.args = args,
		.variables = variables,
		.timeout_ms = push->conf->push_timeout_ms,
		.client = push->client,
		.log = push->log,
		/* A pre-push hook's words may be there. */
		.log_output = features_first(&push->look->features, GIT_WAY_PUSH) != NULL,
	};
	*result = RECEIPT_PUSH_ERROR;
	if (git_program(&what, answer, &err) == 0)
		return 0;
	return broken(answer, &err, result, why, size);
}

static bool has_feature(const struct push *push, const char *name, enum git_way way)
{
	const struct git_features *features = &push->look->features;
	for (size_t i = 0; i < features->count; i++)
		if (features->of[i].way == way && strcmp(features->of[i].name, name) == 0)
			return true;
	return false;
}

/* git asks each submodule whether its remotes have the commit that it is at. One that fetches what
 * it lacks would do so by its own settings. */
static bool checks_submodules(const struct push *push)
{
	static const char words[] = "stepgate: a submodule fetches what it lacks: whether its "
				    "remote has the commit that it is at was not asked\n";
	if (!has_feature(push, "submodules", GIT_WAY_PUSH))
		return false;
	if (!gitlinks_may_fetch(push->look))
		return true;
	git_log_add(push->log, words, sizeof(words) - 1);
	return false;
}

/* The git program's way. */
static int call_push(const struct push *push, struct git_answer *answer,
		     enum receipt_result *result, char *why, size_t size)
{
	char refspec[2 * LOOK_NAME + 32];
	const char *const args[] = {
		/* Else history could be made to look as if nothing of the remote's were lost. */
		"--no-replace-objects",
		"-c",
		push->conf->hooks ? "advice.ignoredHook=false" : "core.hooksPath=/dev/null",
		/* The remote-tracking ref that git moves: an empty one, after a power cut, is no
		 * ref. */
		"-c",
		"core.fsync=all",
		"-c",
		"core.fsyncMethod=fsync",
		"push",
		"--porcelain",
		push->look->route.received_by_git ? receive_durably : "--porcelain",
		/* Never "on-demand", which would run the hooks of each. */
		checks_submodules(push) ? "--recurse-submodules=check" : "--recurse-submodules=no",
		"--",
		push->look->remote,
		refspec,
		NULL,
	};
	snprintf(refspec, sizeof(refspec), "%s:%s", push->from, push->to);
	return call(push, args, answer, result, why, size);
}

/* By whichever way; 0 where that ran to its end, well or not, else -1 and *result and why. */
static int make(const struct push *push, struct git_answer *answer, enum receipt_result *result,
		char *why, size_t size)
{
	struct err err = {.code = ERR_NONE};
	const char *reason;
	const enum direct direct = direct_push(push, answer, &reason, &err);
	if (direct == DIRECT_PASSES)
		snprintf(push->by, PUSH_BY, "%s: %s", receipt_way_name(RECEIPT_WAY_PROGRAM),
			 reason);
	else
		snprintf(push->by, PUSH_BY, "%s", receipt_way_name(RECEIPT_WAY_ENGINE));
	if (direct == DIRECT_ANSWERED)
		return 0;
	if (direct == DIRECT_BROKEN)
		return broken(answer, &err, result, why, size);
	return call_push(push, answer, result, why, size);
}

static enum receipt_result push_once(const struct push *push, bool *passes, char *why, size_t size)
{
	struct git_answer answer;
	enum receipt_result result;
	git_answer_init(&answer);
	*passes = false;
	if (make(push, &answer, &result, why, size) == 0) {
		result = porcelain_judge(answer.output, answer.complaint, push->to, why, size);
		*passes = porcelain_may_pass(answer.complaint);
	}
	if (result != RECEIPT_PUSHED && (answer.watch.refused[0] || answer.watch.is_hook) &&
	    git_answer_hook(&answer, why, size)) {
		result = RECEIPT_PUSH_HOOK;
		*passes = false;
	}
	git_answer_release(&answer);
	return result;
}

/* The files themselves go first, as git-lfs's own pre-push hook has it; where none runs, we do what
 * it would do: a pointer without its file is of no use to anybody. */
static enum receipt_result upload_files(const struct push *push, char *why, size_t size)
{
	struct git_answer answer;
	enum receipt_result result;
	const char *const args[] = {"lfs", "push", push->look->remote, push->from, NULL};
	if (!has_feature(push, "filter lfs", GIT_WAY_PROGRAM) ||
	    has_feature(push, "pre-push hook", GIT_WAY_PUSH))
		return RECEIPT_PUSHED;
	git_answer_init(&answer);
	if (call(push, args, &answer, &result, why, size) == 0)
		result = git_answer_ok(&answer)
				 ? RECEIPT_PUSHED
				 : porcelain_judge("", answer.complaint, push->to, why, size);
	git_answer_release(&answer);
	return result;
}

/* Waits, unless the client goes meanwhile or the time would be over. */
static bool wait_a_while(const struct push *push, int64_t ms, int64_t deadline)
{
	struct pollfd client = {.fd = push->client, .events = POLLIN};
	return clock_monotonic_ms() + ms < deadline && poll(&client, 1, (int)ms) == 0;
}

/* Until it is there, or fails for what does not pass, or was tried often enough. */
static enum receipt_result run(const struct push *push, int64_t deadline, char *why, size_t size)
{
	bool passes = false;
	int tries = 0;
	int64_t pause = FIRST_PAUSE_MS;
	struct conf_repository rest = *push->conf;
	struct push one = *push;
	enum receipt_result result = upload_files(push, why, size);
	one.conf = &rest;
	if (result != RECEIPT_PUSHED)
		return result;
	do {
		if (tries > 0)
			rest.push_timeout_ms = deadline - clock_monotonic_ms();
		result = push_once(&one, &passes, why, size);
	} while (result != RECEIPT_PUSHED && passes && tries++ < push->conf->push_retries &&
		 wait_a_while(push, pause, deadline) && (pause = 2 * pause) < MOST_PAUSE_MS);
	const size_t used = strlen(why);
	if (result != RECEIPT_PUSHED && tries > 1)
		snprintf(why + used, size - used, " (tried %d times)", tries);
	return result;
}

enum receipt_result push_ref(const struct push *push, char *why, size_t size)
{
	const int64_t deadline = clock_monotonic_ms() + push->conf->push_timeout_ms;
	const enum receipt_result result = run(push, deadline, why, size);
	if (result != RECEIPT_PUSHED)
		return result;
#ifdef STEPGATE_WITHOUT_VERIFYING /* tests/whole/without.sh: would it be noticed? */
	(void)deadline;
	return result;
#else
	return remote_has(push->look, push->to, push->commit, deadline - clock_monotonic_ms(),
			  push->client, why, size);
#endif
}
