#include "plugins/plugin_json.h"

#include <stdlib.h>

#include "status/json.h"

struct plugin_json {
	cJSON *whole, *list;
};

struct plugin_json *plugin_json_new(const char *key)
{
	struct plugin_json *json = calloc(1, sizeof(*json));
	if (!json)
		return NULL;
	json->whole = cJSON_CreateObject();
	json->list = json->whole ? cJSON_AddArrayToObject(json->whole, key) : NULL;
	if (json->list)
		return json;
	plugin_json_free(json);
	return NULL;
}

void plugin_json_free(struct plugin_json *json)
{
	if (json)
		cJSON_Delete(json->whole);
	free(json);
}

/* Puts the row (taken; may be NULL) at the end of the list where nothing failed. */
static int add(struct plugin_json *json, cJSON *row, int failed)
{
	if (row && !failed && cJSON_AddItemToArray(json->list, row))
		return 0;
	cJSON_Delete(row);
	return -1;
}

static cJSON *offers_of(unsigned offers)
{
	cJSON *list = cJSON_CreateArray();
	for (int kind = 0; list && kind < PLUGIN_NKINDS; kind++) {
		cJSON *word = offers & PLUGIN_BIT(kind)
				      ? json_text(plugin_ask_name((enum plugin_ask)kind))
				      : NULL;
		if (word)
			cJSON_AddItemToArray(list, word);
	}
	return list;
}

int plugin_json_plugin(struct plugin_json *json, const struct plugin_row *row)
{
	cJSON *object = cJSON_CreateObject();
	const int failed =
		!object || json_set_text(object, "path", row->path) != 0 ||
		json_set_text(object, "binding", row->module ? "module" : "program") != 0 ||
		json_set_text(object, "name", row->name) != 0 ||
		json_set_text(object, "about", row->about) != 0 ||
		json_set(object, "offers", offers_of(row->offers)) != 0 ||
		json_set_text(object, "used", row->used) != 0 ||
		json_set_text(object, "problem", row->why) != 0;
	return add(json, object, failed);
}

int plugin_json_trial(struct plugin_json *json, enum plugin_ask kind, const char *what, bool passed,
		      const char *why)
{
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_text(object, "kind", plugin_ask_name(kind)) != 0 ||
			   json_set_text(object, "trial", what) != 0 ||
			   json_set_bool(object, "passed", passed) != 0 ||
			   json_set_text(object, "words", why) != 0;
	return add(json, object, failed);
}

char *plugin_json_print(const struct plugin_json *json)
{
	return cJSON_Print(json->whole);
}
