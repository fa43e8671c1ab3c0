/* The routes, and what their answers have in common. */
#include "status/monitor/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/text.h"

static void healthz(void *app, const struct request *request, struct reply *reply)
{
	static const char ok[] = "ok\n";
	(void)app;
	(void)request;
	*reply = (struct reply){.type = "text/plain", .constant = ok, .length = sizeof(ok) - 1};
}

const struct route api_routes[] = {
	{"GET", "/", false, true, assets_page},
	{"GET", "/healthz", true, false, healthz},
	{"GET", "/api/v1/openapi.json", false, false, assets_openapi},
	{"GET", "/api/v1/repositories", false, false, api_repositories},
	{"GET", "/api/v1/state", false, false, api_state},
	{"GET", "/api/v1/cycles", false, false, api_cycles},
	{"GET", "/api/v1/steps", false, false, api_steps},
	{"GET", "/api/v1/messages", false, false, api_messages},
	{"GET", "/api/v1/log", false, false, api_log},
	{"GET", "/api/v1/log/stream", false, false, api_log_stream},
	{"GET", "/api/v1/config", false, false, api_config},
	{"POST", "/api/v1/config", false, false, api_set_config},
	{"POST", "/api/v1/start", false, false, api_start},
	{"POST", "/api/v1/stop", false, false, api_stop},
	{"GET", "/api/v1/events", false, false, api_events},
	{"GET", "/metrics", false, false, api_metrics},
	{.path = NULL},
};

void api_object(struct reply *reply, cJSON *object)
{
	char *text = picture_print(object);
	if (!text) {
		reply_error(reply, 500, "out of memory");
		return;
	}
	*reply = (struct reply){.body = text, .length = strlen(text)};
}

void api_add(cJSON **array, cJSON *item)
{
	if (*array && item && cJSON_AddItemToArray(*array, item))
		return;
	cJSON_Delete(item);
	cJSON_Delete(*array);
	*array = NULL;
}

void api_failed(struct reply *reply, const struct err *err)
{
	char words[512];
	const bool refused = err->code == ERR_REFUSED || err->code == ERR_BUSY;
	reply_error(reply, refused ? 409 : 500,
		    text_clean(err->text, strlen(err->text), words, sizeof(words)));
}

int api_number(const struct request *request, const char *name, int64_t absent, int64_t most,
	       int64_t *value, struct reply *reply)
{
	const char *text = request_query(request, name);
	char words[64], *end = NULL;
	if (!text) {
		*value = absent;
		return 0;
	}
	errno = 0;
	const long long number = strtoll(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && errno == 0 && number <= most) {
		*value = number;
		return 0;
	}
	snprintf(words, sizeof(words), "%s: a whole number is expected", name);
	reply_error(reply, 400, words);
	return -1;
}

struct watch *api_watch(struct monitor *monitor, const struct request *request, struct reply *reply)
{
	int64_t id = 0;
	if (api_number(request, "repository", 1, INT32_MAX, &id, reply) != 0)
		return NULL;
	if (id >= 1 && id <= monitor->nwatches)
		return &monitor->watches[id - 1];
	reply_error(reply, 404, "there is no such repository");
	return NULL;
}

/* It is there, and may be read again in a moment. */
static void reply_trouble(struct reply *reply, const char *trouble)
{
	char words[512];
	reply_error(reply, 503, text_clean(trouble, strlen(trouble), words, sizeof(words)));
}

struct watch *api_journal(struct monitor *monitor, const struct request *request,
			  struct reply *reply)
{
	struct watch *watch = api_watch(monitor, request, reply);
	if (!watch || watch->journal)
		return watch;
	if (watch->seen && watch->now.life == NOW_LIFE_UNREADABLE)
		reply_trouble(reply, watch->now.trouble);
	else
		reply_error(reply, 404, "the repository has no journal yet");
	return NULL;
}
