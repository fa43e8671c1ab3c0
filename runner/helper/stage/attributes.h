/*
 * What the attributes of a path (gitattributes(5)) mean for what goes into the repository: the
 * file's own bytes, or what a conversion makes of them. Only the question is answered here; no
 * conversion is done.
 */
#ifndef RUNNER_HELPER_STAGE_ATTRIBUTES_H
#define RUNNER_HELPER_STAGE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#define ATTRIBUTES_FILE ".gitattributes"

enum attributes_say {
	ATTRIBUTES_RAW,   /* its own bytes */
	ATTRIBUTES_LINES, /* its own bytes where it has no carriage return */
	ATTRIBUTES_AUTO,  /* so too, and where it has a NUL */
	ATTRIBUTES_GIT, /* git has to say: a filter, an encoding, or what is not understood here */
};

struct attributes;

/* NULL when memory is short. */
struct attributes *attributes_new(void);
void attributes_free(struct attributes *attributes);

/* Adds a file of them, which counts before those that were added earlier: `base` is the folder they
 * are for ("" or "a/b/"), kept. One that is not there is none; one that can't be read, or is a link
 * where `follow` is not set, has all be ATTRIBUTES_GIT. 0, or -1 when memory is short. */
int attributes_add(struct attributes *attributes, int folder, const char *name, const char *base,
		   bool follow);

/* All be ATTRIBUTES_GIT from now on. */
void attributes_doubt(struct attributes *attributes);

enum attributes_say attributes_of(const struct attributes *attributes, const char *path);

/* Whether that makes the file's own bytes the right ones. */
bool attributes_allow(enum attributes_say say, const void *bytes, size_t length);

#endif
