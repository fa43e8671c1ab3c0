#include "status/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"

/* Nobody writes this into a text: a control character must be escaped in JSON. */
#define MARK "\001number:"

static size_t digits(const char *text, size_t length)
{
	size_t i = 0;
	while (i < length && isdigit((unsigned char)text[i]))
		i++;
	return i;
}

/* The length of the number that text begins with as JSON has them (RFC 8259, 6), or 0. */
static size_t strict_number(const char *text, size_t length)
{
	size_t i = length > 0 && text[0] == '-';
	const size_t whole = digits(text + i, length - i);
	if (whole == 0 || (whole > 1 && text[i] == '0'))
		return 0;
	i += whole;
	if (i < length && text[i] == '.') {
		const size_t fraction = digits(text + i + 1, length - i - 1);
		if (fraction == 0)
			return 0;
		i += 1 + fraction;
	}
	if (i < length && (text[i] == 'e' || text[i] == 'E')) {
		const size_t sign = i + 1 < length && strchr("+-", text[i + 1]);
		const size_t exponent = digits(text + i + 1 + sign, length - i - 1 - sign);
		if (exponent == 0)
			return 0;
		i += 1 + sign + exponent;
	}
	return i;
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

/* Copies the number that text begins with, as a marked string; gives its length. What is none is
 * copied as it is, for cJSON to refuse. */
static size_t copy_number(struct copy *copy, const char *text, size_t length)
{
	const size_t number = strict_number(text, length);
	size_t all = number;
	while (all < length && (isalnum((unsigned char)text[all]) || strchr("+-.", text[all])))
		all++;
	if (number == all)
		append(copy, "\"" MARK, sizeof("\"" MARK) - 1);
	append(copy, text, all);
	if (number == all)
		append(copy, "\"", 1);
	return all;
}

/* The text with each number as a marked string; malloc, or NULL. */
static char *mark_numbers(const char *text, size_t length, size_t *marked)
{
	/* A number and what parts it from the next are two bytes at least, and gain ten. */
	struct copy copy = {.out = malloc(6 * length + sizeof("\"" MARK "\""))};
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
		const char *number = item->valuestring + mark;
		const size_t length = strlen(number);
		/* Raw items are printed unseen: nothing else may become one. */
		if (strict_number(number, length) != length)
			continue;
		memmove(item->valuestring, number, length + 1);
		item->type = cJSON_Raw;
	}
}

static int compare_keys(const void *a, const void *b)
{
	const char *const *first = a, *const *second = b;
	return strcmp(*first, *second);
}

/* True also when memory is short. */
static bool has_twins(const cJSON *object)
{
	const size_t count = (size_t)cJSON_GetArraySize(object);
	const char **keys = malloc((count + 1) * sizeof(*keys));
	bool twins = !keys;
	size_t n = 0;
	for (const cJSON *item = object->child; keys && item; item = item->next)
		keys[n++] = item->string;
	if (keys)
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n && !twins; i++)
		twins = strcmp(keys[i - 1], keys[i]) == 0;
	free(keys);
	return twins;
}

/* A copy with U+FFFD for each byte that belongs to no character; malloc, or NULL. */
static char *mend(const char *text, size_t length, size_t *mended)
{
	char *copy = malloc(3 * length + 1);
	size_t at = 0;
	for (size_t i = 0; copy && i < length;) {
		const size_t taken = utf8_character(text + i, length - i, NULL);
		memcpy(copy + at, taken ? text + i : "\xef\xbf\xbd", taken ? taken : 3);
		at += taken ? taken : 3;
		i += taken ? taken : 1;
	}
	if (copy)
		copy[at] = '\0';
	*mended = at;
	return copy;
}

static cJSON *parse(const char *bytes, size_t length)
{
	size_t marked;
	char *text = mark_numbers(bytes, length, &marked);
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

cJSON *json_parse_object(const char *bytes, size_t length)
{
	errno = 0;
	if (memchr(bytes, '\0', length))
		return NULL;
	if (utf8_valid(bytes, length) == length)
		return parse(bytes, length);
	size_t mended;
	char *text = mend(bytes, length, &mended);
	cJSON *object = text ? parse(text, mended) : NULL;
	free(text);
	return object;
}

cJSON *json_keyed(const char *key, cJSON *value)
{
	char *copy = value ? cJSON_malloc(strlen(key) + 1) : NULL;
	if (!copy) {
		cJSON_Delete(value);
		return NULL;
	}
	memcpy(copy, key, strlen(key) + 1);
	value->string = copy;
	return value;
}

void json_put(cJSON *object, cJSON *keyed)
{
	cJSON *there = cJSON_GetObjectItemCaseSensitive(object, keyed->string);
	if (there)
		cJSON_ReplaceItemViaPointer(object, there, keyed);
	else
		cJSON_AddItemToArray(object, keyed); /* keeps the key that it has */
}

int json_set(cJSON *object, const char *key, cJSON *value)
{
	cJSON *keyed = json_keyed(key, value);
	if (!keyed)
		return -1;
	json_put(object, keyed);
	return 0;
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
	size_t mended;
	if (utf8_valid(text, length) == length)
		return cJSON_CreateString(text);
	char *copy = mend(text, length, &mended);
	cJSON *item = copy ? cJSON_CreateString(copy) : NULL;
	free(copy);
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

/* One that is written with a fraction or an exponent, or that was never a raw item: exact where a
 * double is. */
static int whole_double(double number, int64_t *value)
{
	if (!(number >= 0 && number < 9007199254740992.0) || (double)(int64_t)number < number)
		return -1;
	*value = (int64_t)number;
	return 0;
}

int json_get_integer(const cJSON *object, const char *key, int64_t *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	if (cJSON_IsNumber(item))
		return whole_double(item->valuedouble, value);
	if (!cJSON_IsRaw(item))
		return -1;
	char *end;
	errno = 0;
	const long long exact = strtoll(item->valuestring, &end, 10);
	if (*end)
		return whole_double(strtod(item->valuestring, NULL), value);
	if (errno || exact < 0)
		return -1;
	*value = exact;
	return 0;
}

const char *json_get_text(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}
