/* The five fields of crontab(5): read and checked, and written as systemd.time(7) has it. */
#ifndef RUNNER_SCHEDULE_CRON_H
#define RUNNER_SCHEDULE_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum cron_field {
	CRON_MINUTE,
	CRON_HOUR,
	CRON_DAY,
	CRON_MONTH,
	CRON_WEEKDAY,
	CRON_NFIELDS,
};

#define CRON_TEXT     512 /* room for the fields and their NUL */
#define CRON_CALENDAR 512 /* room for one calendar expression and its NUL */

struct cron {
	uint64_t set[CRON_NFIELDS]; /* bit N: the value N; Sunday is 0 */
	bool star[CRON_NFIELDS];    /* the field begins with "*": see cron_calendar */
	char text[CRON_TEXT];       /* the five fields, names turned into figures */
};

/* Reads "0 3 * * mon-fri" or "@daily". What cron would refuse, would take for something else, or
 * would never run is refused, with the field's name. 0, or -1 and *err (ERR_USAGE). */
int cron_parse(const char *text, struct cron *cron, struct err *err);

/*
 * The same times as calendar expressions of systemd: how many there are (1 or 2), each in
 * out[CRON_CALENDAR]. Where day and weekday are both given, cron takes a day that is either, which
 * needs two; one that begins with "*" is taken together with the other.
 */
int cron_calendar(const struct cron *cron, char out[2][CRON_CALENDAR]);

#endif
