#define PCRE2_CODE_UNIT_WIDTH 8

#include "plugins/meter_regex.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Steps and memory of one match: some ten milliseconds at the most. */
	MATCH_STEPS = 1000000,
	DEPTH_STEPS = 10000,
	HEAP_KIB = 4096,
};

struct meter_regex {
	pcre2_code *code;
	pcre2_match_data *found;
	pcre2_match_context *limits;
	struct usage said;
	const char *bad;
	size_t length; /* of the line under way, as far as it is kept */
	char line[METER_REGEX_LINE];
};

void meter_regex_free(struct meter_regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->limits);
	pcre2_match_data_free(regex->found);
	pcre2_code_free(regex->code);
	free(regex);
}

/* 0, or -1 and *err. */
static int compile(struct meter_regex *regex, const char *pattern, struct err *err)
{
	int code = 0;
	PCRE2_SIZE place = 0;
	uint32_t captures = 0;
	PCRE2_UCHAR words[128];
	regex->code =
		pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &place, NULL);
	if (!regex->code) {
		pcre2_get_error_message(code, words, sizeof(words));
		return err_set(err, ERR_CONFIG, "regex:%.100s: at its character %zu: %s", pattern,
			       place + 1, (const char *)words);
	}
	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &captures);
	if (captures != 1)
		return err_set(err, ERR_CONFIG,
			       "regex:%.100s: it has %u captures: it needs one, the number of "
			       "tokens in ( )",
			       pattern, captures);
	return 0;
}

static int prepare(struct meter_regex *regex, const char *pattern, struct err *err)
{
	if (compile(regex, pattern, err) != 0)
		return -1;
	regex->found = pcre2_match_data_create_from_pattern(regex->code, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	if (!regex->found || !regex->limits)
		return err_set(err, ERR_INTERNAL, "out of memory");
	pcre2_set_match_limit(regex->limits, MATCH_STEPS);
	pcre2_set_depth_limit(regex->limits, DEPTH_STEPS);
	pcre2_set_heap_limit(regex->limits, HEAP_KIB);
	return 0;
}

struct meter_regex *meter_regex_new(const char *pattern, struct err *err)
{
	struct meter_regex *regex = calloc(1, sizeof(*regex));
	if (!regex) {
		err_set(err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	if (prepare(regex, pattern, err) == 0)
		return regex;
	meter_regex_free(regex);
	return NULL;
}

/* 0 and *value where these are digits, with separators between. */
static int number_of(const char *text, size_t length, int64_t *value)
{
	int64_t sum = 0;
	bool digits = false;
	for (size_t i = 0; i < length; i++) {
		const int digit = text[i] - '0';
		if (digits && strchr(",_ '", text[i]) && text[i])
			continue;
		if (digit < 0 || digit > 9 || sum > (INT64_MAX - digit) / 10)
			return -1;
		sum = sum * 10 + digit;
		digits = true;
	}
	if (!digits)
		return -1;
	*value = sum;
	return 0;
}

static void take_line(struct meter_regex *regex)
{
	int64_t tokens = 0;
	const int count = pcre2_match(regex->code, (PCRE2_SPTR)regex->line, regex->length, 0,
				      PCRE2_NO_UTF_CHECK, regex->found, regex->limits);
	if (count == PCRE2_ERROR_NOMATCH)
		return;
	if (count < 0) {
		regex->bad = "a line takes the pattern too long";
		return;
	}
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->found);
	if (count < 2 || ends[2] == PCRE2_UNSET || ends[3] < ends[2] ||
	    number_of(regex->line + ends[2], ends[3] - ends[2], &tokens) != 0)
		regex->bad = "what the pattern captured is no whole number";
	else if (!regex->said.known || regex->said.tokens < tokens)
		regex->said = USAGE_KNOWN(tokens);
}

void meter_regex_feed(struct meter_regex *regex, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		const size_t part = end ? (size_t)(end - bytes) : length;
		const size_t room = METER_REGEX_LINE - regex->length;
		const size_t kept = part < room ? part : room;
		memcpy(regex->line + regex->length, bytes, kept);
		regex->length += kept;
		if (!end)
			return;
		take_line(regex);
		regex->length = 0;
		bytes += part + 1;
		length -= part + 1;
	}
}

void meter_regex_end(struct meter_regex *regex)
{
	if (regex->length > 0)
		take_line(regex);
	regex->length = 0;
}

struct usage meter_regex_usage(const struct meter_regex *regex, const char **bad)
{
	if (bad)
		*bad = regex->bad;
	return regex->bad ? USAGE_UNKNOWN : regex->said;
}
