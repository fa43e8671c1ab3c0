#include "plugins/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/split.h"
#include "status/json.h"
#include "status/text.h"

struct protocol {
	enum plugin_ask ask;
	struct plugin_ear ear;
	struct plugin_answer answer;
	int64_t bytes;
	struct split split;
};

static const char *const ask_names[] = {
#define X(name, word, what) [PLUGIN_##name] = (word),
	PLUGIN_ASKS(X)
#undef X
};

static const char *const verdict_names[] = {
	[PLUGIN_NO_OPINION] = "none",
	[PLUGIN_PASS] = "pass",
	[PLUGIN_REFUSE] = "refuse",
};

const char *plugin_ask_name(enum plugin_ask ask)
{
	return ask_names[ask];
}

enum plugin_ask plugin_ask_find(const char *word)
{
	int ask = 0;
	while (ask < PLUGIN_NASKS && strcmp(ask_names[ask], word) != 0)
		ask++;
	return (enum plugin_ask)ask;
}

const char *plugin_verdict_name(enum plugin_verdict verdict)
{
	return verdict_names[verdict];
}

struct usage plugin_usage_figure(const struct plugin_usage *usage, enum conf_measure measure)
{
	const bool cached = measure != CONF_MEASURE_FRESH;
	if (usage->tokens >= 0)
		return USAGE_KNOWN(usage->tokens);
	if (usage->input < 0 || usage->cache_write < 0 || usage->output < 0 ||
	    (cached && usage->cache_read < 0))
		return USAGE_UNKNOWN;
	struct usage sum = usage_add(USAGE_KNOWN(usage->input), USAGE_KNOWN(usage->cache_write));
	sum = usage_add(sum, USAGE_KNOWN(usage->output));
	return cached ? usage_add(sum, USAGE_KNOWN(usage->cache_read)) : sum;
}

static bool has(const cJSON *line, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(line, key) != NULL;
}

/* NULL and *text (NULL where there is no such key), or why it is none. */
static const char *get_text(const cJSON *line, const char *key, const char **text)
{
	*text = json_get_text(line, key);
	return has(line, key) && !*text ? "a text is no text" : NULL;
}

static void keep_words(const char *text, char *out, size_t size)
{
	text_clean(text ? text : "", text ? strlen(text) : 0, out, size);
}

/* Takes the parts of a line that answers. NULL, or why it can't. */
static const char *answered(struct protocol *protocol, const cJSON *line, bool wanted)
{
	const char *text;
	const char *wrong = get_text(line, "text", &text);
	if (wrong)
		return wrong;
	if (!wanted)
		return "this was not asked";
	if (protocol->answer.given)
		return "it is a second answer";
	protocol->answer.given = true;
	keep_words(text, protocol->answer.words, sizeof(protocol->answer.words));
	return NULL;
}

static const char *take_progress(struct protocol *protocol, const cJSON *line)
{
	const char *text;
	int64_t percent = -1;
	const char *wrong = get_text(line, "text", &text);
	if (wrong)
		return wrong;
	if (has(line, "percent") &&
	    (json_get_integer(line, "percent", &percent) != 0 || percent > 100))
		return "percent is no whole number from 0 to 100";
	if (percent < 0 && !text)
		return "neither percent nor text";
	if (protocol->ear.progress)
		protocol->ear.progress(protocol->ear.context, (int)percent, text);
	return NULL;
}

static const char *take_log(struct protocol *protocol, const cJSON *line)
{
	const char *text = json_get_text(line, "text");
	if (!text)
		return "a text is missing";
	if (protocol->ear.log)
		protocol->ear.log(protocol->ear.context, text);
	return NULL;
}

static const char *take_usage(struct protocol *protocol, const cJSON *line)
{
	struct plugin_usage *usage = &protocol->answer.usage;
	struct plugin_usage said = *usage;
	const struct {
		const char *key;
		int64_t *figure;
	} figures[] = {
		{"tokens", &said.tokens},         {"input", &said.input},
		{"cache_read", &said.cache_read}, {"cache_write", &said.cache_write},
		{"output", &said.output},
	};
	int count = 0;
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		int64_t figure;
		if (!has(line, figures[i].key))
			continue;
		if (json_get_integer(line, figures[i].key, &figure) != 0)
			return "a figure is no whole number from 0 to 9223372036854775807";
		if (figure > *figures[i].figure)
			*figures[i].figure = figure;
		count++;
	}
	if (count == 0)
		return "no figure";
	*usage = said;
	if (protocol->ear.usage)
		protocol->ear.usage(protocol->ear.context, usage);
	return NULL;
}

static const char *take_result(struct protocol *protocol, const cJSON *line)
{
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(line, "ok");
	if (!cJSON_IsBool(ok))
		return "ok is neither true nor false";
	const bool good = protocol->ask != PLUGIN_GATE && protocol->ask != PLUGIN_DESCRIBE;
	const char *wrong = answered(protocol, line, good || !cJSON_IsTrue(ok));
	if (!wrong)
		protocol->answer.failed = !cJSON_IsTrue(ok);
	return wrong;
}

static const char *take_verdict(struct protocol *protocol, const cJSON *line)
{
	const char *word = json_get_text(line, "verdict");
	int verdict = 0;
	while (word && verdict < PLUGIN_NVERDICTS && strcmp(verdict_names[verdict], word) != 0)
		verdict++;
	if (!word || verdict == PLUGIN_NVERDICTS)
		return "verdict is none of pass, refuse and none";
	const char *wrong = answered(protocol, line, protocol->ask == PLUGIN_GATE);
	if (!wrong)
		protocol->answer.verdict = (enum plugin_verdict)verdict;
	return wrong;
}

static const char *take_plugin(struct protocol *protocol, const cJSON *line)
{
	struct plugin_answer *answer = &protocol->answer;
	const cJSON *offers = cJSON_GetObjectItemCaseSensitive(line, "offers"), *offer;
	const char *name = json_get_text(line, "name"), *about;
	unsigned bits = 0;
	if (!name)
		return "a name is missing";
	if (!cJSON_IsArray(offers))
		return "offers is no list";
	cJSON_ArrayForEach(offer, offers)
	{
		const char *word = cJSON_GetStringValue(offer);
		const enum plugin_ask kind = word ? plugin_ask_find(word) : PLUGIN_NASKS;
		if (kind < PLUGIN_NKINDS)
			bits |= PLUGIN_BIT(kind);
	}
	if (!bits)
		return "it offers none of step, meter, gate and report";
	const char *wrong = get_text(line, "about", &about);
	if (!wrong)
		wrong = answered(protocol, line, protocol->ask == PLUGIN_DESCRIBE);
	if (wrong)
		return wrong;
	answer->offers = bits;
	keep_words(name, answer->name, sizeof(answer->name));
	keep_words(about, answer->about, sizeof(answer->about));
	return NULL;
}

static const struct {
	const char *type;
	const char *(*take)(struct protocol *protocol, const cJSON *line);
} types[] = {
	{"progress", take_progress}, {"log", take_log},         {"usage", take_usage},
	{"result", take_result},     {"verdict", take_verdict}, {"plugin", take_plugin},
};

static const char *take_object(struct protocol *protocol, const cJSON *line)
{
	const char *type = json_get_text(line, "type");
	if (!type)
		return "a type is missing";
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].take(protocol, line);
	return NULL;
}

static bool blank(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
			return false;
	return true;
}

static void bad(struct protocol *protocol, const char *why)
{
	protocol->answer.bad = protocol->answer.lines;
	protocol->answer.why = why;
}

static void take_line(void *context, const char *bytes, size_t length)
{
	struct protocol *protocol = context;
	if (protocol->answer.bad)
		return;
	protocol->answer.lines++;
	if (!bytes) {
		bad(protocol, "it is longer than 65536 bytes");
		return;
	}
	if (blank(bytes, length))
		return;
	cJSON *line = json_parse_object(bytes, length);
	const char *wrong =
		line ? take_object(protocol, line) : "it is no JSON object with each key once";
	if (wrong)
		bad(protocol, wrong);
	cJSON_Delete(line);
}

struct protocol *protocol_new(enum plugin_ask ask, const struct plugin_ear *ear)
{
	struct protocol *protocol = calloc(1, sizeof(*protocol));
	if (!protocol)
		return NULL;
	protocol->ask = ask;
	protocol->answer.usage = PLUGIN_USAGE_UNKNOWN;
	if (ear)
		protocol->ear = *ear;
	return protocol;
}

void protocol_free(struct protocol *protocol)
{
	free(protocol);
}

void protocol_feed(struct protocol *protocol, const char *bytes, size_t length)
{
	const bool bounded = protocol->ask != PLUGIN_STEP;
	if (protocol->answer.bad)
		return;
	if (bounded && length > (size_t)(PROTOCOL_ANSWER_MAX - protocol->bytes)) {
		protocol->answer.lines++;
		bad(protocol, "the answer has more than 1 MiB");
		return;
	}
	if (bounded)
		protocol->bytes += (int64_t)length;
	split_feed(&protocol->split, bytes, length, take_line, protocol);
}

void protocol_end(struct protocol *protocol)
{
	split_end(&protocol->split, take_line, protocol);
}

const struct plugin_answer *protocol_answer(const struct protocol *protocol)
{
	return &protocol->answer;
}

const char *plugin_answer_wrong(enum plugin_ask ask, const struct plugin_answer *answer, char *out,
				size_t size)
{
	static const char *const missing[] = {
		[PLUGIN_STEP] = "it ended without a result",
		[PLUGIN_METER] = "it ended without telling usage",
		[PLUGIN_GATE] = "it ended without a verdict",
		[PLUGIN_REPORT] = "it ended without a result",
		[PLUGIN_DESCRIBE] = "it did not say what it is",
	};
	const bool told = ask == PLUGIN_METER
				  ? plugin_usage_figure(&answer->usage, CONF_MEASURE_FRESH).known
				  : answer->given;
	if (answer->bad)
		snprintf(out, size, "line %lld of its answer can't be taken: %s",
			 (long long)answer->bad, answer->why);
	else if (answer->failed)
		snprintf(out, size, "%s", answer->words[0] ? answer->words : "it failed");
	else if (!told)
		snprintf(out, size, "%s", missing[ask]);
	else
		return NULL;
	return out;
}
