#include "runner/helper/features.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conf/paths.h"
#include "conf/utf8.h"
#include "status/text.h"

void features_tell(const struct finding *finding, enum git_way way, const char *name,
		   const char *format, ...)
{
	struct git_features *found = finding->found;
	char text[2 * sizeof(found->of[0].words)];
	va_list args;
	if (found->count == GIT_FEATURES && way != GIT_WAY_REFUSED)
		return;
	if (found->count == GIT_FEATURES)
		found->count--;
	struct git_feature *feature = &found->of[found->count++];
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	feature->way = way;
	text_clean(name, strlen(name), feature->name, sizeof(feature->name));
	text_clean(text, strlen(text), feature->words, sizeof(feature->words));
}

const struct git_feature *features_first(const struct git_features *features, enum git_way way)
{
	for (size_t i = 0; i < features->count; i++)
		if (features->of[i].way == way)
			return &features->of[i];
	return NULL;
}

bool features_has(const struct git_features *features, const char *name)
{
	for (size_t i = 0; i < features->count; i++)
		if (strcmp(features->of[i].name, name) == 0)
			return true;
	return false;
}

void features_path(const struct look *look, const char *text, char *out, size_t size)
{
	const char *home = getenv("HOME");
	int length = -1;
	if (text[0] == '/')
		length = snprintf(out, size, "%s", text);
	else if (strncmp(text, "~/", 2) == 0 && home)
		length = snprintf(out, size, "%s%s", home, text + 1);
	else if (text[0] && text[0] != '~' && text[0] != '%')
		length = snprintf(out, size, "%s/%s", look->workdir, text);
	if (length < 0 || (size_t)length >= size)
		out[0] = '\0';
}

bool features_has_program(const struct look *look, const char *name)
{
	/* git puts its own folder, which is one of these, before PATH. */
	static const char *const own[] = {"/usr/lib/git-core", "/usr/libexec/git-core"};
	static const char *const none[] = {NULL};
	char path[2 * LOOK_PATH];
	if (strchr(name, '/')) {
		features_path(look, name, path, sizeof(path));
		return access(path, X_OK) == 0;
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", own[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return !path_no_command(name, look->workdir, none);
}

struct feature {
	const char *name;
	/* Tells what there is, going by the row's own `key` and `fine`. */
	void (*find)(const struct finding *finding, const struct feature *row);
	const char *key;  /* a setting, or a variable of the environment */
	const char *fine; /* the value that needs nothing */
	const char *words;
};

static void find_boolean(const struct finding *finding, const struct feature *row)
{
	if (look_setting_true(finding->source, row->key))
		features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
}

static bool is_no(const char *text)
{
	static const char *const words[] = {"no", "false", "off", "0"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* A setting whose "no" is the uncommon one. */
static void find_no(const struct finding *finding, const struct feature *row)
{
	if (is_no(look_setting(finding->source, row->key)))
		features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
}

static void find_text(const struct finding *finding, const struct feature *row)
{
	const char *text = look_setting(finding->source, row->key);
	if (*text && strcasecmp(text, row->fine) != 0)
		features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s: %s", text, row->words);
}

/* One of some words; git stops at any other. */
static void find_choice(const struct finding *finding, const struct feature *row)
{
	const char *text = look_setting(finding->source, row->key), *at = row->fine;
	const size_t length = strlen(text);
	while (*at && (strcspn(at, " ") != length || strncmp(at, text, length) != 0)) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	if (*text && !*at)
		features_tell(finding, GIT_WAY_REFUSED, row->name,
			      "git knows no value \"%s\", but: %s", text, row->fine);
}

/* git reads more of its surroundings than libgit2 does. */
static void find_variable(const struct finding *finding, const struct feature *row)
{
	if (!getenv(row->key))
		return;
	features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
	finding->found->blind = true;
}

/* engine_libgit2_new honours these where they name no file. */
static void find_file_variable(const struct finding *finding, const struct feature *row)
{
	const char *file = getenv(row->key);
	if (!file || !*file || strcmp(file, "/dev/null") == 0)
		return;
	features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
	finding->found->blind = true;
}

static void find_worktree_settings(const struct finding *finding, const struct feature *row)
{
	if (!look_setting_true(finding->source, row->key))
		return;
	features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
	finding->found->blind = true;
}

/* A path that libgit2 reads as git does: git also knows "~USER/" and "%(prefix)/". */
static bool is_plain_path(const char *path)
{
	return path[0] != '%' && (path[0] != '~' || path[1] == '/');
}

static void find_path(const struct finding *finding, const struct feature *row)
{
	const char *text = look_setting(finding->source, row->key);
	if (!is_plain_path(text))
		features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s: %s", text, row->words);
}

/* Of git's conditions (git-config(1), "Conditional includes") libgit2 knows these. */
static bool is_plain_condition(const char *condition)
{
	static const char *const known[] = {"gitdir:", "gitdir/i:", "onbranch:"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(condition, known[i], strlen(known[i])) == 0)
			return is_plain_path(condition + strlen(known[i]));
	return false;
}

static void on_include(void *context, const char *key, const char *value)
{
	static const char condition[] = "includeif.";
	const bool has_condition = strncmp(key, condition, sizeof(condition) - 1) == 0;
	if (!has_condition && strcmp(key, "include.path") != 0)
		return;
	if (!is_plain_path(value) ||
	    (has_condition && !is_plain_condition(key + sizeof(condition) - 1)))
		*(bool *)context = true;
}

/* libgit2 passes over an include that it does not understand. */
static void find_includes(const struct finding *finding, const struct feature *row)
{
	bool foreign = false;
	finding->source->each(finding->source->context, on_include, &foreign);
	if (!foreign)
		return;
	features_tell(finding, GIT_WAY_PROGRAM, row->name, "%s", row->words);
	finding->found->blind = true;
}

/* git makes UTF-8 of what is none. */
static bool is_utf8(const char *text)
{
	const size_t length = strlen(text);
	return utf8_valid(text, length) == length;
}

static bool are_utf8(const struct look_person *who)
{
	return is_utf8(who->name) && is_utf8(who->email);
}

static void find_identity(const struct finding *finding, const struct feature *row)
{
	const struct look_person *who = &finding->look->author;
	const struct look_person *committer = &finding->look->committer;
	if (!*who->name || !*who->email || !*committer->name || !*committer->email)
		features_tell(finding, GIT_WAY_REFUSED, row->name,
			      "missing (set repository.identity)");
	else
		features_tell(finding,
			      are_utf8(who) && are_utf8(committer) ? GIT_WAY_ENGINE
								   : GIT_WAY_PROGRAM,
			      row->name, "%s <%s>%s", who->name, who->email,
			      *finding->conf->identity_name && !who->fallback
				      ? " (git's own: repository.identity is for where it has none)"
				      : "");
}

static void find_own(const struct finding *finding, const struct feature *row)
{
	if (strcmp(row->key, "hooks") == 0)
		find_hooks(finding);
	else if (strcmp(row->key, "filters") == 0)
		find_filters(finding);
	else if (strcmp(row->key, "signing") == 0)
		find_signing(finding);
	else if (strcmp(row->key, "settings") == 0)
		find_settings(finding);
	else
		find_ignored(finding);
}

static void find_submodules(const struct finding *finding, const struct feature *row)
{
	char path[LOOK_PATH + 16];
	snprintf(path, sizeof(path), "%s/%s", finding->look->workdir, row->key);
	if (access(path, F_OK) != 0)
		return;
	if (is_no(look_setting(finding->source, "push.recursesubmodules")))
		features_tell(finding, GIT_WAY_OFF, row->name,
			      "where they are at is not asked about (push.recurseSubmodules)");
	else
		features_tell(finding, GIT_WAY_PUSH, row->name, "%s", row->words);
}

#define AS_GIT "as git does it"

static const struct feature features[] = {
	{"identity", find_identity, NULL, NULL, NULL},
	{"commit.cleanup", find_choice, "commit.cleanup",
	 "default verbatim whitespace strip scissors", NULL},
	{"gpg.format", find_choice, "gpg.format", "openpgp x509 ssh", NULL},
	{"push.default", find_choice, "push.default",
	 "nothing matching simple upstream tracking current", NULL},
	{"hooks", find_own, "hooks", NULL, NULL},
	{"filters", find_own, "filters", NULL, NULL},
	{"signing", find_own, "signing", NULL, NULL},
	{"status document", find_own, "ignored", NULL, NULL},
	{"submodules", find_submodules, ".gitmodules", NULL,
	 "what they are at must be on their remotes"},
	{"sparse checkout", find_boolean, "core.sparsecheckout", NULL, AS_GIT},
	{"sparse index", find_boolean, "index.sparse", NULL, AS_GIT},
	{"split index", find_boolean, "core.splitindex", NULL, AS_GIT},
	{"core.ignoreCase", find_boolean, "core.ignorecase", NULL, AS_GIT},
	{"core.precomposeUnicode", find_boolean, "core.precomposeunicode", NULL, AS_GIT},
	{"core.protectHFS", find_boolean, "core.protecthfs", NULL, AS_GIT},
	{"core.protectNTFS", find_no, "core.protectntfs", NULL, "off: " AS_GIT},
	{"core.symlinks", find_no, "core.symlinks", NULL, "off: " AS_GIT},
	{"core.safecrlf", find_boolean, "core.safecrlf", NULL, AS_GIT},
	{"core.ignoreStat", find_boolean, "core.ignorestat", NULL, AS_GIT},
	{"core.excludesFile", find_path, "core.excludesfile", NULL, "read by git"},
	{"core.attributesFile", find_path, "core.attributesfile", NULL, "read by git"},
	{"config.worktree", find_worktree_settings, "extensions.worktreeconfig", NULL,
	 "read by git"},
	{"included settings", find_includes, NULL, NULL, "read by git"},
	{"commit.cleanup", find_text, "commit.cleanup", "default", AS_GIT},
	{"core.autocrlf", find_text, "core.autocrlf", "false", AS_GIT},
	{"core.sharedRepository", find_text, "core.sharedrepository", "umask", AS_GIT},
	{"i18n.commitEncoding", find_text, "i18n.commitencoding", "utf-8", AS_GIT},
	{"object format", find_text, "extensions.objectformat", "sha1", AS_GIT},
	{"GIT_AUTHOR_DATE", find_variable, "GIT_AUTHOR_DATE", NULL, "read by git"},
	{"GIT_COMMITTER_DATE", find_variable, "GIT_COMMITTER_DATE", NULL, "read by git"},
	{"GIT_CONFIG_COUNT", find_variable, "GIT_CONFIG_COUNT", NULL, "read by git"},
	{"GIT_CONFIG_PARAMETERS", find_variable, "GIT_CONFIG_PARAMETERS", NULL, "read by git"},
	{"GIT_ATTR_NOSYSTEM", find_variable, "GIT_ATTR_NOSYSTEM", NULL, "read by git"},
	{"GIT_DEFAULT_HASH", find_variable, "GIT_DEFAULT_HASH", NULL, "read by git"},
	{"GIT_CONFIG_GLOBAL", find_file_variable, "GIT_CONFIG_GLOBAL", NULL, "read by git"},
	{"GIT_CONFIG_SYSTEM", find_file_variable, "GIT_CONFIG_SYSTEM", NULL, "read by git"},
	{"settings", find_own, "settings", NULL, NULL},
};

void features_find(const struct finding *finding)
{
	*finding->found = (struct git_features){.count = 0};
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		features[i].find(finding, &features[i]);
}
