/* A command's arguments, as a table: parsed, checked, and explained by --help from the same rows.
 */
#ifndef RUNNER_COMMANDS_ARGS_H
#define RUNNER_COMMANDS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum arg_type {
	ARG_FLAG,  /* bool: true when given */
	ARG_TEXT,  /* const char *: the value, borrowed from argv */
	ARG_TEXTS, /* struct arg_texts: all values up to the next option; may be the last positional
		    */
	ARG_INTEGER,  /* int64_t, within min..max */
	ARG_DURATION, /* int64_t: milliseconds, within min..max; "90s", "1h30m" */
	ARG_PATIENCE, /* the same, given as "--name=VALUE" alone; without a value it is max */
};

struct arg_texts {
	char *const *values; /* borrowed from argv */
	int count;
};

/* A name that begins with "--" is an option; any other is a positional argument, in order. */
struct arg {
	const char *name;
	enum arg_type type;
	void *value; /* what it fills; untouched where the argument is not given */
	int64_t min, max;
	bool required;
	const char *shown; /* "P" for an option's value; NULL for a flag */
	const char *help;
};

/* Parses argv[0..argc) (without the command's name) into the values; the table ends with a NULL
 * name.
 * "--name VALUE", "--name=VALUE" and "--" work. 0, or -1 and *err (ERR_USAGE). */
int args_parse(const struct arg *table, int argc, char *const *argv, struct err *err);

#endif
