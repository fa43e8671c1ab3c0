/* What libgit2 does not do, or not as git does it: found before anything is changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "runner/helper/look.h"

/* Settings that are fine only where they are off. */
static const char *const booleans[] = {
	"commit.gpgsign",
	"core.sparsecheckout",
	"index.sparse",
	"core.splitindex",
	"core.ignorecase",
	"core.precomposeunicode",
	"extensions.worktreeconfig",
};

/* Settings that are fine only where they are not set, or say the text beside them. */
static const char *const texts[][2] = {
	{"core.autocrlf", "false"},
	{"core.sharedrepository", "umask"},
	{"i18n.commitencoding", "utf-8"},
	{"extensions.objectformat", "sha1"},
};

/* git reads more of its surroundings than libgit2 does. */
static const char *const variables[] = {
	"GIT_AUTHOR_DATE",       "GIT_COMMITTER_DATE", "GIT_CONFIG_COUNT",
	"GIT_CONFIG_PARAMETERS", "GIT_ATTR_NOSYSTEM",  "GIT_DEFAULT_HASH",
};

/* engine_libgit2_new honours these where they name no file. */
static const char *const files[] = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"};

static const char *const hooks[] = {
	"pre-commit",  "prepare-commit-msg", "commit-msg",
	"post-commit", "post-index-change",  "reference-transaction",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *active_hook(const char *folder)
{
	char path[2 * LOOK_PATH + 64];
	for (size_t i = 0; i < COUNT(hooks); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, hooks[i]);
		if (access(path, X_OK) == 0)
			return hooks[i];
	}
	return NULL;
}

const char *look_needs_program(const struct look *look, const struct look_source *source)
{
	char folder[LOOK_PATH + 16];
	for (size_t i = 0; i < COUNT(variables); i++)
		if (getenv(variables[i]))
			return variables[i];
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *file = getenv(files[i]);
		if (file && *file && strcmp(file, "/dev/null") != 0)
			return files[i];
	}
	for (size_t i = 0; i < COUNT(booleans); i++)
		if (look_setting_true(source, booleans[i]))
			return booleans[i];
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *text = look_setting(source, texts[i][0]);
		if (*text && strcasecmp(text, texts[i][1]) != 0)
			return texts[i][0];
	}
	if (*look_setting(source, "core.hookspath"))
		return "core.hooksPath"; /* may begin with ~ and the like: git's business */
	snprintf(folder, sizeof(folder), "%s/hooks", look->commondir);
	return active_hook(folder);
}
