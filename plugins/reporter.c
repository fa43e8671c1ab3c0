#include "plugins/reporter.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "fsm/bug.h"
#include "plugins/reporter_kinds.h"
#include "status/clock.h"
#include "status/json.h"

static const struct {
	reporter_kind *deliver;
	reporter_body *body; /* of a remote one */
} kinds[] = {
	[CONF_REPORT_FILE] = {.deliver = reporter_file},
	[CONF_REPORT_PROGRAM] = {.deliver = reporter_program},
	[CONF_REPORT_SLACK] = {.body = reporter_slack},
	[CONF_REPORT_WEBHOOK] = {.body = reporter_webhook},
	[CONF_REPORT_DESKTOP] = {.deliver = reporter_desktop},
	[CONF_REPORT_GITHUB] = {.deliver = reporter_github},
	[CONF_REPORT_MODULE] = {.deliver = reporter_plugin},
	[CONF_REPORT_PLUGIN] = {.deliver = reporter_plugin},
	[CONF_REPORT_PROMETHEUS] = {.deliver = reporter_prometheus},
};

static const char *event_name(unsigned on)
{
	if (on & CONF_ON_CLOSED)
		return "closed";
	if (on & CONF_ON_STEP)
		return "step";
	if (on & CONF_ON_WARN)
		return "warn";
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

static int put_failure(cJSON *json, const struct report *report)
{
	char time[CLOCK_TEXT];
	if (json_set_text(json, "failure", report->failure) != 0)
		return -1;
	if (!report->resets_at)
		return 0;
	return json_set_text(json, "resets_at", clock_write(report->resets_at * 1000000, time));
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
	if (report->pushed_by && json_set_text(json, "pushed_by", report->pushed_by) != 0)
		return -1;
	if (report->way && json_set_text(json, "committed_by", report->way) != 0)
		return -1;
	if (report->doubt && json_set_text(json, "usage_doubt", report->doubt) != 0)
		return -1;
	if (report->failure && put_failure(json, report) != 0)
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

char *reporter_keyed(const struct reporter_mail *mail, size_t *length)
{
	/* The line is an object that is not empty, and the key needs no escape. */
	char *text = NULL;
	const int made = asprintf(&text, "{\"key\":\"%s\",%s\n", mail->key, mail->line + 1);
	if (made < 0)
		return NULL;
	*length = (size_t)made;
	return text;
}

bool reporter_is_remote(const struct conf_report *to)
{
	return kinds[to->type].body != NULL;
}

int reporter_deliver(const struct conf_report *to, const struct reporter_mail *mail,
		     const struct host *host, struct err *err)
{
	BUG_ON(!kinds[to->type].deliver);
	return kinds[to->type].deliver(to, mail, host, err);
}

int reporter_request(const struct conf_report *to, const struct reporter_mail *mail, char **body,
		     struct err *err)
{
	char *made = kinds[to->type].body(to, mail);
	if (!made)
		return err_set(err, ERR_INTERNAL, "out of memory");
	*body = made;
	return 0;
}
