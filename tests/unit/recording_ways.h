/*
 * Ways to tell the words of an agent that mean the same: line by line, with other line ends, keys
 * in another order, other text between, and so on.
 */
#ifndef TESTS_UNIT_RECORDING_WAYS_H
#define TESTS_UNIT_RECORDING_WAYS_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "status/json.h"

static uint64_t seed;

/* xorshift64 (Marsaglia 2003) */
static inline size_t chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

/* A growing text. */
struct text {
	char *bytes;
	size_t length, room;
};

static inline void append(struct text *text, const char *bytes, size_t length)
{
	if (text->length + length > text->room) {
		text->room = (text->length + length) * 2;
		text->bytes = realloc(text->bytes, text->room);
		ck_assert_ptr_nonnull(text->bytes);
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static inline void as_it_is(struct text *text, const char *line, size_t length)
{
	append(text, line, length);
	append(text, "\n", 1);
}

static inline void with_carriage_returns(struct text *text, const char *line, size_t length)
{
	append(text, line, length);
	append(text, "\r\n", 2);
}

static inline void twice(struct text *text, const char *line, size_t length)
{
	as_it_is(text, line, length);
	as_it_is(text, line, length);
}

static inline void among_other_text(struct text *text, const char *line, size_t length)
{
	static const char *const others[] = {
		"Warning: 256-color support not detected.\n",
		"  cause: {\n    code: 429,\n  },\n",
		"[STARTUP] {not JSON}\n",
		"{}\n[]\n{\"type\": \"ping\"}\n",
		"{\"level\": {\"deep\": [[[[{}]]]]}}\n",
		"\xff\xfe\x00 bytes\n",
		"\n\n",
	};
	const char *other = others[chance(sizeof(others) / sizeof(others[0]))];
	append(text, other, strlen(other));
	as_it_is(text, line, length);
}

/* Objects get their keys in the opposite order. */
static inline void turn(cJSON *item)
{
	cJSON *child = item->child, *last = NULL;
	for (; child; child = child->next)
		turn(child);
	if (!cJSON_IsObject(item) || !item->child)
		return;
	while ((child = item->child) != NULL) {
		cJSON_DetachItemViaPointer(item, child);
		child->next = last;
		last = child;
	}
	while ((child = last) != NULL) {
		last = child->next;
		child->next = NULL;
		cJSON_AddItemToArray(item, child);
	}
}

static inline void turned(struct text *text, const char *line, size_t length)
{
	cJSON *item = cJSON_ParseWithLengthOpts(line, length, NULL, 0);
	if (!item || !cJSON_IsObject(item)) {
		cJSON_Delete(item);
		as_it_is(text, line, length);
		return;
	}
	turn(item);
	char *printed = chance(2) ? cJSON_Print(item) : cJSON_PrintUnformatted(item);
	ck_assert_ptr_nonnull(printed);
	as_it_is(text, printed, strlen(printed));
	free(printed);
	cJSON_Delete(item);
}

/* 1001 becomes 1001.0 where it stands between punctuation. */
static inline void with_fractions(struct text *text, const char *line, size_t length)
{
	bool within = false, escaped = false;
	for (size_t i = 0; i < length; i++) {
		append(text, line + i, 1);
		if (within) {
			within = escaped || line[i] != '"';
			escaped = !escaped && line[i] == '\\';
			continue;
		}
		within = line[i] == '"';
		const bool digit = line[i] >= '0' && line[i] <= '9';
		if (digit && i + 1 < length && strchr(",}]", line[i + 1]) && i > 0) {
			size_t first = i;
			while (first > 0 && line[first - 1] >= '0' && line[first - 1] <= '9')
				first--;
			if (first > 0 && line[first - 1] == ':')
				append(text, ".0", 2);
		}
	}
	append(text, "\n", 1);
}

static const struct {
	const char *name;
	void (*tell)(struct text *text, const char *line, size_t length);
	bool whole; /* it must stay one text: words over many lines are not told line by line */
} ways[] = {
	{"as it is", as_it_is, false},    {"with carriage returns", with_carriage_returns, false},
	{"each line twice", twice, true}, {"among other text", among_other_text, true},
	{"keys turned", turned, true},    {"with fractions", with_fractions, false},
};

/* The bytes, told line by line; the text is the caller's to free. */
static inline struct text tell_lines(const char *bytes, size_t length, int way)
{
	struct text text = {.length = 0};
	const char *at = bytes, *end = bytes + length;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const size_t part = (size_t)((line ? line : end) - at);
		ways[way].tell(&text, at, part);
		at += part + (line != NULL);
	}
	return text;
}

#endif
