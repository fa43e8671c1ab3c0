/* The time of day, and how it is written: RFC 3339 in UTC with microseconds. */
#ifndef STATUS_CLOCK_H
#define STATUS_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT 64 /* room for a written time and its NUL */

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now(void);

/* Milliseconds on a clock that no one sets: for timeouts. */
int64_t clock_monotonic_ms(void);

/* Writes "2026-02-07T15:27:14.949404Z" (RFC 3339, 5.6) into text[CLOCK_TEXT]; gives text. */
const char *clock_write(int64_t us, char *text);

/* Reads what clock_write wrote (any number of fraction digits, Z or an offset). 0, or -1. */
int clock_read(const char *text, int64_t *us);

/* How long is waited after the nth failure in a row (from 1): `first_ms`, then twice as long each
 * time, `most_ms` at most. */
int64_t clock_backoff(int64_t first_ms, int64_t most_ms, int nth);

/* "7 s", "3 min 20 s", "2 h 5 min", "1 d 3 h" into text[CLOCK_TEXT]; gives text. */
const char *clock_span(int64_t ms, char *text);

#endif
