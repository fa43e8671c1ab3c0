#include "runner/helper/remote.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>

#include "runner/helper/git_program.h"
#include "runner/helper/porcelain.h"
#include "status/clock.h"
#include "status/text.h"

#define LEAST_MS 5000 /* what asking gets even where the push has used up the time */
#define WORDS    512

/* One question to a remote. */
struct question {
	const struct look *look;
	const char *ref, *commit;
	int64_t deadline;
	int client;
	char tip[65]; /* of the ref there; "" it has none */
	char why[WORDS];
};

/* Looks into a repository of this machine. 1: it has the commit, 0: not, -1: ask git. */
static int look_into(struct question *question, const char *folder)
{
	git_repository *there = NULL;
	git_oid tip, commit;
	int has = -1;
	if (git_repository_open_ext(&there, folder, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0 &&
	    git_reference_name_to_id(&tip, there, question->ref) == 0 &&
	    git_oid_fromstr(&commit, question->commit) == 0) {
		git_oid_tostr(question->tip, sizeof(question->tip), &tip);
		has = git_oid_equal(&tip, &commit) ||
		      git_graph_descendant_of(there, &tip, &commit) == 1;
	}
	git_repository_free(there);
	return has;
}

/* 0 where git ran to its end, well or not. */
static int call(struct question *question, struct git_answer *answer, const char *const *args)
{
	struct err err = {.code = ERR_NONE};
	const int64_t left = question->deadline - clock_monotonic_ms();
	const char *const variables[] = {
		GIT_WITHOUT_GRAFTS,
		question->look->own_ssh ? NULL : "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
		NULL,
	};
	const struct git_call call = {
		.folder = question->look->workdir,
		.args = args,
		.variables = variables,
		.timeout_ms = left > 1 ? left : 1,
		.client = question->client,
	};
	if (git_program(&call, answer, &err) == 0)
		return 0;
	text_clean(err.text, strlen(err.text), question->why, sizeof(question->why));
	return -1;
}

#define CALL(question, answer, ...) call(question, answer, (const char *const[]){__VA_ARGS__, NULL})

/* The id before "TAB REF" in what ls-remote prints. */
static void take_tip(struct question *question, const char *output)
{
	const size_t want = strlen(question->ref);
	question->tip[0] = '\0';
	for (const char *line = output; *line; line += strcspn(line, "\n")) {
		line += *line == '\n';
		const size_t id = strcspn(line, "\t\n"), whole = strcspn(line, "\n");
		if (id < sizeof(question->tip) && whole == id + 1 + want &&
		    memcmp(line + id + 1, question->ref, want) == 0) {
			memcpy(question->tip, line, id);
			question->tip[id] = '\0';
		}
	}
}

/* Whether the tip, which is not the commit itself, has it. What is not known here is fetched,
 * without any ref of ours being moved. */
static bool is_ancestor(struct question *question, struct git_answer *answer, const char *address)
{
	for (int fetched = 0; fetched < 2; fetched++) {
		if (CALL(question, answer, "--no-replace-objects", "merge-base", "--is-ancestor",
			 question->commit, question->tip) != 0)
			return false;
		if (git_answer_ok(answer))
			return true;
		if (answer->result.exit_code == 1 || fetched ||
		    CALL(question, answer, "fetch", "-q", "--no-tags", "--no-write-fetch-head",
			 "--no-auto-maintenance", "--no-recurse-submodules", "--refmap=", "--",
			 address, question->ref) != 0)
			return false;
	}
	return false;
}

/* What is wrong where the tip is known. */
static enum receipt_result tell_tip(struct question *question)
{
	if (question->tip[0])
		snprintf(question->why, sizeof(question->why),
			 "the push seemed to go well, but the remote's %.200s is %.65s and not "
			 "%.65s",
			 question->ref, question->tip, question->commit);
	else
		snprintf(question->why, sizeof(question->why),
			 "the push seemed to go well, but the remote has no %.200s", question->ref);
	return RECEIPT_PUSH_ERROR;
}

static enum receipt_result ask_address(struct question *question, const char *address)
{
	struct git_answer answer;
	git_answer_init(&answer);
	enum receipt_result result = RECEIPT_PUSH_ERROR;
	if (CALL(question, &answer, "ls-remote", "--", address, question->ref) != 0) {
		result = answer.result.end == CHILD_TIMED_OUT ? RECEIPT_PUSH_TIMED_OUT : result;
	} else if (!git_answer_ok(&answer)) {
		result = porcelain_judge("", answer.complaint, question->ref, question->why,
					 sizeof(question->why));
	} else {
		take_tip(question, answer.output);
		if (strcmp(question->tip, question->commit) == 0 ||
		    (question->tip[0] && is_ancestor(question, &answer, address)))
			result = RECEIPT_PUSHED;
		else
			result = tell_tip(question);
	}
	git_answer_release(&answer);
	return result;
}

/* Each address that git pushes to. A remote need not have a name: then it is the address. */
static enum receipt_result ask_git(struct question *question)
{
	const char *remote = question->look->remote;
	struct git_answer answer;
	git_answer_init(&answer);
	enum receipt_result result = RECEIPT_PUSHED;
	if (CALL(question, &answer, "remote", "get-url", "--push", "--all", "--", remote) != 0) {
		result = RECEIPT_PUSH_ERROR;
	} else if (!git_answer_ok(&answer)) {
		result = ask_address(question, remote);
	} else {
		char *save = NULL;
		char *line = strtok_r(answer.output, "\n", &save);
		for (; line && result == RECEIPT_PUSHED; line = strtok_r(NULL, "\n", &save))
			result = ask_address(question, line);
	}
	git_answer_release(&answer);
	return result;
}

enum receipt_result remote_has(const struct look *look, const char *ref, const char *commit,
			       int64_t timeout_ms, int client, char *why, size_t size)
{
	struct question question = {
		.look = look,
		.ref = ref,
		.commit = commit,
		.deadline = clock_monotonic_ms() + (timeout_ms > LEAST_MS ? timeout_ms : LEAST_MS),
		.client = client,
	};
	/* A repository on this machine is opened anew and its own files are read, which takes no
	 * process and knows nothing of what the push was told. */
	const int here = look->route.folder[0] ? look_into(&question, look->route.folder) : -1;
	const enum receipt_result result = here == 1   ? RECEIPT_PUSHED
					   : here == 0 ? tell_tip(&question)
						       : ask_git(&question);
	if (result != RECEIPT_PUSHED)
		snprintf(why, size, "%s", question.why);
	return result;
}
