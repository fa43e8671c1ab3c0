/*
 * The one table of configuration keys: name, type, range, default, one line of help. The parser,
 * the checks, the advice for a misspelt key, `stepgate validate --keys` and the manual come from
 * it.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_STRING,
	OPTION_STRINGS,
	OPTION_INTEGER,
	OPTION_BOOLEAN,
	OPTION_SIZE,     /* "4096", "64K", "512M", "2G"; kept in bytes */
	OPTION_DURATION, /* "90s", "45m", "2h", "1h30m", "500ms"; kept in milliseconds */
	OPTION_CHOICE,   /* one of a few words */
	OPTION_CHOICES,  /* a list of them */
	OPTION_SECTION,  /* holds options of its own */
};

struct option {
	const char *section; /* "" for the top level, else "budget", "step", … */
	const char *name;
	enum option_type type;
	/* INTEGER: range; SIZE: range in bytes; DURATION: range in milliseconds; STRING, STRINGS
	 * and a SECTION's title: `max` is the greatest length in bytes. */
	int64_t min, max;
	const char *fallback;       /* the default as it would stand in a file; NULL: none */
	const char *const *choices; /* CHOICE, CHOICES; ends with NULL */
	/* CHOICE: or what begins with this, and anything behind it; NULL: nothing else */
	const char *prefix;
	bool titled;      /* SECTION: has a title and may come more than once */
	bool raw;         /* STRING, STRINGS: may hold control characters, line breaks among them */
	bool secret;      /* its value is part of no message */
	const char *help; /* one line */
};

/* The top level first, then section by section. */
extern const struct option conf_options[];
extern const size_t conf_noptions;

bool option_is_list(const struct option *option);
/* The row, or NULL. */
const struct option *option_find(const char *section, const char *name);

#endif
