/*
 * Meters: what reads a worker's usage, while it runs and when it has ended. One meter is for one
 * worker; what it takes is in struct meter_start, and borrowed until meter_free. A kind of meter is
 * a row of the table in meter.c and a file.
 *
 *	meter = meter_new(&start, &err);
 *	meter_feed(meter, bytes, length);       as it prints; meter_said() for STEPGATE_USAGE_FD
 *	meter_look(meter);                      now and then: the agent's own files, as they grow
 *	meter_live(meter, measure, &lost);      the figure so far
 *	meter_end(meter, &end, &reading);       once: the figure that counts
 */
#ifndef PLUGINS_METER_H
#define PLUGINS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/gate.h"
#include "plugins/host.h"
#include "plugins/usage.h"

struct meter_start {
	enum conf_meter kind;
	/* What meter and worker share: meter_command, cwd, usage_required. NULL: a transcript is
	 * read, with no worker. */
	const struct conf_step *step;
	const char *const *environment; /* the worker's, whole; NULL with no worker */
	const struct host *host;        /* runs a meter_command; may be NULL where there is none */
	/* For an agent's meter: */
	/* Its own folder; NULL: by the environment (see meter_folder), or what it prints alone. */
	const char *files;
	const char *session; /* the session that it is given, or resumes; NULL: it makes its own */
	int64_t since_ms;    /* when the worker starts, ms since 1970; what is older in its files is
				not charged. 0: not known */
	/* For a plugin: the file of what the worker prints, while it prints, and how many bytes of
	 * that are not in it. NULL: none. */
	const char *output;
	const int64_t *output_missing;
};

/* How the worker ended, for what its words don't say. {-1} where that is not known. */
struct meter_end {
	int exit_code;      /* or -1 */
	int signal;         /* what killed it, or 0 */
	bool asked;         /* we asked it to end, or killed it */
	const char *output; /* the file with all that it printed; NULL where that is not whole */
};

struct meter; /* opaque */

/* Whether a step's meter can be what its config says: its pattern is looked at. 0, or -1 and *err
 * (ERR_CONFIG) without a place. */
int meter_check(const struct conf_step *step, struct err *err);

/* Whether a kind reads an agent's words, which tell parts, and not one figure. */
bool meter_reads_agent(enum conf_meter kind);

/* The folder of an agent's own files, by its worker's environment, into out[size]: out, or NULL
 * where there is none, for one that is not known beforehand too. */
const char *meter_folder(enum conf_meter kind, const char *const *environment, char *out,
			 size_t size);

/* NULL and *err where it can't be: memory, or a setting that is none. What is in the agent's files
 * already is looked at here, so that only what comes after is charged. */
struct meter *meter_new(const struct meter_start *start, struct err *err);
void meter_free(struct meter *meter);

/* Takes the next bytes of the worker's stdout, however they are cut; keeps none of them. */
void meter_feed(struct meter *meter, const char *bytes, size_t length);
/* The same for what it writes on STEPGATE_USAGE_FD. */
void meter_said(struct meter *meter, const char *bytes, size_t length);
/* Reads what the agent's files have got since the last look, or sees to what a plugin says. Cheap
 * where that is nothing. */
void meter_look(struct meter *meter);

/* The figure so far; unknown while there is none. *lost (may be NULL): it can't be known any more.
 * It never falls. */
struct usage meter_live(const struct meter *meter, enum conf_measure measure, bool *lost);

/* Whether the live figure is of parts, and not one figure that counts as it stands. */
bool meter_tells_parts(const struct meter *meter);

/* The worker has ended. An unknown usage is an answer as well: reading->why then says why. */
void meter_end(struct meter *meter, const struct meter_end *end, struct reading *reading);

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
/* The same among what a worker prints: what is no JSON object, or too long, is passed over. */
struct meter_lines *meter_lines_among_output(void);
void meter_lines_free(struct meter_lines *lines);
/* Takes the next bytes, however they are cut. */
void meter_lines_feed(struct meter_lines *lines, const char *bytes, size_t length);
/* The worker has ended: a last line without a newline counts if it is whole, and is bad if not. */
void meter_lines_end(struct meter_lines *lines);
/* What was said so far: unknown while nothing was; unknown for good once a line could not be read,
 * for then the sum can't be trusted. *bad (may be NULL) gets the number of such lines. */
struct usage meter_lines_usage(const struct meter_lines *lines, int64_t *bad);

/*
 * The usage of a step whose meter reads lines or is a command, after its end, by its config: what
 * its meter says, or its lines where it has no other. A configured meter that gives no figure, or a
 * required one that is missing, is unknown; a plain command that said nothing used a known zero.
 * `environment` is the worker's. Where it is unknown *err says why (0 is returned all the same: an
 * unknown usage is an answer).
 */
struct usage meter_read(const struct conf_step *step, const struct meter_lines *lines,
			const char *const *environment, const struct host *host, struct err *err);

#endif
