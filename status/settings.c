#include "status/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/gate.h"
#include "status/file.h"
#include "status/json.h"

#define LARGEST (1 << 20)

#define KEY_THRESHOLD "handoff_threshold_percent"
#define KEY_BUDGET    "token_budget"

/* 1: *root; 0: no file; -1 and *err (ERR_DAMAGED where it is no JSON object). */
static int read_root(const char *path, cJSON **root, struct err *err)
{
	char *bytes = NULL;
	size_t length = 0;
	const int there = file_read(path, LARGEST, &bytes, &length, err);
	if (there <= 0)
		return there;
	*root = json_parse_object(bytes, length);
	free(bytes);
	if (!*root)
		return err_set(err, ERR_DAMAGED, "%s: damaged: not one JSON object", path);
	return 1;
}

/* A key's value within min..max; 0 where it is absent. What can't be used is told in *notice. */
static int64_t value_of(const cJSON *root, const char *key, int64_t min, int64_t max,
			const char *path, char **notice)
{
	int64_t value = 0;
	if (!cJSON_GetObjectItemCaseSensitive(root, key))
		return 0;
	if (json_get_integer(root, key, &value) == 0 && value >= min && value <= max)
		return value;
	char *text = NULL;
	if (asprintf(&text, "%s%s%s: %s: not a whole number within %lld..%lld: passed over",
		     *notice ? *notice : "", *notice ? "; " : "", path, key, (long long)min,
		     (long long)max) >= 0) {
		free(*notice);
		*notice = text;
	}
	return 0;
}

static int damaged(const char *path, int mend, const struct err *why, char **notice,
		   struct err *err)
{
	char aside[4200];
	if (why->code != ERR_DAMAGED) {
		*err = *why;
		return -1;
	}
	if (!mend) {
		if (asprintf(notice, "%s: passed over", why->text) < 0)
			*notice = NULL;
		return 0;
	}
	if (file_set_aside(path, aside, sizeof(aside), err) != 0)
		return -1;
	if (asprintf(notice, "%s: it is kept as %s, and the defaults hold", why->text, aside) < 0)
		*notice = NULL;
	return 0;
}

int settings_load(const char *folder, int mend, struct settings *settings, char **notice,
		  struct err *err)
{
	char path[4096];
	struct err why = {.code = ERR_NONE};
	cJSON *root = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, SETTINGS_PATH);
	const int there = read_root(path, &root, &why);
	if (there < 0 && damaged(path, mend, &why, notice, err) != 0)
		return -1;
	struct settings read = {.budget = 0};
	if (there > 0) {
		read.budget = value_of(root, KEY_BUDGET, 1, INT64_MAX, path, notice);
		read.threshold = (int)value_of(root, KEY_THRESHOLD, GATE_THRESHOLD_MIN,
					       GATE_THRESHOLD_MAX, path, notice);
		cJSON_Delete(root);
	}
	*settings = read;
	return 0;
}

int settings_save(const char *folder, const struct settings *settings, struct err *err)
{
	char path[4096];
	cJSON *root = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, SETTINGS_PATH);
	const int there = read_root(path, &root, err);
	if (there < 0)
		return -1;
	if (!there)
		root = cJSON_CreateObject();
	int failed =
		!root ||
		(settings->threshold &&
		 json_set_integer(root, KEY_THRESHOLD, settings->threshold) != 0) ||
		(settings->budget && json_set_integer(root, KEY_BUDGET, settings->budget) != 0);
	char *text = failed ? NULL : cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	size_t length = strlen(text);
	text[length++] = '\n'; /* in place of the NUL */
	failed = file_replace(path, text, length, err);
	cJSON_free(text);
	return failed;
}
