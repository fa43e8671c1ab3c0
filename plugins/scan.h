/*
 * Reads values out of JSON (RFC 8259) as it streams by: of each object at the top of a stream, the
 * few whose paths were asked for. Nothing else is kept, so memory is constant whatever the lengths
 * of lines, texts and nestings. Objects may stand one on a line, over many lines, or in an array.
 *
 * It is for words that others write, cut off and mixed with other text: what is no object is passed
 * over, and an object that breaks off or is no JSON ends at its line's end, or where the next line
 * begins with a brace in its first column. What is not asked for is passed over by its brackets and
 * quotes, unchecked. Of a key that comes twice the last value counts.
 */
#ifndef PLUGINS_SCAN_H
#define PLUGINS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/gate.h"

enum {
	SCAN_PATHS = 64, /* at most, of one spec */
	SCAN_TEXT = 256, /* room for a text and its NUL; a longer one is cut */
};

enum scan_type {
	SCAN_ABSENT, /* no such value, or null */
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_OBJECT, /* an object or array; for a path that ends with "*", its end */
};

struct scan_value {
	enum scan_type type;
	/* STRING: its characters, escapes resolved; NUMBER: as it stood. NUL ended. */
	const char *text;
	size_t length; /* of text */
	size_t whole;  /* bytes that a STRING has, however many were kept */
	/* NUMBER: whole, 0..INT64_MAX: fractions are cut off, what is larger or less is brought to
	 * the nearer end. */
	int64_t number;
};

struct scan_spec {
	/*
	 * "message.usage.input_tokens". One part of a path may be "*": any key, or any element of
	 * an array. Values below a star go to `star`, all others are asked for with scan_get.
	 */
	const char *const *paths;
	int npaths;
	/* A value below a star; *key is what the star stands for, "" in an array. A path that ends
	 * with "*" is told at the end of each. May be NULL where no path has a star. */
	void (*star)(void *context, int path, const char *key, const struct scan_value *value);
	/* An object of the top begins; it may turn out to be none. May be NULL. */
	void (*begin)(void *context);
	/* An object of the top has ended, whole: its values can be asked for. */
	void (*record)(void *context);
};

struct scan; /* opaque */

/* `spec` and `context` are borrowed. NULL when memory is short. */
struct scan *scan_new(const struct scan_spec *spec, void *context);
void scan_free(struct scan *scan);

void scan_feed(struct scan *scan, const char *bytes, size_t length);
/* The stream has ended: an object under way is broken off. The next feed begins anew. */
void scan_end(struct scan *scan);

/* Of the object that has just ended, while `record` runs. */
enum scan_type scan_get(const struct scan *scan, int path, struct scan_value *value);
/* "" where it is no text. */
const char *scan_text(const struct scan *scan, int path);
bool scan_is(const struct scan *scan, int path, const char *text);
/* Copies a text into out[size], NUL ended and cut where it must be; "" leaves out as it is. */
void scan_keep(char *out, size_t size, const char *text);
bool scan_true(const struct scan *scan, int path);
/* Unknown where it is no number. */
struct usage scan_number(const struct scan *scan, int path);

/* Objects that broke off, so far. */
int64_t scan_broken(const struct scan *scan);
/* Whether an object is under way. */
bool scan_within(const struct scan *scan);

#endif
