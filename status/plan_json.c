#include "status/plan_json.h"

#include <stdlib.h>

#include "status/json.h"
#include "status/lines.h"

struct plan_json {
	cJSON *root;
	cJSON *steps, *edits; /* within it */
};

static int put_gate(cJSON *root, const struct gate_terms *terms)
{
	char text[512];
	line_gate_json(text, sizeof(text), terms, USAGE_KNOWN(0));
	return json_set_integer(root, "token_budget", terms->budget) ||
	       json_set(root, "gate", cJSON_CreateRaw(text));
}

struct plan_json *plan_json_new(const char *title, size_t steps, size_t left,
				const struct gate_terms *terms)
{
	struct plan_json *json = calloc(1, sizeof(*json));
	if (!json)
		return NULL;
	json->root = cJSON_CreateObject();
	if (!json->root || json_set_text(json->root, "title", title) != 0 ||
	    json_set_integer(json->root, "steps_total", (int64_t)steps) != 0 ||
	    json_set_integer(json->root, "steps_left", (int64_t)left) != 0 ||
	    put_gate(json->root, terms) != 0 ||
	    json_set(json->root, "steps", cJSON_CreateArray()) != 0 ||
	    json_set(json->root, "edited", cJSON_CreateArray()) != 0) {
		plan_json_free(json);
		return NULL;
	}
	json->steps = cJSON_GetObjectItemCaseSensitive(json->root, "steps");
	json->edits = cJSON_GetObjectItemCaseSensitive(json->root, "edited");
	return json;
}

struct plan_json *plan_json_new_verdict(const char *path, const char *title, size_t steps)
{
	struct plan_json *json = calloc(1, sizeof(*json));
	if (!json)
		return NULL;
	json->root = cJSON_CreateObject();
	if (!json->root || json_set_text(json->root, "config", path) != 0 ||
	    json_set_text(json->root, "title", title) != 0 ||
	    json_set_integer(json->root, "steps_total", (int64_t)steps) != 0) {
		plan_json_free(json);
		return NULL;
	}
	return json;
}

void plan_json_free(struct plan_json *json)
{
	if (json)
		cJSON_Delete(json->root);
	free(json);
}

/* Takes row; deletes it where it can't be had. */
static int append(cJSON *array, cJSON *row, bool whole)
{
	if (row && whole && cJSON_AddItemToArray(array, row))
		return 0;
	cJSON_Delete(row);
	return -1;
}

static cJSON *words_of(const char *const *command)
{
	cJSON *words = cJSON_CreateArray();
	for (size_t i = 0; words && command[i]; i++) {
		cJSON *word = json_text(command[i]);
		if (!word || !cJSON_AddItemToArray(words, word)) {
			cJSON_Delete(word);
			cJSON_Delete(words);
			return NULL;
		}
	}
	return words;
}

int plan_json_step(struct plan_json *json, const struct plan_json_step *step)
{
	cJSON *row = cJSON_CreateObject();
	const bool whole = row && json_set_integer(row, "step", step->number) == 0 &&
			   json_set_text(row, "description", step->title) == 0 &&
			   json_set(row, "command", words_of(step->command)) == 0 &&
			   (!step->input || json_set_text(row, "input", step->input) == 0) &&
			   json_set_text(row, "cwd", step->cwd) == 0 &&
			   (step->timeout_ms == 0 ||
			    json_set_integer(row, "timeout_ms", step->timeout_ms) == 0);
	return append(json->steps, row, whole);
}

int plan_json_agent(struct plan_json *json, const char *name, const char *program,
		    const char *version)
{
	cJSON *agents = cJSON_GetObjectItemCaseSensitive(json->root, "agents");
	if (!agents && json_set(json->root, "agents", cJSON_CreateArray()) != 0)
		return -1;
	agents = cJSON_GetObjectItemCaseSensitive(json->root, "agents");
	cJSON *row = cJSON_CreateObject();
	const bool whole = row && json_set_text(row, "agent", name) == 0 &&
			   json_set_text(row, "program", program) == 0 &&
			   json_set_text(row, "version", version[0] ? version : NULL) == 0;
	return append(agents, row, whole);
}

int plan_json_edit(struct plan_json *json, const char *what, const char *title)
{
	cJSON *row = cJSON_CreateObject();
	const bool whole = row && json_set_text(row, "what", what) == 0 &&
			   json_set_text(row, "description", title) == 0;
	return append(json->edits, row, whole);
}

static int put_text(cJSON *object, const char *key, const char *text)
{
	return json_set_text(object, key, text && *text ? text : NULL);
}

int plan_json_git(struct plan_json *json, bool commit, const char *branch, const char *identity,
		  const char *upstream, const char *problem, const char *why)
{
	cJSON *git = cJSON_CreateObject();
	if (!git || json_set_bool(git, "commit", commit) != 0 ||
	    put_text(git, "branch", branch) != 0 || put_text(git, "identity", identity) != 0 ||
	    put_text(git, "upstream", upstream) != 0 || put_text(git, "problem", problem) != 0 ||
	    put_text(git, "why", why) != 0 || json_set(git, "features", cJSON_CreateArray()) != 0) {
		cJSON_Delete(git);
		return -1;
	}
	return json_set(json->root, "repository", git);
}

int plan_json_feature(struct plan_json *json, const char *name, const char *served,
		      const char *words)
{
	cJSON *git = cJSON_GetObjectItemCaseSensitive(json->root, "repository");
	cJSON *row = cJSON_CreateObject();
	const bool whole = row && json_set_text(row, "name", name) == 0 &&
			   json_set_text(row, "served", served) == 0 &&
			   json_set_text(row, "words", words) == 0;
	return append(cJSON_GetObjectItemCaseSensitive(git, "features"), row, whole);
}

char *plan_json_print(const struct plan_json *json)
{
	return cJSON_Print(json->root);
}
