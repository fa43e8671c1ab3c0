#include "runner/helper/rebase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/git_program.h"
#include "status/text.h"

#define COMMITS_MOST 1000
#define CALL_MS      120000
#define FETCHED      "refs/stepgate/fetched" /* what the remote had when it was last asked */

struct making {
	const struct push *push;
	struct git_answer answer;
	const char *const *variables; /* of the next calls; NULL: none */
	char *why;
	size_t size;
};

static int call(struct making *making, const char *const *args, const char *input)
{
	struct err err = {.code = ERR_NONE};
	const char *whole[26] = {"-c", "gc.auto=0",      "-c", "core.hooksPath=/dev/null",
				 "-c", "core.fsync=all", "-c", "submodule.recurse=false"};
	for (size_t i = 0; i < 16 && args[i]; i++)
		whole[8 + i] = args[i];
	const struct git_call what = {
		.folder = making->push->look->workdir,
		.args = whole,
		.variables = making->variables,
		.input = input,
		.timeout_ms = CALL_MS,
		.client = making->push->client,
	};
	if (git_program(&what, &making->answer, &err) == 0)
		return 0;
	text_clean(err.text, strlen(err.text), making->why, making->size);
	return -1;
}

/* Calls what has to go well. */
static int run(struct making *making, const char *const *args, const char *input)
{
	if (call(making, args, input) != 0)
		return -1;
	if (git_answer_ok(&making->answer))
		return 0;
	git_answer_words(&making->answer, making->why, making->size);
	return -1;
}

#define CALL(making, ...) call(making, (const char *const[]){__VA_ARGS__, NULL}, NULL)
#define RUN(making, ...)  run(making, (const char *const[]){__VA_ARGS__, NULL}, NULL)

static int fail(struct making *making, const char *words)
{
	snprintf(making->why, making->size, "%s", words);
	return -1;
}

static int take_id(struct making *making, char *id)
{
	const size_t length = strspn(making->answer.output, "0123456789abcdef");
	if (length < 40 || length > 64)
		return fail(making, "git gave an answer that can't be read");
	memcpy(id, making->answer.output, length);
	id[length] = '\0';
	return 0;
}

static int get_tree(struct making *making, const char *commit, char *tree)
{
	char name[80];
	snprintf(name, sizeof(name), "%s^{tree}", commit);
	return RUN(making, "rev-parse", "--verify", name) != 0 ? -1 : take_id(making, tree);
}

static int fetch(struct making *making, struct rebase *rebase)
{
	char refspec[LOOK_NAME + 64];
	snprintf(refspec, sizeof(refspec), "+%s:" FETCHED, making->push->to);
	if (RUN(making, "fetch", "-q", "--no-tags", "--no-write-fetch-head",
		"--no-auto-maintenance", "--no-recurse-submodules", "--refmap=", "--",
		making->push->look->remote, refspec) != 0 ||
	    RUN(making, "rev-parse", "--verify", FETCHED) != 0)
		return -1;
	return take_id(making, rebase->tip);
}

/* The tree of `commit`'s change on top of `onto`. 0, or -1: a conflict. The merge is git's own, of
 * a commit that has the tree of `onto` and the parent of `commit`, so that this is its base. */
static int merge(struct making *making, const char *onto, const char *commit, char *tree)
{
	char parent[80], base[65], mixed[65];
	snprintf(parent, sizeof(parent), "%s^", commit);
	if (get_tree(making, onto, mixed) != 0 ||
	    RUN(making, "rev-parse", "--verify", parent) != 0 || take_id(making, base) != 0 ||
	    RUN(making, "commit-tree", "-m", "x", "-p", base, mixed) != 0 ||
	    take_id(making, mixed) != 0 ||
	    CALL(making, "merge-tree", "--write-tree", "--name-only", mixed, commit) != 0)
		return -1;
	if (git_answer_ok(&making->answer))
		return take_id(making, tree);
	if (making->answer.result.exit_code != 1) {
		git_answer_words(&making->answer, making->why, making->size);
		return -1;
	}
	const char *path = strchr(making->answer.output, '\n');
	char text[512];
	snprintf(text, sizeof(text), "there are conflicts with what the remote has: %.*s",
		 path ? (int)strcspn(path + 1, "\n") : 0, path ? path + 1 : "");
	text_clean(text, strlen(text), making->why, making->size);
	return -1;
}

/* Author and message of `commit`, for commit-tree: what is in *text (malloc) is borrowed by the
 * variables. */
static int read_commit(struct making *making, const char *commit, char **text,
		       char variables[3][LOOK_NAME + 32], const char **message)
{
	static const char *const names[] = {"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL",
					    "GIT_AUTHOR_DATE"};
	if (RUN(making, "log", "-1", "--no-show-signature", "--date=raw",
		"--format=%an%n%ae%n%ad%n%B", commit) != 0)
		return -1;
	char *at = *text = making->answer.output;
	making->answer.output = NULL;
	making->answer.length = 0;
	for (size_t i = 0; i < 3; i++) {
		const size_t length = strcspn(at, "\n");
		snprintf(variables[i], LOOK_NAME + 32, "%s=%.*s", names[i],
			 length < LOOK_NAME ? (int)length : LOOK_NAME - 1, at);
		at += length + (at[length] == '\n');
	}
	*message = at;
	return 0;
}

static bool has_signing(const struct look *look)
{
	for (size_t i = 0; i < look->features.count; i++)
		if (strcmp(look->features.of[i].name, "signing") == 0)
			return true;
	return false;
}

static int write_commit(struct making *making, const char *commit, const char *tree,
			const char *parent, char *id)
{
	char variables[5][LOOK_NAME + 32];
	char *text = NULL;
	const char *message;
	const struct look *look = making->push->look;
	const bool sign = has_signing(look);
	if (read_commit(making, commit, &text, variables, &message) != 0)
		return -1;
	snprintf(variables[3], sizeof(variables[3]), "GIT_COMMITTER_NAME=%s", look->committer.name);
	snprintf(variables[4], sizeof(variables[4]), "GIT_COMMITTER_EMAIL=%s",
		 look->committer.email);
	const char *const list[] = {variables[0], variables[1], variables[2],
				    variables[3], variables[4], NULL};
	const char *const args[] = {"commit-tree",      "-p", parent, "-F", "-", tree,
				    sign ? "-S" : NULL, NULL};
	making->variables = list;
	const int failed = run(making, args, message) != 0 ? -1 : take_id(making, id);
	making->variables = NULL;
	free(text);
	return failed;
}

/* One commit of ours on top of rebase->new, unless it changes nothing there. */
static int add(struct making *making, struct rebase *rebase, const char *commit)
{
	char tree[65], there[65];
	if (merge(making, rebase->new, commit, tree) != 0 ||
	    get_tree(making, rebase->new, there) != 0)
		return -1;
	if (strcmp(tree, there) == 0)
		return 0;
	return write_commit(making, commit, tree, rebase->new, rebase->new);
}

/* What is ours, oldest first, as lines of "ID [PARENT…]". */
static int list_ours(struct making *making, const struct rebase *rebase)
{
	char range[2 * 65 + 8], most[32];
	snprintf(range, sizeof(range), "%s..%s", rebase->tip, rebase->old);
	snprintf(most, sizeof(most), "-%d", COMMITS_MOST);
	return RUN(making, "rev-list", "--reverse", "--topo-order", "--parents", most, range);
}

static int add_all(struct making *making, struct rebase *rebase)
{
	int failed = list_ours(making, rebase);
	if (failed)
		return -1;
	char *lines = making->answer.output, *save = NULL;
	making->answer.output = NULL;
	making->answer.length = 0;
	int count = 0;
	for (char *line = strtok_r(lines, "\n", &save); line && !failed;
	     line = strtok_r(NULL, "\n", &save)) {
		char *parent = strchr(line, ' ');
		if (!parent || strchr(parent + 1, ' ') || ++count == COMMITS_MOST) {
			failed = fail(making, "there are merges among the commits here: rebase "
					      "them by hand");
			break;
		}
		*parent = '\0';
		failed = add(making, rebase, line);
	}
	free(lines);
	return failed;
}

int rebase_make(const struct push *push, struct rebase *rebase, char *why, size_t size)
{
	struct making making = {.push = push, .why = why, .size = size};
	git_answer_init(&making.answer);
	*rebase = (struct rebase){.old = ""};
	snprintf(rebase->old, sizeof(rebase->old), "%s", push->commit);
	int failed = fetch(&making, rebase);
	memcpy(rebase->new, rebase->tip, sizeof(rebase->new));
	if (!failed)
		failed = add_all(&making, rebase);
	git_answer_release(&making.answer);
	return failed;
}

int rebase_follow(const struct push *push, const struct rebase *rebase, char *why, size_t size)
{
	static const char *const named[] = {"GIT_REFLOG_ACTION=stepgate: rebase", NULL};
	struct making making = {.push = push, .why = why, .size = size, .variables = named};
	char head[65];
	git_answer_init(&making.answer);
	int failed =
		RUN(&making, "rev-parse", "--verify", "HEAD") != 0 || take_id(&making, head) != 0;
	if (!failed && strcmp(head, rebase->old) != 0)
		failed = fail(&making, "HEAD was moved meanwhile");
	/* Files with changes of their own are left alone, and then nothing is moved. */
	if (!failed)
		failed = RUN(&making, "reset", "-q", "--keep", rebase->new);
	git_answer_release(&making.answer);
	return failed ? -1 : 0;
}
