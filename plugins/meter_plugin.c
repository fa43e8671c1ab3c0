#include <stdio.h>
#include <stdlib.h>

#include "plugins/ask.h"
#include "plugins/meter_kinds.h"
#include "status/clock.h"

struct meter_plugin {
	const struct meter_start *start;
	struct host_aside *aside;    /* it is at work */
	struct protocol *protocol;   /* what it says meanwhile */
	struct plugin_usage largest; /* of each figure that it ever told */
	int64_t read;                /* bytes that were printed when it was asked last … */
	int64_t asked_at, next_at;   /* … and when that was, and will be; monotonic ms */
};

struct meter_plugin *meter_plugin_new(const struct meter_start *start)
{
	struct meter_plugin *plugin = calloc(1, sizeof(*plugin));
	if (plugin) {
		plugin->start = start;
		plugin->largest = PLUGIN_USAGE_UNKNOWN;
	}
	return plugin;
}

static void leave(struct meter_plugin *plugin)
{
	if (plugin->aside)
		plugin->start->host->stop(plugin->aside);
	plugin->aside = NULL;
	protocol_free(plugin->protocol);
	plugin->protocol = NULL;
}

void meter_plugin_free(struct meter_plugin *plugin)
{
	if (plugin)
		leave(plugin);
	free(plugin);
}

static struct plugin_call call_of(const struct conf_step *step, const char *output)
{
	return (struct plugin_call){
		.ask = PLUGIN_METER,
		.options = step->meter_plugin.options,
		.repository = step->meter_plugin.folder,
		.title = step->title,
		.output = output,
	};
}

/* The file is whole as long as nothing went elsewhere. */
static bool can_ask(const struct meter_plugin *plugin, int64_t printed)
{
	const struct meter_start *start = plugin->start;
	return start->output && start->host && start->host->start && printed > plugin->read &&
	       *start->output_missing == 0;
}

/* Trouble is told at the end, where it counts. */
static void ask(struct meter_plugin *plugin)
{
	const struct meter_start *start = plugin->start;
	const struct plugin_call call = call_of(start->step, start->output);
	struct err err = {.code = ERR_NONE};
	plugin->protocol = protocol_new(PLUGIN_METER, NULL);
	if (!plugin->protocol ||
	    plugin_start(&start->step->meter_plugin, &call, start->step->cwd, METER_COMMAND_MS,
			 start->host, plugin->protocol, &plugin->aside, &err) != 0)
		leave(plugin);
}

static void raise_to(int64_t *figure, int64_t told)
{
	if (told > *figure)
		*figure = told;
}

static void take_answer(struct meter_plugin *plugin)
{
	const struct plugin_answer *answer = protocol_answer(plugin->protocol);
	struct plugin_usage *largest = &plugin->largest;
	if (answer->bad || answer->failed)
		return;
	raise_to(&largest->tokens, answer->usage.tokens);
	raise_to(&largest->input, answer->usage.input);
	raise_to(&largest->cache_read, answer->usage.cache_read);
	raise_to(&largest->cache_write, answer->usage.cache_write);
	raise_to(&largest->output, answer->usage.output);
}

void meter_plugin_look(struct meter_plugin *plugin, int64_t printed)
{
	const int64_t now = clock_monotonic_ms();
	bool well = false;
	if (!plugin->aside) {
		if (now < plugin->next_at || !can_ask(plugin, printed))
			return;
		plugin->asked_at = now;
		plugin->read = printed;
		ask(plugin);
	} else if (!plugin->start->host->hear(plugin->aside, &well)) {
		plugin->aside = NULL;
		protocol_end(plugin->protocol);
		if (well)
			take_answer(plugin);
		leave(plugin);
	}
	if (!plugin->aside)
		plugin->next_at = meter_look_again(plugin->asked_at);
}

struct usage meter_plugin_live(const struct meter_plugin *plugin, enum conf_measure measure)
{
	return plugin_usage_figure(&plugin->largest, measure);
}

bool meter_plugin_tells_parts(const struct meter_plugin *plugin)
{
	return plugin->largest.tokens < 0;
}

static struct usage known(int64_t figure)
{
	return figure < 0 ? USAGE_UNKNOWN : USAGE_KNOWN(figure);
}

static void take(const struct plugin_usage *usage, struct reading *reading)
{
	reading->total = known(usage->tokens);
	reading->used.of[TOKENS_INPUT] = known(usage->input);
	reading->used.of[TOKENS_CACHE_READ] = known(usage->cache_read);
	reading->used.of[TOKENS_CACHE_WRITE] = known(usage->cache_write);
	reading->used.of[TOKENS_OUTPUT] = known(usage->output);
	/* It does not tell what its context holds: all that it read and wrote is no less. */
	reading->context = tokens_all(&reading->used);
	reading->quality = QUALITY_EXACT;
}

void meter_plugin_end(struct meter_plugin *plugin, const char *output, struct reading *reading)
{
	const struct conf_step *step = plugin->start->step;
	const struct plugin_call call = call_of(step, output);
	struct plugin_answer answer;
	struct err err = {.code = ERR_NONE};
	leave(plugin);
	if (!output)
		snprintf(reading->why, sizeof(reading->why),
			 "%s: not asked: what the worker printed is not kept whole: max_output",
			 plugin_path(&step->meter_plugin));
	else if (plugin_ask(&step->meter_plugin, &call, step->cwd, METER_COMMAND_MS,
			    plugin->start->host, &answer, &err) != 0)
		snprintf(reading->why, sizeof(reading->why), "%.250s", err.text);
	else
		take(&answer.usage, reading);
}
