/*
 * As much of CommonMark's block structure as it takes to tell an item from text that looks like
 * one. Columns count from 0, and a tab goes on to the next multiple of 4.
 */
#include "runner/plan/checklist_lines.h"

#include <string.h>

#define CODE_INDENT 4

/* A place in a line, and the column that it stands at. */
struct cursor {
	const char *line;
	size_t length, at, column;
};

static char sign(const struct cursor *cursor)
{
	return cursor->at < cursor->length ? cursor->line[cursor->at] : '\0';
}

static void step(struct cursor *cursor)
{
	cursor->column += sign(cursor) == '\t' ? 4 - cursor->column % 4 : 1;
	cursor->at++;
}

static void skip_blanks(struct cursor *cursor)
{
	while (sign(cursor) == ' ' || sign(cursor) == '\t')
		step(cursor);
}

/* Whether nothing but white space is left. */
static bool is_at_end(const struct cursor *cursor)
{
	for (size_t i = cursor->at; i < cursor->length; i++)
		if (!memchr(" \t\r", cursor->line[i], 3))
			return false;
	return true;
}

static bool finds(const char *bytes, size_t length, const char *word)
{
	return memmem(bytes, length, word, strlen(word)) != NULL;
}

static size_t run_of(const struct cursor *cursor, char wanted)
{
	size_t n = 0;
	while (cursor->at + n < cursor->length && cursor->line[cursor->at + n] == wanted)
		n++;
	return n;
}

/* Where the content of the innermost open list entry begins. */
static size_t base(const struct lines *lines)
{
	return lines->depth ? lines->columns[lines->depth - 1] : 0;
}

/* A fence of backticks has none behind it on its line: that would be code within a text. */
static bool opens_fence(struct lines *lines, struct cursor cursor)
{
	const char mark = sign(&cursor);
	const size_t length = mark == '`' || mark == '~' ? run_of(&cursor, mark) : 0;
	const char *rest = cursor.line + cursor.at + length;
	if (length < 3 ||
	    (mark == '`' && memchr(rest, '`', cursor.length - cursor.at - length) != NULL))
		return false;
	lines->fence = length;
	lines->fence_sign = mark;
	lines->fence_column = base(lines);
	return true;
}

static bool closes_fence(const struct lines *lines, struct cursor cursor)
{
	const size_t length = run_of(&cursor, lines->fence_sign);
	cursor.at += length;
	return length >= lines->fence && cursor.column < lines->fence_column + CODE_INDENT &&
	       is_at_end(&cursor);
}

/* Whether the line belongs to an open fence or comment: then it is nothing else. */
static bool is_inside(struct lines *lines, const struct cursor *cursor)
{
	if (lines->comment) {
		lines->comment = !finds(cursor->line, cursor->length, "-->");
		return true;
	}
	if (!lines->fence)
		return false;
	/* The end of the list entry that it stands in is its end too. */
	if (!is_at_end(cursor) && cursor->column < lines->fence_column) {
		lines->fence = 0;
		return false;
	}
	if (closes_fence(lines, *cursor))
		lines->fence = 0;
	return true;
}

/* Skips a list marker with what must follow it. False where there is none. */
static bool skip_marker(struct cursor *cursor)
{
	struct cursor c = *cursor;
	if (strchr("-*+", sign(&c)) && sign(&c)) {
		step(&c);
	} else {
		size_t digits = 0;
		for (; sign(&c) >= '0' && sign(&c) <= '9'; digits++)
			step(&c);
		if (digits == 0 || digits > 9 || (sign(&c) != '.' && sign(&c) != ')'))
			return false;
		step(&c);
	}
	if (sign(&c) != ' ' && sign(&c) != '\t' && !is_at_end(&c))
		return false;
	*cursor = c;
	return true;
}

/* Enters a list entry behind its marker: its content begins after 1 to 4 blanks; more of them are
 * code. */
static void enter(struct lines *lines, struct cursor *cursor)
{
	const size_t after = cursor->column;
	struct cursor content = *cursor;
	skip_blanks(&content);
	const bool odd = is_at_end(&content) || content.column > after + CODE_INDENT;
	if (lines->depth == LINES_DEPTH)
		lines->depth--;
	lines->columns[lines->depth++] = odd ? after + 1 : content.column;
	*cursor = content;
}

static bool reads_box(const struct cursor *cursor, struct lines_item *item)
{
	const char *at = cursor->line + cursor->at;
	struct cursor text = *cursor;
	if (cursor->length - cursor->at < 5 || at[0] != '[' || !strchr(" xX", at[1]) || !at[1] ||
	    at[2] != ']' || (at[3] != ' ' && at[3] != '\t'))
		return false;
	text.at += 3;
	skip_blanks(&text);
	*item = (struct lines_item){
		.box = cursor->at + 1,
		.text = text.at,
		.ticked = at[1] != ' ',
	};
	return !is_at_end(&text);
}

/* Leaves the list entries that a line at this column is not in. A line of plain text behind a
 * paragraph goes on with it, wherever it stands. */
static void leave(struct lines *lines, const struct cursor *cursor)
{
	struct cursor c = *cursor;
	const char mark = sign(&c);
	const bool plain = !skip_marker(&c) && !strchr("#>`~<", mark);
	if (lines->paragraph && plain)
		return;
	while (lines->depth && cursor->column < base(lines))
		lines->depth--;
}

bool lines_take(struct lines *lines, const char *line, size_t length, struct lines_item *item)
{
	struct cursor cursor = {.line = line, .length = length};
	bool entry = false;
	skip_blanks(&cursor);
	if (is_inside(lines, &cursor)) {
		lines->paragraph = false;
		return false;
	}
	if (is_at_end(&cursor)) {
		lines->paragraph = false;
		return false;
	}
	leave(lines, &cursor);
	for (;;) {
		const bool deep = cursor.column >= base(lines) + CODE_INDENT;
		if (deep || !skip_marker(&cursor)) {
			if (deep && (entry || !lines->paragraph)) /* indented code */
				return lines->paragraph = false;
			break;
		}
		enter(lines, &cursor);
		lines->paragraph = false;
		entry = true;
	}
	const bool goes_on = lines->paragraph && cursor.column >= base(lines) + CODE_INDENT;
	if (!goes_on && opens_fence(lines, cursor))
		return lines->paragraph = false;
	if (!goes_on && length - cursor.at >= 4 && memcmp(line + cursor.at, "<!--", 4) == 0) {
		lines->comment = !finds(line + cursor.at + 4, length - cursor.at - 4, "-->");
		return lines->paragraph = false;
	}
	lines->paragraph = !is_at_end(&cursor) && sign(&cursor) != '#';
	return entry && reads_box(&cursor, item);
}
