/* The text of a JSON string as it streams by, escapes resolved and cut to fit; and what numbers
 * are worth. Used by scan.c alone. */
#ifndef PLUGINS_SCAN_TEXT_H
#define PLUGINS_SCAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan_buffer {
	char *bytes; /* lent */
	size_t room; /* with the NUL */
	size_t length;
	size_t whole;   /* bytes that came, kept or not */
	int escape;     /* 0: none; 1: after a backslash; 2..5: so many + 1 hex digits missing */
	uint32_t unit;  /* of a \u, so far */
	uint32_t first; /* the first half of a surrogate pair, or 0 */
};

void scan_buffer_begin(struct scan_buffer *buffer, char *bytes, size_t room);
/* Takes bytes of the string up to its closing quote, a line end, or the end of them; gives where it
 * stopped. *closed: at the quote. *wrong: an escape that is none. */
const char *scan_buffer_take(struct scan_buffer *buffer, const char *at, const char *end,
			     bool *closed, bool *wrong);

/* The first byte that is a quote, a backslash or a line end, or end. */
const char *scan_to_mark(const char *at, const char *end);
/* The first byte that is a quote, a brace, a bracket or a line end, or end. */
const char *scan_to_bracket(const char *at, const char *end);

/* A number of JSON as in struct scan_value. */
int64_t scan_whole_number(const char *text);

#endif
