#include "status/document.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "status/clock.h"
#include "status/file.h"
#include "status/json.h"

#define PASSED  "passed_over"
#define LARGEST (4 << 20) /* a status document is a few kilobytes */

struct document {
	cJSON *root;
};

/* Ours, in their order. A new cycle resets them; any other key is the user's and stays. */
static const char *const own_keys[] = {
	"cycle_number",    "started_at",
	"token_budget",    "token_threshold",
	"current_task",    "tasks_completed",
	"steps_completed", "next_action",
	"last_updated",    "token_threshold_percent",
	"ended_at",        "close_reason",
	"close_cause",     "plan",
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* A link in the place of its folder would lead elsewhere, as one in its own place would. */
static int path_of(const char *folder, char *path, struct err *err)
{
	struct stat there;
	if (snprintf(path, PATH_MAX, "%s/%s", folder, DOCUMENT_PATH) >= PATH_MAX)
		return err_set(err, ERR_SYSTEM, "%.200s…: the path is too long", folder);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	if (lstat(path, &there) == 0 && !S_ISDIR(there.st_mode))
		return err_set(err, ERR_REFUSED, "%s: not a folder: refused", path);
	*slash = '/';
	return 0;
}

static struct document *wrap(cJSON *root)
{
	struct document *doc = root ? malloc(sizeof(*doc)) : NULL;
	if (!doc) {
		cJSON_Delete(root);
		return NULL;
	}
	doc->root = root;
	return doc;
}

void document_free(struct document *doc)
{
	if (doc)
		cJSON_Delete(doc->root);
	free(doc);
}

/* 1: *doc; 0: no file, *doc is empty; -1 and *err (ERR_DAMAGED where it is no document). */
static int read_document(const char *path, struct document **doc, struct err *err)
{
	char *bytes = NULL;
	size_t length = 0;
	cJSON *root;
	const int there = file_read(path, LARGEST, &bytes, &length, err);
	if (there < 0)
		return -1;
	if (there) {
		root = json_parse_object(bytes, length);
		const bool short_of_memory = errno == ENOMEM;
		free(bytes);
		if (!root && short_of_memory)
			return out_of_memory(err);
		if (!root)
			return err_set(err, ERR_DAMAGED, "%s: damaged: not one JSON object", path);
	} else {
		root = cJSON_CreateObject();
	}
	struct document *made = wrap(root);
	if (!made)
		return out_of_memory(err);
	*doc = made;
	return there;
}

int document_read(const char *folder, struct document **doc, struct err *err)
{
	char path[PATH_MAX];
	if (path_of(folder, path, err) != 0)
		return -1;
	return read_document(path, doc, err) < 0 ? -1 : 0;
}

/* Begins a new one in the place of a damaged one. */
static int replace_damaged(const char *path, const char *what, struct document **doc, char **notice,
			   struct err *err)
{
	char aside[PATH_MAX], *words = NULL;
	struct document *made = wrap(cJSON_CreateObject());
	if (!made)
		return out_of_memory(err);
	if (file_set_aside(path, NULL, aside, sizeof(aside), err) != 0) {
		document_free(made);
		return -1;
	}
	if (asprintf(&words, "%s: it is kept as %s, and a new one is begun", what, aside) < 0)
		words = NULL;
	*notice = words;
	*doc = made;
	return 0;
}

int document_load(const char *folder, struct document **doc, char **notice, struct err *err)
{
	char path[PATH_MAX];
	struct err why = {.code = ERR_NONE};
	if (path_of(folder, path, err) != 0)
		return -1;
	if (read_document(path, doc, &why) >= 0) {
		*notice = NULL;
		return 0;
	}
	if (why.code == ERR_DAMAGED)
		return replace_damaged(path, why.text, doc, notice, err);
	if (err)
		*err = why;
	return -1;
}

int document_save(struct document *doc, const char *folder, struct err *err)
{
	char path[PATH_MAX], now[CLOCK_TEXT];
	if (path_of(folder, path, err) != 0)
		return -1;
	if (json_set_text(doc->root, "last_updated", clock_write(clock_now(), now)) != 0)
		return out_of_memory(err);
	char *text = cJSON_Print(doc->root);
	if (!text)
		return out_of_memory(err);
	size_t length = strlen(text);
	text[length++] = '\n'; /* in place of the NUL */
	const int failed = file_replace(path, text, length, err);
	cJSON_free(text);
	return failed;
}

static int add_new_cycle(cJSON *root, int64_t cycle, int64_t started_at,
			 const struct gate_terms *terms)
{
	char started[CLOCK_TEXT];
	clock_write(started_at, started);
	return json_set_integer(root, "cycle_number", cycle) ||
	       json_set_text(root, "started_at", started) ||
	       json_set_integer(root, "token_budget", terms->budget) ||
	       json_set_integer(root, "token_threshold", gate_limit(terms)) ||
	       json_set_text(root, "current_task", NULL) ||
	       json_set(root, "tasks_completed", cJSON_CreateArray()) ||
	       json_set(root, "steps_completed", cJSON_CreateArray()) ||
	       json_set_text(root, "next_action", NULL) ||
	       json_set_text(root, "last_updated", started) ||
	       json_set_integer(root, "token_threshold_percent", terms->threshold);
}

static bool is_own(const char *key)
{
	for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++)
		if (strcmp(own_keys[i], key) == 0)
			return true;
	return false;
}

int document_begin(struct document *doc, int64_t cycle, int64_t started_at,
		   const struct gate_terms *terms)
{
	cJSON *root = cJSON_CreateObject();
	if (!root || add_new_cycle(root, cycle, started_at, terms) != 0) {
		cJSON_Delete(root);
		return -1;
	}
	cJSON *next;
	for (cJSON *item = doc->root->child; item; item = next) {
		next = item->next;
		if (!is_own(item->string))
			cJSON_AddItemToArray(root, cJSON_DetachItemViaPointer(doc->root, item));
	}
	cJSON_Delete(doc->root);
	doc->root = root;
	return 0;
}

int document_plan(struct document *doc, const char *plan)
{
	return json_set_text(doc->root, "plan", plan) != 0 ? -1 : 0;
}

static bool is_done(const cJSON *row)
{
	const char *status = json_get_text(row, "status");
	return (status && strcmp(status, "OK") == 0) ||
	       cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, PASSED));
}

void document_each_done(const struct document *doc,
			void (*each)(void *context, const char *description, int step),
			void *context)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(doc->root, "steps_completed");
	const cJSON *row;
	cJSON_ArrayForEach(row, steps)
	{
		int64_t number = 0;
		const char *title = json_get_text(row, "description");
		if (title && is_done(row) && json_get_integer(row, "step", &number) == 0 &&
		    number >= 1 && number <= INT32_MAX)
			each(context, title, (int)number);
	}
}

struct change {
	const char *key;
	cJSON *value; /* taken; NULL: memory was short */
};

/* All of them, or none. */
static int change(struct document *doc, const struct change *changes, size_t count)
{
	cJSON *ready[4];
	bool failed = false;
	for (size_t i = 0; i < count; i++) {
		ready[i] = json_keyed(changes[i].key, changes[i].value);
		failed |= !ready[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (failed)
			cJSON_Delete(ready[i]);
		else
			json_put(doc->root, ready[i]);
	}
	return failed ? -1 : 0;
}

int document_task(struct document *doc, const char *current_task, const char *next_action)
{
	struct change changes[2];
	size_t count = 0;
	if (current_task)
		changes[count++] = (struct change){"current_task", json_text(current_task)};
	if (next_action)
		changes[count++] = (struct change){"next_action", json_text(next_action)};
	return change(doc, changes, count);
}

/* The array of that key, made anew where something else stands there. */
static cJSON *array_of(struct document *doc, const char *key)
{
	cJSON *array = cJSON_GetObjectItemCaseSensitive(doc->root, key);
	if (cJSON_IsArray(array))
		return array;
	if (json_set(doc->root, key, cJSON_CreateArray()) != 0)
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(doc->root, key);
}

/* The place of `text` in an array of texts, or -1. */
static int place_of(const cJSON *array, const char *text)
{
	int at = 0;
	for (const cJSON *there = array->child; there; there = there->next, at++)
		if (cJSON_IsString(there) && strcmp(there->valuestring, text) == 0)
			return at;
	return -1;
}

int document_task_completed(struct document *doc, const char *task, bool completed)
{
	cJSON *item = json_text(task);
	cJSON *tasks = item ? array_of(doc, "tasks_completed") : NULL;
	if (!tasks) {
		cJSON_Delete(item);
		return -1;
	}
	const int at = place_of(tasks, item->valuestring);
	if (!completed && at >= 0)
		cJSON_DeleteItemFromArray(tasks, at);
	if (completed && at < 0)
		cJSON_AddItemToArray(tasks, item);
	else
		cJSON_Delete(item);
	return 0;
}

static int64_t budget_of(const struct document *doc)
{
	int64_t budget = 0;
	if (json_get_integer(doc->root, "token_budget", &budget) != 0 || budget < 1)
		return 0;
	return budget;
}

static int fill_step(cJSON *row, const struct document_step *step, int64_t budget)
{
	char when[CLOCK_TEXT];
	const struct usage percent_of = budget ? step->used : USAGE_UNKNOWN;
	return json_set_integer(row, "step", step->step) ||
	       json_set_text(row, "description", step->description) ||
	       json_set_text(row, "completed_at", clock_write(step->completed_at, when)) ||
	       json_set_text(row, "status", step->ok ? "OK" : "NOK") ||
	       json_set_usage(row, "tokens_used", step->used) ||
	       json_set_percent(row, "token_percent", percent_of, budget ? budget : 1) ||
	       (step->estimated && json_set_bool(row, "estimated", true)) ||
	       (step->doubt && json_set_text(row, "usage_doubt", step->doubt)) ||
	       (step->action && json_set_text(row, "action", step->action)) ||
	       (step->commit && json_set_text(row, "commit", step->commit)) ||
	       (step->why && json_set_text(row, "why", step->why)) ||
	       (step->failure && json_set_text(row, "failure", step->failure)) ||
	       (step->passed && json_set_bool(row, PASSED, true)) ||
	       (step->resets_at &&
		json_set_text(row, "resets_at", clock_write(step->resets_at * 1000000, when)));
}

int document_step(struct document *doc, const struct document_step *step)
{
	cJSON *row = cJSON_CreateObject();
	cJSON *steps = NULL;
	int64_t number = 0;
	if (row && fill_step(row, step, budget_of(doc)) == 0)
		steps = array_of(doc, "steps_completed");
	if (!steps) {
		cJSON_Delete(row);
		return -1;
	}
	cJSON *last = steps->child ? steps->child->prev : NULL; /* the last is before the first */
	if (last && json_get_integer(last, "step", &number) == 0 && number == step->step)
		cJSON_ReplaceItemViaPointer(steps, last, row);
	else
		cJSON_AddItemToArray(steps, row);
	return 0;
}

int document_end(struct document *doc, int64_t ended_at, const char *reason, const char *cause)
{
	char when[CLOCK_TEXT];
	const struct change changes[] = {
		{"current_task", cJSON_CreateNull()},
		{"ended_at", json_text(clock_write(ended_at, when))},
		{"close_reason", json_text(reason)},
		{"close_cause", json_text(cause)},
	};
	return change(doc, changes, sizeof(changes) / sizeof(changes[0]));
}

static void view_last_step(const struct document *doc, struct document_view *view)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(doc->root, "steps_completed");
	view->used = USAGE_KNOWN(0);
	if (!cJSON_IsArray(steps) || cJSON_GetArraySize(steps) == 0)
		return;
	view->steps = cJSON_GetArraySize(steps);
	const cJSON *last = cJSON_GetArrayItem(steps, view->steps - 1);
	const char *status = json_get_text(last, "status");
	int64_t number = 0, tokens = 0;
	if (json_get_integer(last, "step", &number) == 0 && number <= INT32_MAX)
		view->last_step = (int)number;
	view->last_ok = status && strcmp(status, "OK") == 0;
	view->last_description = json_get_text(last, "description");
	view->used = json_get_integer(last, "tokens_used", &tokens) == 0 ? USAGE_KNOWN(tokens)
									 : USAGE_UNKNOWN;
}

void document_view(const struct document *doc, struct document_view *view)
{
	int64_t threshold = 0;
	*view = (struct document_view){
		.started_at = json_get_text(doc->root, "started_at"),
		.current_task = json_get_text(doc->root, "current_task"),
		.next_action = json_get_text(doc->root, "next_action"),
		.last_updated = json_get_text(doc->root, "last_updated"),
		.ended_at = json_get_text(doc->root, "ended_at"),
		.close_reason = json_get_text(doc->root, "close_reason"),
		.plan = json_get_text(doc->root, "plan"),
	};
	if (json_get_integer(doc->root, "cycle_number", &view->cycle) != 0)
		view->cycle = 0;
	view->terms.budget = budget_of(doc);
	if (json_get_integer(doc->root, "token_threshold_percent", &threshold) == 0 &&
	    threshold <= GATE_THRESHOLD_MAX)
		view->terms.threshold = (int)threshold;
	view->terms_known = gate_terms_valid(&view->terms);
	view_last_step(doc, view);
}

int document_at_work(struct document *doc, bool running, const char *held_by)
{
	return json_set_bool(doc->root, "running", running) != 0 ||
			       json_set_text(doc->root, "held_by", held_by) != 0
		       ? -1
		       : 0;
}

char *document_print(const struct document *doc)
{
	return cJSON_Print(doc->root);
}
