#include "plugins/reading_json.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "status/json.h"

static int set_tokens(cJSON *object, const struct tokens *tokens)
{
	int failed = 0;
	for (int i = 0; i < NTOKENS; i++)
		failed |= json_set_usage(object, tokens_part_name((enum tokens_part)i),
					 tokens->of[i]);
	return failed;
}

/* An object of its own under the key, or NULL. */
static cJSON *add_object(cJSON *object, const char *key)
{
	cJSON *value = cJSON_CreateObject();
	return json_set(object, key, value) == 0 ? value : NULL;
}

static int set_models(cJSON *object, const struct reading *reading)
{
	cJSON *models = add_object(object, "models");
	if (!models)
		return -1;
	for (int i = 0; i < reading->nmodels; i++) {
		cJSON *model = add_object(models, reading->models[i].name);
		if (!model || set_tokens(model, &reading->models[i].used) != 0)
			return -1;
	}
	return 0;
}

static int set_difference(cJSON *object, const struct reading *reading)
{
	if (!reading->disagree)
		return json_set(object, "differ", cJSON_CreateNull());
	cJSON *differ = add_object(object, "differ");
	return !differ || json_set_usage(differ, "stdout", reading->stdout_all) != 0
		       ? -1
		       : json_set_usage(differ, "files", reading->files_all);
}

static int set_figures(cJSON *object, const struct reading *reading)
{
	cJSON *usage = add_object(object, "usage");
	if (!usage || set_tokens(usage, &reading->used) != 0)
		return -1;
	return json_set_usage(object, "fresh", reading_measure(reading, CONF_MEASURE_FRESH)) |
	       json_set_usage(object, "all", reading_measure(reading, CONF_MEASURE_ALL)) |
	       json_set_usage(object, "context", reading->context) |
	       json_set_usage(object, "window", reading->window);
}

static int set_words(cJSON *object, const struct reading *reading)
{
	const bool sourced = reading->source != SOURCE_NONE;
	return json_set_text(object, "quality", quality_name(reading->quality)) |
	       json_set_text(object, "source", sourced ? source_name(reading->source) : NULL) |
	       set_models(object, reading) |
	       json_set_text(object, "ended", ended_name(reading->ended)) |
	       json_set_usage(object, "resets_at",
			      reading->resets_at > 0 ? USAGE_KNOWN(reading->resets_at)
						     : USAGE_UNKNOWN) |
	       json_set_text(object, "session", reading->session[0] ? reading->session : NULL) |
	       json_set_text(object, "why", reading->why[0] ? reading->why : NULL) |
	       set_difference(object, reading);
}

char *reading_json(const struct reading *reading)
{
	cJSON *object = cJSON_CreateObject();
	char *text = NULL;
	if (object && (json_set_text(object, "agent", reading->agent[0] ? reading->agent : NULL) |
		       set_figures(object, reading) | set_words(object, reading)) == 0)
		text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	return text;
}
