/* What stands in quotes, and ${VARIABLES}. */
#include <stdlib.h>
#include <string.h>

#include "conf/scan.h"

#define NAME_START "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS     "0123456789"
#define HEX        DIGITS "abcdefABCDEF"

int scan_variable(struct scan *scan)
{
	const char *name = scan->at + 2;
	size_t length = strspn(name, NAME_START);
	if (length > 0)
		length += strspn(name + length, NAME_START DIGITS);
	const bool has_default = strncmp(name + length, ":-", 2) == 0;
	const char *other = name + length + (has_default ? 2 : 0);
	const char *end = other + (has_default ? strcspn(other, "}\n") : 0);
	if (length == 0 || *end != '}')
		return scan_error(scan, scan->line,
				  "'${' without a variable: it is ${NAME} or ${NAME:-DEFAULT}, and "
				  "\\${ in double quotes stands for itself");
	scan->at = end + 1;
	char *copy = arena_text(scan->arena, name, length);
	if (!copy)
		return err_set(scan->err, ERR_INTERNAL, "%s: memory ran out", scan->file->path);
	const char *value = getenv(copy);
	if (value)
		return scan_put(scan, value, strlen(value));
	if (has_default)
		return scan_put(scan, other, (size_t)(end - other));
	return scan_error(scan, scan->line,
			  "${%s}: the variable is not set: ${%s:-DEFAULT} gives it a default", copy,
			  copy);
}

static int put_number(struct scan *scan, const char *digits, size_t length, int base)
{
	char copy[4] = {0};
	memcpy(copy, digits, length);
	const unsigned long value = strtoul(copy, NULL, base);
	if (value == 0 || value > 0xff)
		return scan_error(scan, scan->line, "\\%s%s: no character has this number",
				  base == 16 ? "x" : "", copy);
	const char c = (char)value;
	return scan_put(scan, &c, 1);
}

static size_t at_most(size_t length, size_t most)
{
	return length < most ? length : most;
}

/* scan->at is behind the backslash. */
static int scan_escape(struct scan *scan)
{
	static const char letters[] = "nrbfaetv";
	static const char meant[] = "\n\r\b\f\a\033\t\v";
	const char *at = scan->at++;
	const size_t hex = *at == 'x' ? at_most(strspn(at + 1, HEX), 2) : 0;
	const size_t octal = at_most(strspn(at, "01234567"), 3);
	if (hex > 0) {
		scan->at += hex;
		return put_number(scan, at + 1, hex, 16);
	}
	if (strspn(at, DIGITS) > octal)
		return scan_error(scan, scan->line,
				  "\\%.*s: an octal escape has up to three digits, 0 to 7",
				  (int)at_most(strspn(at, DIGITS), 20), at);
	if (octal > 0) {
		scan->at = at + octal;
		return put_number(scan, at, octal, 8);
	}
	if (*at == '\n') {
		scan->line++;
		return 0;
	}
	const char *letter = strchr(letters, *at);
	return scan_put(scan, letter ? meant + (letter - letters) : at, 1);
}

/* In single quotes, a backslash is one unless a quote, a backslash or the line's end follows. */
static int scan_single_escape(struct scan *scan)
{
	const char *at = scan->at++;
	if (*at == '\n') {
		scan->line++;
		return 0;
	}
	if (*at == '\'' || *at == '\\')
		return scan_put(scan, at, 1);
	return scan_put(scan, at - 1, 2);
}

static int scan_piece(struct scan *scan, char quote)
{
	if (*scan->at == '\\') {
		scan->at++;
		if (*scan->at == '\0')
			return 0;
		return quote == '"' ? scan_escape(scan) : scan_single_escape(scan);
	}
	if (quote == '"' && strncmp(scan->at, "${", 2) == 0)
		return scan_variable(scan);
	const char *start = scan->at++;
	scan->line += *start == '\n';
	return scan_put(scan, start, 1);
}

int scan_quoted(struct scan *scan)
{
	const int line = scan->line;
	const char quote = *scan->at++;
	while (*scan->at != quote) {
		if (*scan->at == '\0')
			return scan_error(scan, line, "the text in quotes never ends");
		if (scan_piece(scan, quote) != 0)
			return -1;
	}
	scan->at++;
	return 0;
}
