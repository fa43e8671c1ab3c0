/*
 * The built-in agents: how each is started without a terminal, and what its end means. What it has
 * used is read by its meter (plugins/meter.h). An agent is a row of the table in agent.c.
 *
 * All of them are stopped as any worker is: SIGTERM to the group (a launcher that is signalled
 * alone may ignore it), then SIGKILL to all that came of it, for their tools outlive them
 * otherwise.
 */
#ifndef PLUGINS_AGENT_H
#define PLUGINS_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/template.h"
#include "plugins/usage.h"

/* A prompt is one argument, and Linux takes none longer than this (MAX_ARG_STRLEN, less what stands
 * before it). */
#define AGENT_PROMPT_MAX 131000

struct agent_start {
	const struct conf_step *step; /* with an agent */
	const struct template_words *words;
	const char *resume;  /* the session to go on with, or NULL */
	const char *session; /* a name for a new one (see agent_names_sessions), or NULL */
};

/* "claude", also the name of its program. */
const char *agent_name(enum conf_agent agent);

/* What does a step. */
struct agent_run {
	const char *const *command; /* its program and arguments, NULL ended */
	const char *input;          /* the prompt, for one that takes it on stdin; or NULL */
};

/* Fills *run, in the arena. 0, or -1 and *err where the prompt_file can't be read or the prompt is
 * empty or too long. */
int agent_command(struct arena *arena, const struct agent_start *start, struct agent_run *run,
		  struct err *err);

/* Whether it takes a UUID as the name of a new session, by which its files are found even where it
 * does not live to tell. */
bool agent_names_sessions(enum conf_agent agent);

/* "NAME=VALUE" for its environment where that has no such name, or NULL. */
const char *agent_setting(enum conf_agent agent);

/* The version of the program at `path`, out of the package.json of the npm package that it is part
 * of, into out[size]: "" where it is of none. Nothing is started. Gives out. */
char *agent_version(const char *path, char *out, size_t size);

/* What an end means, in words ("usage limit reached, resets at 2026-02-07T15:30:00Z") into
 * out[size]; gives out. `resets_at`: seconds since 1970, or 0; below INT64_MAX / 1000000. Not for
 * UNKNOWN and COMPLETED. */
char *agent_words(enum ended ended, int64_t resets_at, char *out, size_t size);

#endif
