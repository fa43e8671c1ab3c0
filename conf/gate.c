#include <string.h>

#include "conf/build.h"

static int set_command(struct build *build, const struct section *section, struct conf_gate *gate)
{
	static const char *const no_environment[] = {NULL};
	const struct setting *command = section_get(section, "command");
	const char *folder = build->conf->repository.path;
	if (build_plugin(build, section, "", folder, no_environment, &gate->plugin) != 0)
		return -1;
	const bool plugin = gate->plugin.module || gate->plugin.program;
	if (plugin && command)
		return build_refuse(build, command, "not beside a module or plugin");
	if (plugin)
		return 0;
	if (!command)
		return word_error(
			section->key, build->err,
			"gate \"%s\": nobody to ask: it needs a module, a plugin or a command",
			section->title->text);
	return build_program(build, section, command, folder, no_environment, &gate->command);
}

int build_gates(struct build *build)
{
	const struct settings *settings = build->settings;
	struct conf_gate *gates = arena_array(build->arena, settings->count, sizeof(*gates));
	size_t count = 0;
	if (!gates)
		return build_no_memory(build);
	for (size_t i = 0; i < settings->count; i++) {
		const struct section *section = &settings->sections[i];
		if (strcmp(section->option->name, "gate") != 0)
			continue;
		struct conf_gate *gate = &gates[count++];
		gate->title = section->title->text;
		gate->line = section->key->line;
		gate->timeout_ms = build_duration(section, option_find("gate", "timeout"));
		if (set_command(build, section, gate) != 0)
			return -1;
	}
	build->conf->gates = gates;
	build->conf->ngates = count;
	return 0;
}
