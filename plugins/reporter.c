#include "plugins/reporter.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/reporter_kinds.h"
#include "status/clock.h"
#include "status/json.h"

static reporter_kind *const kinds[] = {
	[CONF_REPORT_FILE] = reporter_file,
	[CONF_REPORT_PROGRAM] = reporter_program,
};

static const char *event_name(unsigned on)
{
	if (on & CONF_ON_CLOSED)
		return "closed";
	if (on & CONF_ON_STEP)
		return "step";
	return "started";
}

static int put_head(cJSON *json, const struct report *report)
{
	char time[CLOCK_TEXT];
	if (json_set_text(json, "event", event_name(report->on)) != 0 ||
	    json_set_text(json, "time", clock_write(report->at, time)) != 0 ||
	    json_set_text(json, "title", report->title) != 0 ||
	    json_set_integer(json, "cycle_number", report->cycle) != 0 ||
	    json_set_text(json, "message", report->text) != 0)
		return -1;
	return 0;
}

static int put_tokens(cJSON *json, const struct report *report)
{
	const struct gate_terms *terms = &report->terms;
	if (json_set_usage(json, "tokens_used", report->used) != 0 ||
	    json_set_percent(json, "token_percent", report->used, terms->budget) != 0 ||
	    json_set_integer(json, "token_budget", terms->budget) != 0 ||
	    json_set_integer(json, "token_threshold", gate_limit(terms)) != 0 ||
	    json_set_integer(json, "token_threshold_percent", terms->threshold) != 0)
		return -1;
	return 0;
}

static int put_step(cJSON *json, const struct report *report)
{
	if (report->step == 0)
		return 0;
	if (json_set_integer(json, "step", report->step) != 0 ||
	    json_set_text(json, "description", report->step_title) != 0)
		return -1;
	if (!(report->on & CONF_ON_STEP))
		return 0;
	if (json_set_text(json, "status", report->ok ? "OK" : "NOK") != 0 ||
	    json_set_text(json, "action", report->action) != 0 ||
	    json_set_text(json, "commit", report->commit) != 0)
		return -1;
	if (report->way && json_set_text(json, "committed_by", report->way) != 0)
		return -1;
	return report->held ? json_set_text(json, "held_back", report->held) : 0;
}

static int put_end(cJSON *json, const struct report *report)
{
	if (!(report->on & CONF_ON_CLOSED))
		return 0;
	if (json_set_text(json, "close_reason", report->reason) != 0 ||
	    json_set_text(json, "close_cause", report->cause) != 0)
		return -1;
	return 0;
}

char *reporter_json(const struct report *report)
{
	char *text = NULL;
	cJSON *json = cJSON_CreateObject();
	if (json && put_head(json, report) == 0 && put_step(json, report) == 0 &&
	    put_end(json, report) == 0 && put_tokens(json, report) == 0)
		text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

bool reporter_wants(const struct conf_report *to, const struct report *report)
{
	return (to->on & report->on) != 0;
}

int reporter_deliver(const struct conf_report *to, const char *line, const struct host *host,
		     struct err *err)
{
	/* From here on it is bytes with a length, a newline at their end. */
	const size_t length = strlen(line) + 1;
	char *bytes = malloc(length);
	if (!bytes)
		return err_set(err, ERR_INTERNAL, "out of memory");
	memcpy(bytes, line, length - 1);
	bytes[length - 1] = '\n';
	const int result = kinds[to->type](to, bytes, length, host, err);
	free(bytes);
	return result;
}

int reporter_send(const struct conf_report *to, const struct report *report,
		  const struct host *host, struct err *err)
{
	if (!reporter_wants(to, report))
		return 0;
	char *line = reporter_json(report);
	if (!line)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int result = reporter_deliver(to, line, host, err);
	free(line);
	return result;
}
