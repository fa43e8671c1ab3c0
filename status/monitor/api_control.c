/* What changes something: the settings of the next cycle, start, stop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "status/file.h"
#include "status/monitor/api.h"
#include "status/settings.h"

/* The body as an object; NULL, and the reply is the error. */
static cJSON *take_body(const struct request *request, struct reply *reply)
{
	size_t length = 0;
	const char *bytes = request_body(request, &length);
	cJSON *object = json_parse_object(bytes, length);
	if (!object)
		reply_error(reply, 400, "the body is not one JSON object");
	return object;
}

static void answer_config(const struct watch *watch, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct settings settings;
	char *notice = NULL;
	if (settings_load(watch->repository->folder, 0, &settings, &notice, &err) != 0) {
		api_failed(reply, &err);
		return;
	}
	cJSON *object = cJSON_CreateObject();
	const int64_t budget = settings.budget ? settings.budget : GATE_BUDGET_DEFAULT;
	const int threshold = settings.threshold ? settings.threshold : GATE_THRESHOLD_DEFAULT;
	if (json_set_integer(object, "threshold_percent", threshold) != 0 ||
	    json_set_integer(object, "budget", budget) != 0 ||
	    json_set_bool(object, "saved", settings.threshold != 0) != 0 ||
	    json_set_text(object, "notice", notice) != 0) {
		cJSON_Delete(object);
		object = NULL;
	}
	free(notice);
	api_object(reply, object);
}

void api_config(void *app, const struct request *request, struct reply *reply)
{
	const struct watch *watch = api_watch(app, request, reply);
	if (watch)
		answer_config(watch, reply);
}

/* A key's value within min..max; 0 where it is absent. -1, and the reply is the error. */
static int64_t value_of(const cJSON *object, const char *key, int64_t min, int64_t max,
			struct reply *reply)
{
	char words[128];
	int64_t value = 0;
	if (!cJSON_GetObjectItemCaseSensitive(object, key))
		return 0;
	if (json_get_integer(object, key, &value) == 0 && value >= min && value <= max)
		return value;
	snprintf(words, sizeof(words), "%s: a whole number within %lld..%lld is expected", key,
		 (long long)min, (long long)max);
	reply_error(reply, 400, words);
	return -1;
}

void api_set_config(void *app, const struct request *request, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct watch *watch = api_watch(app, request, reply);
	cJSON *body = watch ? take_body(request, reply) : NULL;
	if (!body)
		return;
	const int64_t threshold =
		value_of(body, "threshold_percent", GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, reply);
	const int64_t budget = threshold < 0 ? -1 : value_of(body, "budget", 1, INT64_MAX, reply);
	cJSON_Delete(body);
	if (threshold < 0 || budget < 0)
		return;
	const struct settings settings = {.budget = budget, .threshold = (int)threshold};
	if (file_make_home(watch->repository->folder, &err) != 0 ||
	    settings_save(watch->repository->folder, &settings, &err) != 0) {
		api_failed(reply, &err);
		return;
	}
	watch->stirred = true;
	answer_config(watch, reply);
}

static struct monitor_run *free_run(struct monitor *monitor)
{
	for (int i = 0; i < MONITOR_RUNS; i++)
		if (monitor->runs[i].pid == 0)
			return &monitor->runs[i];
	return NULL;
}

static void start(struct monitor *monitor, struct watch *watch, const struct now_config *config,
		  struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct now_holder holder;
	char words[640];
	struct monitor_run *run = free_run(monitor);
	monitor->setup->hands->look(watch->repository->folder, &holder);
	if (holder.hold != NOW_FREE) {
		snprintf(words, sizeof(words), "another cycle has the repository: %s",
			 holder.words);
		reply_error(reply, 409, words);
		return;
	}
	if (!run) {
		reply_error(reply, 503, "too many runs are under way");
		return;
	}
	struct monitor_run made = {.watch = watch->repository->id - 1};
	if (monitor->setup->hands->start(watch->repository->folder, config, &made.pid, made.log,
					 sizeof(made.log), &err) != 0) {
		api_failed(reply, &err);
		return;
	}
	made.end = pidfd_open(made.pid, 0);
	*run = made;
	watch->stirred = true;
	cJSON *object = cJSON_CreateObject();
	json_set_integer(object, "pid", made.pid);
	api_object(reply, object);
	reply->status = 202;
}

void api_start(void *app, const struct request *request, struct reply *reply)
{
	struct watch *watch = api_watch(app, request, reply);
	cJSON *body = watch ? take_body(request, reply) : NULL;
	int64_t config = 0;
	if (!body)
		return;
	const bool named = json_get_integer(body, "config", &config) == 0;
	cJSON_Delete(body);
	if (!named || config < 1 || config > watch->repository->nconfigs)
		reply_error(
			reply, named ? 404 : 400,
			"config: the id of a config that was named when the monitor was started "
			"is expected");
	else
		start(app, watch, &watch->repository->configs[config - 1], reply);
}

void api_stop(void *app, const struct request *request, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	const struct monitor *monitor = app;
	struct watch *watch = api_watch(app, request, reply);
	cJSON *body = watch ? take_body(request, reply) : NULL;
	if (!body)
		return;
	const cJSON *now = cJSON_GetObjectItemCaseSensitive(body, "now");
	const bool at_once = cJSON_IsTrue(now), right = !now || cJSON_IsBool(now);
	cJSON_Delete(body);
	if (!right)
		reply_error(reply, 400, "now: true or false is expected");
	else if (monitor->setup->hands->stop(watch->repository->folder, at_once, &err) != 0)
		api_failed(reply, &err);
	else
		api_object(reply, cJSON_CreateObject());
}
