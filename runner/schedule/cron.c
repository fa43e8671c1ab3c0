#include "runner/schedule/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACE " \t"

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
				     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct field {
	const char *name;
	int min, max;
	const char *const *names; /* of min, min + 1, …; or NULL */
} fields[CRON_NFIELDS] = {
	[CRON_MINUTE] = {"minute", 0, 59, NULL},
	[CRON_HOUR] = {"hour", 0, 23, NULL},
	[CRON_DAY] = {"day of the month", 1, 31, NULL},
	[CRON_MONTH] = {"month", 1, 12, months},
	[CRON_WEEKDAY] = {"day of the week", 0, 7, weekdays}, /* 0 and 7 are Sunday */
};

static const struct {
	const char *name, *fields;
} nicknames[] = {
	{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

/* One field being read. */
struct reader {
	const struct field *field;
	const char *at;
	struct err *err;
	struct cron *cron;
	size_t length; /* of cron->text */
};

/* What stands here, up to the next comma, for a message. */
static int item(const struct reader *reader)
{
	return (int)strcspn(reader->at, ",");
}

static void write_number(struct reader *reader, int number)
{
	char *text = reader->cron->text;
	reader->length +=
		(size_t)snprintf(text + reader->length, CRON_TEXT - reader->length, "%d", number);
}

static void write_char(struct reader *reader, char c)
{
	reader->cron->text[reader->length++] = c;
	reader->cron->text[reader->length] = '\0';
}

static int read_name(struct reader *reader, int *value)
{
	const struct field *field = reader->field;
	const size_t length = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	for (int i = 0; field->names && field->names[i]; i++)
		if (length == 3 && strncasecmp(reader->at, field->names[i], 3) == 0) {
			*value = field->min + i;
			reader->at += length;
			return 0;
		}
	return err_set(reader->err, ERR_USAGE, "%s: '%.*s': it takes figures from %d to %d%s",
		       field->name, item(reader), reader->at, field->min, field->max,
		       !field->names            ? ""
		       : field->names == months ? " or jan to dec"
						: " or sun to sat");
}

static int read_value(struct reader *reader, int *value)
{
	const struct field *field = reader->field;
	const size_t digits = strspn(reader->at, "0123456789");
	if (digits == 0)
		return read_name(reader, value);
	const long number = strtol(reader->at, NULL, 10);
	if (digits > 4 || number < field->min || number > field->max)
		return err_set(reader->err, ERR_USAGE, "%s: %.*s is not within %d to %d",
			       field->name, (int)digits, reader->at, field->min, field->max);
	*value = (int)number;
	reader->at += digits;
	return 0;
}

/* "*", "5", "1-5", "mon-fri"; whether it may have a step goes to *range. */
static int read_range(struct reader *reader, int *first, int *last, bool *range)
{
	const struct field *field = reader->field;
	*range = true;
	if (*reader->at == '*') {
		*first = field->min;
		*last = field == &fields[CRON_WEEKDAY] ? 6 : field->max;
		write_char(reader, *reader->at++);
		return 0;
	}
	if (read_value(reader, first) != 0)
		return -1;
	write_number(reader, *first);
	*last = *first;
	*range = *reader->at == '-';
	if (!*range)
		return 0;
	write_char(reader, *reader->at++);
	const bool named = isalpha((unsigned char)*reader->at) != 0;
	if (read_value(reader, last) != 0)
		return -1;
	if (named && field == &fields[CRON_WEEKDAY] && *last == 0)
		*last = 7; /* "sat-sun" */
	write_number(reader, *last);
	if (*first > *last)
		return err_set(reader->err, ERR_USAGE, "%s: %d-%d goes backwards", field->name,
			       *first, *last);
	return 0;
}

static int read_step(struct reader *reader, int first, int last, bool range, int *step)
{
	const struct field *field = reader->field;
	*step = 1;
	if (*reader->at != '/')
		return 0;
	if (!range)
		return err_set(reader->err, ERR_USAGE,
			       "%s: a step goes with * or a range: %d-%d%.*s", field->name, first,
			       field->max, item(reader), reader->at);
	write_char(reader, *reader->at++);
	const size_t digits = strspn(reader->at, "0123456789");
	const long number = digits > 0 && digits < 5 ? strtol(reader->at, NULL, 10) : 0;
	if (number < 1 || number > last - first + 1)
		return err_set(reader->err, ERR_USAGE,
			       "%s: '%.*s' is no step: it takes figures from 1 to %d", field->name,
			       item(reader), reader->at, last - first + 1);
	*step = (int)number;
	write_number(reader, *step);
	reader->at += digits;
	return 0;
}

/* One field, which ends with the text; its set goes to *set. */
static int read_field(struct reader *reader, uint64_t *set)
{
	for (;;) {
		int first, last, step;
		bool range;
		if (read_range(reader, &first, &last, &range) != 0 ||
		    read_step(reader, first, last, range, &step) != 0)
			return -1;
		for (int value = first; value <= last; value += step)
			*set |= UINT64_C(1)
				<< (reader->field == &fields[CRON_WEEKDAY] ? value % 7 : value);
		if (*reader->at == '\0')
			return 0;
		if (*reader->at != ',')
			return err_set(reader->err, ERR_USAGE, "%s: '%.*s' is out of place",
				       reader->field->name, item(reader), reader->at);
		write_char(reader, *reader->at++);
	}
}

/* Whether any of the days comes in any of the months; the weekday is another matter. */
static bool comes(const struct cron *cron)
{
	static const int days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	for (int month = 1; month <= 12; month++)
		if (cron->set[CRON_MONTH] >> month & 1)
			for (int day = 1; day <= days[month]; day++)
				if (cron->set[CRON_DAY] >> day & 1)
					return true;
	return false;
}

static int read_fields(char *text, struct cron *cron, struct err *err)
{
	char *words[CRON_NFIELDS], *rest = NULL;
	struct reader reader = {.err = err, .cron = cron};
	int n = 0;
	for (char *word = strtok_r(text, SPACE, &rest); word; word = strtok_r(NULL, SPACE, &rest)) {
		if (n < CRON_NFIELDS)
			words[n] = word;
		n++;
	}
	if (n != CRON_NFIELDS)
		return err_set(err, ERR_USAGE,
			       "the time has %d field%s, not five: minute, hour, day of the month, "
			       "month, day of the week, as in \"0 3 * * *\"",
			       n, n == 1 ? "" : "s");
	for (int i = 0; i < CRON_NFIELDS; i++) {
		reader.field = &fields[i];
		reader.at = words[i];
		cron->star[i] = *words[i] == '*';
		if (i > 0)
			write_char(&reader, ' ');
		if (read_field(&reader, &cron->set[i]) != 0)
			return -1;
	}
	return 0;
}

int cron_parse(const char *text, struct cron *cron, struct err *err)
{
	char copy[CRON_TEXT / 4]; /* a name becomes no longer than it was, a day's figure by one */
	struct cron made = {.text = ""};
	for (size_t i = 0; i < sizeof(nicknames) / sizeof(*nicknames); i++)
		if (strcasecmp(text, nicknames[i].name) == 0)
			text = nicknames[i].fields;
	if (*text == '@')
		return err_set(err, ERR_USAGE,
			       "'%s' is no time: @yearly, @monthly, @weekly, @daily, @hourly are, "
			       "or five fields as in \"0 3 * * *\"",
			       text);
	if (strlen(text) >= sizeof(copy))
		return err_set(err, ERR_USAGE, "the time is too long");
	snprintf(copy, sizeof(copy), "%s", text);
	if (read_fields(copy, &made, err) != 0)
		return -1;
	if (made.star[CRON_WEEKDAY] && !comes(&made))
		return err_set(err, ERR_USAGE,
			       "day of the month: no such day in these months: it would never run");
	*cron = made;
	return 0;
}
