/* From settings, each right in itself, to the struct: what must be true of several of them, and of
 * the files and programs that they name. Used within conf/ alone. */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/settings.h"

struct build {
	struct arena *arena; /* what the struct points to is in here */
	const struct words *words;
	const struct settings *settings;
	struct conf *conf;
	struct err *err;
};

/* Each fills its part of build->conf. 0, or -1 and *build->err. Repository before steps. */
int build_repository(struct build *build);
int build_secrets(struct build *build);
int build_steps(struct build *build);
int build_checklist(struct build *build); /* after the steps */
int build_step(struct build *build, const struct section *section, struct conf_step *step);
int build_gates(struct build *build); /* after the repository */
/* What a step has of an agent; after its cwd and environment. */
int build_agent(struct build *build, const struct section *section, struct conf_step *step);
int build_reports(struct build *build);

/* The settings of the environment in a section, those of its environment_file first (so many as
 * *file_settings says), in *environment, which has room for two more. */
int build_environment(struct build *build, const struct section *section,
		      const char *const **environment, size_t *file_settings);
int build_top_environment(struct build *build); /* before all that names a program */

/* A setting, or the default of its row. A NULL section has no settings. */
const char *build_text(const struct section *section, const struct option *option);
bool build_boolean(const struct section *section, const struct option *option);
int64_t build_duration(const struct section *section, const struct option *option);
int64_t build_size(const struct section *section, const struct option *option);
int64_t build_integer(const struct section *section, const struct option *option);
int build_choice(const struct section *section, const struct option *option);

/* The elements of a list, ended by a NULL, in *list. 0, or -1 when memory is short. */
int build_list(struct build *build, const struct section *section, const char *name,
	       const char *const **list);

/*
 * The same for a setting whose first element is a program, which must be there: one with a slash is
 * made absolute, one without is looked up as execvp in `cwd` with `environment` will.
 */
int build_program(struct build *build, const struct section *section, const struct setting *setting,
		  const char *cwd, const char *const *environment, const char *const **list);

/* The plugin that a section names (conf/plugin.c) by the keys of PLUGIN_KEYS behind `prefix`, which
 * must be there; *plugin is all zero but for its options where it names none. `options` without one
 * are refused. */
int build_plugin(struct build *build, const struct section *section, const char *prefix,
		 const char *cwd, const char *const *environment, struct conf_plugin *plugin);

/* NULL where a name without a slash is found so, or why it is not. */
const char *build_no_command(const struct build *build, const char *name, const char *cwd,
			     const char *const *environment);

/* A setting that must not stand here, told at its place: "KEY: why". */
int build_refuse(struct build *build, const struct setting *setting, const char *why);
/* The same for its value: KEY = "VALUE": why. */
int build_refuse_value(struct build *build, const struct setting *setting, const char *why);
int build_no_memory(struct build *build);

/* Gives -1 and *build->err where the section has a setting of that name. */
int build_without(struct build *build, const struct section *section, const char *name,
		  const char *why);

#endif
