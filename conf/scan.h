/* One text, word by word. Used by words.c alone. */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include <stdbool.h>

#include "conf/words.h"

struct scan {
	const char *at; /* the text ends with a NUL */
	int line;
	const struct words_file *file;
	struct arena *arena;
	struct err *err;
	char *text; /* the word under way; free it at the end */
	size_t length, capacity;
};

/* 1 and the next word, 0 at the end of the text, or -1 and *scan->err. */
int scan_next(struct scan *scan, struct word *word);

/* The parts of it that read a string or a variable at scan->at into scan->text. 0 or -1. */
int scan_quoted(struct scan *scan);
int scan_variable(struct scan *scan);
int scan_put(struct scan *scan, const char *bytes, size_t length);
int scan_error(struct scan *scan, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
