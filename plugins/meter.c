#include "plugins/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/agent_files.h"
#include "plugins/agent_meter.h"
#include "plugins/meter_kinds.h"
#include "plugins/meter_regex.h"
#include "status/clock.h"

static meter_kind *const kinds[] = {
	[CONF_METER_NONE] = meter_lines_read,
	[CONF_METER_COMMAND] = meter_command_read,
	[CONF_METER_JSONL] = meter_lines_read,
	[CONF_METER_PLUGIN] = meter_lines_read,
};

/* Looking at files takes so small a part of the time at most. */
enum {
	LOOK_EVERY_MS = 1000,
	LOOK_PART = 20,
};

struct meter {
	struct meter_start start;
	struct meter_lines *lines;
	struct meter_regex *regex;     /* or NULL */
	struct meter_plugin *plugin;   /* or NULL */
	int64_t printed;               /* bytes, for it */
	const struct agent_kind *kind; /* or NULL */
	void *agent;
	char folder[AGENT_PATH];
	struct agent_live live; /* by its files, at the last look */
	int64_t look_at;        /* monotonic ms */
};

struct usage meter_read(const struct conf_step *step, const struct meter_lines *lines,
			const char *const *environment, const struct host *host, struct err *err)
{
	return kinds[step->meter](step, lines, environment, host, err);
}

bool meter_reads_agent(enum conf_meter kind)
{
	return agent_kind_of(kind) != NULL;
}

static const char *setting(const char *const *environment, const char *name)
{
	const size_t length = strlen(name);
	for (; *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

const char *meter_folder(enum conf_meter meter, const char *const *environment, char *out,
			 size_t size)
{
	const struct agent_kind *kind = agent_kind_of(meter);
	if (!kind || !kind->folder[0])
		return NULL;
	const char *folder = setting(environment, kind->variable), *below = kind->below;
	if (!folder || !folder[0]) {
		folder = setting(environment, "HOME");
		below = kind->folder;
	}
	if (!folder || !folder[0])
		return NULL;
	const int length = snprintf(out, size, "%s%s%s", folder, below[0] ? "/" : "", below);
	return length > 0 && (size_t)length < size ? out : NULL;
}

static int open_agent(struct meter *meter)
{
	meter->kind = agent_kind_of(meter->start.kind);
	if (!meter->kind)
		return 0;
	if (!meter->start.files && meter->start.environment)
		meter->start.files = meter_folder(meter->start.kind, meter->start.environment,
						  meter->folder, sizeof(meter->folder));
	meter->agent = meter->kind->open(&meter->start);
	return meter->agent ? 0 : -1;
}

int meter_check(const struct conf_step *step, struct err *err)
{
	if (step->meter != CONF_METER_REGEX)
		return 0;
	struct meter_regex *regex = meter_regex_new(step->meter_pattern, err);
	meter_regex_free(regex);
	return regex ? 0 : -1;
}

/* What reads by a kind of its own. 0, or -1 and *err. */
static int open_kind(struct meter *meter, struct err *err)
{
	if (meter->start.kind == CONF_METER_REGEX) {
		meter->regex = meter_regex_new(meter->start.step->meter_pattern, err);
		return meter->regex ? 0 : -1;
	}
	if (meter->start.kind == CONF_METER_PLUGIN) {
		meter->plugin = meter_plugin_new(&meter->start);
		return meter->plugin ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
	}
	return open_agent(meter) == 0 ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
}

struct meter *meter_new(const struct meter_start *start, struct err *err)
{
	struct meter *meter = calloc(1, sizeof(*meter));
	if (meter) {
		meter->start = *start;
		meter->lines = start->kind == CONF_METER_JSONL ? meter_lines_among_output()
							       : meter_lines_new();
	}
	if (!meter || !meter->lines)
		err_set(err, ERR_INTERNAL, "out of memory");
	else if (open_kind(meter, err) == 0)
		return meter;
	meter_free(meter);
	return NULL;
}

void meter_free(struct meter *meter)
{
	if (!meter)
		return;
	meter_lines_free(meter->lines);
	meter_regex_free(meter->regex);
	meter_plugin_free(meter->plugin);
	if (meter->agent)
		meter->kind->close(meter->agent);
	free(meter);
}

void meter_feed(struct meter *meter, const char *bytes, size_t length)
{
	if (meter->kind)
		meter->kind->feed(meter->agent, bytes, length);
	else if (meter->regex)
		meter_regex_feed(meter->regex, bytes, length);
	else if (meter->start.kind == CONF_METER_JSONL)
		meter_lines_feed(meter->lines, bytes, length);
	meter->printed += (int64_t)length;
}

void meter_said(struct meter *meter, const char *bytes, size_t length)
{
	if (meter->start.kind != CONF_METER_JSONL)
		meter_lines_feed(meter->lines, bytes, length);
}

int64_t meter_look_again(int64_t from)
{
	const int64_t after = clock_monotonic_ms(), wait = (after - from) * LOOK_PART;
	return after + (wait > LOOK_EVERY_MS ? wait : LOOK_EVERY_MS);
}

void meter_look(struct meter *meter)
{
	const int64_t now = clock_monotonic_ms();
	if (meter->plugin)
		meter_plugin_look(meter->plugin, meter->printed);
	if (!meter->kind || !meter->start.files || now < meter->look_at)
		return;
	meter->kind->look(meter->agent, &meter->live);
	meter->look_at = meter_look_again(now);
}

static struct usage agent_figure(const struct agent_live *live, enum conf_measure measure)
{
	const struct reading reading = {
		.used = call_tokens(&live->used),
		.context = USAGE_KNOWN(live->context),
	};
	return live->any ? reading_measure(&reading, measure) : USAGE_UNKNOWN;
}

struct usage meter_live(const struct meter *meter, enum conf_measure measure, bool *lost)
{
	int64_t bad = 0;
	if (lost)
		*lost = false;
	if (meter->kind) {
		struct agent_live words = {.any = false};
		meter->kind->live(meter->agent, &words);
		const struct usage printed = agent_figure(&words, measure);
		const struct usage written = agent_figure(&meter->live, measure);
		return !printed.known || (written.known && written.tokens > printed.tokens)
			       ? written
			       : printed;
	}
	if (meter->plugin)
		return meter_plugin_live(meter->plugin, measure);
	const char *why = NULL;
	const struct usage said = meter->regex ? meter_regex_usage(meter->regex, &why)
					       : meter_lines_usage(meter->lines, &bad);
	if (lost)
		*lost = bad > 0 || why;
	return said;
}

bool meter_tells_parts(const struct meter *meter)
{
	return meter->kind || (meter->plugin && meter_plugin_tells_parts(meter->plugin));
}

static void end_agent(struct meter *meter, const struct meter_end *end, struct reading *reading)
{
	snprintf(reading->agent, sizeof(reading->agent), "%s", meter->kind->name);
	meter->kind->end(meter->agent, end, reading);
	if (reading->quality == QUALITY_UNKNOWN && !reading->why[0])
		snprintf(reading->why, sizeof(reading->why),
			 "meter \"%s\": no usage in what it printed%s", meter->kind->name,
			 meter->start.files ? ", nor in its files" : "");
}

static void end_regex(struct meter *meter, struct reading *reading)
{
	const char *why = NULL;
	meter_regex_end(meter->regex);
	reading->total = meter_regex_usage(meter->regex, &why);
	if (reading->total.known)
		reading->quality = QUALITY_EXACT;
	else
		snprintf(reading->why, sizeof(reading->why), "meter \"regex\": %s",
			 why ? why : "the pattern fits no line that was printed");
}

void meter_end(struct meter *meter, const struct meter_end *end, struct reading *reading)
{
	struct err err = {.code = ERR_NONE};
	*reading = (struct reading){.quality = QUALITY_UNKNOWN};
	if (meter->kind) {
		end_agent(meter, end, reading);
		return;
	}
	if (meter->plugin) {
		meter_plugin_end(meter->plugin, end->output, reading);
		return;
	}
	if (meter->regex) {
		end_regex(meter, reading);
		return;
	}
	meter_lines_end(meter->lines);
	reading->total = meter_read(meter->start.step, meter->lines, meter->start.environment,
				    meter->start.host, &err);
	if (reading->total.known)
		reading->quality = QUALITY_EXACT;
	else
		snprintf(reading->why, sizeof(reading->why), "%.250s", err.text);
}
