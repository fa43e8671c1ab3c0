/* What git stops at before it reads what it is asked: values of settings ("fatal: bad boolean
 * config value …"), a HEAD that it can't read. Asked what it does not understand it tells of it,
 * without anything being done. */
#include <string.h>

#include "runner/helper/features.h"
#include "runner/helper/git_program.h"
#include "status/text.h"

#define TIME_MS 10000

static bool stops(const struct finding *finding, const char *command)
{
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	char words[sizeof(finding->found->of[0].words)];
	const char *const args[] = {command, "--an-option-that-git-does-not-have", NULL};
	const struct git_call call = {
		.folder = finding->look->workdir,
		.args = args,
		.timeout_ms = TIME_MS,
		.client = -1,
	};
	git_answer_init(&answer);
	const bool stopped = git_program(&call, &answer, &err) == 0 &&
			     strncmp(answer.complaint, "error: unknown option", 21) != 0 &&
			     strstr(answer.complaint, "fatal: ") != NULL;
	if (stopped)
		features_tell(finding, GIT_WAY_REFUSED, "git", "%s",
			      git_answer_words(&answer, words, sizeof(words)));
	git_answer_release(&answer);
	return stopped;
}

void find_settings(const struct finding *finding)
{
	if (finding->closely && !stops(finding, "commit"))
		stops(finding, "push");
}
