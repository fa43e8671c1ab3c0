/* Plugins, as any section names one: by module or plugin, with options. */
#include <stdio.h>
#include <string.h>

#include "conf/build.h"
#include "conf/paths.h"

static int set_module(struct build *build, const struct setting *setting, const char **module)
{
	const char *path = path_module(build->arena, setting->value);
	if (!path)
		return build_no_memory(build);
	const char *wrong = path_no_module(path);
	if (wrong)
		return build_refuse_value(build, setting, wrong);
	*module = path;
	return 0;
}

static bool given_before(const char *const *options, size_t n)
{
	const size_t length = strcspn(options[n], "=");
	for (size_t i = 0; i < n; i++)
		if (strcspn(options[i], "=") == length &&
		    strncmp(options[i], options[n], length) == 0)
			return true;
	return false;
}

/* Each is NAME=VALUE, and none comes twice. */
static int check_options(struct build *build, const struct section *section, const char *name,
			 const char *const *options)
{
	size_t n = 0;
	for (size_t i = 0; i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		if (strcmp(setting->option->name, name) != 0)
			continue;
		const char *equals = strchr(options[n], '=');
		if (!equals || equals == options[n])
			return build_refuse_value(build, setting, "it is to be \"NAME=VALUE\"");
		if (given_before(options, n))
			return build_refuse_value(build, setting, "this option is given twice");
		n++;
	}
	return 0;
}

static int set_options(struct build *build, const struct section *section, const char *name,
		       bool named, struct conf_plugin *plugin)
{
	const struct setting *options = section_get(section, name);
	if (options && !named)
		return build_refuse(build, options, "only with a module or a plugin");
	if (build_list(build, section, name, &plugin->options) != 0)
		return -1;
	return check_options(build, section, name, plugin->options);
}

int build_plugin(struct build *build, const struct section *section, const char *prefix,
		 const char *cwd, const char *const *environment, struct conf_plugin *plugin)
{
	char by_module[32], by_program[32], by_options[32];
	snprintf(by_module, sizeof(by_module), "%smodule", prefix);
	snprintf(by_program, sizeof(by_program), "%splugin", prefix);
	snprintf(by_options, sizeof(by_options), "%soptions", prefix);
	const struct setting *module = section_get(section, by_module);
	const struct setting *program = section_get(section, by_program);
	const struct setting *named = module ? module : program;
	*plugin = (struct conf_plugin){.folder = build->conf->repository.path};
	if (module && program)
		return build_refuse(build, program, "not beside a module");
	if (set_options(build, section, by_options, named, plugin) != 0)
		return -1;
	if (!named)
		return 0;
	plugin->key = arena_format(build->arena, "%s:%d", named->key->file->path, named->key->line);
	if (!plugin->key)
		return build_no_memory(build);
	if (module)
		return set_module(build, module, &plugin->module);
	return build_program(build, section, program, cwd, environment, &plugin->program);
}
