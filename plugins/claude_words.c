#include "plugins/claude_words.h"

#include <stdio.h>
#include <string.h>

enum path {
	TYPE,
	SUBTYPE,
	SESSION,
	SESSION_ID,
	TIMESTAMP,
	UUID,
	OPERATION,
	PARENT,
	SIDECHAIN,
	ABORTED,
	ABORTED_IN_STREAM,
	ERROR,
	IS_ERROR,
	API_STATUS,
	TERMINAL,
	STOP,
	WORDS,
	ID,
	MODEL,
	MESSAGE_STOP,
	IN,
	READ,
	WRITTEN,
	OUT,
	USAGE_IN,
	USAGE_READ,
	USAGE_WRITTEN,
	USAGE_OUT,
	SINCE,
	LIMIT_STATUS,
	LIMIT_RESETS,
	EVENT,
	EVENT_ID,
	EVENT_MODEL,
	EVENT_IN,
	EVENT_READ,
	EVENT_WRITTEN,
	EVENT_OUT,
	DELTA_OUT,
	COMPACTED,
	COMPACTED_BY,
	SPAWNED,
	SPAWN_DONE,
	SPAWN_FAILED,
	SPAWN_KILLED,
	SPAWN_KILLED_BY_USER,
	SPAWN_KILLED_BY_SYSTEM,
	TOTAL_IN,
	TOTAL_READ,
	TOTAL_WRITTEN,
	TOTAL_OUT,
	TOTAL_WINDOW,
	SINCE_IN,
	SINCE_READ,
	SINCE_WRITTEN,
	SINCE_OUT,
	NPATHS
};

static const char *const paths[NPATHS] = {
	[TYPE] = "type",
	[SUBTYPE] = "subtype",
	[SESSION] = "session_id",
	[SESSION_ID] = "sessionId",
	[TIMESTAMP] = "timestamp",
	[UUID] = "uuid",
	[OPERATION] = "operation",
	[PARENT] = "parent_tool_use_id",
	[SIDECHAIN] = "isSidechain",
	[ABORTED] = "aborted",
	[ABORTED_IN_STREAM] = "isAbortedMidStream",
	[ERROR] = "error",
	[IS_ERROR] = "is_error",
	[API_STATUS] = "api_error_status",
	[TERMINAL] = "terminal_reason",
	[STOP] = "stop_reason",
	[WORDS] = "result",
	[ID] = "message.id",
	[MODEL] = "message.model",
	[MESSAGE_STOP] = "message.stop_reason",
	[IN] = "message.usage.input_tokens",
	[READ] = "message.usage.cache_read_input_tokens",
	[WRITTEN] = "message.usage.cache_creation_input_tokens",
	[OUT] = "message.usage.output_tokens",
	[USAGE_IN] = "usage.input_tokens",
	[USAGE_READ] = "usage.cache_read_input_tokens",
	[USAGE_WRITTEN] = "usage.cache_creation_input_tokens",
	[USAGE_OUT] = "usage.output_tokens",
	[SINCE] = "model_usage_since_last_result",
	[LIMIT_STATUS] = "rate_limit_info.status",
	[LIMIT_RESETS] = "rate_limit_info.resetsAt",
	[EVENT] = "event.type",
	[EVENT_ID] = "event.message.id",
	[EVENT_MODEL] = "event.message.model",
	[EVENT_IN] = "event.message.usage.input_tokens",
	[EVENT_READ] = "event.message.usage.cache_read_input_tokens",
	[EVENT_WRITTEN] = "event.message.usage.cache_creation_input_tokens",
	[EVENT_OUT] = "event.message.usage.output_tokens",
	[DELTA_OUT] = "event.usage.output_tokens",
	[COMPACTED] = "compactMetadata.preTokens",
	[COMPACTED_BY] = "compact_metadata.pre_tokens",
	[SPAWNED] = "subagent_stats.spawned",
	[SPAWN_DONE] = "subagent_stats.completed",
	[SPAWN_FAILED] = "subagent_stats.failed",
	[SPAWN_KILLED] = "subagent_stats.killed.parent",
	[SPAWN_KILLED_BY_USER] = "subagent_stats.killed.user",
	[SPAWN_KILLED_BY_SYSTEM] = "subagent_stats.killed.system",
	[TOTAL_IN] = "modelUsage.*.inputTokens",
	[TOTAL_READ] = "modelUsage.*.cacheReadInputTokens",
	[TOTAL_WRITTEN] = "modelUsage.*.cacheCreationInputTokens",
	[TOTAL_OUT] = "modelUsage.*.outputTokens",
	[TOTAL_WINDOW] = "modelUsage.*.contextWindow",
	[SINCE_IN] = "model_usage_since_last_result.*.inputTokens",
	[SINCE_READ] = "model_usage_since_last_result.*.cacheReadInputTokens",
	[SINCE_WRITTEN] = "model_usage_since_last_result.*.cacheCreationInputTokens",
	[SINCE_OUT] = "model_usage_since_last_result.*.outputTokens",
};

/* Which figure of a row a path is for: a part, or NTOKENS for the window. */
static const int part_of[NPATHS] = {
	[TOTAL_IN] = TOKENS_INPUT,
	[SINCE_IN] = TOKENS_INPUT,
	[TOTAL_READ] = TOKENS_CACHE_READ,
	[SINCE_READ] = TOKENS_CACHE_READ,
	[TOTAL_WRITTEN] = TOKENS_CACHE_WRITE,
	[SINCE_WRITTEN] = TOKENS_CACHE_WRITE,
	[TOTAL_OUT] = TOKENS_OUTPUT,
	[SINCE_OUT] = TOKENS_OUTPUT,
	[TOTAL_WINDOW] = NTOKENS,
};

static void on_star(void *context, int path, const char *key, const struct scan_value *value)
{
	struct claude_words *words = context;
	struct claude_table *table = path >= SINCE_IN ? &words->row_since : &words->row_totals;
	bool shared = false;
	struct claude_row *row = model_row(table->rows, sizeof(table->rows[0]), &table->count,
					   CLAUDE_ROWS, key, &shared);
	if (value->type != SCAN_NUMBER)
		return;
	if (part_of[path] == NTOKENS) {
		row->window = value->number;
		return;
	}
	int64_t *part = &row->call.part[part_of[path]];
	*part = shared ? usage_add(USAGE_KNOWN(*part), USAGE_KNOWN(value->number)).tokens
		       : value->number;
}

struct call claude_table_sum(const struct claude_table *table)
{
	struct call sum = {{0}};
	for (int i = 0; i < table->count; i++)
		sum = call_sum(&sum, &table->rows[i].call);
	return sum;
}

/* Counting begins with this record: what was before it is put aside. */
static void begin(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	words->before = words->calls.sum;
	words->cost_before = words->has_cost ? words->cost : words->before;
	words->has_cost = false;
	words->compactions = 0;
	words->compacted = 0;
	words->aborted = false;
	calls_clear(&words->calls);
	words->begun = true;
	scan_keep(words->begun_at, sizeof(words->begun_at), scan_text(scan, TIMESTAMP));
}

/* Whether a record is before what is charged. */
static bool too_early(struct claude_words *words)
{
	const int64_t at = words->from_ms ? agent_time(scan_text(words->scan, TIMESTAMP)) : 0;
	return words->from_ms && at && at < words->from_ms;
}

static bool is_main(const struct claude_words *words)
{
	return !words->side && !scan_text(words->scan, PARENT)[0] &&
	       !scan_true(words->scan, SIDECHAIN);
}

static void take_call(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	const char *id = scan_text(scan, ID), *model = scan_text(scan, MODEL);
	const struct call call = call_of(scan_number(scan, IN), scan_number(scan, READ),
					 scan_number(scan, WRITTEN), scan_number(scan, OUT));
	words->in_flight = false;
	if (strcmp(model, "<synthetic>") == 0)
		return;
	if (!words->begun && words->from_id[0] && strcmp(id, words->from_id) == 0)
		begin(words);
	if (!words->begun && !words->from_id[0] && words->from_ms && !too_early(words))
		begin(words);
	if (!words->first_id[0])
		scan_keep(words->first_id, sizeof(words->first_id), id);
	calls_put(&words->calls, id, model, &call);
	const bool aborted = scan_true(scan, ABORTED) || scan_true(scan, ABORTED_IN_STREAM);
	words->aborted |= aborted;
	if (is_main(words) && !aborted) {
		words->last = call;
		scan_keep(words->last_model, sizeof(words->last_model), model);
	}
}

/* The main conversation's parts of a message: its prompt when it begins, its output at its end. */
static void take_stream(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	if (scan_is(scan, EVENT, "message_start")) {
		words->stream_call =
			call_of(scan_number(scan, EVENT_IN), scan_number(scan, EVENT_READ),
				scan_number(scan, EVENT_WRITTEN), scan_number(scan, EVENT_OUT));
		snprintf(words->stream_id, sizeof(words->stream_id), "%.*s", SESSION_NAME - 1,
			 scan_text(scan, EVENT_ID));
		snprintf(words->stream_model, sizeof(words->stream_model), "%.*s", MODEL_NAME - 1,
			 scan_text(scan, EVENT_MODEL));
	} else if (scan_is(scan, EVENT, "message_delta")) {
		const struct usage output = scan_number(scan, DELTA_OUT);
		if (output.known)
			words->stream_call.part[TOKENS_OUTPUT] = output.tokens;
	} else {
		return;
	}
	if (words->stream_id[0])
		calls_put(&words->calls, words->stream_id, words->stream_model,
			  &words->stream_call);
}

/* A result that tells of an error; api_error_status is that of the service. */
static enum ended error_of(const struct claude_words *words)
{
	const struct scan *scan = words->scan;
	const struct usage status = scan_number(scan, API_STATUS);
	const char *terminal = scan_text(scan, TERMINAL), *subtype = scan_text(scan, SUBTYPE);
	const char *said = scan_text(scan, WORDS);
	if (words->resets_at || (strstr(said, "hit your") && strstr(said, "limit")) ||
	    strstr(said, "usage limit reached") || strstr(said, "redit balance"))
		return ENDED_USAGE_LIMIT;
	if (strcmp(terminal, "prompt_too_long") == 0 || strstr(said, "rompt is too long"))
		return ENDED_CONTEXT_FULL;
	if (status.known && (status.tokens == 429 || status.tokens == 529))
		return ENDED_RATE_LIMITED;
	if (status.known && (status.tokens == 401 || status.tokens == 403))
		return ENDED_AUTHENTICATION;
	if (strncmp(subtype, "error_max_", 10) == 0 || strcmp(terminal, "max_turns") == 0 ||
	    strcmp(terminal, "budget_exhausted") == 0)
		return ENDED_TURN_LIMIT;
	if (scan_is(scan, STOP, "refusal"))
		return ENDED_REFUSED;
	if (strncmp(terminal, "aborted", 7) == 0 ||
	    (!terminal[0] && strcmp(subtype, "error_during_execution") == 0))
		return ENDED_INTERRUPTED;
	return ENDED_CRASHED;
}

/* Whether sub-agents of which the result tells are still at work. */
static bool is_pending(const struct scan *scan)
{
	const struct usage spawned = scan_number(scan, SPAWNED);
	int64_t left = spawned.known ? spawned.tokens : 0;
	for (int path = SPAWN_DONE; path <= SPAWN_KILLED_BY_SYSTEM; path++) {
		const struct usage ended = scan_number(scan, path);
		left -= ended.known && ended.tokens < left ? ended.tokens : ended.known ? left : 0;
	}
	return left > 0;
}

/* What the last result came to, where it tells of all of its process. */
struct call claude_words_last(const struct claude_words *words)
{
	return words->totals.count > 0 ? claude_table_sum(&words->totals) : words->main_usage;
}

/* A result of another session than the last one's is of another process. */
static void end_session(struct claude_words *words)
{
	const char *session = scan_text(words->scan, SESSION);
	if (words->results > 0 && strcmp(session, words->result_session) != 0) {
		const struct call last = claude_words_last(words);
		words->earlier = call_sum(&words->earlier, &last);
		words->several = true;
	}
	snprintf(words->result_session, sizeof(words->result_session), "%.*s", SESSION_NAME - 1,
		 session);
}

static void take_result(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	struct scan_value since;
	const char *id = scan_text(scan, UUID);
	if (id[0] && strncmp(id, words->result_id, CLAUDE_STAMP - 1) == 0)
		return;
	snprintf(words->result_id, sizeof(words->result_id), "%s", id);
	end_session(words);
	words->results++;
	words->after_result = false;
	words->in_flight = false;
	words->resulted = words->calls.sum;
	words->cut_stream |= scan_is(scan, TERMINAL, "aborted_streaming");
	words->ended =
		scan_true(scan, IS_ERROR) || strncmp(scan_text(scan, SUBTYPE), "error", 5) == 0
			? error_of(words)
			: ENDED_COMPLETED;
	if (words->ended == ENDED_USAGE_LIMIT)
		scan_keep(words->limit, sizeof(words->limit), scan_text(scan, WORDS));
	words->main_usage = call_of(scan_number(scan, USAGE_IN), scan_number(scan, USAGE_READ),
				    scan_number(scan, USAGE_WRITTEN), scan_number(scan, USAGE_OUT));
	words->totals = words->row_totals;
	words->pending = is_pending(scan);
	if (scan_get(scan, SINCE, &since) != SCAN_OBJECT)
		words->without_since = true;
	for (int i = 0; i < words->row_since.count; i++)
		calls_add(&words->since, words->row_since.rows[i].model,
			  &words->row_since.rows[i].call);
	for (int i = 0; i < words->totals.count; i++)
		if (words->totals.rows[i].window > words->window)
			words->window = words->totals.rows[i].window;
}

static void take_system(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	if (!scan_is(scan, SUBTYPE, "compact_boundary"))
		return;
	const struct usage mine = scan_number(scan, COMPACTED);
	const struct usage before = mine.known ? mine : scan_number(scan, COMPACTED_BY);
	words->compactions++;
	if (before.known)
		words->compacted = usage_add(USAGE_KNOWN(words->compacted), before).tokens;
}

static void take_limit(struct claude_words *words)
{
	const struct usage resets = scan_number(words->scan, LIMIT_RESETS);
	if (scan_is(words->scan, LIMIT_STATUS, "rejected") && resets.known)
		words->resets_at = resets.tokens;
}

/* Another session begins: what calls of the last one came after its result, or without one, is in
 * no result. */
static void leave_session(struct claude_words *words)
{
	const struct call rest = call_less(&words->calls.sum, &words->resulted);
	if (call_all(&rest) > 0) {
		words->unfinished = call_sum(&words->unfinished, &rest);
		words->resulted = words->calls.sum;
	}
}

/* Who it is, and when. */
static void take_names(struct claude_words *words)
{
	const struct scan *scan = words->scan;
	const char *session = scan_text(scan, SESSION);
	if (session[0] && strncmp(session, words->session, SESSION_NAME - 1) != 0)
		leave_session(words);
	scan_keep(words->session, sizeof(words->session), session);
	if (!words->session[0] && scan_text(scan, SESSION_ID)[0]) {
		words->transcript = true;
		scan_keep(words->session, sizeof(words->session), scan_text(scan, SESSION_ID));
	}
	if (!words->first_stamp[0])
		scan_keep(words->first_stamp, sizeof(words->first_stamp),
			  scan_text(scan, TIMESTAMP));
}

static void take_cost(struct claude_words *words)
{
	words->has_cost = true;
	words->costs++;
	words->cost = claude_table_sum(&words->row_totals);
}

static void take_user(struct claude_words *words)
{
	words->in_flight = true;
}

static void take_queue(struct claude_words *words)
{
	words->prompts += scan_is(words->scan, OPERATION, "enqueue");
}

static const struct {
	const char *type;
	void (*take)(struct claude_words *words);
	bool work; /* it is part of a turn */
} types[] = {
	{"assistant", take_call, true},   {"stream_event", take_stream, true},
	{"user", take_user, true},        {"result", take_result, false},
	{"system", take_system, false},   {"rate_limit_event", take_limit, false},
	{"cost-state", take_cost, false}, {"queue-operation", take_queue, false},
};

static void on_record(void *context)
{
	struct claude_words *words = context;
	const struct scan *scan = words->scan;
	if (!scan_text(scan, SESSION)[0] && !scan_text(scan, SESSION_ID)[0])
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!scan_is(scan, TYPE, types[i].type))
			continue;
		words->records++;
		take_names(words);
		if (words->side && too_early(words))
			return;
		types[i].take(words);
		words->after_result |= types[i].work && words->results > 0;
		return;
	}
}

static void on_begin(void *context)
{
	struct claude_words *words = context;
	words->row_totals.count = 0;
	words->row_since.count = 0;
}

static const struct scan_spec spec = {
	.paths = paths,
	.npaths = NPATHS,
	.star = on_star,
	.begin = on_begin,
	.record = on_record,
};

int claude_words_init(struct claude_words *words)
{
	memset(words, 0, sizeof(*words));
	calls_init(&words->calls);
	calls_init(&words->since);
	words->scan = scan_new(&spec, words);
	return words->scan ? 0 : -1;
}

void claude_words_release(struct claude_words *words)
{
	scan_free(words->scan);
	calls_release(&words->calls);
	calls_release(&words->since);
}

void claude_words_again(struct claude_words *words)
{
	struct claude_words fresh = {.scan = words->scan, .from_ms = words->from_ms};
	calls_release(&words->calls);
	calls_release(&words->since);
	memcpy(fresh.from_id, words->from_id, sizeof(fresh.from_id));
	*words = fresh;
}
