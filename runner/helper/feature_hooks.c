/* Hooks: which there are, and whether they run. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/features.h"

static const struct {
	const char *name;
	enum git_way way;
} hooks[] = {
	{"pre-commit", GIT_WAY_PROGRAM},
	{"prepare-commit-msg", GIT_WAY_PROGRAM},
	{"commit-msg", GIT_WAY_PROGRAM},
	{"post-commit", GIT_WAY_PROGRAM},
	{"post-index-change", GIT_WAY_PROGRAM},
	{"reference-transaction", GIT_WAY_PROGRAM},
	{"pre-push", GIT_WAY_PUSH},
};

void hooks_folder(const struct look *look, const char *named, char *out, size_t size)
{
	if (*named)
		features_path(look, named, out, size);
	else
		snprintf(out, size, "%s/hooks", look->commondir);
}

static void tell(const struct finding *finding, size_t which, const char *path)
{
	char name[64];
	snprintf(name, sizeof(name), "%s hook", hooks[which].name);
	if (!finding->conf->hooks)
		features_tell(finding, GIT_WAY_OFF, name, "turned off (hooks = false)");
	else if (access(path, X_OK) != 0)
		features_tell(finding, GIT_WAY_OFF, name, "ignored, since it is not executable");
	else
		features_tell(finding, hooks[which].way, name, "run");
}

void find_hooks(const struct finding *finding)
{
	char folder[2 * LOOK_PATH], path[2 * LOOK_PATH + 64];
	const char *named = look_setting(finding->source, "core.hookspath");
	hooks_folder(finding->look, named, folder, sizeof(folder));
	if (!folder[0]) {
		features_tell(finding, finding->conf->hooks ? GIT_WAY_PROGRAM : GIT_WAY_OFF,
			      "core.hooksPath", "%s: git finds out what it is", named);
		return;
	}
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, hooks[i].name);
		if (access(path, F_OK) == 0)
			tell(finding, i, path);
	}
}
