/*
 * A Markdown checklist: its items, where their boxes stand, and which are ticked.
 *
 * An item is a list entry ("-", "*", "+", "1." or "1)") that begins with "[ ]", "[x]" or "[X]" and
 * has text, as GitHub's Markdown takes it. What stands in a code block, fenced or indented, in an
 * HTML comment or in a quotation is none.
 */
#ifndef RUNNER_PLAN_CHECKLIST_H
#define RUNNER_PLAN_CHECKLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/err.h"

#define CHECKLIST_BYTES 4194304 /* of a file, at most */
#define CHECKLIST_ITEMS 10000   /* in it, at most */
#define CHECKLIST_TITLE 200     /* bytes of a title, before its number among equal ones */
#define CHECKLIST_TEXT  8192    /* bytes of an item's text; the rest is left away */

struct checklist_item {
	char *title;  /* the text, fit to be shown, and " (2)" behind it for the second of that text
		       */
	char *text;   /* the whole first line, cleaned of control characters; markup as it stands */
	size_t box;   /* the offset of what stands between the brackets */
	size_t equal; /* how many items have the same text, this one included */
	bool ticked;
};

struct checklist {
	char *bytes; /* the file as it was read */
	size_t length;
	struct checklist_item *items;
	size_t count;
};

/* Reads the file, which must be a regular one. 0 and *checklist (release with checklist_release),
 * or -1 and *err. */
int checklist_read(const char *path, struct checklist *checklist, struct err *err);
/* The same for bytes[0..length) (copied). `path` is for *err. */
int checklist_parse(const char *path, const char *bytes, size_t length, struct checklist *checklist,
		    struct err *err);
void checklist_release(struct checklist *checklist);

/* The item of that title, or NULL. */
struct checklist_item *checklist_find(const struct checklist *checklist, const char *title);

/* Sets or clears an item's box, on disk too: the file is replaced whole, with no other byte of it
 * changed. 0, or -1 and *err. */
int checklist_set(const char *path, struct checklist *checklist, struct checklist_item *item,
		  bool ticked, struct err *err);

#endif
