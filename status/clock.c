#include "status/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_US 1000000

int64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *clock_write(int64_t us, char *text)
{
	int64_t fraction = us % SECOND_US;
	time_t seconds = (time_t)(us / SECOND_US);
	if (fraction < 0) {
		fraction += SECOND_US;
		seconds--;
	}
	struct tm utc;
	gmtime_r(&seconds, &utc);
	const size_t length = strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, CLOCK_TEXT - length, ".%06dZ", (int)fraction);
	return text;
}

/* Exactly `count` digits at *at, which is moved past them. -1 where there are others. */
static int digits(const char **at, int count)
{
	int value = 0;
	for (; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static int separator(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return -1;
	(*at)++;
	return 0;
}

/* What stands behind a point, in microseconds; 0 where there is none, -1 where nothing follows. */
static int64_t read_fraction(const char **at)
{
	int64_t value = 0, unit = SECOND_US / 10;
	if (**at != '.')
		return 0;
	const char *first = ++*at;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		value += (**at - '0') * unit;
	return *at > first ? value : -1;
}

/* "Z" or "+hh:mm", in seconds; the end of the text must follow. */
static int read_offset(const char *at, int *seconds)
{
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0) {
		*seconds = 0;
		return 0;
	}
	const int sign = *at == '-' ? -1 : 1;
	if (separator(&at, "+-") != 0)
		return -1;
	const int hours = digits(&at, 2);
	const int colon = separator(&at, ":");
	const int minutes = digits(&at, 2);
	if (hours < 0 || hours > 23 || colon != 0 || minutes < 0 || minutes > 59 || *at)
		return -1;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return 0;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static int read_date(const char **at, struct tm *utc)
{
	const int year = digits(at, 4);
	const int first = separator(at, "-");
	const int month = digits(at, 2);
	const int second = separator(at, "-");
	const int day = digits(at, 2);
	if (first || second || year < 0 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month))
		return -1;
	utc->tm_year = year - 1900;
	utc->tm_mon = month - 1;
	utc->tm_mday = day;
	return 0;
}

static int read_time(const char **at, struct tm *utc)
{
	utc->tm_hour = digits(at, 2);
	const int first = separator(at, ":");
	utc->tm_min = digits(at, 2);
	const int second = separator(at, ":");
	utc->tm_sec = digits(at, 2); /* 60 is a leap second */
	return first || second || utc->tm_hour < 0 || utc->tm_hour > 23 || utc->tm_min < 0 ||
			       utc->tm_min > 59 || utc->tm_sec < 0 || utc->tm_sec > 60
		       ? -1
		       : 0;
}

int clock_read(const char *text, int64_t *us)
{
	const char *at = text;
	struct tm utc = {.tm_isdst = 0};
	int offset = 0;
	if (read_date(&at, &utc) != 0 || separator(&at, "Tt ") != 0 || read_time(&at, &utc) != 0)
		return -1;
	const int64_t fraction = read_fraction(&at);
	if (fraction < 0 || read_offset(at, &offset) != 0)
		return -1;
	*us = ((int64_t)timegm(&utc) - offset) * SECOND_US + fraction;
	return 0;
}

int64_t clock_backoff(int64_t first_ms, int64_t most_ms, int nth)
{
	int64_t ms = first_ms;
	while (--nth > 0 && ms < most_ms)
		ms *= 2;
	return ms < most_ms ? ms : most_ms;
}

const char *clock_span(int64_t ms, char *text)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
	if (ms < 0)
		ms = 0;
	for (int i = 0; i < 4; i++) {
		if (i < 3 && ms < units[i].ms)
			continue;
		const int64_t whole = ms / units[i].ms;
		const int64_t rest = i < 3 ? ms % units[i].ms / units[i + 1].ms : 0;
		if (rest)
			snprintf(text, CLOCK_TEXT, "%lld %s %lld %s", (long long)whole,
				 units[i].name, (long long)rest, units[i + 1].name);
		else
			snprintf(text, CLOCK_TEXT, "%lld %s", (long long)whole, units[i].name);
		break;
	}
	return text;
}
