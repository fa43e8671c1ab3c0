#include "plugins/meter.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/meter_kinds.h"

static meter_kind *const kinds[] = {
	[CONF_METER_NONE] = meter_lines_read,
	[CONF_METER_COMMAND] = meter_command_read,
	[CONF_METER_JSONL] = meter_lines_read,
};

struct meter {
	struct meter_start start;
	struct meter_lines *lines;
};

struct usage meter_read(const struct conf_step *step, const struct meter_lines *lines,
			const char *const *environment, const struct host *host, struct err *err)
{
	return kinds[step->meter](step, lines, environment, host, err);
}

struct meter *meter_new(const struct meter_start *start, struct err *err)
{
	struct meter *meter = calloc(1, sizeof(*meter));
	if (meter) {
		meter->start = *start;
		meter->lines = start->kind == CONF_METER_JSONL ? meter_lines_among_output()
							       : meter_lines_new();
	}
	if (!meter || !meter->lines) {
		meter_free(meter);
		err_set(err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	return meter;
}

void meter_free(struct meter *meter)
{
	if (!meter)
		return;
	meter_lines_free(meter->lines);
	free(meter);
}

void meter_feed(struct meter *meter, const char *bytes, size_t length)
{
	if (meter->start.kind == CONF_METER_JSONL)
		meter_lines_feed(meter->lines, bytes, length);
}

void meter_said(struct meter *meter, const char *bytes, size_t length)
{
	if (meter->start.kind != CONF_METER_JSONL)
		meter_lines_feed(meter->lines, bytes, length);
}

void meter_look(struct meter *meter)
{
	(void)meter;
}

struct usage meter_live(const struct meter *meter, enum conf_measure measure, bool *lost)
{
	int64_t bad = 0;
	(void)measure;
	const struct usage said = meter_lines_usage(meter->lines, &bad);
	if (lost)
		*lost = bad > 0;
	return said;
}

bool meter_is_agents(const struct meter *meter)
{
	(void)meter;
	return false;
}

void meter_end(struct meter *meter, const struct meter_end *end, struct reading *reading)
{
	struct err err = {.code = ERR_NONE};
	(void)end;
	*reading = (struct reading){.quality = QUALITY_UNKNOWN};
	meter_lines_end(meter->lines);
	reading->total = meter_read(meter->start.step, meter->lines, meter->start.environment,
				    meter->start.host, &err);
	if (reading->total.known)
		reading->quality = QUALITY_EXACT;
	else
		snprintf(reading->why, sizeof(reading->why), "%.250s", err.text);
}
