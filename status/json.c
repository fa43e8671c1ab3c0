#include "status/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"

#define EXACT_DIGITS 15 /* a whole number of so many digits is exact as a double */
#define MARK         "\001integer:"

/* The length of the number that text begins with where it is a whole one too long for a double;
 * else 0. *all gets the length of the number in any case. */
static size_t long_integer(const char *text, size_t length, size_t *all)
{
	size_t i = length > 0 && text[0] == '-';
	const size_t first = i;
	while (i < length && isdigit((unsigned char)text[i]))
		i++;
	const size_t whole = i;
	while (i < length && (isalnum((unsigned char)text[i]) || strchr("+-.", text[i])))
		i++;
	*all = i;
	return i == whole && whole - first > EXACT_DIGITS ? whole : 0;
}

/* Where a text is copied to, number by number and string by string. */
struct copy {
	char *out;
	size_t length;
};

static void append(struct copy *copy, const char *bytes, size_t length)
{
	memcpy(copy->out + copy->length, bytes, length);
	copy->length += length;
}

/* Copies the string that text begins with, quotes and all; gives its length. */
static size_t copy_string(struct copy *copy, const char *text, size_t length)
{
	size_t i = 1;
	while (i < length && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	i = i < length ? i + 1 : length;
	append(copy, text, i);
	return i;
}

/* Copies the number that text begins with, as a marked string where it is a long one. */
static size_t copy_number(struct copy *copy, const char *text, size_t length)
{
	size_t all;
	const size_t whole = long_integer(text, length, &all);
	if (whole)
		append(copy, "\"" MARK, sizeof("\"" MARK) - 1);
	append(copy, text, all);
	if (whole)
		append(copy, "\"", 1);
	return all;
}

/* The text with each long whole number as a marked string; malloc, or NULL. */
static char *mark_integers(const char *text, size_t length, size_t *marked)
{
	/* Sixteen digits at least gain twelve bytes at most: never twice the length. */
	struct copy copy = {.out = malloc(2 * length + 1)};
	for (size_t i = 0; copy.out && i < length;) {
		if (text[i] == '"') {
			i += copy_string(&copy, text + i, length - i);
		} else if (text[i] == '-' || isdigit((unsigned char)text[i])) {
			i += copy_number(&copy, text + i, length - i);
		} else {
			append(&copy, text + i, 1);
			i++;
		}
	}
	if (copy.out)
		copy.out[copy.length] = '\0';
	*marked = copy.length;
	return copy.out;
}

/* Turns marked strings back into numbers, as raw items. The depth is cJSON's own limit. */
static void unmark(cJSON *item)
{
	const size_t mark = sizeof(MARK) - 1;
	for (; item; item = item->next) {
		unmark(item->child);
		if (!cJSON_IsString(item) || strncmp(item->valuestring, MARK, mark) != 0)
			continue;
		char *digits = item->valuestring + mark;
		const bool negative = digits[0] == '-';
		if (strspn(digits + negative, "0123456789") != strlen(digits + negative))
			continue;
		memmove(item->valuestring, digits, strlen(digits) + 1);
		item->type = cJSON_Raw;
	}
}

static bool has_twins(const cJSON *object)
{
	for (const cJSON *item = object->child; item; item = item->next)
		for (const cJSON *other = item->next; other; other = other->next)
			if (strcmp(item->string, other->string) == 0)
				return true;
	return false;
}

cJSON *json_parse_object(const char *bytes, size_t length)
{
	size_t marked;
	if (memchr(bytes, '\0', length))
		return NULL;
	char *text = mark_integers(bytes, length, &marked);
	if (!text)
		return NULL;
	cJSON *object = cJSON_ParseWithLengthOpts(text, marked + 1, NULL, 1);
	free(text);
	if (!cJSON_IsObject(object) || has_twins(object)) {
		cJSON_Delete(object);
		return NULL;
	}
	unmark(object->child);
	return object;
}

int json_set(cJSON *object, const char *key, cJSON *value)
{
	if (!value)
		return -1;
	const bool there = cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
	const cJSON_bool set = there ? cJSON_ReplaceItemInObjectCaseSensitive(object, key, value)
				     : cJSON_AddItemToObject(object, key, value);
	if (!set)
		cJSON_Delete(value);
	return set ? 0 : -1;
}

static int set_raw(cJSON *object, const char *key, const char *text)
{
	return json_set(object, key, cJSON_CreateRaw(text));
}

int json_set_integer(cJSON *object, const char *key, int64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)value);
	return set_raw(object, key, text);
}

int json_set_usage(cJSON *object, const char *key, struct usage usage)
{
	if (!usage.known)
		return json_set(object, key, cJSON_CreateNull());
	return json_set_integer(object, key, usage.tokens);
}

int json_set_tenths(cJSON *object, const char *key, int64_t tenths)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld.%lld", (long long)(tenths / 10),
		 (long long)(tenths % 10));
	return set_raw(object, key, text);
}

int json_set_percent(cJSON *object, const char *key, struct usage used, int64_t budget)
{
	if (!used.known)
		return json_set(object, key, cJSON_CreateNull());
	return json_set_tenths(object, key, gate_tenths(used.tokens, budget));
}

cJSON *json_text(const char *text)
{
	const size_t length = strlen(text);
	if (utf8_valid(text, length) == length)
		return cJSON_CreateString(text);
	char *mended = malloc(3 * length + 1);
	size_t at = 0;
	for (size_t i = 0; mended && i < length;) {
		const size_t taken = utf8_character(text + i, length - i, NULL);
		memcpy(mended + at, taken ? text + i : "\xef\xbf\xbd", taken ? taken : 3);
		at += taken ? taken : 3;
		i += taken ? taken : 1;
	}
	if (!mended)
		return NULL;
	mended[at] = '\0';
	cJSON *item = cJSON_CreateString(mended);
	free(mended);
	return item;
}

int json_set_text(cJSON *object, const char *key, const char *text)
{
	return json_set(object, key, text ? json_text(text) : cJSON_CreateNull());
}

int json_set_bool(cJSON *object, const char *key, bool value)
{
	return json_set(object, key, cJSON_CreateBool(value));
}

int json_get_integer(const cJSON *object, const char *key, int64_t *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	if (cJSON_IsRaw(item)) {
		char *end;
		errno = 0;
		const long long exact = strtoll(item->valuestring, &end, 10);
		if (errno || *end || exact < 0)
			return -1;
		*value = exact;
		return 0;
	}
	if (!cJSON_IsNumber(item))
		return -1;
	const double number = item->valuedouble;
	if (!(number >= 0 && number < 9007199254740992.0) || (double)(int64_t)number < number)
		return -1;
	*value = (int64_t)number;
	return 0;
}

const char *json_get_text(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}
