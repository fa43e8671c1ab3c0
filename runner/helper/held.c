#include "runner/helper/held.h"

#include <string.h>

#include "runner/helper/engine.h"
#include "runner/helper/git_program.h"
#include "runner/helper/secrets.h"

#define TIME_MS 30000

/* The files that `git ls-files` lists with these arguments; a new one may be a secret by its name,
 * of one that is tracked only what is in it counts. */
static int look_at(const struct look *look, const struct conf_secrets *secrets,
		   const char *const *args, bool named, struct receipt_facts *facts)
{
	struct err err = {.code = ERR_NONE};
	struct git_answer answer;
	const struct git_call call = {
		.folder = look->workdir,
		.args = args,
		.timeout_ms = TIME_MS,
		.client = -1,
	};
	git_answer_init(&answer);
	const bool well =
		git_program(&call, &answer, &err) == 0 && git_answer_ok(&answer) && !answer.cut;
	const char *end = answer.output + answer.length;
	for (const char *at = answer.output; well && at && at < end; at += strlen(at) + 1) {
		const char *what = secret_file(secrets, look->workdir, at, named);
		if (what)
			facts_hold(facts, at, what);
	}
	git_answer_release(&answer);
	return well ? 0 : -1;
}

int held_find(const struct look *look, const struct conf_secrets *secrets,
	      struct receipt_facts *facts)
{
	static const char *const new[] = {"ls-files", "-z", "--others", "--exclude-standard", NULL};
	static const char *const changed[] = {"ls-files", "-z", "--modified", NULL};
	if (!secrets->hold)
		return 0;
	if (look_at(look, secrets, new, true, facts) != 0)
		return -1;
	return secrets->tokens ? look_at(look, secrets, changed, false, facts) : 0;
}
