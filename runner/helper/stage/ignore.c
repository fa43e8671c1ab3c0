#include "runner/helper/stage/ignore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/stage/wildmatch.h"

#define FILE_MOST (16U << 20) /* bytes */

struct ignore {
	const struct ignore *outer;
	const char *base;
	char *text;
	struct ignore_rule *rules;
	size_t count;
};

void ignore_rule_parse(struct ignore_rule *rule, char *text)
{
	*rule = (struct ignore_rule){.back = *text == '!'};
	text += rule->back;
	size_t length = strlen(text);
	if (length && text[length - 1] == '/') {
		text[--length] = '\0';
		rule->folder = true;
	}
	rule->pattern = text;
	rule->length = (unsigned)length;
	rule->name = !strchr(text, '/');
	rule->plain = wildmatch_plain(text);
	rule->end = *text == '*' && wildmatch_plain(text + 1) == length - 1;
}

static bool has_name(const struct ignore_rule *rule, const char *name)
{
	const size_t length = strlen(name);
	if (rule->plain == rule->length)
		return length == rule->length && memcmp(name, rule->pattern, length) == 0;
	if (rule->end) {
		const size_t rest = rule->length - 1;
		return length >= rest && memcmp(name + length - rest, rule->pattern + 1, rest) == 0;
	}
	return wildmatch(rule->pattern, name, false);
}

bool ignore_rule_has(const struct ignore_rule *rule, const char *base, const char *path,
		     const char *name, bool folder)
{
	if (rule->folder && !folder)
		return false;
	if (rule->name)
		return has_name(rule, name);
	const char *pattern = rule->pattern, *rest = path + strlen(base);
	size_t plain = rule->plain;
	if (*pattern == '/') {
		pattern++;
		plain--;
	}
	if (strncmp(pattern, rest, plain) != 0)
		return false;
	return wildmatch(pattern + plain, rest + plain, true);
}

/* Spaces at the end go, but for those behind a backslash. */
static void trim(char *line)
{
	char *spaces = NULL;
	for (char *at = line; *at; at++) {
		if (*at == ' ') {
			spaces = spaces ? spaces : at;
			continue;
		}
		spaces = NULL;
		if (*at == '\\' && !*++at)
			return;
	}
	if (spaces)
		*spaces = '\0';
}

static int add_line(struct ignore *ignore, char *line, size_t *room)
{
	if (!*line || *line == '#')
		return 0;
	if (ignore->count == *room) {
		*room = *room * 2 + 16;
		struct ignore_rule *rules = realloc(ignore->rules, *room * sizeof(*rules));
		if (!rules)
			return -1;
		ignore->rules = rules;
	}
	trim(line);
	ignore_rule_parse(&ignore->rules[ignore->count++], line);
	return 0;
}

static int parse(struct ignore *ignore, size_t length)
{
	char *line = ignore->text, *const end = line + length;
	size_t room = 0;
	if (length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	while (line < end) {
		char *feed = memchr(line, '\n', (size_t)(end - line));
		feed = feed ? feed : end;
		*feed = '\0';
		if (feed > line && feed[-1] == '\r')
			feed[-1] = '\0';
		if (add_line(ignore, line, &room) != 0)
			return -1;
		line = feed + 1;
	}
	return 0;
}

/* Takes over the text, which has room for a NUL. */
static const struct ignore *make(const struct ignore *outer, char *text, size_t length,
				 const char *base)
{
	struct ignore *ignore = calloc(1, sizeof(*ignore));
	if (!ignore) {
		free(text);
		return NULL;
	}
	*ignore = (struct ignore){.outer = outer, .base = base, .text = text};
	if (parse(ignore, length) == 0)
		return ignore;
	ignore_free(ignore);
	return NULL;
}

const struct ignore *ignore_parse(const struct ignore *outer, const char *text, size_t length,
				  const char *base)
{
	char *copy = malloc(length + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	return make(outer, copy, length, base);
}

/* The whole file. NULL and errno. */
static char *load(int fd, size_t *length)
{
	struct stat state;
	if (fstat(fd, &state) != 0)
		return NULL;
	if (!S_ISREG(state.st_mode) || state.st_size > (off_t)FILE_MOST) {
		errno = EFBIG;
		return NULL;
	}
	char *text = malloc((size_t)state.st_size + 1);
	*length = 0;
	for (ssize_t got = 1; text && got && *length < (size_t)state.st_size;) {
		got = read(fd, text + *length, (size_t)state.st_size - *length);
		if (got < 0) {
			free(text);
			return NULL;
		}
		*length += (size_t)got;
	}
	return text;
}

int ignore_read(const struct ignore **ignore, const struct ignore *outer, int folder,
		const char *name, const char *base, bool follow)
{
	const int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return -1;
		*ignore = outer;
		return 0;
	}
	size_t length;
	char *text = load(fd, &length);
	const int error = errno;
	close(fd);
	errno = error;
	const struct ignore *read = text ? make(outer, text, length, base) : NULL;
	if (!read)
		return -1;
	*ignore = read;
	return 0;
}

void ignore_free(const struct ignore *ignore)
{
	if (!ignore)
		return;
	free(ignore->text);
	free(ignore->rules);
	free((void *)(uintptr_t)ignore);
}

bool ignore_has(const struct ignore *ignore, const char *path, const char *name, bool folder)
{
	for (; ignore; ignore = ignore->outer)
		for (size_t i = ignore->count; i; i--)
			if (ignore_rule_has(&ignore->rules[i - 1], ignore->base, path, name,
					    folder))
				return !ignore->rules[i - 1].back;
	return false;
}
