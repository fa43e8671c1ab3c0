/* Meters: what reads a worker's usage. */
#ifndef PLUGINS_METER_H
#define PLUGINS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/gate.h"
#include "plugins/host.h"

/*
 * The lines that a worker writes on STEPGATE_USAGE_FD, each a JSON object: {"tokens": N} says what
 * the step has used so far, {"tokens_delta": N} adds to it. N is a whole number, 0 or more (a
 * fraction of zero is fine, and sums stop at INT64_MAX). Usage never falls: of two figures the
 * larger counts. Blank lines and objects with neither key are passed over. Whatever else there is
 * makes a line bad, both keys in one line and a length over METER_LINE_MAX among it. Memory is
 * constant.
 */
#define METER_LINE_MAX 65536

struct meter_lines; /* opaque */
struct meter_lines *meter_lines_new(void);
void meter_lines_free(struct meter_lines *lines);
/* Takes the next bytes, however they are cut. */
void meter_lines_feed(struct meter_lines *lines, const char *bytes, size_t length);
/* The worker has ended: a last line without a newline counts if it is whole, and is bad if not. */
void meter_lines_end(struct meter_lines *lines);
/* What was said so far: unknown while nothing was; unknown for good once a line could not be read,
 * for then the sum can't be trusted. *bad (may be NULL) gets the number of such lines. */
struct usage meter_lines_usage(const struct meter_lines *lines, int64_t *bad);

/*
 * The step's own usage after its end, by its config: what its meter says, or its lines where it has
 * no other. A configured meter that gives no figure, or a required one that is missing, is unknown;
 * a plain command that said nothing used a known zero. `environment` is the worker's. Where it is
 * unknown *err says why (0 is returned all the same: an unknown usage is an answer).
 */
struct usage meter_read(const struct conf_step *step, const struct meter_lines *lines,
			const char *const *environment, const struct host *host, struct err *err);

#endif
