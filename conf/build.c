#include "conf/build.h"

#include <string.h>

#include "conf/paths.h"
#include "conf/value.h"

const char *build_text(const struct section *section, const struct option *option)
{
	const struct setting *setting = section_get(section, option->name);
	return setting ? setting->value->text : option->fallback;
}

bool build_boolean(const struct section *section, const struct option *option)
{
	return value_boolean(build_text(section, option));
}

int64_t build_duration(const struct section *section, const struct option *option)
{
	return value_duration(build_text(section, option));
}

int64_t build_size(const struct section *section, const struct option *option)
{
	return value_size(build_text(section, option));
}

int64_t build_integer(const struct section *section, const struct option *option)
{
	return value_integer(build_text(section, option));
}

int build_choice(const struct section *section, const struct option *option)
{
	return value_choice(option, build_text(section, option));
}

int build_no_memory(struct build *build)
{
	return err_set(build->err, ERR_INTERNAL, "%s: memory ran out", build->words->file->path);
}

static const char **list_of(struct build *build, const struct section *section, const char *name)
{
	const size_t most = section ? section->count : 0;
	const char **texts = arena_array(build->arena, most + 1, sizeof(*texts));
	size_t count = 0;
	for (size_t i = 0; texts && i < most; i++)
		if (strcmp(section->settings[i].option->name, name) == 0)
			texts[count++] = section->settings[i].value->text;
	return texts;
}

int build_list(struct build *build, const struct section *section, const char *name,
	       const char *const **list)
{
	*list = list_of(build, section, name);
	return *list ? 0 : build_no_memory(build);
}

const char *build_no_command(const struct build *build, const char *name, const char *cwd,
			     const char *const *environment)
{
	return path_no_command(name, cwd, path_environment(environment, build->conf->environment));
}

int build_program(struct build *build, const struct section *section, const struct setting *setting,
		  const char *cwd, const char *const *environment, const char *const **list)
{
	const char **texts = list_of(build, section, setting->option->name);
	const char *wrong = NULL;
	if (!texts)
		return build_no_memory(build);
	if (texts[0][0] == '\0') {
		wrong = "the program has no name";
	} else if (strchr(texts[0], '/')) {
		texts[0] = path_absolute(build->arena, setting->value);
		if (!texts[0])
			return build_no_memory(build);
		wrong = path_no_program(texts[0]);
	} else {
		wrong = build_no_command(build, texts[0], cwd, environment);
	}
	if (wrong)
		return build_refuse_value(build, setting, wrong);
	*list = texts;
	return 0;
}

int build_refuse(struct build *build, const struct setting *setting, const char *why)
{
	return word_error(setting->key, build->err, "%s: %s", setting->option->name, why);
}

int build_refuse_value(struct build *build, const struct setting *setting, const char *why)
{
	return word_error(setting->value, build->err, "%s = \"%.200s\": %s", setting->option->name,
			  setting->value->text, why);
}

int build_without(struct build *build, const struct section *section, const char *name,
		  const char *why)
{
	const struct setting *setting = section_get(section, name);
	return setting ? build_refuse(build, setting, why) : 0;
}
