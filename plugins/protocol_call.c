/* The line that a plugin is asked by, written and read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/protocol.h"
#include "status/json.h"

static int put_options(cJSON *json, const char *const *options)
{
	cJSON *object = cJSON_CreateObject();
	int failed = object ? 0 : -1;
	for (; !failed && options && *options; options++) {
		const size_t length = strcspn(*options, "=");
		char *name = strndup(*options, length);
		failed = name ? json_set_text(object, name, *options + length + 1) : -1;
		free(name);
	}
	if (failed) {
		cJSON_Delete(object);
		return -1;
	}
	return json_set(json, "options", object);
}

/* What there is none of is left out. */
static int put_text(cJSON *json, const char *key, const char *text)
{
	return text ? json_set_text(json, key, text) : 0;
}

static int put_number(cJSON *json, const char *key, int64_t number)
{
	return number ? json_set_integer(json, key, number) : 0;
}

static int put_terms(cJSON *json, const struct plugin_call *call)
{
	if (call->budget == 0)
		return 0;
	if (json_set_integer(json, "budget", call->budget) != 0 ||
	    json_set_integer(json, "limit", call->limit) != 0)
		return -1;
	return json_set_usage(json, "used", call->used);
}

static int put_call(cJSON *json, const struct plugin_call *call)
{
	if (json_set_integer(json, "stepgate", PROTOCOL_VERSION) != 0 ||
	    json_set_text(json, "call", plugin_ask_name(call->ask)) != 0 ||
	    put_options(json, call->options) != 0 ||
	    put_text(json, "repository", call->repository) != 0 ||
	    put_number(json, "cycle", call->cycle) != 0 ||
	    put_number(json, "step", call->step) != 0 ||
	    put_number(json, "attempt", call->attempt) != 0 ||
	    put_text(json, "title", call->title) != 0 || put_text(json, "key", call->key) != 0 ||
	    put_terms(json, call) != 0 || put_text(json, "output", call->output) != 0)
		return -1;
	/* The event is JSON already, and ours. */
	return call->report ? json_set(json, "report", cJSON_CreateRaw(call->report)) : 0;
}

char *plugin_call_write(const struct plugin_call *call)
{
	char *line = NULL;
	cJSON *json = cJSON_CreateObject();
	char *text = json && put_call(json, call) == 0 ? cJSON_PrintUnformatted(json) : NULL;
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	cJSON_Delete(json);
	return line;
}

/* A whole number of the call that may be missing; false where it is something else. */
static bool get_number(const cJSON *json, const char *key, int64_t *number)
{
	*number = 0;
	return !cJSON_GetObjectItemCaseSensitive(json, key) ||
	       json_get_integer(json, key, number) == 0;
}

/* The options as "NAME=VALUE". NULL, or why they can't be. */
static const char *get_options(const cJSON *json, struct plugin_heard *heard)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(json, "options"), *option;
	const size_t count = (size_t)cJSON_GetArraySize(object);
	size_t n = 0;
	if (object && !cJSON_IsObject(object))
		return "options is no object";
	heard->options = calloc(count + 1, sizeof(*heard->options));
	if (!heard->options)
		return "out of memory";
	cJSON_ArrayForEach(option, object)
	{
		const char *value = cJSON_GetStringValue(option);
		char *text = NULL;
		if (!value || cJSON_IsRaw(option))
			return "an option is no text";
		if (!option->string[0] || strchr(option->string, '='))
			return "the name of an option is empty, or has a '=' in it";
		if (asprintf(&text, "%s=%s", option->string, value) < 0)
			return "out of memory";
		heard->options[n++] = text;
		if (cJSON_GetObjectItemCaseSensitive(object, option->string) != option)
			return "an option is given twice";
	}
	heard->call.options = heard->options;
	return NULL;
}

static const char *get_numbers(const cJSON *json, struct plugin_call *call)
{
	int64_t step, attempt, used = 0;
	if (!get_number(json, "cycle", &call->cycle) || !get_number(json, "step", &step) ||
	    !get_number(json, "attempt", &attempt) || !get_number(json, "budget", &call->budget) ||
	    !get_number(json, "limit", &call->limit) || step > INT32_MAX || attempt > INT32_MAX)
		return "a number is none";
	call->step = (int)step;
	call->attempt = (int)attempt;
	call->used = json_get_integer(json, "used", &used) == 0 ? USAGE_KNOWN(used) : USAGE_UNKNOWN;
	return NULL;
}

static const char *read_call(const cJSON *json, struct plugin_heard *heard)
{
	struct plugin_call *call = &heard->call;
	int64_t version = 0;
	const char *word = json_get_text(json, "call");
	if (json_get_integer(json, "stepgate", &version) != 0)
		return "it is no call of stepgate";
	if (version != PROTOCOL_VERSION)
		return "it is of another version of the protocol";
	call->ask = word ? plugin_ask_find(word) : PLUGIN_NASKS;
	if (call->ask == PLUGIN_NASKS)
		return "it asks for nothing that there is";
	call->repository = json_get_text(json, "repository");
	call->title = json_get_text(json, "title");
	call->key = json_get_text(json, "key");
	call->output = json_get_text(json, "output");
	const cJSON *report = cJSON_GetObjectItemCaseSensitive(json, "report");
	if (report) {
		heard->report = cJSON_IsObject(report) ? cJSON_PrintUnformatted(report) : NULL;
		call->report = heard->report;
	}
	if (report && !heard->report)
		return "the report is no object";
	const char *wrong = get_numbers(json, call);
	return wrong ? wrong : get_options(json, heard);
}

const char *plugin_call_read(const char *line, size_t length, struct plugin_heard *heard)
{
	struct plugin_heard made = {.memory = json_parse_object(line, length)};
	const char *wrong = made.memory ? read_call(made.memory, &made)
					: "it is no JSON object with each key once";
	if (wrong) {
		plugin_heard_release(&made);
		return wrong;
	}
	*heard = made;
	return NULL;
}

void plugin_heard_release(struct plugin_heard *heard)
{
	for (size_t i = 0; heard->options && heard->options[i]; i++)
		free((char *)(uintptr_t)heard->options[i]);
	free(heard->options);
	free(heard->report);
	cJSON_Delete(heard->memory);
}
