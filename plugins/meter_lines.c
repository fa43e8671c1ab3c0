#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter_kinds.h"
#include "status/json.h"

struct meter_lines {
	struct usage said; /* known once a figure was said */
	int64_t count;     /* lines so far */
	int64_t bad;
	int64_t first_bad; /* the number of that line, from 1 */
	const char *why;   /* it is bad; static text */
	bool among_output; /* what is not for us is passed over */
	size_t length;     /* of the line under way */
	bool too_long;     /* the line under way is; it is counted already */
	char line[METER_LINE_MAX];
};

struct meter_lines *meter_lines_new(void)
{
	return calloc(1, sizeof(struct meter_lines));
}

struct meter_lines *meter_lines_among_output(void)
{
	struct meter_lines *lines = meter_lines_new();
	if (lines)
		lines->among_output = true;
	return lines;
}

void meter_lines_free(struct meter_lines *lines)
{
	free(lines);
}

static void bad_line(struct meter_lines *lines, const char *why)
{
	if (lines->bad++ == 0) {
		lines->first_bad = lines->count;
		lines->why = why;
	}
}

static bool blank(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r", bytes[i]) || bytes[i] == '\0')
			return false;
	return true;
}

static void said(struct meter_lines *lines, int64_t tokens)
{
	if (!lines->said.known || lines->said.tokens < tokens)
		lines->said = USAGE_KNOWN(tokens);
}

static void take_object(struct meter_lines *lines, const cJSON *object)
{
	const bool whole = cJSON_GetObjectItemCaseSensitive(object, "tokens");
	const bool delta = cJSON_GetObjectItemCaseSensitive(object, "tokens_delta");
	int64_t tokens = 0;
	if (!whole && !delta)
		return;
	if (whole && delta)
		bad_line(lines, "both tokens and tokens_delta");
	else if (json_get_integer(object, whole ? "tokens" : "tokens_delta", &tokens) != 0)
		bad_line(lines, "not a whole number from 0 to 9223372036854775807");
	else if (whole)
		said(lines, tokens);
	else if (lines->said.known)
		lines->said = usage_add(lines->said, USAGE_KNOWN(tokens));
	else
		lines->said = USAGE_KNOWN(tokens);
}

static void take_line(struct meter_lines *lines)
{
	lines->count++;
	if (blank(lines->line, lines->length))
		return;
	cJSON *object = json_parse_object(lines->line, lines->length);
	if (object)
		take_object(lines, object);
	else if (!lines->among_output)
		bad_line(lines, "not a JSON object, each key once");
	cJSON_Delete(object);
}

/* Bytes of one line; what is too much is counted once and dropped up to the line's end. */
static void gather(struct meter_lines *lines, const char *bytes, size_t length)
{
	if (lines->too_long)
		return;
	if (length > METER_LINE_MAX - lines->length) {
		lines->too_long = true;
		lines->count++;
		if (!lines->among_output)
			bad_line(lines, "longer than 65536 bytes");
		return;
	}
	memcpy(lines->line + lines->length, bytes, length);
	lines->length += length;
}

static void end_line(struct meter_lines *lines)
{
	if (!lines->too_long)
		take_line(lines);
	lines->too_long = false;
	lines->length = 0;
}

void meter_lines_feed(struct meter_lines *lines, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		const size_t part = end ? (size_t)(end - bytes) : length;
		gather(lines, bytes, part);
		if (!end)
			return;
		end_line(lines);
		bytes += part + 1;
		length -= part + 1;
	}
}

void meter_lines_end(struct meter_lines *lines)
{
	if (lines->length > 0 || lines->too_long)
		end_line(lines);
}

struct usage meter_lines_usage(const struct meter_lines *lines, int64_t *bad)
{
	if (bad)
		*bad = lines->bad;
	return lines->bad ? USAGE_UNKNOWN : lines->said;
}

struct usage meter_lines_read(const struct conf_step *step, const struct meter_lines *lines,
			      const char *const *environment, const struct host *host,
			      struct err *err)
{
	const char *where = lines->among_output ? "meter \"jsonl\"" : "STEPGATE_USAGE_FD";
	(void)environment;
	(void)host;
	if (lines->bad) {
		err_set(err, ERR_SYSTEM, "%s: line %lld can't be read: %s (bad lines: %lld)", where,
			(long long)lines->first_bad, lines->why, (long long)lines->bad);
		return USAGE_UNKNOWN;
	}
	if (lines->said.known)
		return lines->said;
	if (!step->usage_required && !lines->among_output)
		return USAGE_KNOWN(0);
	err_set(err, ERR_SYSTEM, "%s: the worker reported no usage%s", where,
		lines->among_output ? "" : ": the step says usage = \"required\"");
	return USAGE_UNKNOWN;
}
