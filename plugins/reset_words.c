#include "plugins/reset_words.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	WORDS = 96, /* of a time */
	DAY = 24 * 3600,
	SPAN_MOST = 400 * DAY, /* no limit is longer; what is, was read wrongly */
};

static int64_t read_epoch(const char *text, int64_t at)
{
	char *end = NULL;
	(void)at;
	const long long seconds = strtoll(text, &end, 10);
	return end > text && seconds > 0 && seconds < INT64_MAX / 1000000 ? seconds : 0;
}

/* Milliseconds of the unit that a word begins with, or 0. */
static int64_t unit_of(const char *word)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 1000LL * DAY}};
	if (word[0] == 'm' && word[1] == 's')
		return 1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (word[0] == units[i].letter)
			return units[i].ms;
	return 0;
}

/* One number with its unit; its milliseconds, or -1. Moves *text behind it. */
static int64_t read_part(const char **text)
{
	char *end = NULL;
	if (!isdigit((unsigned char)**text))
		return -1;
	const double number = strtod(*text, &end);
	while (*end == ' ')
		end++;
	const int64_t unit = unit_of(end);
	if (unit == 0 || number > SPAN_MOST)
		return -1;
	while (isalpha((unsigned char)*end))
		end++;
	while (*end == ' ' || *end == ',')
		end++;
	*text = end;
	return (int64_t)(number * (double)unit);
}

/* "3600s", "2h31m49s", "3 days 4 hours": from `at` on, rounded up. */
static int64_t read_span(const char *text, int64_t at)
{
	int64_t ms = 0, part;
	while (ms >= 0 && ms < SPAN_MOST * 1000LL && (part = read_part(&text)) >= 0)
		ms += part;
	if (at <= 0 || ms <= 0 || ms > SPAN_MOST * 1000LL)
		return 0;
	return at + (ms + 999) / 1000;
}

/* Copies the words of a time, "17th" as "17". */
static void copy_words(const char *text, char out[WORDS])
{
	size_t length = 0;
	for (; *text && *text != '\n' && length < WORDS - 1; text++) {
		const bool after_digit = length > 0 && isdigit((unsigned char)out[length - 1]);
		if (after_digit && (strncmp(text, "st", 2) == 0 || strncmp(text, "nd", 2) == 0 ||
				    strncmp(text, "rd", 2) == 0 || strncmp(text, "th", 2) == 0))
			text++;
		else
			out[length++] = *text;
	}
	out[length] = '\0';
}

/* Whether this machine keeps its time by a zone of that name. */
static bool is_our_zone(const char *name, size_t length)
{
	char target[PATH_MAX];
	const char *ours = getenv("TZ");
	if (!ours) {
		const ssize_t got = readlink("/etc/localtime", target, sizeof(target) - 1);
		target[got > 0 ? got : 0] = '\0';
		ours = strstr(target, "zoneinfo/");
		ours = ours ? ours + strlen("zoneinfo/") : "";
	}
	ours += *ours == ':';
	return length > 0 && strlen(ours) == length && strncmp(ours, name, length) == 0;
}

/* "(ZONE)" behind a time. False where it is none that we know. */
static bool read_zone(const char *text, bool *utc)
{
	*utc = false;
	while (*text == ' ')
		text++;
	const char *end = *text == '(' ? strchr(text, ')') : NULL;
	if (!end)
		return *text != '(';
	const size_t length = (size_t)(end - text) - 1;
	*utc = length == 3 && strncmp(text + 1, "UTC", 3) == 0;
	return *utc || is_our_zone(text + 1, length);
}

/* Where the minute ends: no earlier than what was cut off. */
static int64_t seconds_of(struct tm tm, bool utc)
{
	tm.tm_isdst = -1;
	return (utc ? timegm(&tm) : mktime(&tm)) + 60;
}

static int64_t read_date(const char *text, int64_t at)
{
	static const struct {
		const char *format;
		bool day, year;
	} forms[] = {
		{"%b %d, %Y %I:%M %p", true, true}, {"%b %d, %Y, %I:%M %p", true, true},
		{"%b %d, %I:%M %p", true, false},   {"%b %d, %I %p", true, false},
		{"%b %d at %I:%M %p", true, false}, {"%b %d at %I %p", true, false},
		{"%I:%M %p", false, false},         {"%I %p", false, false},
	};
	char words[WORDS] = "";
	copy_words(text, words);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_sec = 0}, now;
		bool utc;
		const time_t base = at;
		const char *end = strptime(words, forms[i].format, &tm);
		if (!end)
			continue;
		if (!read_zone(end, &utc) || (!forms[i].year && at <= 0))
			return 0;
		if (!(utc ? gmtime_r(&base, &now) : localtime_r(&base, &now)))
			return 0;
		if (!forms[i].year)
			tm.tm_year = now.tm_year;
		if (!forms[i].day) {
			tm.tm_mon = now.tm_mon;
			tm.tm_mday = now.tm_mday;
		}
		if (!forms[i].year && seconds_of(tm, utc) <= at) {
			tm.tm_mday += !forms[i].day;
			tm.tm_year += forms[i].day;
		}
		const int64_t seconds = seconds_of(tm, utc);
		return seconds > 0 ? seconds : 0;
	}
	return 0;
}

int64_t reset_words(const char *said, int64_t at)
{
	static const struct {
		const char *lead;
		int64_t (*read)(const char *text, int64_t at);
	} forms[] = {
		{"limit reached|", read_epoch}, {"\"resets_at\":", read_epoch},
		{"ry again at ", read_date},    {"resets at ", read_date},
		{"resets in ", read_span},      {"resets ", read_date},
		{"retry after ", read_span},    {"retry in ", read_span},
		{"ry again in ", read_span},    {"reset after ", read_span},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *lead = strstr(said, forms[i].lead);
		const int64_t found = lead ? forms[i].read(lead + strlen(forms[i].lead), at) : 0;
		if (found > 0)
			return found;
	}
	return 0;
}
