#include "runner/helper/stage/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/stage/ignore.h"

#define FILE_MOST (1U << 20) /* bytes */
#define LINE_MOST 2000       /* git leaves out longer lines than 2048 */
#define BLANK     " \t\r\n"

/* Those that count here. */
enum kind {
	TEXT,
	EOL,
	CRLF,
	IDENT,
	FILTER,
	ENCODING,
	KINDS,
};

static const char *const names[KINDS] = {"text",  "eol",    "crlf",
					 "ident", "filter", "working-tree-encoding"};

enum value {
	SILENT, /* no line says anything */
	UNSPECIFIED,
	UNSET,
	SET,
	AUTO, /* "auto", of text */
	OTHER,
};

struct line {
	struct ignore_rule rule;
	unsigned char values[KINDS];
	bool doubt;   /* says something that is not understood */
	bool unknown; /* has a word that may be a macro */
};

struct file {
	struct file *outer; /* counts after this one */
	const char *base;
	char *text;
	struct line *lines;
	size_t count;
};

struct attributes {
	struct file *inner; /* the last one that was added */
	bool doubt, macros;
};

struct attributes *attributes_new(void)
{
	return calloc(1, sizeof(struct attributes));
}

void attributes_free(struct attributes *attributes)
{
	while (attributes && attributes->inner) {
		struct file *file = attributes->inner;
		attributes->inner = file->outer;
		free(file->lines);
		free(file->text);
		free(file);
	}
	free(attributes);
}

void attributes_doubt(struct attributes *attributes)
{
	attributes->doubt = true;
}

static enum value value_of(enum kind kind, char sign, const char *equals)
{
	if (sign == '-')
		return UNSET;
	if (sign == '!')
		return UNSPECIFIED;
	if (!equals)
		return SET;
	return kind == TEXT && strcmp(equals + 1, "auto") == 0 ? AUTO : OTHER;
}

/* Words of git's own that say nothing on conversions, or are a macro that is known. */
static bool is_own(const char *word)
{
	return strcmp(word, "binary") == 0 || strcmp(word, "diff") == 0 ||
	       strcmp(word, "merge") == 0;
}

/* One word of a line. False where it is none of those that count and none that git has by itself:
 * it may be a macro. */
static bool read_word(struct line *line, char *word)
{
	const char sign = *word == '-' || *word == '!' ? *word : '\0';
	word += sign != '\0';
	char *equals = strchr(word, '=');
	const size_t length = equals ? (size_t)(equals - word) : strlen(word);
	for (int kind = 0; kind < KINDS; kind++)
		if (strlen(names[kind]) == length && strncmp(names[kind], word, length) == 0) {
			line->values[kind] = (unsigned char)value_of((enum kind)kind, sign, equals);
			return true;
		}
	if (strcmp(word, "binary") == 0 && !sign)
		line->values[TEXT] = UNSET;
	return equals || sign || is_own(word);
}

static void read_line(struct attributes *attributes, struct file *file, char *text)
{
	char *rest, *pattern = strtok_r(text, BLANK, &rest);
	if (!pattern || *pattern == '#')
		return;
	struct line line = {.doubt = *pattern == '"'};
	const bool macro = strncmp(pattern, "[attr]", 6) == 0;
	bool known = true;
	for (char *word; (word = strtok_r(NULL, BLANK, &rest));)
		known &= read_word(&line, word);
	line.unknown = !known;
	attributes->macros |= macro;
	attributes->doubt |= macro && is_own(pattern + 6);
	if (macro || *pattern == '!')
		return;
	ignore_rule_parse(&line.rule, pattern);
	file->lines[file->count++] = line;
}

static void parse(struct attributes *attributes, struct file *file, size_t length)
{
	char *at = file->text, *const end = at + length;
	if (length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < end) {
		char *feed = memchr(at, '\n', (size_t)(end - at));
		feed = feed ? feed : end;
		*feed = '\0';
		if (feed - at > LINE_MOST || strlen(at) != (size_t)(feed - at))
			attributes->doubt = true;
		read_line(attributes, file, at);
		at = feed + 1;
	}
}

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 1;
	for (size_t i = 0; i < length; i++)
		count += text[i] == '\n';
	return count;
}

static int load(struct attributes *attributes, struct file *file, int fd)
{
	struct stat state;
	ssize_t length = -1;
	if (fstat(fd, &state) == 0 && S_ISREG(state.st_mode) && state.st_size < FILE_MOST) {
		file->text = malloc((size_t)state.st_size + 1);
		if (!file->text)
			return -1;
		length = read(fd, file->text, (size_t)state.st_size);
	}
	if (length < 0) {
		attributes->doubt = true;
		return 0;
	}
	file->lines = calloc(count_lines(file->text, (size_t)length), sizeof(*file->lines));
	if (!file->lines)
		return -1;
	parse(attributes, file, (size_t)length);
	return 0;
}

int attributes_add(struct attributes *attributes, int folder, const char *name, const char *base,
		   bool follow)
{
	const int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0) {
		attributes->doubt |= errno != ENOENT && errno != ENOTDIR;
		return 0;
	}
	struct file *file = calloc(1, sizeof(*file));
	int failed = -1;
	if (file) {
		*file = (struct file){.outer = attributes->inner, .base = base};
		attributes->inner = file;
		failed = load(attributes, file, fd);
	}
	close(fd);
	return failed;
}

static bool is_below(const char *path, const char *base)
{
	return strncmp(path, base, strlen(base)) == 0;
}

/* What the lines say together: the first word on each kind counts. */
static bool gather(const struct attributes *attributes, const char *path, enum value values[KINDS])
{
	const char *slash = strrchr(path, '/');
	for (const struct file *file = attributes->inner; file; file = file->outer)
		for (size_t i = is_below(path, file->base) ? file->count : 0; i; i--) {
			const struct line *line = &file->lines[i - 1];
			if (line->doubt)
				return false;
			if (!ignore_rule_has(&line->rule, file->base, path,
					     slash ? slash + 1 : path, false))
				continue;
			if (line->unknown && attributes->macros)
				return false;
			for (int kind = 0; kind < KINDS; kind++)
				if (values[kind] == SILENT)
					values[kind] = line->values[kind];
		}
	return true;
}

static bool is_off(enum value value)
{
	return value <= UNSET;
}

enum attributes_say attributes_of(const struct attributes *attributes, const char *path)
{
	enum value values[KINDS] = {SILENT};
	if (attributes->doubt || !gather(attributes, path, values) || !is_off(values[IDENT]) ||
	    !is_off(values[FILTER]) || !is_off(values[ENCODING]))
		return ATTRIBUTES_GIT;
	if (values[TEXT] == UNSET)
		return ATTRIBUTES_RAW;
	if (values[TEXT] == AUTO)
		return ATTRIBUTES_AUTO;
	return values[TEXT] <= UNSPECIFIED && is_off(values[CRLF]) && is_off(values[EOL])
		       ? ATTRIBUTES_RAW
		       : ATTRIBUTES_LINES;
}

bool attributes_allow(enum attributes_say say, const void *bytes, size_t length)
{
	switch (say) {
	case ATTRIBUTES_RAW:
		return true;
	case ATTRIBUTES_LINES:
		return !memchr(bytes, '\r', length);
	case ATTRIBUTES_AUTO:
		return !memchr(bytes, '\r', length) || memchr(bytes, '\0', length);
	case ATTRIBUTES_GIT:
		break;
	}
	return false;
}
