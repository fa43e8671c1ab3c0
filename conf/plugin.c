/* Plugins, as any section names one: by module or plugin, with options. */
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
static int check_options(struct build *build, const struct section *section,
			 const char *const *options)
{
	size_t n = 0;
	for (size_t i = 0; i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		if (strcmp(setting->option->name, "options") != 0)
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

static int set_options(struct build *build, const struct section *section, bool named,
		       struct conf_plugin *plugin)
{
	const struct setting *options = section_get(section, "options");
	if (options && !named)
		return build_refuse(build, options, "only with a module or a plugin");
	if (build_list(build, section, "options", &plugin->options) != 0)
		return -1;
	return check_options(build, section, plugin->options);
}

int build_plugin(struct build *build, const struct section *section, const char *cwd,
		 const char *const *environment, struct conf_plugin *plugin)
{
	const struct setting *module = section_get(section, "module");
	const struct setting *program = section_get(section, "plugin");
	const struct setting *named = module ? module : program;
	*plugin = (struct conf_plugin){.module = NULL};
	if (module && program)
		return build_refuse(build, program, "not beside a module");
	if (set_options(build, section, named, plugin) != 0)
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
