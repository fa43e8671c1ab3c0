/* Slack's incoming webhooks: {"text": "…"}, in which &, < and > are to be written as entities, so
 * that nobody's words become a mention or a link. Of a text over 4,000 characters they advise
 * against. (api.slack.com/messaging/webhooks, api.slack.com/reference/surfaces/formatting) */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"
#include "plugins/reporter_kinds.h"
#include "status/json.h"

#define TEXT_MOST 4000

static const char *entity(char c)
{
	return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

struct text {
	char bytes[TEXT_MOST + 8];
	size_t length;
	bool full;
};

/* Adds what fits, ending at a whole character. */
static void add(struct text *text, const char *words)
{
	for (const char *c = words; *c && !text->full; c++) {
		const char *as = entity(*c);
		const size_t length = as ? strlen(as) : 1;
		text->full = text->length + length > TEXT_MOST;
		if (text->full)
			text->length = utf8_valid(text->bytes, text->length);
		else
			memcpy(text->bytes + text->length, as ? as : c, length);
		text->length += text->full ? 0 : length;
	}
	text->bytes[text->length] = '\0';
}

static void write_text(struct text *text, const cJSON *report)
{
	const char *title = json_get_text(report, "title");
	const char *step = json_get_text(report, "description");
	const char *held = json_get_text(report, "held_back");
	const char *words = json_get_text(report, "message");
	*text = (struct text){.length = 0};
	add(text, title ? title : "stepgate");
	add(text, ": ");
	add(text, words ? words : "");
	if (step) {
		add(text, "\n");
		add(text, step);
	}
	if (held) {
		add(text, "\nnot committed, as likely secrets: ");
		add(text, held);
	}
}

char *reporter_slack(const struct conf_report *to, const struct reporter_mail *mail)
{
	struct text text;
	char *body = NULL;
	(void)to;
	cJSON *report = json_parse_object(mail->line, strlen(mail->line));
	cJSON *json = cJSON_CreateObject();
	if (report && json) {
		write_text(&text, report);
		if (json_set_text(json, "text", text.bytes) == 0)
			body = cJSON_PrintUnformatted(json);
	}
	cJSON_Delete(report);
	cJSON_Delete(json);
	return body;
}
