/* Bytes into lines, in constant memory. */
#ifndef PLUGINS_SPLIT_H
#define PLUGINS_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#define SPLIT_LINE_MAX 65536

struct split {
	size_t length; /* of the line under way */
	bool too_long; /* the line under way is, and was handed on as such */
	char line[SPLIT_LINE_MAX];
};

/* A line without its newline, as long as the call; NULL: it is longer than SPLIT_LINE_MAX, which is
 * told once for it. */
typedef void split_line(void *context, const char *line, size_t length);

/* Begins with a struct that is all zero. */
void split_feed(struct split *split, const char *bytes, size_t length, split_line *take,
		void *context);
/* There are no more: what is left is a line. */
void split_end(struct split *split, split_line *take, void *context);

#endif
