#include <string.h>

#include "conf/build.h"
#include "conf/paths.h"

static int set_cwd(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *setting = section_get(section, "cwd");
	step->cwd = build->conf->repository.path;
	if (!setting)
		return 0;
	step->cwd = path_absolute(build->arena, setting->value);
	if (!step->cwd)
		return build_no_memory(build);
	const char *wrong = path_no_folder(step->cwd);
	return wrong ? build_refuse_value(build, setting, wrong) : 0;
}

static int set_input(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *setting = section_get(section, "input");
	if (!setting)
		return 0;
	step->input = path_absolute(build->arena, setting->value);
	if (!step->input)
		return build_no_memory(build);
	const char *wrong = path_no_input(step->input);
	return wrong ? build_refuse_value(build, setting, wrong) : 0;
}

static int set_environment(struct build *build, const struct section *section,
			   struct conf_step *step)
{
	return build_environment(build, section, &step->environment, &step->file_settings);
}

/* Fills *list from a setting that names a program; that must be there. */
static int set_program(struct build *build, const struct section *section, const char *key,
		       const struct conf_step *step, const char *const **list)
{
	const struct setting *setting = section_get(section, key);
	return build_program(build, section, setting, step->cwd, step->environment, list);
}

static int set_shell(struct build *build, const struct setting *shell, struct conf_step *step)
{
	const char **command = arena_array(build->arena, 4, sizeof(*command));
	if (!command)
		return build_no_memory(build);
	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = shell->value->text;
	step->command = command;
	step->shell = true;
	return 0;
}

/* A step that a plugin does. */
static int set_plugin(struct build *build, const struct section *section, struct conf_step *step)
{
	if (build_plugin(build, section, "", step->cwd, step->environment, &step->plugin) != 0)
		return -1;
	if (!step->plugin.module && !step->plugin.program)
		return 0;
	if (build_without(build, section, "command", "not beside a module or plugin") != 0 ||
	    build_without(build, section, "shell", "not beside a module or plugin") != 0 ||
	    build_without(build, section, "input", "a module or plugin reads its call there") != 0)
		return -1;
	step->command = step->plugin.program;
	if (step->command)
		return 0;
	const char **command = arena_array(build->arena, 2, sizeof(*command));
	if (!command)
		return build_no_memory(build);
	command[0] = step->plugin.module;
	step->command = command;
	return 0;
}

static int set_command(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *command = section_get(section, "command");
	const struct setting *shell = section_get(section, "shell");
	if (set_plugin(build, section, step) != 0)
		return -1;
	if (step->command)
		return 0;
	if (command && shell)
		return build_refuse(build, shell > command ? shell : command,
				    "a step has a command or a shell, not both");
	if (shell)
		return set_shell(build, shell, step);
	if (command)
		return set_program(build, section, "command", step, &step->command);
	if (!section->title)
		return word_error(section->key, build->err,
				  "step_template: nothing to run: it needs a command, a "
				  "shell, a module, a plugin or an agent");
	return word_error(section->key, build->err,
			  "step \"%s\": nothing to run: it needs a command, a shell, a module, a "
			  "plugin or an agent",
			  section->title->text);
}

/* The option's choices, in their order. */
static const enum conf_meter meters[] = {CONF_METER_COMMAND, CONF_METER_JSONL,  CONF_METER_CLAUDE,
					 CONF_METER_CODEX,   CONF_METER_GEMINI, CONF_METER_OPENCODE,
					 CONF_METER_AUTO,    CONF_METER_PLUGIN, CONF_METER_PLUGIN};

/* The plugin of a meter, and that it goes with what `meter` says. */
static int set_meter_plugin(struct build *build, const struct section *section,
			    struct conf_step *step)
{
	const struct setting *meter = section_get(section, "meter");
	const struct setting *module = section_get(section, "meter_module");
	const struct setting *program = section_get(section, "meter_plugin");
	const char *says = meter ? meter->value->text : "";
	if (module && strcmp(says, "module") != 0)
		return build_refuse(build, module, "only with meter = \"module\"");
	if (program && strcmp(says, "plugin") != 0)
		return build_refuse(build, program, "only with meter = \"plugin\"");
	if (step->meter == CONF_METER_PLUGIN && !module && !program)
		return build_refuse(build, meter,
				    says[0] == 'm' ? "a meter_module is missing"
						   : "a meter_plugin is missing");
	return build_plugin(build, section, "meter_", step->cwd, step->environment,
			    &step->meter_plugin);
}

static int set_meter(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *meter = section_get(section, "meter");
	const struct setting *command = section_get(section, "meter_command");
	const int chosen = meter ? build_choice(section, meter->option) : -1;
	if (meter && chosen < 0) {
		step->meter = CONF_METER_REGEX;
		step->meter_pattern = meter->value->text + strlen(CONF_METER_PATTERN);
	} else if (meter) {
		step->meter = meters[chosen];
	}
	if (set_meter_plugin(build, section, step) != 0)
		return -1;
	if (step->meter == CONF_METER_COMMAND && !command)
		return build_refuse(build, meter, "a meter_command is missing");
	if (step->meter == CONF_METER_COMMAND)
		return set_program(build, section, "meter_command", step, &step->meter_command);
	if (command)
		return build_refuse(build, command, "only with meter = \"command\"");
	return build_list(build, section, "meter_command", &step->meter_command);
}

static int set_failure(struct build *build, const struct section *section, struct conf_step *step)
{
	const char *of = section->option->name;
	const struct option *option = option_find(of, "on_failure");
	if (section_get(section, "on_failure"))
		step->on_failure = (enum conf_on_failure)build_choice(section, option);
	else
		step->on_failure = (enum conf_on_failure)build_choice(
			&build->settings->top, option_find("", "on_failure"));
	step->attempts = 1;
	if (step->on_failure != CONF_FAILURE_RETRY) {
		static const char why[] = "only with on_failure = \"retry\"";
		return build_without(build, section, "attempts", why) != 0
			       ? -1
			       : build_without(build, section, "backoff", why);
	}
	step->attempts = (int)build_integer(section, option_find(of, "attempts"));
	step->backoff_ms = build_duration(section, option_find(of, "backoff"));
	return 0;
}

static void set_limits(const struct section *section, struct conf_step *step)
{
	const char *of = section->option->name;
	step->max_output = build_size(section, option_find(of, "max_output"));
	if (section_get(section, "max_memory"))
		step->max_memory = build_size(section, option_find(of, "max_memory"));
	if (section_get(section, "max_processes"))
		step->max_processes = build_integer(section, option_find(of, "max_processes"));
}

int build_step(struct build *build, const struct section *section, struct conf_step *step)
{
	const char *of = section->option->name;
	step->title = section->title ? section->title->text : "";
	step->line = section->key->line;
	step->timeout_ms = build_duration(section, option_find(of, "timeout"));
	step->idle_timeout_ms = build_duration(section, option_find(of, "idle_timeout"));
	step->grace_ms = build_duration(section, option_find(of, "grace"));
	set_limits(section, step);
	step->usage_required = build_choice(section, option_find(of, "usage")) == 1;
	if (set_cwd(build, section, step) != 0 || set_input(build, section, step) != 0 ||
	    set_environment(build, section, step) != 0 || build_agent(build, section, step) != 0 ||
	    set_command(build, section, step) != 0 || set_meter(build, section, step) != 0)
		return -1;
	return set_failure(build, section, step);
}

int build_steps(struct build *build)
{
	const struct settings *settings = build->settings;
	struct conf_step *steps = arena_array(build->arena, settings->count, sizeof(*steps));
	size_t count = 0;
	if (!steps)
		return build_no_memory(build);
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->sections[i].option->name, "step") == 0 &&
		    build_step(build, &settings->sections[i], &steps[count++]) != 0)
			return -1;
	build->conf->steps = steps;
	build->conf->nsteps = count;
	if (build_checklist(build) != 0)
		return -1;
	if (count == 0 && !build->conf->checklist)
		return err_set(build->err, ERR_CONFIG,
			       "%s: no step: a config has at least one step \"TITLE\" { … }, or a "
			       "checklist",
			       build->words->file->path);
	return 0;
}
