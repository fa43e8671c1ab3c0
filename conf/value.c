#include "conf/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/nearest.h"
#include "conf/utf8.h"
#include "fsm/bug.h"

#define DIGITS "0123456789"

static const struct unit {
	const char *name;
	int64_t milliseconds;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

#define NUNITS (sizeof(units) / sizeof(units[0]))

/* Reads the digits at *text and goes behind them. False where there are none, or too many. */
static bool read_digits(const char **text, int64_t *number)
{
	const size_t length = strspn(*text, DIGITS);
	int64_t n = 0;
	for (size_t i = 0; i < length; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (*text)[i] - '0', &n))
			return false;
	*text += length;
	*number = n;
	return length > 0;
}

static const struct unit *read_unit(const char **text)
{
	const size_t length = strcspn(*text, DIGITS);
	for (size_t i = 0; i < NUNITS; i++)
		if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return &units[i];
		}
	return NULL;
}

static bool read_duration(const char *text, int64_t *milliseconds)
{
	int64_t sum = 0;
	if (strcmp(text, "0") == 0) {
		*milliseconds = 0;
		return true;
	}
	do {
		int64_t number, part;
		const struct unit *unit;
		if (!read_digits(&text, &number) || !(unit = read_unit(&text)) ||
		    __builtin_mul_overflow(number, unit->milliseconds, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
	} while (*text);
	*milliseconds = sum;
	return true;
}

static bool read_size(const char *text, int64_t *bytes)
{
	static const char letters[] = "KMG";
	int64_t number;
	if (!read_digits(&text, &number))
		return false;
	const char *letter = *text ? strchr(letters, *text) : NULL;
	for (const char *l = letters; letter && l <= letter; l++)
		if (__builtin_mul_overflow(number, 1024, &number))
			return false;
	*bytes = number;
	return text[letter != NULL] == '\0';
}

static bool read_boolean(const char *text, bool *value)
{
	static const char *const words[] = {"true", "yes", "on", "false", "no", "off"};
	for (size_t i = 0; i < 6; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*value = i < 3;
			return true;
		}
	return false;
}

void value_write_duration(int64_t milliseconds, char out[VALUE_DURATION_SIZE])
{
	size_t i = NUNITS - 1;
	while (i > 0 && milliseconds % units[i].milliseconds != 0)
		i--;
	if (milliseconds == 0)
		snprintf(out, VALUE_DURATION_SIZE, "0");
	else
		snprintf(out, VALUE_DURATION_SIZE, "%" PRId64 "%s",
			 milliseconds / units[i].milliseconds, units[i].name);
}

void value_write_size(int64_t bytes, char out[VALUE_DURATION_SIZE])
{
	static const char *const letters[] = {"", "K", "M", "G"};
	size_t i = 0;
	for (; i < 3 && bytes >= 1024 && bytes % 1024 == 0; i++)
		bytes /= 1024;
	snprintf(out, VALUE_DURATION_SIZE, "%" PRId64 "%s", bytes, letters[i]);
}

static int check_integer(const struct option *option, const char *text, char *why)
{
	const bool negative = *text == '-';
	const char *end = text + negative;
	const size_t digits = strspn(end, DIGITS);
	int64_t n = 0;
	if (digits == 0 || end[digits] != '\0')
		snprintf(why, VALUE_WHY_SIZE, "it takes a whole number");
	else if (negative || !read_digits(&end, &n) || n < option->min || n > option->max)
		snprintf(why, VALUE_WHY_SIZE, "it goes from %" PRId64 " to %" PRId64, option->min,
			 option->max);
	else
		return 0;
	return -1;
}

static int check_duration(const struct option *option, const char *text, char *why)
{
	int64_t milliseconds;
	char least[VALUE_DURATION_SIZE], most[VALUE_DURATION_SIZE];
	if (!read_duration(text, &milliseconds)) {
		snprintf(why, VALUE_WHY_SIZE,
			 "it takes a time with its unit: 500ms, 90s, 45m, 2h, 1h30m");
		return -1;
	}
	if (milliseconds >= option->min && milliseconds <= option->max)
		return 0;
	value_write_duration(option->min, least);
	value_write_duration(option->max, most);
	snprintf(why, VALUE_WHY_SIZE, "it goes from %s to %s", least, most);
	return -1;
}

static int check_size(const struct option *option, const char *text, char *why)
{
	int64_t bytes;
	char least[VALUE_DURATION_SIZE], most[VALUE_DURATION_SIZE];
	if (!read_size(text, &bytes)) {
		snprintf(why, VALUE_WHY_SIZE,
			 "it takes a number of bytes, K, M or G: 4096, 64K, 512M");
		return -1;
	}
	if (bytes >= option->min && bytes <= option->max)
		return 0;
	value_write_size(option->min, least);
	value_write_size(option->max, most);
	snprintf(why, VALUE_WHY_SIZE, "it goes from %s to %s", least, most);
	return -1;
}

static size_t count_choices(const struct option *option)
{
	size_t n = 0;
	while (option->choices[n])
		n++;
	return n;
}

static int check_choice(const struct option *option, const char *text, char *why)
{
	if (value_choice(option, text) >= 0)
		return 0;
	if (option->prefix && strncmp(text, option->prefix, strlen(option->prefix)) == 0)
		return text[strlen(option->prefix)]
			       ? 0
			       : (snprintf(why, VALUE_WHY_SIZE, "nothing is behind it"), -1);
	const size_t count = count_choices(option);
	const char *nearest = nearest_name(text, option->choices, count);
	if (nearest) {
		snprintf(why, VALUE_WHY_SIZE, "did you mean '%s'?", nearest);
		return -1;
	}
	size_t used = (size_t)snprintf(why, VALUE_WHY_SIZE, "it takes %s", option->choices[0]);
	for (size_t i = 1; i < count && used < VALUE_WHY_SIZE; i++)
		used += (size_t)snprintf(why + used, VALUE_WHY_SIZE - used, "%s%s",
					 i + 1 < count || option->prefix ? ", " : " or ",
					 option->choices[i]);
	if (option->prefix && used < VALUE_WHY_SIZE)
		snprintf(why + used, VALUE_WHY_SIZE - used, " or %s…", option->prefix);
	return -1;
}

static int check_string(const struct option *option, const char *text, char *why)
{
	if (option->type == OPTION_STRING && text[0] == '\0')
		snprintf(why, VALUE_WHY_SIZE, "it is empty");
	else if (!option->raw && utf8_has_control(text))
		snprintf(why, VALUE_WHY_SIZE, "it has a control character or a line break in it");
	else if (strlen(text) > (size_t)option->max)
		snprintf(why, VALUE_WHY_SIZE, "it is longer than %" PRId64 " bytes", option->max);
	else
		return 0;
	return -1;
}

int value_check(const struct option *option, const char *text, char why[VALUE_WHY_SIZE])
{
	bool ignored;
	switch (option->type) {
	case OPTION_INTEGER:
		return check_integer(option, text, why);
	case OPTION_SIZE:
		return check_size(option, text, why);
	case OPTION_DURATION:
		return check_duration(option, text, why);
	case OPTION_CHOICE:
	case OPTION_CHOICES:
		return check_choice(option, text, why);
	case OPTION_STRING:
	case OPTION_STRINGS:
		return check_string(option, text, why);
	case OPTION_BOOLEAN:
		if (read_boolean(text, &ignored))
			return 0;
		snprintf(why, VALUE_WHY_SIZE, "it takes true or false");
		return -1;
	case OPTION_SECTION:
		break;
	}
	BUG_ON(option->type == OPTION_SECTION); /* has no value of its own */
	return -1;
}

int64_t value_integer(const char *text)
{
	int64_t n = 0;
	BUG_ON(!read_digits(&text, &n));
	return n;
}

bool value_boolean(const char *text)
{
	bool value = false;
	BUG_ON(!read_boolean(text, &value));
	return value;
}

int64_t value_size(const char *text)
{
	int64_t bytes = 0;
	BUG_ON(!read_size(text, &bytes));
	return bytes;
}

int64_t value_duration(const char *text)
{
	int64_t milliseconds = 0;
	BUG_ON(!read_duration(text, &milliseconds));
	return milliseconds;
}

int value_choice(const struct option *option, const char *text)
{
	for (int i = 0; option->choices[i]; i++)
		if (strcmp(option->choices[i], text) == 0)
			return i;
	return -1;
}
