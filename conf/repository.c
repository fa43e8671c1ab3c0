#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/build.h"
#include "conf/paths.h"

#define OWN_TRAILERS "Stepgate-" /* written by stepgate itself */

static int set_path(struct build *build, const struct section *section)
{
	const struct setting *setting = section_get(section, "path");
	const char *folder = build->words->file->folder;
	if (setting) {
		folder = path_absolute(build->arena, setting->value);
		const char *wrong = folder ? path_no_folder(folder) : NULL;
		if (wrong)
			return build_refuse_value(build, setting, wrong);
	}
	char *real = folder ? realpath(folder, NULL) : NULL;
	if (folder && !real && errno != ENOMEM && setting)
		return build_refuse_value(build, setting, "it can't be found");
	build->conf->repository.path = real ? arena_text(build->arena, real, strlen(real)) : NULL;
	free(real);
	return build->conf->repository.path ? 0 : build_no_memory(build);
}

/* A name that git is called with: it must not look like an option. */
static int set_name(struct build *build, const struct section *section, const char *key,
		    const char **name)
{
	const struct setting *setting = section_get(section, key);
	*name = setting ? setting->value->text : "";
	if (**name == '-')
		return build_refuse_value(build, setting, "a name can't begin with '-'");
	if (strchr(*name, ' '))
		return build_refuse_value(build, setting, "a name can't have a space in it");
	return 0;
}

static int set_identity(struct build *build, const struct section *section)
{
	struct conf_repository *repository = &build->conf->repository;
	const struct setting *setting = section_get(section, "identity");
	repository->identity_name = "";
	repository->identity_email = "";
	if (!setting)
		return 0;
	const char *text = setting->value->text;
	const size_t length = strlen(text);
	const size_t name = strcspn(text, "<>");
	const size_t email = name + 1 < length ? strcspn(text + name + 1, "<> ") : 0;
	if (name < 2 || text[0] == ' ' || text[name - 1] != ' ' || text[name - 2] == ' ' ||
	    text[name] != '<' || email == 0 || name + email + 2 != length ||
	    text[length - 1] != '>')
		return build_refuse_value(build, setting, "it is to be \"Name <mail>\"");
	repository->identity_name = arena_text(build->arena, text, name - 1);
	repository->identity_email = arena_text(build->arena, text + name + 1, email);
	if (!repository->identity_name || !repository->identity_email)
		return build_no_memory(build);
	return 0;
}

static int check_trailers(struct build *build, const struct section *section)
{
	for (size_t i = 0; section && i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		const char *text = setting->value->text;
		if (strcmp(setting->option->name, "trailers") != 0)
			continue;
		const size_t key = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						"abcdefghijklmnopqrstuvwxyz0123456789-");
		if (key == 0 || strncmp(text + key, ": ", 2) != 0 ||
		    text[key + 1 + strspn(text + key + 1, " ")] == '\0')
			return build_refuse_value(build, setting, "it is to be \"Key: value\"");
		if (strncasecmp(text, OWN_TRAILERS, strlen(OWN_TRAILERS)) == 0)
			return build_refuse_value(build, setting,
						  "stepgate writes the " OWN_TRAILERS
						  "… lines itself");
	}
	return 0;
}

int build_repository(struct build *build)
{
	struct conf_repository *repository = &build->conf->repository;
	const struct section *section = settings_section(build->settings, "repository");
	if (set_path(build, section) != 0 ||
	    set_name(build, section, "remote", &repository->remote) != 0 ||
	    set_name(build, section, "branch", &repository->branch) != 0 ||
	    set_identity(build, section) != 0 || check_trailers(build, section) != 0 ||
	    build_list(build, section, "trailers", &repository->trailers) != 0)
		return -1;
	repository->commit = build_boolean(section, option_find("repository", "commit"));
	repository->commit_close =
		repository->commit &&
		build_boolean(section, option_find("repository", "commit_close"));
	repository->push =
		repository->commit && build_boolean(section, option_find("repository", "push"));
	repository->allow_settings_change =
		build_boolean(section, option_find("repository", "allow_settings_change"));
	repository->hooks = build_boolean(section, option_find("repository", "hooks"));
	repository->hook_timeout_ms =
		build_duration(section, option_find("repository", "hook_timeout"));
	repository->lock_timeout_ms =
		build_duration(section, option_find("repository", "lock_timeout"));
	repository->push_retries =
		(int)build_integer(section, option_find("repository", "push_retries"));
	repository->on_rejected = (enum conf_on_rejected)build_choice(
		section, option_find("repository", "on_rejected"));
	repository->push_timeout_ms =
		build_duration(section, option_find("repository", "push_timeout"));
	return 0;
}
