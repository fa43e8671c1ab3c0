/* Whether the status document would be left out of every commit, since git ignores it. */
#include "runner/helper/features.h"
#include "runner/helper/git_program.h"
#include "status/document.h"

#define TIME_MS 10000

void find_ignored(const struct finding *finding)
{
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	const char *const args[] = {"check-ignore", "-q", "--", DOCUMENT_PATH, NULL};
	const struct git_call call = {
		.folder = finding->look->workdir,
		.args = args,
		.timeout_ms = TIME_MS,
		.client = -1,
	};
	if (!finding->closely)
		return;
	git_answer_init(&answer);
	if (git_program(&call, &answer, &err) == 0 && git_answer_ok(&answer))
		features_tell(finding, GIT_WAY_OFF, "status document",
			      "not committed, since git ignores " DOCUMENT_PATH
			      ": `git add -f` it once, or change the rule");
	git_answer_release(&answer);
}
