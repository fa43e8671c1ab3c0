/* Whichever agent it is: by the first words that only one of them says, or by whose files there
 * are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/agent_meter.h"

enum { KINDS = 8 };

struct automatic {
	const struct meter_start *start;
	void *agents[KINDS]; /* as agent_kinds; NULL once it is none of that kind */
	int count;
	int chosen; /* or -1 */
};

static void close_automatic(void *agent)
{
	struct automatic *automatic = agent;
	for (int i = 0; i < automatic->count; i++)
		if (automatic->agents[i])
			agent_kinds[i]->close(automatic->agents[i]);
	free(automatic);
}

static void *open_automatic(const struct meter_start *start)
{
	struct automatic *automatic = calloc(1, sizeof(*automatic));
	if (!automatic)
		return NULL;
	automatic->start = start;
	automatic->chosen = -1;
	for (int i = 0; i < KINDS && agent_kinds[i]; i++) {
		automatic->agents[i] = agent_kinds[i]->open(start);
		automatic->count = i + 1;
		if (!automatic->agents[i]) {
			close_automatic(automatic);
			return NULL;
		}
	}
	return automatic;
}

/* It is this one: the others need not read any more. */
static void choose(struct automatic *automatic, int chosen)
{
	automatic->chosen = chosen;
	for (int i = 0; i < automatic->count; i++)
		if (i != chosen) {
			agent_kinds[i]->close(automatic->agents[i]);
			automatic->agents[i] = NULL;
		}
}

static void choose_by_words(struct automatic *automatic)
{
	int best = -1;
	int64_t most = 0;
	for (int i = 0; i < automatic->count; i++) {
		const int64_t known = agent_kinds[i]->known(automatic->agents[i]);
		if (known > most) {
			most = known;
			best = i;
		}
	}
	if (best >= 0)
		choose(automatic, best);
}

static void feed(void *agent, const char *bytes, size_t length)
{
	struct automatic *automatic = agent;
	for (int i = 0; i < automatic->count; i++)
		if (automatic->agents[i])
			agent_kinds[i]->feed(automatic->agents[i], bytes, length);
	if (automatic->chosen < 0)
		choose_by_words(automatic);
}

static void look(void *agent, struct agent_live *live)
{
	struct automatic *automatic = agent;
	if (automatic->chosen >= 0)
		agent_kinds[automatic->chosen]->look(automatic->agents[automatic->chosen], live);
}

static void live_words(const void *agent, struct agent_live *live)
{
	const struct automatic *automatic = agent;
	if (automatic->chosen >= 0)
		agent_kinds[automatic->chosen]->live(automatic->agents[automatic->chosen], live);
}

static int64_t known(const void *agent)
{
	return ((const struct automatic *)agent)->chosen >= 0;
}

static void choose_by_files(struct automatic *automatic)
{
	const struct agent_kind *kind =
		automatic->start->files ? agent_kind_in(automatic->start->files) : NULL;
	for (int i = 0; kind && i < automatic->count; i++)
		if (agent_kinds[i] == kind) {
			choose(automatic, i);
			return;
		}
}

static void end_automatic(void *agent, const struct meter_end *end, struct reading *reading)
{
	struct automatic *automatic = agent;
	if (automatic->chosen < 0)
		choose_by_files(automatic);
	reading->agent[0] = '\0';
	if (automatic->chosen < 0) {
		snprintf(reading->why, sizeof(reading->why),
			 "meter \"auto\": these are no words of an agent that is known here");
		return;
	}
	const struct agent_kind *kind = agent_kinds[automatic->chosen];
	snprintf(reading->agent, sizeof(reading->agent), "%s", kind->name);
	kind->end(automatic->agents[automatic->chosen], end, reading);
}

const struct agent_kind agent_auto = {
	.meter = CONF_METER_AUTO,
	.name = "auto",
	.variable = "",
	.below = "",
	.folder = "",
	.mark = "",
	.open = open_automatic,
	.close = close_automatic,
	.feed = feed,
	.look = look,
	.live = live_words,
	.known = known,
	.end = end_automatic,
};
