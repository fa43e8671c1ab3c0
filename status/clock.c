#include "status/clock.h"

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
	if (fraction < 0)
		fraction += SECOND_US;
	const time_t seconds = (time_t)((us - fraction) / SECOND_US);
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

static int64_t read_fraction(const char **at)
{
	int64_t value = 0, unit = SECOND_US / 10;
	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		value += (**at - '0') * unit;
	return value;
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

int clock_read(const char *text, int64_t *us)
{
	const char *at = text;
	struct tm utc = {.tm_isdst = 0};
	utc.tm_year = digits(&at, 4) - 1900;
	const int a = separator(&at, "-");
	utc.tm_mon = digits(&at, 2) - 1;
	const int b = separator(&at, "-");
	utc.tm_mday = digits(&at, 2);
	const int c = separator(&at, "Tt ");
	utc.tm_hour = digits(&at, 2);
	const int d = separator(&at, ":");
	utc.tm_min = digits(&at, 2);
	const int e = separator(&at, ":");
	utc.tm_sec = digits(&at, 2);
	const int64_t fraction = read_fraction(&at);
	int offset = 0;
	if (a || b || c || d || e || read_offset(at, &offset) != 0)
		return -1;
	if (utc.tm_year < -1900 || utc.tm_mon < 0 || utc.tm_mon > 11 || utc.tm_mday < 1 ||
	    utc.tm_mday > 31 || utc.tm_hour < 0 || utc.tm_hour > 23 || utc.tm_min < 0 ||
	    utc.tm_min > 59 || utc.tm_sec < 0 || utc.tm_sec > 60)
		return -1;
	*us = ((int64_t)timegm(&utc) - offset) * SECOND_US + fraction;
	return 0;
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
		if (ms < units[i].ms && i < 3)
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
