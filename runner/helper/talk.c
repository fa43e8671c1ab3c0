#include "runner/helper/talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *git_way_name(enum git_way way)
{
	static const char *const words[GIT_NWAYS] = {
#define X(name, word) [GIT_WAY_##name] = (word),
		GIT_WAYS(X)
#undef X
	};
	return words[way];
}

static void put_all(struct wire_frame *frame, const char *key, const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		wire_put(frame, key, list[i]);
}

static int get_all(const struct wire_frame *frame, const char *key, const char **list)
{
	const size_t found = wire_get_all(frame, key, list, TALK_TRAILERS);
	if (found > TALK_TRAILERS)
		return -1;
	list[found] = NULL;
	return 0;
}

/* A text that has to be there and to fit. */
static int get_text(const struct wire_frame *frame, const char *key, char *out, size_t size)
{
	const char *text = wire_get(frame, key, NULL);
	if (!text || strlen(text) >= size)
		return -1;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int get_range(const struct wire_frame *frame, const char *key, int64_t max, int64_t *number)
{
	return wire_get_number(frame, key, number) != 0 || *number < 0 || *number > max ? -1 : 0;
}

void talk_put_repository(struct wire_frame *frame, const struct conf_repository *repository)
{
	wire_put(frame, "path", repository->path);
	wire_put_number(frame, "push", repository->push);
	wire_put(frame, "remote", repository->remote);
	wire_put(frame, "branch", repository->branch);
	wire_put(frame, "name", repository->identity_name);
	wire_put(frame, "email", repository->identity_email);
	wire_put_number(frame, "hooks", repository->hooks);
	wire_put_number(frame, "allow_settings", repository->allow_settings_change);
	wire_put_number(frame, "hook_timeout", repository->hook_timeout_ms);
	wire_put_number(frame, "lock_timeout", repository->lock_timeout_ms);
	wire_put_number(frame, "push_retries", repository->push_retries);
	wire_put_number(frame, "on_rejected", repository->on_rejected);
	wire_put_number(frame, "push_timeout", repository->push_timeout_ms);
	put_all(frame, "trailer", repository->trailers);
	wire_put_number(frame, "hold", repository->secrets.hold);
	wire_put_number(frame, "tokens", repository->secrets.tokens);
	put_all(frame, "pattern", repository->secrets.patterns);
	put_all(frame, "allow", repository->secrets.allow);
}

int talk_get_repository(const struct wire_frame *frame, struct talk_repository *repository)
{
	int64_t push, hold, tokens, hooks, allow, retries, rejected;
	struct conf_repository *conf = &repository->conf;
	*conf = (struct conf_repository){
		.path = wire_get(frame, "path", NULL),
		.commit = true,
		.remote = wire_get(frame, "remote", ""),
		.branch = wire_get(frame, "branch", ""),
		.identity_name = wire_get(frame, "name", ""),
		.identity_email = wire_get(frame, "email", ""),
		.trailers = repository->trailers,
	};
	if (!conf->path || get_all(frame, "trailer", repository->trailers) != 0 ||
	    get_all(frame, "pattern", repository->patterns) != 0 ||
	    get_all(frame, "allow", repository->allow) != 0 ||
	    get_range(frame, "hold", 1, &hold) != 0 ||
	    get_range(frame, "tokens", 1, &tokens) != 0 ||
	    get_range(frame, "push", 1, &push) != 0 || get_range(frame, "hooks", 1, &hooks) != 0 ||
	    get_range(frame, "allow_settings", 1, &allow) != 0 ||
	    get_range(frame, "hook_timeout", INT64_MAX / 4, &conf->hook_timeout_ms) != 0 ||
	    get_range(frame, "push_retries", 1000, &retries) != 0 ||
	    get_range(frame, "on_rejected", CONF_REJECTED_BRANCH, &rejected) != 0 ||
	    get_range(frame, "lock_timeout", INT64_MAX / 4, &conf->lock_timeout_ms) != 0 ||
	    get_range(frame, "push_timeout", INT64_MAX / 4, &conf->push_timeout_ms) != 0)
		return -1;
	conf->push = push == 1;
	conf->hooks = hooks == 1;
	conf->push_retries = (int)retries;
	conf->on_rejected = (enum conf_on_rejected)rejected;
	conf->allow_settings_change = allow == 1;
	conf->secrets = (struct conf_secrets){
		.hold = hold == 1,
		.tokens = tokens == 1,
		.patterns = repository->patterns,
		.allow = repository->allow,
	};
	return 0;
}

void talk_put_request(struct wire_frame *frame, const struct git_request *request)
{
	wire_put(frame, "subject", request->subject);
	wire_put_number(frame, "scope", request->scope);
	wire_put_number(frame, "again", request->again);
	wire_put_number(frame, "synced", request->synced);
	if (request->since)
		wire_put(frame, "since", request->since);
	if (request->aside)
		wire_put(frame, "aside", request->aside);
	if (request->salvage_ref)
		wire_put(frame, "salvage", request->salvage_ref);
	put_all(frame, "trailer", request->trailers);
}

int talk_get_request(const struct wire_frame *frame, struct talk_request *request)
{
	int64_t scope, again, synced;
	if (get_range(frame, "scope", GIT_STATUS, &scope) != 0 ||
	    get_range(frame, "again", 1, &again) != 0 ||
	    get_range(frame, "synced", 1, &synced) != 0 ||
	    get_all(frame, "trailer", request->trailers) != 0)
		return -1;
	request->request = (struct git_request){
		.subject = wire_get(frame, "subject", NULL),
		.trailers = request->trailers,
		.scope = (enum git_scope)scope,
		.salvage_ref = wire_get(frame, "salvage", NULL),
		.aside = wire_get(frame, "aside", NULL),
		.again = again == 1,
		.synced = synced == 1,
		.since = wire_get(frame, "since", NULL),
	};
	return request->request.subject ? 0 : -1;
}

void talk_put_facts(struct wire_frame *frame, const struct receipt_facts *facts)
{
	wire_put(frame, "result", receipt_name(facts->result));
	wire_put(frame, "commit", facts->commit);
	wire_put(frame, "ref", facts->ref);
	wire_put(frame, "upstream", facts->upstream);
	wire_put(frame, "held", facts->held);
	wire_put_number(frame, "way", facts->way);
	wire_put(frame, "pushed_by", facts->pushed_by);
	wire_put(frame, "why", facts->why);
}

int talk_get_facts(const struct wire_frame *frame, struct receipt_facts *facts)
{
	int64_t way;
	const int result = receipt_by_name(wire_get(frame, "result", ""));
	if (result < 0 || get_text(frame, "commit", facts->commit, sizeof(facts->commit)) != 0 ||
	    get_text(frame, "ref", facts->ref, sizeof(facts->ref)) != 0 ||
	    get_text(frame, "upstream", facts->upstream, sizeof(facts->upstream)) != 0 ||
	    get_range(frame, "way", RECEIPT_NWAYS - 1, &way) != 0 ||
	    get_text(frame, "held", facts->held, sizeof(facts->held)) != 0 ||
	    get_text(frame, "pushed_by", facts->pushed_by, sizeof(facts->pushed_by)) != 0 ||
	    get_text(frame, "why", facts->why, sizeof(facts->why)) != 0)
		return -1;
	facts->result = (enum receipt_result)result;
	facts->way = (enum receipt_way)way;
	return 0;
}

static void put_features(struct wire_frame *frame, const struct git_features *features)
{
	for (size_t i = 0; i < features->count; i++) {
		wire_put(frame, "feature", features->of[i].name);
		wire_put(frame, "way", git_way_name(features->of[i].way));
		wire_put(frame, "words", features->of[i].words);
	}
}

static int get_feature(const char *name, const char *way, const char *words,
		       struct git_feature *feature)
{
	int found = 0;
	while (found < GIT_NWAYS && strcmp(git_way_name((enum git_way)found), way) != 0)
		found++;
	if (found == GIT_NWAYS || strlen(name) >= sizeof(feature->name) ||
	    strlen(words) >= sizeof(feature->words))
		return -1;
	*feature = (struct git_feature){.way = (enum git_way)found};
	memcpy(feature->name, name, strlen(name) + 1);
	memcpy(feature->words, words, strlen(words) + 1);
	return 0;
}

static int get_features(const struct wire_frame *frame, struct git_features *features)
{
	const char *names[GIT_FEATURES], *ways[GIT_FEATURES], *words[GIT_FEATURES];
	features->count = wire_get_all(frame, "feature", names, GIT_FEATURES);
	if (features->count > GIT_FEATURES ||
	    wire_get_all(frame, "way", ways, GIT_FEATURES) != features->count ||
	    wire_get_all(frame, "words", words, GIT_FEATURES) != features->count)
		return -1;
	for (size_t i = 0; i < features->count; i++)
		if (get_feature(names[i], ways[i], words[i], &features->of[i]) != 0)
			return -1;
	return 0;
}

void talk_put_log(struct wire_frame *frame, const char *bytes, size_t length)
{
	char *text = length ? malloc(length + 1) : NULL;
	if (!text)
		return;
	for (size_t i = 0; i < length; i++)
		text[i] = bytes[i] ? bytes[i] : ' ';
	text[length] = '\0';
	wire_put(frame, TALK_LOG, text);
	free(text);
}

void talk_put_view(struct wire_frame *frame, const struct git_view *view)
{
	wire_put(frame, "workdir", view->workdir);
	wire_put(frame, "branch", view->branch);
	wire_put(frame, "head", view->head);
	wire_put(frame, "upstream", view->upstream);
	wire_put(frame, "identity", view->identity);
	wire_put(frame, "problem", receipt_name(view->problem));
	wire_put(frame, "why", view->why);
	put_features(frame, &view->features);
}

int talk_get_view(const struct wire_frame *frame, struct git_view *view)
{
	const int problem = receipt_by_name(wire_get(frame, "problem", ""));
	if (problem < 0 || get_text(frame, "workdir", view->workdir, sizeof(view->workdir)) != 0 ||
	    get_text(frame, "branch", view->branch, sizeof(view->branch)) != 0 ||
	    get_text(frame, "head", view->head, sizeof(view->head)) != 0 ||
	    get_text(frame, "upstream", view->upstream, sizeof(view->upstream)) != 0 ||
	    get_text(frame, "identity", view->identity, sizeof(view->identity)) != 0 ||
	    get_text(frame, "why", view->why, sizeof(view->why)) != 0 ||
	    get_features(frame, &view->features) != 0)
		return -1;
	view->problem = (enum receipt_result)problem;
	return 0;
}

void talk_put_print(struct wire_frame *frame, const struct print *print)
{
	char text[32];
	for (int i = 0; i < PRINT_COUNT; i++) {
		snprintf(text, sizeof(text), "%016" PRIx64, print->of[i]);
		wire_put(frame, TALK_PRINT, text);
	}
}

int talk_get_print(const struct wire_frame *frame, struct print *print)
{
	const char *texts[PRINT_COUNT];
	if (wire_get_all(frame, TALK_PRINT, texts, PRINT_COUNT) != PRINT_COUNT)
		return -1;
	for (int i = 0; i < PRINT_COUNT; i++)
		print->of[i] = strtoull(texts[i], NULL, 16);
	return 0;
}

void talk_put_err(struct wire_frame *frame, const struct err *err)
{
	wire_put_number(frame, "code", err->code);
	wire_put(frame, "text", err->text);
}

void talk_get_err(const struct wire_frame *frame, struct err *err)
{
	int64_t code;
	if (get_range(frame, "code", ERR_INTERNAL, &code) != 0 || code == ERR_NONE)
		code = ERR_INTERNAL;
	err_set(err, (enum err_code)code, "%s",
		wire_get(frame, "text", "the commit helper gave an answer that can't be read"));
}
