#include "runner/commands/plugin_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ask.h"
#include "runner/cycle/host.h"
#include "status/file.h"

#define LINES_MOST  10000
#define TITLE_BYTES 60000
#define NOISE_BYTES 1000000
#define EVENT                                                                         \
	"{\"event\":\"closed\",\"time\":\"2026-02-07T15:30:00.000000Z\",\"title\":\"" \
	"Conformance\",\"cycle_number\":4,\"message\":\"Cycle 4 closed: All work "    \
	"completed\",\"close_reason\":\"All work completed\",\"close_cause\":\"completed\"}"

/* What is made of a right call. */
enum twist {
	TWIST_NONE,
	TWIST_MORE,    /* a key that version 1 does not have */
	TWIST_LONG,    /* a title of many bytes */
	TWIST_UNKNOWN, /* the usage is unknown: null */
	TWIST_CUT,     /* half of it: broken JSON */
	TWIST_EMPTY,   /* nothing at all */
	TWIST_VERSION, /* of another version of the protocol */
	TWIST_OTHER,   /* it asks for what nobody offers */
	TWIST_NOISE,   /* METER: the worker printed a megabyte of noise, on one line */
	TWIST_SILENCE, /* METER: the worker printed nothing */
	TWIST_MISSING, /* METER: what it printed is not there */
};

#define EVERY ((1U << PLUGIN_NKINDS) - 1)
#define METER PLUGIN_BIT(PLUGIN_METER)

/* good: it is to answer; else it must not. */
static const struct trial {
	const char *what;
	enum twist twist;
	bool good;
	unsigned kinds;
} trials[] = {
	{"answers a call", TWIST_NONE, true, EVERY},
	{"answers it once more", TWIST_NONE, true, EVERY},
	{"passes over keys that it doesn't know", TWIST_MORE, true, EVERY},
	{"takes a long line", TWIST_LONG, true, EVERY},
	{"takes unknown usage", TWIST_UNKNOWN, true, EVERY},
	{"reads noise", TWIST_NOISE, true, METER},
	{"reads nothing", TWIST_SILENCE, true, METER},
	{"tells nothing of output that is not there", TWIST_MISSING, false, METER},
	{"does nothing on half a call", TWIST_CUT, false, EVERY},
	{"does nothing on no call", TWIST_EMPTY, false, EVERY},
	{"does nothing for another version", TWIST_VERSION, false, EVERY},
	{"does nothing on a call for something else", TWIST_OTHER, false, EVERY},
};

/* The line with `from` replaced; malloc, or NULL. Both must be there. */
static char *replaced(const char *line, const char *from, const char *to)
{
	char *made = NULL;
	const char *at = strstr(line, from);
	if (!at || asprintf(&made, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from)) < 0)
		return NULL;
	return made;
}

static char *twisted(const char *line, enum twist twist, const char *call)
{
	char other[64];
	snprintf(other, sizeof(other), "\"call\":\"%s\"", call);
	switch (twist) {
	case TWIST_MORE:
		return replaced(line, "{", "{\"later\":{\"a\":[1,null]},");
	case TWIST_CUT:
		return strndup(line, strlen(line) / 2);
	case TWIST_EMPTY:
		return strdup("");
	case TWIST_VERSION:
		return replaced(line, "\"stepgate\":1", "\"stepgate\":99");
	case TWIST_OTHER:
		return replaced(line, other, "\"call\":\"dance\"");
	default:
		return strdup(line);
	}
}

/* What the worker is to have printed. */
static int write_output(const char *path, enum twist twist, struct err *err)
{
	static const char usual[] = "one line\ntokens: 1200\n{\"tokens\": 1200}\nthe last one";
	static char noise[NOISE_BYTES];
	const bool noisy = twist == TWIST_NOISE;
	unsigned seed = 1;
	for (size_t i = 0; noisy && i < sizeof(noise); i++) {
		seed = seed * 1103515245U + 12345U;
		const char byte = (char)(seed >> 16);
		noise[i] = byte == '\n' ? ' ' : byte;
	}
	const size_t length = noisy                    ? sizeof(noise)
			      : twist == TWIST_SILENCE ? 0
						       : sizeof(usual) - 1;
	return file_replace(path, noisy ? noise : usual, length, err);
}

/* The call for a trial (malloc), or NULL and *err. */
static char *make_line(const struct plugin_check *check, enum plugin_ask kind, enum twist twist,
		       struct err *err)
{
	static char title[TITLE_BYTES + 1];
	char output[4096];
	memset(title, 'x', TITLE_BYTES);
	snprintf(output, sizeof(output), "%s/%s", check->folder,
		 twist == TWIST_MISSING ? "missing.txt" : "output.txt");
	const struct plugin_call call = {
		.ask = kind,
		.options = check->plugin->options,
		.repository = check->folder,
		.cycle = 4,
		.step = 3,
		.attempt = 1,
		.title = twist == TWIST_LONG ? title : "Conformance",
		.key = "8f14e45fceea167a",
		.budget = 200000,
		.limit = 70000,
		.used = twist == TWIST_UNKNOWN ? USAGE_UNKNOWN : USAGE_KNOWN(12345),
		.output = kind == PLUGIN_METER ? output : NULL,
		.report = kind == PLUGIN_REPORT ? EVENT : NULL,
	};
	if (kind == PLUGIN_METER && twist != TWIST_MISSING && write_output(output, twist, err) != 0)
		return NULL;
	char *line = plugin_call_write(&call);
	char *made = line ? twisted(line, twist, plugin_ask_name(kind)) : NULL;
	free(line);
	if (!made)
		err_set(err, ERR_INTERNAL, "out of memory");
	return made;
}

/* NULL where the answer to a right call is one, or why it is none. A failure that is told is one:
 * it may well have nothing to work on here. */
static const char *not_answered(enum plugin_ask kind, const struct plugin_answer *answer,
				int failed, enum plugin_end end, const char *why)
{
	if (end == PLUGIN_ENDED && !answer->bad && answer->failed)
		return answer->words[0] ? NULL : "it failed without words";
	if (failed)
		return why;
	if (answer->lines > LINES_MOST)
		return "it answers with more than 10000 lines";
	if (kind == PLUGIN_GATE && answer->verdict == PLUGIN_REFUSE && !answer->words[0])
		return "it refuses without words";
	return NULL;
}

/* The same for a call that is none. */
static const char *answered_all_the_same(int failed, enum plugin_end end, const char *why)
{
	if (end != PLUGIN_ENDED)
		return why;
	return failed ? NULL : "it answers as to a right call";
}

/* 0 passed, 1 not; or -1 and *err. */
static int try_it(const struct plugin_check *check, enum plugin_ask kind, const struct trial *trial,
		  enum plugin_end *end, struct err *err)
{
	struct plugin_answer answer;
	struct err why = {.code = ERR_NONE};
	struct host host;
	char *line = make_line(check, kind, trial->twist, err);
	if (!line)
		return -1;
	host_init(&host);
	const int failed = plugin_send(check->plugin, kind, line, check->folder, check->timeout_ms,
				       &host, &answer, end, &why);
	const char *wrong = trial->good ? not_answered(kind, &answer, failed, *end, why.text)
					: answered_all_the_same(failed, *end, why.text);
	const struct plugin_finding finding = {
		.kind = kind,
		.what = trial->what,
		.passed = !wrong,
		.why = wrong         ? wrong
		       : trial->good ? answer.words
				     : "",
	};
	check->found(check->context, &finding);
	free(line);
	return wrong ? 1 : 0;
}

/* One that was late once is late again: the rest is not waited for. */
static int check_kind(const struct plugin_check *check, enum plugin_ask kind, struct err *err)
{
	enum plugin_end end = PLUGIN_ENDED;
	int failures = 0;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]) && end != PLUGIN_LATE; i++) {
		if (!(trials[i].kinds & PLUGIN_BIT(kind)))
			continue;
		const int failed = try_it(check, kind, &trials[i], &end, err);
		if (failed < 0)
			return -1;
		failures += failed;
	}
	return failures;
}

int plugin_check(const struct plugin_check *check, struct err *err)
{
	int failures = 0;
	for (int kind = 0; kind < PLUGIN_NKINDS; kind++) {
		if (!(check->kinds & PLUGIN_BIT(kind)))
			continue;
		const int failed = check_kind(check, (enum plugin_ask)kind, err);
		if (failed < 0)
			return -1;
		failures += failed;
	}
	return failures;
}
