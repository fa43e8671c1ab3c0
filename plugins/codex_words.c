#include "plugins/codex_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum path {
	TYPE,
	TIMESTAMP,
	THREAD,
	IN,
	READ,
	WRITTEN,
	OUT,
	ERROR,
	ITEM,
	KIND,
	ID,
	SESSION,
	FORKED,
	PARENT,
	SPAWNED,
	TURN,
	RESPONSE,
	ROLE,
	MODEL,
	RECORD_IN,
	RECORD_READ,
	RECORD_WRITTEN,
	RECORD_OUT,
	TOTAL_IN,
	TOTAL_READ,
	TOTAL_WRITTEN,
	TOTAL_OUT,
	LAST_IN,
	LAST_READ,
	LAST_WRITTEN,
	LAST_OUT,
	WINDOW,
	TURN_WINDOW,
	ERROR_INFO,
	PRIMARY_USED,
	PRIMARY_RESETS,
	SECONDARY_USED,
	SECONDARY_RESETS,
	NPATHS
};

static const char *const paths[NPATHS] = {
	[TYPE] = "type",
	[TIMESTAMP] = "timestamp",
	[THREAD] = "thread_id",
	[IN] = "usage.input_tokens",
	[READ] = "usage.cached_input_tokens",
	[WRITTEN] = "usage.cache_write_input_tokens",
	[OUT] = "usage.output_tokens",
	[ERROR] = "error.message",
	[ITEM] = "item.type",
	[KIND] = "payload.type",
	[ID] = "payload.id",
	[SESSION] = "payload.session_id",
	[FORKED] = "payload.forked_from_id",
	[PARENT] = "payload.parent_thread_id",
	[SPAWNED] = "payload.source.subagent.thread_spawn.parent_thread_id",
	[TURN] = "payload.turn_id",
	[RESPONSE] = "payload.response_id",
	[ROLE] = "payload.role",
	[MODEL] = "payload.model",
	[RECORD_IN] = "payload.usage.input_tokens",
	[RECORD_READ] = "payload.usage.cached_input_tokens",
	[RECORD_WRITTEN] = "payload.usage.cache_write_input_tokens",
	[RECORD_OUT] = "payload.usage.output_tokens",
	[TOTAL_IN] = "payload.info.total_token_usage.input_tokens",
	[TOTAL_READ] = "payload.info.total_token_usage.cached_input_tokens",
	[TOTAL_WRITTEN] = "payload.info.total_token_usage.cache_write_input_tokens",
	[TOTAL_OUT] = "payload.info.total_token_usage.output_tokens",
	[LAST_IN] = "payload.info.last_token_usage.input_tokens",
	[LAST_READ] = "payload.info.last_token_usage.cached_input_tokens",
	[LAST_WRITTEN] = "payload.info.last_token_usage.cache_write_input_tokens",
	[LAST_OUT] = "payload.info.last_token_usage.output_tokens",
	[WINDOW] = "payload.info.model_context_window",
	[TURN_WINDOW] = "payload.model_context_window",
	[ERROR_INFO] = "payload.error.codex_error_info",
	[PRIMARY_USED] = "payload.rate_limits.primary.used_percent",
	[PRIMARY_RESETS] = "payload.rate_limits.primary.resets_at",
	[SECONDARY_USED] = "payload.rate_limits.secondary.used_percent",
	[SECONDARY_RESETS] = "payload.rate_limits.secondary.resets_at",
};

/* Four figures that stand in a row, from the one of the input; cached ones are within it. */
static struct call figures(const struct scan *scan, int input)
{
	return call_disjoint(scan_number(scan, input), scan_number(scan, input + 1),
			     scan_number(scan, input + 2), scan_number(scan, input + 3));
}

int64_t codex_id_time(const char *id)
{
	char digits[13];
	size_t count = 0;
	for (; *id && count < sizeof(digits) - 1; id++)
		if (*id != '-')
			digits[count++] = *id;
	digits[count] = '\0';
	if (count < sizeof(digits) - 1 || strspn(digits, "0123456789abcdef") != count ||
	    id[0] != '-' || id[1] != '7')
		return 0;
	return (int64_t)strtoull(digits, NULL, 16);
}

/* What an error means, by Codex's own name for it or else by its words. */
static enum ended meaning(const char *text)
{
	static const struct {
		const char *words;
		enum ended ended;
	} meanings[] = {
		{"usage_limit", ENDED_USAGE_LIMIT},
		{"usage limit", ENDED_USAGE_LIMIT},
		{"quota", ENDED_USAGE_LIMIT},
		{"context_window", ENDED_CONTEXT_FULL},
		{"context window", ENDED_CONTEXT_FULL},
		{"budget", ENDED_TURN_LIMIT},
		{"unauthorized", ENDED_AUTHENTICATION},
		{"Unauthorized", ENDED_AUTHENTICATION},
		{"401", ENDED_AUTHENTICATION},
		{"403 Forbidden", ENDED_AUTHENTICATION},
		{"429", ENDED_RATE_LIMITED},
		{"Too Many Requests", ENDED_RATE_LIMITED},
		{"rate limit", ENDED_RATE_LIMITED},
		{"overloaded", ENDED_RATE_LIMITED},
		{"policy", ENDED_REFUSED},
	};
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(text, meanings[i].words))
			return meanings[i].ended;
	return ENDED_CRASHED;
}

static void take_thread(struct codex_words *words)
{
	const char *id = scan_text(words->scan, THREAD);
	if (words->session[0] && id[0] && strcmp(words->session, id) != 0) {
		words->earlier = call_sum(&words->earlier, &words->total);
		words->total = (struct call){{0}};
		words->several = true;
	}
	scan_keep(words->session, sizeof(words->session), id);
}

static void take_turn(struct codex_words *words)
{
	words->turns_started += !words->turn_open;
	words->turn_open = true;
}

static void take_completed(struct codex_words *words)
{
	words->turn_open = false;
	words->completed = true;
	words->total = figures(words->scan, IN);
	words->ended = ENDED_COMPLETED;
}

static void take_failed(struct codex_words *words)
{
	words->turn_open = false;
	words->ended = meaning(scan_text(words->scan, ERROR));
	if (words->ended == ENDED_USAGE_LIMIT)
		scan_keep(words->limit, sizeof(words->limit), scan_text(words->scan, ERROR));
}

static void take_item(struct codex_words *words)
{
	words->sub_agents |= scan_is(words->scan, ITEM, "collab_tool_call");
}

/* The first one is the thread's own; further ones are of the thread that it was forked from. */
static void take_meta(struct codex_words *words)
{
	const struct scan *scan = words->scan;
	if (words->metas)
		return;
	words->metas = true;
	scan_keep(words->session, sizeof(words->session), scan_text(scan, ID));
	scan_keep(words->root, sizeof(words->root), scan_text(scan, SESSION));
	scan_keep(words->parent, sizeof(words->parent), scan_text(scan, FORKED));
	scan_keep(words->parent, sizeof(words->parent), scan_text(scan, SPAWNED));
	scan_keep(words->parent, sizeof(words->parent), scan_text(scan, PARENT));
	words->sub_agent = scan_text(scan, PARENT)[0] || scan_text(scan, SPAWNED)[0];
}

/* A turn begins. Those of the thread that this one was forked from are older than it. */
static void take_task(struct codex_words *words)
{
	const struct scan *scan = words->scan;
	const char *turn = scan_text(scan, TURN);
	const int64_t at = agent_time(scan_text(scan, TIMESTAMP));
	const struct usage window = scan_number(scan, TURN_WINDOW);
	if (window.known)
		words->window = window.tokens;
	if (codex_id_time(turn) > 0 && strcmp(turn, words->session) < 0)
		return;
	words->turns++;
	words->in_flight = true;
	words->aborted = false;
	words->ended = ENDED_UNKNOWN;
	if (words->begun || words->turns <= words->skip_turns ||
	    (words->from_ms && at && at < words->from_ms))
		return;
	words->begun = true;
	words->begun_ms = at;
	words->before = words->most;
	words->counted = false;
	calls_clear(&words->calls);
}

static void take_record(struct codex_words *words)
{
	const struct scan *scan = words->scan;
	const struct call call = figures(scan, RECORD_IN);
	words->in_flight = false;
	words->last = call;
	calls_put(&words->calls, scan_text(scan, RESPONSE), words->model, &call);
}

static void take_limits(struct codex_words *words)
{
	const struct scan *scan = words->scan;
	for (int path = PRIMARY_USED; path <= SECONDARY_USED; path += 2) {
		const struct usage used = scan_number(scan, path);
		const struct usage resets = scan_number(scan, path + 1);
		if (used.known && used.tokens >= 100 && resets.known &&
		    resets.tokens > words->resets_at)
			words->resets_at = resets.tokens;
	}
}

static void take_count(struct codex_words *words)
{
	const struct scan *scan = words->scan;
	const struct usage window = scan_number(scan, WINDOW);
	take_limits(words);
	if (!scan_number(scan, TOTAL_IN).known)
		return;
	const struct call total = figures(scan, TOTAL_IN), last = figures(scan, LAST_IN);
	/* A thread that was forked begins with the total of the other one. */
	if (!words->counted && call_all(&words->most) == 0 && words->parent[0])
		words->before = call_less(&total, &last);
	words->counted = true;
	words->most = call_max(&words->most, &total);
	if (call_prompt(&last) > 0)
		words->last = last;
	if (window.known)
		words->window = window.tokens;
	/* Where each call has a record of its own, counts come at any time. */
	if (words->calls.count == 0)
		words->in_flight = false;
}

static void take_end(struct codex_words *words)
{
	const char *info = scan_text(words->scan, ERROR_INFO);
	words->in_flight = false;
	words->ended = info[0] ? meaning(info) : ENDED_COMPLETED;
}

static void take_abort(struct codex_words *words)
{
	words->aborted = true;
	words->ended = ENDED_INTERRUPTED;
}

static void take_event(struct codex_words *words)
{
	static const struct {
		const char *kind;
		void (*take)(struct codex_words *words);
	} kinds[] = {
		{"task_started", take_task},
		{"token_count", take_count},
		{"task_complete", take_end},
		{"turn_aborted", take_abort},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (scan_is(words->scan, KIND, kinds[i].kind))
			kinds[i].take(words);
}

/* What goes to the model is answered; what comes of it is an answer. */
static void take_response(struct codex_words *words)
{
	const char *kind = scan_text(words->scan, KIND);
	const size_t length = strlen(kind);
	const bool output = length > 7 && strcmp(kind + length - 7, "_output") == 0;
	words->in_flight = output || (strcmp(kind, "message") == 0 &&
				      !scan_is(words->scan, ROLE, "assistant"));
}

static void take_context(struct codex_words *words)
{
	snprintf(words->model, sizeof(words->model), "%.*s", MODEL_NAME - 1,
		 scan_text(words->scan, MODEL));
}

static const struct {
	const char *type;
	void (*take)(struct codex_words *words);
	bool written;
} types[] = {
	{"thread.started", take_thread, false},    {"turn.started", take_turn, false},
	{"turn.completed", take_completed, false}, {"turn.failed", take_failed, false},
	{"item.started", take_item, false},        {"item.completed", take_item, false},
	{"session_meta", take_meta, true},         {"turn_context", take_context, true},
	{"token_usage_record", take_record, true}, {"event_msg", take_event, true},
	{"response_item", take_response, true},
};

static void on_record(void *context)
{
	struct codex_words *words = context;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!scan_is(words->scan, TYPE, types[i].type))
			continue;
		words->records++;
		words->rollout |= types[i].written;
		types[i].take(words);
		return;
	}
}

static const struct scan_spec spec = {
	.paths = paths,
	.npaths = NPATHS,
	.record = on_record,
};

int codex_words_init(struct codex_words *words)
{
	memset(words, 0, sizeof(*words));
	calls_init(&words->calls);
	words->scan = scan_new(&spec, words);
	return words->scan ? 0 : -1;
}

void codex_words_release(struct codex_words *words)
{
	scan_free(words->scan);
	calls_release(&words->calls);
}

void codex_words_again(struct codex_words *words)
{
	struct codex_words fresh = {
		.scan = words->scan,
		.skip_turns = words->skip_turns,
		.from_ms = words->from_ms,
	};
	calls_release(&words->calls);
	*words = fresh;
}

struct call codex_words_used(const struct codex_words *words)
{
	return words->calls.count > 0 ? words->calls.sum : call_less(&words->most, &words->before);
}
