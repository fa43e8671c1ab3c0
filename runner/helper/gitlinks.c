#include "runner/helper/gitlinks.h"

#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/helper/features.h"
#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/index.h"

#define LIST_MOST (256U << 20) /* bytes of what git tells of an index that is read by it alone */

typedef void take(void *to, const struct look *look, const char *path);

/* Whether there is a repository, or something that git would take for one, at a path of the work
 * tree. Behind a link there is none: git records the link. */
static bool is_checked_out(const struct look *look, const char *path)
{
	char folder[2 * LOOK_PATH], inner[2 * LOOK_PATH + 8];
	struct stat state;
	snprintf(folder, sizeof(folder), "%s/%s", look->workdir, path);
	snprintf(inner, sizeof(inner), "%s/.git", folder);
	if (lstat(inner, &state) != 0)
		return false;
	char *real = realpath(folder, NULL);
	const bool same = real && strcmp(real, folder) == 0;
	free(real);
	return same;
}

/* From the lines of `git ls-files -s -z`: "MODE ID STAGE TAB PATH". */
static int each_by_git(const struct look *look, take *on_one, void *to)
{
	static const char mode[] = "160000 ";
	struct git_answer answer;
	struct err err = {.code = ERR_NONE};
	const char *const args[] = {"ls-files", "-s", "-z", NULL};
	const struct git_call call = {
		.folder = look->workdir,
		.args = args,
		.timeout_ms = 60000,
		.client = -1,
		.output_most = LIST_MOST,
	};
	git_answer_init(&answer);
	const bool told = git_program(&call, &answer, &err) == 0 && git_answer_ok(&answer);
	const char *at = answer.output, *end = at + answer.length;
	for (; told && at < end; at += strlen(at) + 1) {
		const char *path = strchr(at, '\t');
		if (path && strncmp(at, mode, sizeof(mode) - 1) == 0 &&
		    is_checked_out(look, path + 1))
			on_one(to, look, path + 1);
	}
	git_answer_release(&answer);
	return told ? 0 : -1;
}

/* Hands on the path of each that is checked out. 0, or -1 where the index can't be read. */
static int each(const struct look *look, take *on_one, void *to)
{
	char path[LOOK_PATH + 16];
	const char *why;
	struct index index;
	snprintf(path, sizeof(path), "%s/index", look->gitdir);
	const enum index_outcome outcome = index_read(&index, path, &why);
	for (size_t i = 0; outcome == INDEX_OK && index.gitlinks && i < index.count; i++)
		if (index.entries[i].mode == INDEX_GITLINK &&
		    is_checked_out(look, index.entries[i].path))
			on_one(to, look, index.entries[i].path);
	index_release(&index);
	return outcome == INDEX_OK ? 0 : each_by_git(look, on_one, to);
}

struct lines {
	struct work *work;
	const char *below;
	struct bytes left_out, taken;
	int failed; /* the facts say why */
};

static void add_sign(struct bytes *lines, char sign)
{
	if (sign < ' ' || sign == '"' || sign == '\\' || sign == 0x7f)
		bytes_format(lines, "\\%03o", (unsigned char)sign);
	else
		bytes_add(lines, &sign, 1);
}

/* In quotes, as git reads a line that begins with one. */
static void add_line(struct bytes *lines, const char *path)
{
	bytes_add(lines, "\"", 1);
	for (; *path; path++)
		add_sign(lines, *path);
	bytes_add(lines, "\"\n", 2);
}

/* As a pattern, be it of this one path: git 2.39 takes a path that is to be left out, where it is
 * ignored or lies in an ignored folder, for one that somebody wants to add, and complains. It
 * compares up to the first sign that may be special, which is therefore the first of all. */
static void add_exclusion(struct bytes *lines, const char *path)
{
	bytes_format(lines, "\":(exclude,top,glob)");
	for (const char *at = path; *at; at++) {
		if (at == path || strchr("*?[\\", *at))
			add_sign(lines, '\\');
		add_sign(lines, *at);
	}
	bytes_add(lines, "\"\n", 2);
}

/* One whose .git is none, git add refuses. Asked so, git runs nothing in it. */
static int check(struct work *work, const char *path)
{
	char inner[2 * LOOK_PATH];
	snprintf(inner, sizeof(inner), "%s/.git", path);
	return RUN(work, NULL, "rev-parse", "--resolve-git-dir", inner);
}

static void on_link(void *to, const struct look *look, const char *path)
{
	struct lines *lines = to;
	const size_t length = strlen(lines->below);
	(void)look;
	if (strcmp(lines->below, ".") != 0 &&
	    (strncmp(path, lines->below, length) != 0 || path[length] != '/'))
		return;
	if (!lines->failed)
		lines->failed = check(lines->work, path);
	add_exclusion(&lines->left_out, path);
	add_line(&lines->taken, path);
}

/* What lies outside of a sparse checkout is not added by itself; what is named is. */
static const char *beyond_patterns(const struct work *work, const char *below)
{
	return strcmp(below, ".") != 0 &&
			       features_has(&work->job->look->features, "sparse checkout")
		       ? "--sparse"
		       : "-A";
}

int gitlinks_add(struct work *work, const char *below)
{
	const char *beyond = beyond_patterns(work, below);
	struct lines lines = {.work = work, .below = below};
	add_line(&lines.left_out, below);
	int failed = each(work->job->look, on_link, &lines);
	bytes_add(&lines.left_out, "", 1);
	bytes_add(&lines.taken, "", 1);
	if (lines.failed) {
		failed = -1;
	} else if (failed || lines.left_out.broken || lines.taken.broken) {
		facts_fail(work->facts, RECEIPT_COMMIT_ERROR, "the index can't be read");
		failed = -1;
	} else if (!*lines.taken.at) {
		/* A pattern has to match something that is not left out of a sparse checkout. */
		const char *some = strcmp(below, ".") == 0 ? NULL : below;
		failed = RUN(work, NULL, "add", "-A", beyond, some ? "--" : NULL, some);
	} else {
		failed = RUN(work, (const char *)lines.left_out.at, "add", "-A", beyond,
			     "--pathspec-from-file=-");
		if (!failed)
			failed = RUN(work, (const char *)lines.taken.at, "update-index", "--add",
				     "--remove", "--stdin");
	}
	bytes_release(&lines.left_out);
	bytes_release(&lines.taken);
	return failed;
}

/* git fetches from a remote that is said to have what is missing; settings that libgit2 does not
 * see may say so. */
static bool has_doubtful_setting(git_config *settings)
{
	static const char *const doubtful[] = {"promisor", "partialclone", "worktreeconfig"};
	git_config_iterator *iterator = NULL;
	git_config_entry *entry;
	bool found = git_config_iterator_new(&iterator, settings) != 0;
	while (!found && git_config_next(&entry, iterator) == 0) {
		const char *end = strrchr(entry->name, '.');
		for (size_t i = 0; end && i < sizeof(doubtful) / sizeof(doubtful[0]); i++)
			found |= strcmp(end + 1, doubtful[i]) == 0;
		found |= entry->level >= GIT_CONFIG_LEVEL_LOCAL &&
			 strncmp(entry->name, "include", 7) == 0;
	}
	git_config_iterator_free(iterator);
	return found;
}

static void on_fetching(void *to, const struct look *look, const char *path)
{
	char folder[2 * LOOK_PATH];
	git_repository *repository = NULL;
	git_config *settings = NULL;
	snprintf(folder, sizeof(folder), "%s/%s", look->workdir, path);
	if (git_repository_open_ext(&repository, folder, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) !=
		    0 ||
	    git_repository_config_snapshot(&settings, repository) != 0 ||
	    has_doubtful_setting(settings))
		*(bool *)to = true;
	git_config_free(settings);
	git_repository_free(repository);
}

bool gitlinks_may_fetch(const struct look *look)
{
	bool may = false;
	return each(look, on_fetching, &may) != 0 || may;
}
