/* A step that an agent does: what must be true of its keys, and that its program is there. */
#include <string.h>

#include "conf/build.h"
#include "conf/paths.h"

static const char *const of_agents[] = {"prompt",    "prompt_file", "model",
					"arguments", "program",     "session"};

static int refuse_without_agent(struct build *build, const struct section *section)
{
	for (size_t i = 0; i < sizeof(of_agents) / sizeof(of_agents[0]); i++)
		if (build_without(build, section, of_agents[i], "only with an agent") != 0)
			return -1;
	return 0;
}

static int refuse_with_agent(struct build *build, const struct section *section)
{
	if (build_without(build, section, "command", "not with an agent") != 0 ||
	    build_without(build, section, "shell", "not with an agent") != 0 ||
	    build_without(build, section, "module", "not with an agent") != 0 ||
	    build_without(build, section, "plugin", "not with an agent") != 0)
		return -1;
	return build_without(build, section, "input", "not with an agent, which has a prompt");
}

static int set_prompt(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *prompt = section_get(section, "prompt");
	const struct setting *file = section_get(section, "prompt_file");
	if (prompt && file)
		return build_refuse(build, file > prompt ? file : prompt,
				    "an agent has a prompt or a prompt_file, not both");
	if (!prompt && !file)
		return build_refuse(build, section_get(section, "agent"),
				    "a prompt is missing: say what it is to do, in prompt or in a "
				    "prompt_file");
	if (prompt && prompt->value->text[strspn(prompt->value->text, " \t\r\n")] == '\0')
		return build_refuse(build, prompt, "there is nothing in it");
	if (prompt) {
		step->prompt = prompt->value->text;
		return 0;
	}
	step->prompt_file = path_absolute(build->arena, file->value);
	if (!step->prompt_file)
		return build_no_memory(build);
	const char *wrong = path_no_input(step->prompt_file);
	return wrong ? build_refuse_value(build, file, wrong) : 0;
}

/* The agent's program: the one that is named, or that of the agent's own name. */
static int set_program(struct build *build, const struct section *section, struct conf_step *step)
{
	const struct setting *agent = section_get(section, "agent");
	const struct setting *program = section_get(section, "program");
	if (program)
		return build_program(build, section, program, step->cwd, step->environment,
				     &step->command);
	const char *wrong =
		build_no_command(build, agent->value->text, step->cwd, step->environment);
	if (wrong)
		return build_refuse_value(build, agent, wrong);
	const char **command = arena_array(build->arena, 2, sizeof(*command));
	if (!command)
		return build_no_memory(build);
	command[0] = agent->value->text;
	step->command = command;
	return 0;
}

/* Each agent's own, unless the step says otherwise. */
static const enum conf_meter meters[] = {
	[CONF_AGENT_CLAUDE] = CONF_METER_CLAUDE,
	[CONF_AGENT_CODEX] = CONF_METER_CODEX,
	[CONF_AGENT_GEMINI] = CONF_METER_GEMINI,
	[CONF_AGENT_OPENCODE] = CONF_METER_OPENCODE,
};

int build_agent(struct build *build, const struct section *section, struct conf_step *step)
{
	const char *of = section->option->name;
	const struct setting *agent = section_get(section, "agent");
	if (build_list(build, section, "arguments", &step->arguments) != 0)
		return -1;
	if (!agent)
		return refuse_without_agent(build, section);
	/* The choices stand in the order of the enum, behind NONE. */
	step->agent = (enum conf_agent)(build_choice(section, agent->option) + 1);
	step->session = (enum conf_session)build_choice(section, option_find(of, "session"));
	step->model = build_text(section, option_find(of, "model"));
	step->meter = meters[step->agent];
	step->usage_required = true; /* an agent whose usage isn't read has not used nothing */
	if (refuse_with_agent(build, section) != 0 || set_prompt(build, section, step) != 0)
		return -1;
	return set_program(build, section, step);
}
