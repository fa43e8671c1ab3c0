/*
 * What the meters of agents share. An agent's meter reads two sources: the words that it prints,
 * and the files that it writes for itself, which have what is missing there after a kill, and its
 * sub-agents. A new one is a row of the table in agent_meter.c, and a file.
 */
#ifndef PLUGINS_AGENT_METER_H
#define PLUGINS_AGENT_METER_H

#include "plugins/calls.h"
#include "plugins/meter.h"
#include "plugins/scan.h"

/* What a meter knows at some moment, for the live figure. */
struct agent_live {
	struct call used;
	int64_t context;
	bool any; /* at least one figure was seen */
};

struct agent_kind {
	enum conf_meter meter;
	const char *name;
	/* Its own folder: what the variable names, and `below` in there; or `folder` below HOME. */
	const char *variable, *below, *folder;
	/* What DIR of `--files DIR` has in it when it is this agent's. */
	const char *mark;
	void *(*open)(const struct meter_start *start); /* NULL when memory is short */
	void (*close)(void *agent);
	void (*feed)(void *agent, const char *bytes, size_t length);
	/* Reads its files; *live gets what they say. */
	void (*look)(void *agent, struct agent_live *live);
	void (*live)(const void *agent, struct agent_live *live); /* by what it printed */
	/* How many of the records that it printed are words of this agent and of no other. */
	int64_t (*known)(const void *agent);
	/* Its last figure; agent, total, stdout_all and files_all are set by the caller. */
	void (*end)(void *agent, const struct meter_end *end, struct reading *reading);
};

/* The row of a kind, or NULL where it is no agent's. */
const struct agent_kind *agent_kind_of(enum conf_meter meter);
const struct agent_kind *agent_kind_named(const char *name);
/* Whose files are in a folder: the first row whose mark is there, or NULL. */
const struct agent_kind *agent_kind_in(const char *folder);
extern const struct agent_kind *const agent_kinds[]; /* ends with NULL */

/* Each agent's row, in its file; and one that is whichever of them it is, no row of the table. */
extern const struct agent_kind agent_auto;
extern const struct agent_kind agent_claude, agent_codex, agent_gemini, agent_opencode;

/* Two sources of one figure. `words` and `files` are NULL where there is none. The larger counts;
 * where they differ by more than 1 %, the reading says so and is an estimate. */
void agent_settle(struct reading *reading, const struct call *words, const struct call *files);

/* How it ended by the end of its process alone, for one whose words don't say. */
enum ended agent_ended(const struct meter_end *end);

/* Keeps a text for reading->why where none is there yet. Gives QUALITY_ESTIMATED. */
enum quality agent_doubt(struct reading *reading, const char *why);

/* When a usage limit is reset by the words of an agent (plugins/reset_words.h), or 0. They are of
 * now, where a worker is at its end, and else of `said_ms`, ms since 1970; 0: not known. */
int64_t agent_resets_at(const struct meter_start *start, const char *said, int64_t said_ms);

/* "2026-11-23T21:36:10.508Z" as ms since 1970, or 0. */
int64_t agent_time(const char *text);

#endif
