/*
 * Config files, cut into words: comments gone, quotes and escapes undone, ${VARIABLES} put in,
 * include("FILE") replaced by the words of that file. Each word knows where it stands.
 *
 * The files are not left to libconfuse's own lexer, because that counts a comment as two lines more
 * than it has, takes an unset variable for an empty string, drops stray characters without a word,
 * keeps its include stack after a failure, and ends the process on a folder. What is a comment, a
 * string, an escape and a variable is as in libconfuse 3.3; where that drops or guesses, this
 * fails.
 */
#ifndef CONF_WORDS_H
#define CONF_WORDS_H

#include <stddef.h>
#include <sys/types.h>

#include "conf/arena.h"
#include "conf/err.h"

#define WORDS_BYTES_MAX   1048576 /* of a file with all that it includes */
#define WORDS_DEPTH_MAX   10      /* files within one another */
#define WORDS_INCLUDE_USE "include takes the name of one file: include(\"FILE\")"

struct words_file {
	const char *path;                /* as it is named in messages */
	const char *folder;              /* absolute: what relative paths in it are relative to */
	const struct words_file *parent; /* the file that includes it, or NULL */
	dev_t device;
	ino_t inode;
};

enum word_kind {
	WORD_TEXT, /* a bare word or a quoted string */
	WORD_OPEN,
	WORD_CLOSE,
	WORD_LEFT,
	WORD_RIGHT,
	WORD_EQUALS,
	WORD_APPEND, /* += */
	WORD_COMMA,
};

struct word {
	enum word_kind kind;
	int line;
	const char *text; /* of WORD_TEXT: UTF-8 without NUL; else as it is written */
	const struct words_file *file;
};

/* The words of a file and of those it includes; all in the arena but the list itself. */
struct words {
	struct word *list;
	size_t count;
	size_t capacity;
	const struct words_file *file; /* the file itself */
};

/* Reads the file. 0 and *words (release with words_release, also after a failure), or -1 and *err:
 * ERR_CONFIG with file and line, or ERR_INTERNAL. Braces are balanced within each file. */
int words_read(const char *path, struct arena *arena, struct words *words, struct err *err);
void words_release(struct words *words);

/* Fills *err with ERR_CONFIG and "FILE:LINE: " before the text; gives -1. */
int word_error(const struct word *word, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
