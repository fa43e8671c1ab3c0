#include "runner/helper/program.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "runner/helper/signer.h"
#include "status/clock.h"
#include "status/text.h"

#define LOOK_MS  30000
#define RETRY_MS 50
#define WORDS    512

int program_call(const char *folder, const char *const *args, struct git_answer *answer,
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

/* The first line of the output, if the call went well and it fits. */
int program_line(const struct git_answer *answer, char *out, size_t size)
{
	const size_t length = strcspn(answer->output, "\n");
	if (!git_answer_ok(answer) || length == 0 || length >= size)
		return -1;
	memcpy(out, answer->output, length);
	out[length] = '\0';
	return 0;
}

int program_id(const char *folder, const char *name, struct git_answer *answer, char *id)
{
	struct err err;
	if (CALL(folder, answer, &err, "rev-parse", "-q", "--verify", "--end-of-options", name) !=
	    0)
		return -1;
	return program_line(answer, id, 65);
}

void program_set_people(struct work *work)
{
	const struct look *look = work->job->look;
	const char *const who[][2] = {
		{"GIT_AUTHOR_NAME", look->author.name},
		{"GIT_AUTHOR_EMAIL", look->author.email},
		{"GIT_COMMITTER_NAME", look->committer.name},
		{"GIT_COMMITTER_EMAIL", look->committer.email},
	};
	for (size_t i = 0; i < 4; i++) {
		snprintf(work->variables[i], PROGRAM_VARIABLE, "%s=%s", who[i][0], who[i][1]);
		work->environment[i] = work->variables[i];
	}
	work->environment[4] = look->head[0] ? "GIT_REFLOG_ACTION=stepgate"
					     : "GIT_REFLOG_ACTION=stepgate (initial)";
}

void program_set_index(struct work *work, const char *path)
{
	work->environment[5] = NULL;
	if (!path)
		return;
	snprintf(work->variables[4], PROGRAM_VARIABLE, "GIT_INDEX_FILE=%s", path);
	work->environment[5] = work->variables[4];
}

/* git's words on a new file that a sparse checkout has no place for; its path is in a line of its
 * own behind them. */
#define OUTSIDE "outside of your sparse-checkout definition"

static bool tell_outside(const char *complaint, char *words)
{
	static const char last[] = "updated in the index:\n";
	const char *at = strstr(complaint, OUTSIDE);
	char text[WORDS];
	at = at ? strstr(at, last) : NULL;
	if (!at)
		return false;
	at += sizeof(last) - 1;
	snprintf(text, sizeof(text),
		 "outside of the sparse checkout: %.*s: see `git sparse-checkout add`",
		 (int)strcspn(at, "\n"), at);
	text_clean(text, strlen(text), words, WORDS);
	return true;
}

/* What git's refusal means. */
static enum receipt_result judge(const struct git_answer *answer)
{
	static const struct {
		const char *words;
		enum receipt_result result;
	} meanings[] = {
		{".lock': File exists", RECEIPT_LOCKED},
		{" but expected ", RECEIPT_LOCKED}, /* another program has moved the branch */
		{"does not have a commit checked out", RECEIPT_REFUSED_PATH},
		{"adding files failed", RECEIPT_REFUSED_PATH},
		{"unable to index file", RECEIPT_REFUSED_PATH},
		{"invalid path", RECEIPT_REFUSED_PATH},
		{OUTSIDE, RECEIPT_REFUSED_PATH},
		{"clean filter", RECEIPT_FILTER},
		{"external filter", RECEIPT_FILTER},
		{"failed to write commit object", RECEIPT_SIGNING}, /* after what the signer said */
		{"unmerged", RECEIPT_CONFLICTED},
		{"tell me who you are", RECEIPT_NO_IDENTITY},
		{"empty ident", RECEIPT_NO_IDENTITY},
	};
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(answer->complaint, meanings[i].words))
			return meanings[i].result;
	return RECEIPT_COMMIT_ERROR;
}

/* A hook that refused, or what git waited for when the time was over. */
static bool tell_hook(struct work *work)
{
	char words[WORDS];
	const struct git_watch *watch = &work->answer.watch;
	if (!git_answer_hook(&work->answer, words, sizeof(words)))
		return false;
	enum receipt_result result = RECEIPT_HOOK;
	if (!watch->refused[0] && !watch->is_hook)
		result = work->signing ? RECEIPT_SIGNING : RECEIPT_FILTER;
	facts_fail(work->facts, result, "%s", words);
	return true;
}

/* The line that tells most: git's last word is often only that it failed. */
static void find_words(const struct work *work, enum receipt_result result, char *words)
{
	const char *line = strstr(work->answer.complaint, "error: ");
	const bool first = result == RECEIPT_REFUSED_PATH || result == RECEIPT_SIGNING ||
			   result == RECEIPT_FILTER;
	if (result == RECEIPT_REFUSED_PATH && tell_outside(work->answer.complaint, words))
		return;
	if (result == RECEIPT_SIGNING && signer_words(work->job->look, words, WORDS))
		return;
	if (first && line)
		text_clean(line, strcspn(line, "\n"), words, WORDS);
	else
		git_answer_words(&work->answer, words, WORDS);
}

static void refuse(struct work *work)
{
	char words[WORDS];
	const enum receipt_result result = judge(&work->answer);
	if (tell_hook(work))
		return;
	find_words(work, result, words);
	facts_fail(work->facts, result, "%s", words);
}

int program_run_once(struct work *work, const char *const *args, const char *input)
{
	struct err err = {.code = ERR_NONE};
	struct git_log said = {.text = NULL};
	const char *whole[26] = {
		/* It would be asked in submodules, too, and by their settings. */
		"-c",
		"core.fsmonitor=false",
		/* Never raw content where git-lfs is asked for and is not there. */
		"-c",
		"filter.lfs.required=true",
		"-c",
		"core.fsync=all",
		"-c",
		"core.fsyncMethod=fsync",
		"-c",
		"gc.auto=0", /* see maintenance.h: it has its own time */
		"-c",
		work->job->hooks ? "advice.ignoredHook=false" : "core.hooksPath=/dev/null",
	};
	for (size_t i = 0; i < 13 && args[i]; i++)
		whole[12 + i] = args[i];
	const struct git_call call = {
		.folder = work->job->look->workdir,
		.args = whole,
		.variables = work->environment,
		.input = input,
		.timeout_ms = work->job->hook_timeout_ms,
		.client = work->job->client,
		.log = &said,
	};
	const int failed = git_program(&call, &work->answer, &err);
	if (work->job->log &&
	    (failed || git_answer_ok(&work->answer) || judge(&work->answer) != RECEIPT_LOCKED))
		git_log_add(work->job->log, said.text, said.length);
	git_log_release(&said);
	if (!failed)
		return 0;
	if (!tell_hook(work))
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "%s", err.text);
	return -1;
}

int program_run(struct work *work, const char *const *args, const char *input)
{
	for (;;) {
		if (program_run_once(work, args, input) != 0)
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

int program_get_line(struct work *work, char *out, size_t size)
{
	if (program_line(&work->answer, out, size) == 0)
		return 0;
	facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "git gave an answer that can't be read");
	return -1;
}
