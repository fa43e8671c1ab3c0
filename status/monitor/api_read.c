/* State, steps and messages. */
#include <limits.h>

#include "status/monitor/api.h"

#define MESSAGES_MOST 1000

void api_state(void *app, const struct request *request, struct reply *reply)
{
	struct watch *watch = api_watch(app, request, reply);
	if (watch)
		api_object(reply, watch_picture(watch));
}

static cJSON *config_of(const struct now_config *config, int id)
{
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_integer(object, "id", id) != 0 ||
			   json_set_text(object, "title", config->title) != 0 ||
			   json_set_text(object, "path", config->path) != 0 ||
			   json_set_text(object, "plan", config->plan) != 0 ||
			   json_set(object, "threshold_percent",
				    config->threshold ? cJSON_CreateNumber(config->threshold)
						      : cJSON_CreateNull()) != 0 ||
			   json_set(object, "budget",
				    config->budget ? cJSON_CreateNumber((double)config->budget)
						   : cJSON_CreateNull()) != 0;
	if (!failed)
		return object;
	cJSON_Delete(object);
	return NULL;
}

static cJSON *repository_of(const struct watch *watch)
{
	const struct monitor_repository *repository = watch->repository;
	cJSON *object = cJSON_CreateObject(), *configs = cJSON_CreateArray();
	for (int i = 0; i < repository->nconfigs; i++)
		api_add(&configs, config_of(&repository->configs[i], i + 1));
	const int failed = json_set(object, "configs", configs) != 0 ||
			   json_set_integer(object, "id", repository->id) != 0 ||
			   json_set_text(object, "name", repository->name) != 0 ||
			   json_set_text(object, "folder", repository->folder) != 0 ||
			   json_set(object, "now", watch_picture(watch)) != 0;
	if (!failed)
		return object;
	cJSON_Delete(object);
	return NULL;
}

void api_repositories(void *app, const struct request *request, struct reply *reply)
{
	const struct monitor *monitor = app;
	cJSON *object = cJSON_CreateObject(), *array = cJSON_CreateArray();
	(void)request;
	for (int i = 0; i < monitor->nwatches; i++)
		api_add(&array, repository_of(&monitor->watches[i]));
	if (json_set(object, "repositories", array) != 0) {
		cJSON_Delete(object);
		object = NULL;
	}
	api_object(reply, object);
}

/* An array of the answer, and what is needed to fill it. */
struct filling {
	cJSON *array;
	int64_t budget;
};

static void finish(struct reply *reply, const char *key, struct filling *filling, int failed,
		   const struct err *err)
{
	cJSON *object = cJSON_CreateObject();
	if (json_set(object, key, filling->array) != 0) {
		cJSON_Delete(object);
		object = NULL;
	}
	if (!failed) {
		api_object(reply, object);
		return;
	}
	cJSON_Delete(object);
	api_failed(reply, err);
}

static void add_step(void *context, const struct journal_step *step)
{
	struct filling *filling = context;
	api_add(&filling->array, picture_step(step, filling->budget));
}

static void take_budget(void *context, const struct journal_past_cycle *cycle)
{
	*(int64_t *)context = cycle->terms.budget;
}

/* The budget of a cycle; 0 where there is no such cycle. */
static int budget_of(struct journal *journal, int64_t cycle, int64_t *budget, struct err *err)
{
	const struct journal_filter filter = {.before = cycle + 1, .most = 1};
	*budget = 0;
	return journal_cycles(journal, &filter, take_budget, budget, err);
}

static int64_t newest(const struct watch *watch)
{
	return watch->seen && watch->now.has_cycle ? watch->now.cycle.past.number : 0;
}

/* Which cycle is asked for; the newest where it is not said. -1, and the reply is the answer. */
static int which_cycle(const struct watch *watch, const struct request *request, int64_t *cycle,
		       struct reply *reply)
{
	if (api_number(request, "cycle", newest(watch), INT64_MAX - 1, cycle, reply) != 0)
		return -1;
	if (*cycle > 0 && *cycle <= newest(watch))
		return 0;
	reply_error(reply, 404, "there is no such cycle");
	return -1;
}

void api_steps(void *app, const struct request *request, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct watch *watch = api_journal(app, request, reply);
	int64_t cycle = 0;
	if (!watch || which_cycle(watch, request, &cycle, reply) != 0)
		return;
	struct filling filling = {.array = cJSON_CreateArray()};
	const int failed = budget_of(watch->journal, cycle, &filling.budget, &err) != 0 ||
			   journal_steps(watch->journal, cycle, add_step, &filling, &err) != 0;
	finish(reply, "steps", &filling, failed, &err);
}

static void add_message(void *context, const struct journal_line *line)
{
	struct filling *filling = context;
	api_add(&filling->array, picture_message(line));
}

void api_messages(void *app, const struct request *request, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct watch *watch = api_journal(app, request, reply);
	int64_t cycle = 0, most = 0;
	if (!watch || which_cycle(watch, request, &cycle, reply) != 0 ||
	    api_number(request, "most", 200, MESSAGES_MOST, &most, reply) != 0)
		return;
	struct filling filling = {.array = cJSON_CreateArray()};
	const int failed =
		journal_messages(watch->journal, cycle, (int)most, add_message, &filling, &err);
	finish(reply, "messages", &filling, failed, &err);
}
