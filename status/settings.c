#include "status/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
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
	const bool short_of_memory = errno == ENOMEM;
	free(bytes);
	if (!*root && short_of_memory)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (!*root)
		return err_set(err, ERR_DAMAGED, "%s: damaged: not one JSON object", path);
	return 1;
}

static int path_of(const char *folder, char *path, struct err *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", folder, SETTINGS_PATH) >= PATH_MAX)
		return err_set(err, ERR_SYSTEM, "%.200s…: the path is too long", folder);
	return 0;
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

/* What is to be said of a damaged file; set aside where `mend`. */
static int damaged(const char *path, int mend, const char *what, char **notice, struct err *err)
{
	char aside[PATH_MAX], *words = NULL;
	if (mend && file_set_aside(path, NULL, aside, sizeof(aside), err) != 0)
		return -1;
	if ((mend ? asprintf(&words, "%s: it is kept as %s, and the defaults hold", what, aside)
		  : asprintf(&words, "%s: passed over", what)) < 0)
		words = NULL;
	*notice = words;
	return 0;
}

int settings_load(const char *folder, int mend, struct settings *settings, char **notice,
		  struct err *err)
{
	char path[PATH_MAX], *words = NULL;
	struct err why = {.code = ERR_NONE};
	struct settings read = {.budget = 0};
	cJSON *root = NULL;
	if (path_of(folder, path, err) != 0)
		return -1;
	if (read_root(path, &root, &why) < 0 && why.code != ERR_DAMAGED) {
		if (err)
			*err = why;
		return -1;
	}
	if (why.code == ERR_DAMAGED && damaged(path, mend, why.text, &words, err) != 0)
		return -1;
	if (root) {
		read.budget = value_of(root, KEY_BUDGET, 1, INT64_MAX, path, &words);
		read.threshold = (int)value_of(root, KEY_THRESHOLD, GATE_THRESHOLD_MIN,
					       GATE_THRESHOLD_MAX, path, &words);
		cJSON_Delete(root);
	}
	*settings = read;
	*notice = words;
	return 0;
}

/* The settings laid over what is there, as text (cJSON_free); NULL when memory is short. */
static char *new_text(cJSON *root, const struct settings *settings)
{
	if (!root)
		return NULL;
	if (settings->threshold && json_set_integer(root, KEY_THRESHOLD, settings->threshold) != 0)
		return NULL;
	if (settings->budget && json_set_integer(root, KEY_BUDGET, settings->budget) != 0)
		return NULL;
	return cJSON_Print(root);
}

int settings_save(const char *folder, const struct settings *settings, struct err *err)
{
	char path[PATH_MAX];
	cJSON *root = NULL;
	if (path_of(folder, path, err) != 0)
		return -1;
	const int there = read_root(path, &root, err);
	if (there < 0)
		return -1;
	if (!there)
		root = cJSON_CreateObject();
	char *text = new_text(root, settings);
	cJSON_Delete(root);
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	size_t length = strlen(text);
	text[length++] = '\n'; /* in place of the NUL */
	const int failed = file_replace(path, text, length, err);
	cJSON_free(text);
	return failed;
}
