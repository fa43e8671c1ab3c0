/* meter = "regex:PATTERN": the figure among what a worker prints, by a pattern of PCRE2 with one
 * capture. */
#ifndef PLUGINS_METER_REGEX_H
#define PLUGINS_METER_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"
#include "fsm/gate.h"

/* Of a line that is longer, so many bytes are looked at. */
#define METER_REGEX_LINE 65536

struct meter_regex; /* opaque */
/* NULL and *err (ERR_CONFIG) where the pattern is none, or has not exactly one capture: with what
 * is wrong, and where. */
struct meter_regex *meter_regex_new(const char *pattern, struct err *err);
void meter_regex_free(struct meter_regex *regex);

/* Takes the next bytes, however they are cut; a line counts once it has ended. */
void meter_regex_feed(struct meter_regex *regex, const char *bytes, size_t length);
void meter_regex_end(struct meter_regex *regex);

/* The largest figure so far: what is captured, a whole number that may have commas, underscores or
 * spaces at its thousands. Unknown while there is none. *bad (may be NULL): why one could not be
 * read, static text, or NULL. Matching is bounded in time and memory. */
struct usage meter_regex_usage(const struct meter_regex *regex, const char **bad);

#endif
