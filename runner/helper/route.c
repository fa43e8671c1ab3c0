#include "runner/helper/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/features.h"

/* What the settings say of where a push goes. */
struct addresses {
	char remote[LOOK_NAME + 16]; /* "remote.NAME." */
	char url[LOOK_PATH], pushurl[LOOK_PATH];
	int urls, pushurls;
	bool rewritten;          /* some address stands for another one: git's own business */
	bool received;           /* by a program that the user has chosen */
	const char *left_to_git; /* static text; NULL: nothing */
};

static bool is_set(const char *value)
{
	(void)value;
	return true;
}

/* Only a clear "no" is one. */
static bool is_not_no(const char *value)
{
	return look_is_true(value) || strcasecmp(value, "if-asked") == 0;
}

/* Settings, by how they begin and end, that make more of a push than a branch in a folder, or
 * another way there. */
static const struct {
	const char *begin, *end;
	bool (*counts)(const char *value);
	const char *name;
} settings[] = {
	{"push.followtags", NULL, look_is_true, "push.followTags"},
	{"push.gpgsign", NULL, is_not_no, "push.gpgSign"},
	{"push.pushoption", NULL, is_set, "push.pushOption"},
	{"protocol.", "allow", is_set, "protocol.allow"},
	{"extensions.partialclone", NULL, is_set, "a partial clone"},
	{"remote.", "promisor", look_is_true, "a partial clone"},
	{"remote.", "mirror", look_is_true, "remote.mirror"},
	{"remote.", "vcs", is_set, "remote.vcs"},
};

/* Variables by which git, or the one that receives, is told more than the settings say. */
static const char *const variables[] = {
	"GIT_ALLOW_PROTOCOL",   "GIT_PROTOCOL_FROM_USER", "GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE",       "GIT_IMPLICIT_WORK_TREE",
	"GIT_CONFIG",           "GIT_REF_PARANOIA",
};

static void take_address(struct addresses *found, const char *end, const char *value)
{
	if (strcmp(end, ".url") == 0 && ++found->urls)
		snprintf(found->url, sizeof(found->url), "%s", value);
	if (strcmp(end, ".pushurl") == 0 && ++found->pushurls)
		snprintf(found->pushurl, sizeof(found->pushurl), "%s", value);
	found->received |= strcmp(end, ".receivepack") == 0;
}

static void on_setting(void *context, const char *key, const char *value)
{
	struct addresses *found = context;
	const char *end = strrchr(key, '.');
	if (!end)
		return;
	const size_t own = strlen(found->remote);
	if (strncmp(key, "url.", 4) == 0)
		found->rewritten |=
			strcmp(end, ".insteadof") == 0 || strcmp(end, ".pushinsteadof") == 0;
	else if (strncmp(key, found->remote, own) == 0 && end + 1 == key + own)
		take_address(found, end, value);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strncmp(key, settings[i].begin, strlen(settings[i].begin)) == 0 &&
		    (!settings[i].end || strcmp(end + 1, settings[i].end) == 0) &&
		    settings[i].counts(value))
			found->left_to_git = settings[i].name;
}

/* The one address that is pushed to; NULL where there is not just one. */
static const char *one_address(const struct addresses *found)
{
	if (found->rewritten || (found->pushurls ? found->pushurls : found->urls) != 1)
		return NULL;
	return found->pushurls ? found->pushurl : found->url;
}

/* The folder that an address stands for, and how git names it; none where that is not known. */
static void find_folder(struct look *look, const char *address)
{
	struct look_route *route = &look->route;
	int length = -1;
	if (strncmp(address, "file:///", 8) == 0 && !strchr(address, '%'))
		address += 7;
	if (address[0] == '/')
		length = snprintf(route->folder, sizeof(route->folder), "%s", address);
	else if (address[0] && !strchr(address, ':'))
		length = snprintf(route->folder, sizeof(route->folder), "%s/%s", look->workdir,
				  address);
	if (length < 0 || (size_t)length >= sizeof(route->folder))
		route->folder[0] = '\0';
	else
		snprintf(route->path, sizeof(route->path), "%s", address);
}

static bool is_folder(const char *path)
{
	struct stat state;
	return stat(path, &state) == 0 && S_ISDIR(state.st_mode) && access(path, X_OK) == 0;
}

static const char *find_variable(void)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (getenv(variables[i]))
			return variables[i];
	return NULL;
}

static bool is_shallow(const struct look *look)
{
	char path[LOOK_PATH + 16];
	snprintf(path, sizeof(path), "%s/shallow", look->commondir);
	return access(path, F_OK) == 0;
}

/* Why the push is left to git; NULL where it is not. A repository whose commits git makes has its
 * pushes made by git as well. */
static const char *find_reason(const struct look *look, const struct addresses *found)
{
	const struct git_feature *pushed = features_first(&look->features, GIT_WAY_PUSH);
	const char *own = look_needs_program(look);
	if (own || pushed)
		return own ? own : pushed->name;
	if (!one_address(found))
		return "not just one address";
	if (!look->route.folder[0] || !is_folder(look->route.folder))
		return "not a folder of this machine";
	if (look->route.path[0] == '-')
		return "a path like an option";
	if (found->received)
		return "remote.receivepack";
	if (is_shallow(look))
		return "a shallow repository";
	return found->left_to_git ? found->left_to_git : find_variable();
}

void route_find(struct look *look, const struct look_source *source)
{
	struct addresses found = {.urls = 0};
	look->route = (struct look_route){.folder = ""};
	if (!look->remote[0])
		return;
	snprintf(found.remote, sizeof(found.remote), "remote.%s.", look->remote);
	source->each(source->context, on_setting, &found);
	const char *address = one_address(&found);
	if (address)
		find_folder(look, address);
	const char *reason = find_reason(look, &found);
	look->route.received_by_git = look->route.folder[0] && !found.received;
	snprintf(look->route.by_git, sizeof(look->route.by_git), "%s", reason ? reason : "");
}
