/* What cJSON does not do by itself: exact integers, one decimal, text that is no UTF-8, and input
 * that is taken whole or not at all. */
#ifndef STATUS_JSON_H
#define STATUS_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/gate.h"

/* Parses one JSON object that is the whole text (white space around it is fine) and in which no key
 * comes twice at the top. NULL where it is none, or, with ENOMEM in errno, memory is short. Free
 * with cJSON_Delete. cJSON keeps numbers as double, and so loses whole ones above 2^53: here they
 * are raw items, which json_get_integer reads exactly and which are printed as they stood. Broken
 * UTF-8 is mended. */
cJSON *json_parse_object(const char *bytes, size_t length);

/* A value that has no key yet (taken; may be NULL) with its key, ready for json_put; NULL when
 * memory is short. */
cJSON *json_keyed(const char *key, cJSON *value);
/* Puts it (taken) in the place of its key where that is there, else at the end. Can't fail, so that
 * several values can be made first and then change at once. */
void json_put(cJSON *object, cJSON *keyed);

/* Each sets a key, in its place where it is there, else at the end. 0, or -1 when memory is short
 * (the object is then as it was). */
int json_set(cJSON *object, const char *key, cJSON *value); /* takes value; NULL gives -1 */
int json_set_integer(cJSON *object, const char *key, int64_t value);
int json_set_usage(cJSON *object, const char *key, struct usage usage); /* null where unknown */
int json_set_tenths(cJSON *object, const char *key, int64_t tenths);    /* 225 as 22.5 */
int json_set_percent(cJSON *object, const char *key, struct usage used, int64_t budget);
int json_set_text(cJSON *object, const char *key,
		  const char *text); /* NULL as null; mended UTF-8 */
int json_set_bool(cJSON *object, const char *key, bool value);
cJSON *json_text(const char *text); /* a string of it with mended UTF-8, or NULL */

/* The exact whole number of a key, within 0..INT64_MAX. 0 and *value; -1 where there is none:
 * absent, no number, a fraction, negative, or too large. */
int json_get_integer(const cJSON *object, const char *key, int64_t *value);
/* The text of a key, as long as the object is unchanged; NULL where it is absent or no text. */
const char *json_get_text(const cJSON *object, const char *key);

#endif
