#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runner/schedule/cron.h"

/* In the order in which systemd counts them. */
static const struct {
	int value;
	const char *name;
} week[] = {{1, "Mon"}, {2, "Tue"}, {3, "Wed"}, {4, "Thu"}, {5, "Fri"}, {6, "Sat"}, {0, "Sun"}};

/* An expression being written. */
struct text {
	char *out;
	size_t length;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const int more =
		vsnprintf(text->out + text->length, CRON_CALENDAR - text->length, format, args);
	va_end(args);
	text->length += more > 0 ? (size_t)more : 0;
	if (text->length >= CRON_CALENDAR)
		text->length = CRON_CALENDAR - 1;
}

/* The values of a field: "*", "00,30", "01..15". */
static void put_field(struct text *text, uint64_t set, int min, int max)
{
	const char *comma = "";
	int last = min - 1;
	while (last < max && set >> (last + 1) & 1)
		last++;
	if (last == max) {
		put(text, "*");
		return;
	}
	for (int first = min; first <= max; first++) {
		if (!(set >> first & 1))
			continue;
		for (last = first; last < max && set >> (last + 1) & 1; last++)
			;
		put(text, "%s%02d", comma, first);
		if (last > first)
			put(text, "%s%02d", last > first + 1 ? ".." : ",", last);
		comma = ",";
		first = last;
	}
}

static void put_weekdays(struct text *text, uint64_t set)
{
	const char *comma = "";
	for (int i = 0; i < 7; i++)
		if (set >> week[i].value & 1) {
			put(text, "%s%s", comma, week[i].name);
			comma = ",";
		}
	put(text, " ");
}

static void write_one(const struct cron *cron, bool days, bool weekdays, char *out)
{
	struct text text = {.out = out};
	if (weekdays && cron->set[CRON_WEEKDAY] != 0x7f)
		put_weekdays(&text, cron->set[CRON_WEEKDAY]);
	put(&text, "*-");
	put_field(&text, cron->set[CRON_MONTH], 1, 12);
	put(&text, "-");
	if (days)
		put_field(&text, cron->set[CRON_DAY], 1, 31);
	else
		put(&text, "*");
	put(&text, " ");
	put_field(&text, cron->set[CRON_HOUR], 0, 23);
	put(&text, ":");
	put_field(&text, cron->set[CRON_MINUTE], 0, 59);
	put(&text, ":00");
}

int cron_calendar(const struct cron *cron, char out[2][CRON_CALENDAR])
{
	if (cron->star[CRON_DAY] || cron->star[CRON_WEEKDAY]) {
		write_one(cron, true, true, out[0]);
		return 1;
	}
	write_one(cron, true, false, out[0]);
	write_one(cron, false, true, out[1]);
	return 2;
}
