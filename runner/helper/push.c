#include "runner/helper/push.h"

#include <stdio.h>
#include <string.h>

#include "runner/helper/git_program.h"
#include "runner/helper/porcelain.h"
#include "runner/helper/remote.h"
#include "status/clock.h"
#include "status/text.h"

/*
 * A remote on this machine may lose its power with us, and git syncs neither loose objects nor refs
 * unless it is told to. ("batch": all objects of a push by one sync; a disk that was cut off shows
 * none of them half.)
 */
static const char receive_durably[] =
	"--receive-pack=git -c core.fsync=all -c core.fsyncMethod=batch receive-pack";

static enum receipt_result run(const struct push *push, char *why, size_t size)
{
	char refspec[2 * LOOK_NAME + 32];
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	const char *const args[] = {
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
		remote_is_here(push->look) ? receive_durably : "--porcelain",
		"--",
		push->look->remote,
		refspec,
		NULL,
	};
	const char *const variables[] = {
		/* A question for a passphrase would wait for ever. */
		push->look->own_ssh ? NULL : "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
		NULL,
	};
	const struct git_call call = {
		.folder = push->look->workdir,
		.args = args,
		.variables = variables,
		.timeout_ms = push->conf->push_timeout_ms,
		.client = push->client,
	};
	snprintf(refspec, sizeof(refspec), "%s:%s", push->from, push->to);
	git_answer_init(&answer);
	enum receipt_result result = RECEIPT_PUSH_ERROR;
	if (git_program(&call, &answer, &err) == 0)
		result = porcelain_judge(answer.output, answer.complaint, push->to, why, size);
	else
		text_clean(err.text, strlen(err.text), why, size);
	if (err.code != ERR_NONE && answer.result.end == CHILD_TIMED_OUT)
		result = RECEIPT_PUSH_TIMED_OUT;
	git_answer_release(&answer);
	return result;
}

enum receipt_result push_ref(const struct push *push, char *why, size_t size)
{
	const int64_t deadline = clock_monotonic_ms() + push->conf->push_timeout_ms;
	const enum receipt_result result = run(push, why, size);
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
