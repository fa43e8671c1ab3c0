#include "runner/commands/show_agents.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf/paths.h"
#include "status/text.h"

int show_command(struct arena *arena, const struct conf_step *step, int number,
		 const struct gate_terms *terms, struct agent_run *run, struct err *err)
{
	const struct template_words words = {
		.item = step->item ? step->item : step->title,
		.title = step->title,
		.step = number,
		.limit = gate_limit(terms),
	};
	const struct agent_start start = {.step = step, .words = &words};
	if (step->agent != CONF_AGENT_NONE)
		return agent_command(arena, &start, run, err);
	*run = (struct agent_run){.command = step->command};
	return 0;
}

/* The steps, and the template of those that are items. */
static const struct conf_step *step_at(const struct conf *conf, size_t i)
{
	return conf->step_template ? conf->step_template : &conf->steps[i];
}

static size_t count_of(const struct conf *conf)
{
	return conf->step_template ? 1 : conf->nsteps;
}

/* Whether a step is the first with its agent and program. */
static bool is_first(const struct conf *conf, size_t i)
{
	const struct conf_step *step = step_at(conf, i);
	for (size_t k = 0; k < i; k++) {
		const struct conf_step *before = step_at(conf, k);
		if (before->agent == step->agent &&
		    strcmp(before->command[0], step->command[0]) == 0)
			return false;
	}
	return step->agent != CONF_AGENT_NONE;
}

struct found {
	char path[2 * PATH_MAX], version[64];
};

static void find(const struct conf *conf, const struct conf_step *step, struct found *found)
{
	const char *name = step->command[0];
	if (strchr(name, '/') ||
	    path_find_command(name, step->cwd,
			      path_environment(step->environment, conf->environment), found->path,
			      sizeof(found->path)))
		snprintf(found->path, sizeof(found->path), "%s", name);
	agent_version(found->path, found->version, sizeof(found->version));
}

void show_agents(const struct conf *conf)
{
	struct found found;
	char clean[PATH_MAX], version[64];
	for (size_t i = 0; i < count_of(conf); i++) {
		if (!is_first(conf, i))
			continue;
		find(conf, step_at(conf, i), &found);
		text_clean(found.path, strlen(found.path), clean, sizeof(clean));
		text_clean(found.version, strlen(found.version), version, sizeof(version));
		printf("Agent: %s%s%s, %s\n", agent_name(step_at(conf, i)->agent),
		       version[0] ? " " : "", version, clean);
	}
}

int show_agents_json(struct plan_json *json, const struct conf *conf)
{
	struct found found;
	for (size_t i = 0; i < count_of(conf); i++) {
		if (!is_first(conf, i))
			continue;
		find(conf, step_at(conf, i), &found);
		if (plan_json_agent(json, agent_name(step_at(conf, i)->agent), found.path,
				    found.version) != 0)
			return -1;
	}
	return 0;
}
