#include "conf/scan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/utf8.h"

int scan_error(struct scan *scan, int line, const char *format, ...)
{
	char words[sizeof(scan->err->text)];
	va_list args;
	va_start(args, format);
	if (vsnprintf(words, sizeof(words), format, args) < 0)
		words[0] = '\0';
	va_end(args);
	return err_set(scan->err, ERR_CONFIG, "%s:%d: %s", scan->file->path, line, words);
}

int scan_put(struct scan *scan, const char *bytes, size_t length)
{
	if (scan->capacity - scan->length <= length) {
		const size_t capacity = 2 * (scan->length + length) + 64;
		char *text = realloc(scan->text, capacity);
		if (!text)
			return err_set(scan->err, ERR_INTERNAL, "%s: memory ran out",
				       scan->file->path);
		scan->text = text;
		scan->capacity = capacity;
	}
	memcpy(scan->text + scan->length, bytes, length);
	scan->length += length;
	return 0;
}

static int skip_block_comment(struct scan *scan)
{
	const char *end = strstr(scan->at + 2, "*/");
	if (!end)
		return scan_error(scan, scan->line, "'/*' begins a comment that never ends");
	for (; scan->at < end; scan->at++)
		scan->line += *scan->at == '\n';
	scan->at = end + 2;
	return 0;
}

/* Up to what is no white space and no comment. */
static int skip_blank(struct scan *scan)
{
	for (;;) {
		scan->at += strspn(scan->at, " \t");
		if (*scan->at == '\n') {
			scan->line++;
			scan->at++;
		} else if (*scan->at == '#' || strncmp(scan->at, "//", 2) == 0) {
			scan->at += strcspn(scan->at, "\n");
		} else if (strncmp(scan->at, "/*", 2) == 0) {
			if (skip_block_comment(scan) != 0)
				return -1;
		} else {
			return 0;
		}
	}
}

static const struct sign {
	const char *text;
	enum word_kind kind;
} signs[] = {
	{"{", WORD_OPEN},   {"}", WORD_CLOSE},   {"(", WORD_LEFT},  {")", WORD_RIGHT},
	{"=", WORD_EQUALS}, {"+=", WORD_APPEND}, {",", WORD_COMMA},
};

static bool scan_sign(struct scan *scan, struct word *word)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strncmp(scan->at, signs[i].text, strlen(signs[i].text)) == 0) {
			word->kind = signs[i].kind;
			word->text = signs[i].text;
			scan->at += strlen(signs[i].text);
			return true;
		}
	return false;
}

static int scan_bare(struct scan *scan)
{
	const size_t length = strcspn(scan->at, " #\"'\t\n={}()+,*");
	if (length == 0)
		return scan_error(scan, scan->line,
				  "a stray '%c': text with such a character goes in quotes",
				  *scan->at);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)scan->at[i] < 0x20 || scan->at[i] == 0x7f)
			return scan_error(scan, scan->line, "a stray control character, 0x%02x",
					  (unsigned)scan->at[i]);
	if (scan->at[length - 1] == '$' && scan->at[length] == '{')
		return scan_error(scan, scan->line,
				  "${…} within a bare word: put the whole in double quotes");
	const char *word = scan->at;
	scan->at += length;
	return scan_put(scan, word, length);
}

static int finish_text(struct scan *scan, struct word *word)
{
	if (utf8_valid(scan->text, scan->length) < scan->length)
		return scan_error(scan, word->line, "the text is not UTF-8");
	word->kind = WORD_TEXT;
	word->text = arena_text(scan->arena, scan->text, scan->length);
	if (!word->text)
		return err_set(scan->err, ERR_INTERNAL, "%s: memory ran out", scan->file->path);
	return 0;
}

int scan_next(struct scan *scan, struct word *word)
{
	if (skip_blank(scan) != 0)
		return -1;
	if (*scan->at == '\0')
		return 0;
	*word = (struct word){.line = scan->line, .file = scan->file};
	if (scan_sign(scan, word))
		return 1;
	scan->length = 0;
	if (scan_put(scan, "", 0) != 0)
		return -1;
	int failed;
	if (*scan->at == '"' || *scan->at == '\'')
		failed = scan_quoted(scan);
	else if (strncmp(scan->at, "${", 2) == 0)
		failed = scan_variable(scan);
	else
		failed = scan_bare(scan);
	return failed != 0 || finish_text(scan, word) != 0 ? -1 : 1;
}
