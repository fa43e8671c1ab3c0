/*
 * Requests to the monitor: headers before its guard, and queries, ids and bodies before its routes.
 * Whatever comes, who does not bring the token does not pass, neither does another site's name, and
 * an answer is of a status that is described, JSON where it says so, and never has the token in it.
 */
#include <stdint.h>
#include <unistd.h>

#include "tests/unit/asked.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct asked asked;
static const char *const hosts[] = {"build.example.org", NULL};
static const struct guard guard = {.token = TOKEN, .hosts = hosts};

/* A repository below the current folder, which is the fuzzer's own. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char name[] = "monitor-XXXXXX";
	(void)argc;
	(void)argv;
	if (!mkdtemp(name) || chdir(name) != 0 || asked_past() != 0)
		abort();
	/* So that settings are refused without a disk that is waited for. */
	if (mkdir("status/ee_config.json", 0755) != 0 || chdir("..") != 0)
		abort();
	asked_repository.folder = realpath(name, NULL);
	if (!asked_repository.folder || asked_init(&asked) != 0)
		abort();
	asked_turn(&asked);
	return 0;
}

/* The next text: up to a NUL or the end. NULL where it begins with a 0x01, which is an absent one.
 */
static const char *next(char **at, const char *end)
{
	char *text = *at;
	if (text >= end)
		return NULL;
	*at += strlen(text) + 1;
	return *text == 1 ? NULL : text;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Whether it begins like that, and what follows is the end or a port. */
static bool names(const char *host, const char *name)
{
	const size_t length = strlen(name);
	return strncasecmp(host, name, length) == 0 &&
	       (host[length] == '\0' || host[length] == ':');
}

static void try_guard(char *at, const char *end)
{
	struct guard_request request = {.hosts = 1};
	request.method = next(&at, end);
	if (!request.method)
		return;
	request.host = next(&at, end);
	request.origin = next(&at, end);
	request.fetch_site = next(&at, end);
	request.content_type = next(&at, end);
	request.authorization = next(&at, end);
	request.cookie = next(&at, end);
	request.page = strcmp(request.method, "GET") == 0;
	if (guard_origin(&guard, &request).status == 0) {
		must(request.host &&
		     (names(request.host, "127.0.0.1") || names(request.host, "localhost") ||
		      names(request.host, "[::1]") || names(request.host, hosts[0])));
		must(!request.origin ||
		     strcasecmp(strstr(request.origin, "://") + 3, request.host) == 0);
		must(strcmp(request.method, "GET") == 0 || strcmp(request.method, "HEAD") == 0 ||
		     (strncasecmp(request.content_type, "application/json", 16) == 0 &&
		      (request.origin || request.authorization)));
	}
	if (guard_token(&guard, &request).status == 0)
		must((request.authorization && strstr(request.authorization, TOKEN)) ||
		     (request.cookie && strcmp(request.cookie, TOKEN) == 0));
}

/* Queries as they come from a page, "a=b&c=d", in place. */
static void take_query(struct request *request, char *text)
{
	int n = 0;
	for (char *part = text; part && n < ASKED_PARTS; n++) {
		char *after = strchr(part, '&');
		if (after)
			*after++ = '\0';
		char *value = strchr(part, '=');
		if (value)
			*value++ = '\0';
		request->query[n].name = part;
		request->query[n].value = value;
		part = after;
	}
}

static void check_answer(const struct answer *answer)
{
	static const int described[] = {200, 202, 400, 404, 409, 500, 503};
	size_t i = 0;
	while (i < sizeof(described) / sizeof(*described) && described[i] != answer->status)
		i++;
	must(i < sizeof(described) / sizeof(*described));
	if (answer->text)
		must(!strstr(answer->text, TOKEN));
	if (answer->text && !answer->lasting && strcmp(answer->type, "application/json") == 0) {
		cJSON *json = cJSON_Parse(answer->text);
		must(json != NULL);
		cJSON_Delete(json);
	}
}

static void try_route(size_t number, char *at, const char *end)
{
	size_t count = 0;
	struct request request = {.path = NULL};
	while (api_routes[count].path)
		count++;
	const struct route *route = &api_routes[number % count];
	request.path = route->path;
	const char *query = next(&at, end);
	const char *last = next(&at, end);
	if (query)
		take_query(&request, (char *)(uintptr_t)query);
	if (last) {
		request.headers[0].name = "Last-Event-ID";
		request.headers[0].value = last;
	}
	request.body = at < end ? at : "";
	request.length = at < end ? (size_t)(end - at) : 0;
	struct answer answer = ask_route(&asked.monitor, route->method, &request);
	check_answer(&answer);
	asked_release(&answer);
	for (int i = 0; i < MONITOR_RUNS; i++)
		if (asked.monitor.runs[i].pid) {
			if (asked.monitor.runs[i].end >= 0)
				close(asked.monitor.runs[i].end);
			asked.monitor.runs[i].pid = 0;
		}
}

/* The first byte says what it is for: the guard, or which route. The rest is texts, with a NUL
 * behind each, and the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 8192)
		return 0;
	char *copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	if (data[0] == 'g')
		try_guard(copy, copy + size - 1);
	else
		try_route(data[0], copy, copy + size - 1);
	free(copy);
	return 0;
}
