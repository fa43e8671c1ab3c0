#include <stdio.h>

#include "plugins/ask.h"
#include "plugins/meter_kinds.h"

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

void meter_plugin_end(const struct conf_step *step, const char *output, const struct host *host,
		      struct reading *reading)
{
	const struct conf_plugin *plugin = &step->meter_plugin;
	struct plugin_answer answer;
	struct err err = {.code = ERR_NONE};
	const struct plugin_call call = {
		.ask = PLUGIN_METER,
		.options = plugin->options,
		.repository = plugin->folder,
		.title = step->title,
		.output = output,
	};
	if (!output)
		snprintf(reading->why, sizeof(reading->why),
			 "%s: not asked: what the worker printed is not kept whole: max_output",
			 plugin_path(plugin));
	else if (plugin_ask(plugin, &call, step->cwd, METER_COMMAND_MS, host, &answer, &err) != 0)
		snprintf(reading->why, sizeof(reading->why), "%.250s", err.text);
	else
		take(&answer.usage, reading);
}
