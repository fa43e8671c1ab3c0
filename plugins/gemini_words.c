#include "plugins/gemini_words.h"

#include <stdio.h>
#include <string.h>

enum path {
	TYPE,
	TIMESTAMP,
	SESSION,
	SESSION_ID,
	KIND,
	PROJECT,
	ROLE,
	STATUS,
	ERROR_TYPE,
	ERROR,
	STATS,
	TOTAL,
	PROMPT,
	CACHED,
	OUT,
	ID,
	CONTENT,
	MODEL,
	TOKENS_PROMPT,
	TOKENS_OUT,
	TOKENS_CACHED,
	TOKENS_TOTAL,
	TOKENS_THOUGHTS,
	TOKENS_TOOL,
	ROW_TOTAL,
	ROW_PROMPT,
	ROW_CACHED,
	ROW_TOKENS_TOTAL,
	ROW_TOKENS_PROMPT,
	ROW_TOKENS_CACHED,
	ROW_OUT,
	ROW_TOKENS_OUT,
	ROW_TOKENS_THOUGHTS,
	ROW_TOKENS_TOOL,
	MESSAGE_ID,
	MESSAGE_TYPE,
	MESSAGE_TIME,
	MESSAGE_CONTENT,
	MESSAGE_MODEL,
	MESSAGE_PROMPT,
	MESSAGE_OUT,
	MESSAGE_CACHED,
	MESSAGE_TOTAL,
	MESSAGE_THOUGHTS,
	MESSAGE_TOOL,
	MESSAGE,
	SET_ID,
	SET_TYPE,
	SET_TIME,
	SET_CONTENT,
	SET_MODEL,
	SET_PROMPT,
	SET_OUT,
	SET_CACHED,
	SET_TOTAL,
	SET_THOUGHTS,
	SET_TOOL,
	SET_MESSAGE,
	NPATHS
};

static const char *const paths[NPATHS] = {
	[TYPE] = "type",
	[TIMESTAMP] = "timestamp",
	[SESSION] = "session_id",
	[SESSION_ID] = "sessionId",
	[KIND] = "kind",
	[PROJECT] = "projectHash",
	[ROLE] = "role",
	[STATUS] = "status",
	[ERROR_TYPE] = "error.type",
	[ERROR] = "error.message",
	[STATS] = "stats",
	[TOTAL] = "stats.total_tokens",
	[PROMPT] = "stats.input_tokens",
	[CACHED] = "stats.cached",
	[OUT] = "stats.output_tokens",
	[ID] = "id",
	[CONTENT] = "content",
	[MODEL] = "model",
	[TOKENS_PROMPT] = "tokens.input",
	[TOKENS_OUT] = "tokens.output",
	[TOKENS_CACHED] = "tokens.cached",
	[TOKENS_TOTAL] = "tokens.total",
	[TOKENS_THOUGHTS] = "tokens.thoughts",
	[TOKENS_TOOL] = "tokens.tool",
	[ROW_TOTAL] = "stats.models.*.total_tokens",
	[ROW_PROMPT] = "stats.models.*.input_tokens",
	[ROW_CACHED] = "stats.models.*.cached",
	[ROW_TOKENS_TOTAL] = "stats.models.*.tokens.total",
	[ROW_TOKENS_PROMPT] = "stats.models.*.tokens.prompt",
	[ROW_TOKENS_CACHED] = "stats.models.*.tokens.cached",
	[ROW_OUT] = "stats.models.*.output_tokens",
	[ROW_TOKENS_OUT] = "stats.models.*.tokens.candidates",
	[ROW_TOKENS_THOUGHTS] = "stats.models.*.tokens.thoughts",
	[ROW_TOKENS_TOOL] = "stats.models.*.tokens.tool",
	/* A chat that is one object, as older versions write it … */
	[MESSAGE_ID] = "messages.*.id",
	[MESSAGE_TYPE] = "messages.*.type",
	[MESSAGE_TIME] = "messages.*.timestamp",
	[MESSAGE_CONTENT] = "messages.*.content",
	[MESSAGE_MODEL] = "messages.*.model",
	[MESSAGE_PROMPT] = "messages.*.tokens.input",
	[MESSAGE_OUT] = "messages.*.tokens.output",
	[MESSAGE_CACHED] = "messages.*.tokens.cached",
	[MESSAGE_TOTAL] = "messages.*.tokens.total",
	[MESSAGE_THOUGHTS] = "messages.*.tokens.thoughts",
	[MESSAGE_TOOL] = "messages.*.tokens.tool",
	[MESSAGE] = "messages.*",
	/* … and the whole chat told anew within one of lines. */
	[SET_ID] = "$set.messages.*.id",
	[SET_TYPE] = "$set.messages.*.type",
	[SET_TIME] = "$set.messages.*.timestamp",
	[SET_CONTENT] = "$set.messages.*.content",
	[SET_MODEL] = "$set.messages.*.model",
	[SET_PROMPT] = "$set.messages.*.tokens.input",
	[SET_OUT] = "$set.messages.*.tokens.output",
	[SET_CACHED] = "$set.messages.*.tokens.cached",
	[SET_TOTAL] = "$set.messages.*.tokens.total",
	[SET_THOUGHTS] = "$set.messages.*.tokens.thoughts",
	[SET_TOOL] = "$set.messages.*.tokens.tool",
	[SET_MESSAGE] = "$set.messages.*",
};

enum {
	BYTES_PER_TOKEN = 8, /* no text has so many on the average */
};

/* Where a total is missing, or is less than what it is of, that counts. */
static struct usage larger_total(struct usage total, struct usage prompt, struct usage parts)
{
	if (!parts.known)
		return total;
	const struct usage sum = usage_add(prompt.known ? prompt : USAGE_KNOWN(0), parts);
	return total.known && total.tokens > sum.tokens ? total : sum;
}

static void add_part(struct usage *parts, struct usage part)
{
	if (part.known)
		*parts = parts->known ? usage_add(*parts, part) : part;
}

struct call gemini_row_call(const struct gemini_row *row)
{
	return call_of_total(row->prompt, row->cached,
			     larger_total(row->total, row->prompt, row->parts));
}

/* A message of a chat, whole. */
static void take_message(struct gemini_words *words, const struct gemini_message *message)
{
	if (words->from_ms && message->at && message->at < words->from_ms)
		return;
	words->chat = true;
	words->in_flight = !message->is_model;
	words->asked += !message->is_model;
	struct usage parts = message->more;
	add_part(&parts, message->output);
	const struct usage total = larger_total(message->total, message->prompt, parts);
	if (!message->is_model || !total.known)
		return;
	const struct call call = call_of_total(message->prompt, message->cached, total);
	words->last = call;
	calls_put(&words->calls, message->id, message->model, &call);
	if (message->output.known &&
	    message->text > BYTES_PER_TOKEN * (message->output.tokens % (INT64_MAX / 8)))
		words->broke_off = true;
}

static void put_figure(struct usage *into, struct usage figure, bool shared)
{
	*into = shared && into->known && figure.known ? usage_add(*into, figure) : figure;
}

static void take_row(struct gemini_words *words, int path, const char *key,
		     const struct scan_value *value)
{
	bool shared = false;
	struct gemini_row *row = model_row(words->row_table, sizeof(words->row_table[0]),
					   &words->row_count, GEMINI_ROWS, key, &shared);
	const struct usage figure =
		value->type == SCAN_NUMBER ? USAGE_KNOWN(value->number) : USAGE_UNKNOWN;
	if (path == ROW_TOTAL || path == ROW_TOKENS_TOTAL)
		put_figure(&row->total, figure, shared);
	else if (path == ROW_PROMPT || path == ROW_TOKENS_PROMPT)
		put_figure(&row->prompt, figure, shared);
	else if (path == ROW_CACHED || path == ROW_TOKENS_CACHED)
		put_figure(&row->cached, figure, shared);
	else
		add_part(&row->parts, figure);
}

static void take_element(struct gemini_words *words, int path, const struct scan_value *value)
{
	struct gemini_message *element = &words->element;
	const struct usage figure =
		value->type == SCAN_NUMBER ? USAGE_KNOWN(value->number) : USAGE_UNKNOWN;
	switch (path) {
	case MESSAGE_ID:
		snprintf(element->id, sizeof(element->id), "%.*s", SESSION_NAME - 1, value->text);
		break;
	case MESSAGE_TYPE:
		element->is_model = strcmp(value->text, "gemini") == 0;
		break;
	case MESSAGE_TIME:
		element->at = agent_time(value->text);
		break;
	case MESSAGE_CONTENT:
		element->text = (int64_t)value->whole;
		break;
	case MESSAGE_MODEL:
		snprintf(element->model, sizeof(element->model), "%.*s", MODEL_NAME - 1,
			 value->text);
		break;
	case MESSAGE_PROMPT:
		element->prompt = figure;
		break;
	case MESSAGE_OUT:
		element->output = figure;
		break;
	case MESSAGE_CACHED:
		element->cached = figure;
		break;
	case MESSAGE_TOTAL:
		element->total = figure;
		break;
	case MESSAGE_THOUGHTS:
	case MESSAGE_TOOL:
		add_part(&element->more, figure);
		break;
	default:
		take_message(words, element);
		*element = (struct gemini_message){.at = 0};
	}
}

static void on_star(void *context, int path, const char *key, const struct scan_value *value)
{
	struct gemini_words *words = context;
	if (path <= ROW_TOKENS_TOOL)
		take_row(words, path, key, value);
	else
		take_element(words, path >= SET_ID ? path - SET_ID + MESSAGE_ID : path, value);
}

/* What an error means, by what it says. */
static enum ended meaning(const struct scan *scan)
{
	static const struct {
		const char *words;
		enum ended ended;
	} meanings[] = {
		{"rate limit", ENDED_RATE_LIMITED},
		{"exhausted", ENDED_USAGE_LIMIT},
		{"exceeds the maximum number of tokens", ENDED_CONTEXT_FULL},
		{"UNAUTHENTICATED", ENDED_AUTHENTICATION},
		{"PERMISSION_DENIED", ENDED_AUTHENTICATION},
		{"API key", ENDED_AUTHENTICATION},
		{"\"code\":401", ENDED_AUTHENTICATION},
		{"\"code\":429", ENDED_RATE_LIMITED},
		{"UNAVAILABLE", ENDED_RATE_LIMITED},
		{"verloaded", ENDED_RATE_LIMITED},
		{"oo many requests", ENDED_RATE_LIMITED},
		{"quota", ENDED_USAGE_LIMIT},
		{"SAFETY", ENDED_REFUSED},
		{"PROHIBITED_CONTENT", ENDED_REFUSED},
	};
	const char *type = scan_text(scan, ERROR_TYPE);
	char said[SCAN_TEXT] = "";
	scan_keep(said, sizeof(said), scan_text(scan, ERROR));
	/* "[API Error: WORDS]", and advice that is the same for every 429 and speaks of quotas. */
	char *advice = strstr(said, "]\nPlease wait");
	if (advice)
		*advice = '\0';
	if (strstr(type, "TurnLimited"))
		return ENDED_TURN_LIMIT;
	if (strstr(type, "Authentication"))
		return ENDED_AUTHENTICATION;
	if (strstr(type, "Cancel"))
		return ENDED_INTERRUPTED;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(said, meanings[i].words))
			return meanings[i].ended;
	return ENDED_CRASHED;
}

/* What a result comes to. -o json tells it by models alone. */
static void sum_up(struct gemini_words *words)
{
	const struct scan *scan = words->scan;
	const struct usage prompt = scan_number(scan, PROMPT);
	const struct usage total =
		larger_total(scan_number(scan, TOTAL), prompt, scan_number(scan, OUT));
	words->sum = call_of_total(prompt, scan_number(scan, CACHED), total);
	words->untold = !scan_number(scan, TOTAL).known;
	if (total.known)
		return;
	words->untold = false;
	for (int i = 0; i < words->rows; i++) {
		const struct call call = gemini_row_call(&words->table[i]);
		words->sum = call_sum(&words->sum, &call);
		words->untold |= !words->table[i].total.known;
	}
}

/* The sums of a whole process. */
static void take_result(struct gemini_words *words)
{
	const struct scan *scan = words->scan;
	const bool failed = scan_is(scan, STATUS, "error") || scan_text(scan, ERROR)[0];
	const struct call before = words->sum;
	const bool first = words->results++ == 0;
	words->after_result = false;
	words->ended = failed ? meaning(scan) : ENDED_COMPLETED;
	if (words->ended == ENDED_USAGE_LIMIT) {
		scan_keep(words->limit, sizeof(words->limit), scan_text(scan, ERROR));
		words->limit_ms = agent_time(scan_text(scan, TIMESTAMP));
	}
	memcpy(words->table, words->row_table, sizeof(words->table));
	words->rows = words->row_count;
	sum_up(words);
	/* Each process prints one, told again or not: another one is of another process. */
	if (!first && (strcmp(words->session, words->result_session) != 0 ||
		       memcmp(&before, &words->sum, sizeof(before)) != 0)) {
		words->earlier = call_sum(&words->earlier, &before);
		words->several = true;
	}
	snprintf(words->result_session, sizeof(words->result_session), "%s", words->session);
}

static void take_chat_line(struct gemini_words *words)
{
	const struct scan *scan = words->scan;
	struct scan_value content;
	scan_get(scan, CONTENT, &content);
	struct gemini_message message = {
		.is_model = scan_is(scan, TYPE, "gemini"),
		.prompt = scan_number(scan, TOKENS_PROMPT),
		.output = scan_number(scan, TOKENS_OUT),
		.cached = scan_number(scan, TOKENS_CACHED),
		.total = scan_number(scan, TOKENS_TOTAL),
		.text = (int64_t)content.whole,
		.at = words->from_ms ? agent_time(scan_text(scan, TIMESTAMP)) : 0,
	};
	add_part(&message.more, scan_number(scan, TOKENS_THOUGHTS));
	add_part(&message.more, scan_number(scan, TOKENS_TOOL));
	snprintf(message.id, sizeof(message.id), "%.*s", SESSION_NAME - 1, scan_text(scan, ID));
	snprintf(message.model, sizeof(message.model), "%.*s", MODEL_NAME - 1,
		 scan_text(scan, MODEL));
	words->records++;
	take_message(words, &message);
}

static void take_printed(struct gemini_words *words)
{
	const struct scan *scan = words->scan;
	words->records++;
	if (!words->first_ms)
		words->first_ms = agent_time(scan_text(scan, TIMESTAMP));
	words->after_result |= words->results > 0;
}

static void on_record(void *context)
{
	struct gemini_words *words = context;
	const struct scan *scan = words->scan;
	struct scan_value stats;
	const bool has_stats = scan_get(scan, STATS, &stats) == SCAN_OBJECT;
	if (scan_text(scan, PROJECT)[0] && scan_text(scan, SESSION_ID)[0]) {
		words->records++;
		words->chat = true;
		words->sub_agent = scan_is(scan, KIND, "subagent");
		scan_keep(words->session, sizeof(words->session), scan_text(scan, SESSION_ID));
	} else if (scan_is(scan, TYPE, "init") || (has_stats && !scan_text(scan, TYPE)[0])) {
		const char *session = scan_text(scan, SESSION);
		words->several |= words->session[0] && session[0] &&
				  strncmp(session, words->session, SESSION_NAME - 1) != 0;
		scan_keep(words->session, sizeof(words->session), session);
	}
	if (scan_is(scan, TYPE, "result") ? has_stats : has_stats && scan_text(scan, SESSION)[0]) {
		words->records++;
		take_result(words);
	} else if (scan_is(scan, TYPE, "gemini") ||
		   (scan_is(scan, TYPE, "user") && scan_text(scan, ID)[0])) {
		take_chat_line(words);
	} else if ((scan_is(scan, TYPE, "init") && scan_text(scan, SESSION)[0]) ||
		   scan_is(scan, TYPE, "message") || scan_is(scan, TYPE, "tool_result")) {
		take_printed(words);
	}
}

static void on_begin(void *context)
{
	struct gemini_words *words = context;
	words->row_count = 0;
	words->element = (struct gemini_message){.at = 0};
}

static const struct scan_spec spec = {
	.paths = paths,
	.npaths = NPATHS,
	.star = on_star,
	.begin = on_begin,
	.record = on_record,
};

int gemini_words_init(struct gemini_words *words)
{
	memset(words, 0, sizeof(*words));
	calls_init(&words->calls);
	words->scan = scan_new(&spec, words);
	return words->scan ? 0 : -1;
}

void gemini_words_release(struct gemini_words *words)
{
	scan_free(words->scan);
	calls_release(&words->calls);
}

void gemini_words_again(struct gemini_words *words)
{
	struct gemini_words fresh = {.scan = words->scan, .from_ms = words->from_ms};
	calls_release(&words->calls);
	*words = fresh;
}
