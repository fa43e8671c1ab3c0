/* Where the items of a Markdown text stand, line by line. Used by checklist.c alone. */
#ifndef RUNNER_PLAN_CHECKLIST_LINES_H
#define RUNNER_PLAN_CHECKLIST_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_DEPTH 32 /* lists within one another; deeper ones are taken for this deep */

struct lines {
	/* The columns at which the content of the open list entries begins, outermost first. */
	size_t columns[LINES_DEPTH];
	size_t depth;
	size_t fence;        /* the length of the fence that is open, or 0 */
	char fence_sign;     /* of which sign */
	size_t fence_column; /* the content column that it stands in */
	bool comment;        /* within an HTML comment */
	bool paragraph;      /* the line before may be gone on with */
};

struct lines_item {
	size_t box;  /* offset in the line of what stands between the brackets */
	size_t text; /* offset in the line of the text behind it */
	bool ticked;
};

/* Takes the next line, without its line feed. True where it is an item, and *item. Begin with a
 * struct of zeros. */
bool lines_take(struct lines *lines, const char *line, size_t length, struct lines_item *item);

#endif
