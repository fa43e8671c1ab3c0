#include "runner/helper/stage/wildmatch.h"

#include <string.h>

/* Two kinds of no: that of a text which is at its end before the pattern is lets each star before
 * it give up, and that of a star which met a slash lets all but "**" give up. Without them a
 * pattern of many stars would take forever. */
enum match {
	YES,
	NO,
	TEXT_ENDS,
	SLASH_IN_THE_WAY,
};

typedef unsigned char byte;

static const struct class
{
	const char *name;
	const char *members; /* ranges, in pairs */
} classes[] = {
	{"alnum", "09AZaz"},     {"alpha", "AZaz"},
	{"blank", "  \t\t"},     {"cntrl", "\1\37\177\177"},
	{"digit", "09"},         {"graph", "!~"},
	{"lower", "az"},         {"print", " ~"},
	{"upper", "AZ"},         {"punct", "!/:@[`{~"},
	{"space", "  \t\n\r\r"}, {"xdigit", "09AFaf"},
};

/* 1, 0, or -1 where there is no such class. */
static int is_in_class(byte sign, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const struct class *class = &classes[i];
		if (strlen(class->name) != length || memcmp(class->name, name, length) != 0)
			continue;
		for (const char *range = class->members; *range; range += 2)
			if (sign >= (byte)range[0] && sign <= (byte)range[1])
				return 1;
		return 0;
	}
	return -1;
}

/* What stands in brackets, on its way. */
struct set {
	const byte *at;
	byte sign;   /* looked for */
	byte before; /* a range may begin with it; 0: it may not */
	bool found;
};

/* "[:NAME:]", or else a bracket that means itself. */
static bool read_class(struct set *set)
{
	const byte *name = set->at + 2, *end = name;
	while (*end && *end != ']')
		end++;
	if (!*end)
		return false;
	if (end == name || end[-1] != ':') {
		set->found |= set->sign == '[';
		set->before = '[';
		return true;
	}
	const int in = is_in_class(set->sign, (const char *)name, (size_t)(end - name) - 1);
	set->found |= in > 0;
	set->before = 0;
	set->at = end;
	return in >= 0;
}

static bool read_range(struct set *set)
{
	byte last = *++set->at;
	if (last == '\\')
		last = *++set->at;
	set->found |= set->sign >= set->before && set->sign <= last;
	set->before = 0;
	return last != 0;
}

/* One member, at the end of which it stands then. False where the pattern ends too early. */
static bool read_member(struct set *set)
{
	const byte sign = *set->at;
	if (sign == '-' && set->before && set->at[1] && set->at[1] != ']')
		return read_range(set);
	if (sign == '[' && set->at[1] == ':')
		return read_class(set);
	if (sign == '\\')
		set->at++;
	set->found |= set->sign == *set->at;
	set->before = *set->at;
	return *set->at != 0;
}

/* At "[": moves it to the "]". */
static enum match match_set(const byte **pattern, byte sign, bool path)
{
	struct set set = {.at = *pattern + 1, .sign = sign};
	const bool without = *set.at == '!' || *set.at == '^';
	set.at += without;
	do {
		if (!read_member(&set))
			return TEXT_ENDS;
		set.at++;
	} while (*set.at != ']');
	*pattern = set.at;
	return set.found == without || (path && sign == '/') ? NO : YES;
}

static enum match match(const byte *pattern, const byte *text, bool path);

/* What a star, or more, means for slashes: moves *pattern behind it. */
static bool takes_slashes(const byte **pattern, const byte *begin, bool path, bool *folders)
{
	const byte *star = *pattern, *next = star;
	while (*next == '*')
		next++;
	*pattern = next;
	*folders = false;
	if (!path)
		return true;
	const bool alone = (star == begin || star[-1] == '/') &&
			   (!*next || *next == '/' || (next[0] == '\\' && next[1] == '/'));
	*folders = next - star > 1 && alone && *next == '/';
	return next - star > 1 && alone;
}

/* At a star with more behind it: `rest` has to match somewhere. */
static enum match match_rest(const byte *rest, const byte *text, bool slashes, bool path)
{
	const bool plain = *rest && !strchr("*?[\\", *rest);
	for (; *text; text++) {
		while (plain && *text && *text != *rest && (slashes || *text != '/'))
			text++;
		if (plain && *text != *rest)
			return NO;
		const enum match matched = match(rest, text, path);
		if (matched != NO && (!slashes || matched != SLASH_IN_THE_WAY))
			return matched;
		if (matched == NO && !slashes && *text == '/')
			return SLASH_IN_THE_WAY;
	}
	return TEXT_ENDS;
}

static enum match match_star(const byte *pattern, const byte *begin, const byte *text, bool path)
{
	bool folders;
	const bool slashes = takes_slashes(&pattern, begin, path, &folders);
	if (folders && match(pattern + 1, text, path) == YES)
		return YES; /* "**" with a slash: no folder at all */
	if (!*pattern)
		return slashes || !strchr((const char *)text, '/') ? YES : NO;
	if (!slashes && *pattern == '/') {
		const char *slash = strchr((const char *)text, '/');
		return slash ? match(pattern + 1, (const byte *)slash + 1, path) : NO;
	}
	return match_rest(pattern, text, slashes, path);
}

static enum match match(const byte *pattern, const byte *text, bool path)
{
	const byte *const begin = pattern;
	for (; *pattern; pattern++, text++) {
		if (*pattern == '*')
			return match_star(pattern, begin, text, path);
		if (!*text)
			return TEXT_ENDS;
		if (*pattern == '[') {
			const enum match in = match_set(&pattern, *text, path);
			if (in != YES)
				return in;
		} else if (*pattern == '?') {
			if (path && *text == '/')
				return NO;
		} else {
			pattern += *pattern == '\\';
			if (*pattern != *text)
				return NO;
		}
	}
	return *text ? NO : YES;
}

bool wildmatch(const char *pattern, const char *text, bool path)
{
	return match((const byte *)pattern, (const byte *)text, path) == YES;
}

unsigned wildmatch_plain(const char *pattern)
{
	return (unsigned)strcspn(pattern, "*?[\\");
}
