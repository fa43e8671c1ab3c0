#include "conf/words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scan.h"
#include "conf/utf8.h"

#define BRACES_MAX 8 /* within one another; more than the grammar has */

struct reader {
	struct arena *arena;
	struct words *words;
	struct err *err;
	size_t bytes_left;
	bool in_list;               /* between the braces of a list */
	const struct word *include; /* where the file under way is included, or NULL */
};

int word_error(const struct word *word, struct err *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	return err_set(err, ERR_CONFIG, "%s:%d: %s", word->file->path, word->line, text);
}

static int no_memory(const struct reader *reader, const char *path)
{
	return err_set(reader->err, ERR_INTERNAL, "%s: memory ran out", path);
}

/* A file as a whole is wrong: told where it is included, or else of itself. */
static int file_error(const struct reader *reader, const char *path, const char *what)
{
	if (reader->include)
		return word_error(reader->include, reader->err, "include(\"%s\"): %s",
				  reader->include->text, what);
	return err_set(reader->err, ERR_CONFIG, "%s: %s", path, what);
}

/* 0 and the descriptor of a regular file, not too large; or -1. */
static int open_file(const struct reader *reader, const char *path, int *fd, struct stat *status)
{
	const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (opened < 0) {
		char why[256];
		const bool absent = errno == ENOENT && strcmp(path, CONF_USUAL) == 0;
		snprintf(why, sizeof(why), "can't be read: %s%s", strerror(errno),
			 absent ? ": name a config, or write this one: stepgate.conf(5) tells how"
				: "");
		return file_error(reader, path, why);
	}
	const char *wrong = NULL;
	if (fstat(opened, status) != 0)
		wrong = "can't be read";
	else if (S_ISDIR(status->st_mode))
		wrong = "is a folder, not a file";
	else if (!S_ISREG(status->st_mode))
		wrong = "is no regular file";
	else if (status->st_size > (off_t)reader->bytes_left)
		wrong = "is too large: a config, with all that it includes, has 1 MiB at most";
	if (wrong) {
		close(opened);
		return file_error(reader, path, wrong);
	}
	*fd = opened;
	return 0;
}

/* Reads to the end, or until `size` bytes are there. The number of bytes, or -1. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t length = 0;
	while (length < size) {
		const ssize_t got = read(fd, bytes + length, size - length);
		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		length += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)length;
}

static int line_of(const char *bytes, size_t at)
{
	int line = 1;
	for (size_t i = 0; i < at; i++)
		line += bytes[i] == '\n';
	return line;
}

/* The mark that some editors put before UTF-8 is skipped, and CRLF ends a line like LF does. */
static void normalize(char *text)
{
	const char *from = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	char *to = text;
	for (; *from; from++)
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = '\0';
}

static int check_text(const struct reader *reader, const char *path, const char *bytes,
		      size_t length)
{
	const size_t text = strnlen(bytes, length);
	const size_t valid = utf8_valid(bytes, text);
	if (valid < text)
		return err_set(reader->err, ERR_CONFIG, "%s:%d: byte 0x%02x: the text is not UTF-8",
			       path, line_of(bytes, valid), (unsigned char)bytes[valid]);
	if (text < length)
		return err_set(reader->err, ERR_CONFIG, "%s:%d: a NUL byte: this is no text file",
			       path, line_of(bytes, text));
	return 0;
}

/* 0 and the text of the file (in the arena), or -1. */
static int read_text(struct reader *reader, const char *path, struct stat *status, char **text)
{
	int fd = -1;
	if (open_file(reader, path, &fd, status) != 0)
		return -1;
	const size_t most = (size_t)status->st_size;
	char *bytes = arena_array(reader->arena, most + 1, 1);
	const ssize_t length = bytes ? read_all(fd, bytes, most) : 0;
	close(fd);
	if (!bytes)
		return no_memory(reader, path);
	if (length < 0)
		return file_error(reader, path, "can't be read");
	if (check_text(reader, path, bytes, (size_t)length) != 0)
		return -1;
	reader->bytes_left -= (size_t)length;
	normalize(bytes);
	*text = bytes;
	return 0;
}

/* The absolute folder that the file at `path` lies in; NULL and *err where there is none. */
static const char *folder_of(const struct reader *reader, const char *path)
{
	const char *slash = strrchr(path, '/');
	const size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	char *named = length ? arena_text(reader->arena, path, length)
			     : arena_text(reader->arena, ".", 1);
	char *real = named ? realpath(named, NULL) : NULL;
	char *folder = real ? arena_text(reader->arena, real, strlen(real)) : NULL;
	if (named && !real && errno != ENOMEM)
		file_error(reader, path, "its folder can't be read");
	else if (!folder)
		no_memory(reader, path);
	free(real);
	return folder;
}

static int add_word(struct reader *reader, const struct word *word)
{
	struct words *words = reader->words;
	if (words->count == words->capacity) {
		const size_t capacity = 2 * words->capacity + 64;
		struct word *list = realloc(words->list, capacity * sizeof(*list));
		if (!list)
			return no_memory(reader, word->file->path);
		words->list = list;
		words->capacity = capacity;
	}
	words->list[words->count++] = *word;
	return 0;
}

static bool follows_equals(const struct words *words)
{
	const size_t n = words->count;
	return n > 0 &&
	       (words->list[n - 1].kind == WORD_EQUALS || words->list[n - 1].kind == WORD_APPEND);
}

/* The open braces of one file. */
struct braces {
	struct word open[BRACES_MAX];
	int count;
};

static int count_braces(struct reader *reader, struct braces *braces, const struct word *word)
{
	if (word->kind == WORD_OPEN) {
		if (braces->count == BRACES_MAX)
			return word_error(word, reader->err, "too many '{' within one another");
		braces->open[braces->count++] = *word;
		reader->in_list = follows_equals(reader->words);
	} else if (word->kind == WORD_CLOSE) {
		if (braces->count == 0)
			return word_error(word, reader->err, "'}' without a '{' before it");
		braces->count--;
		reader->in_list = false;
	}
	return 0;
}

static int read_file(struct reader *reader, const char *path, const struct words_file *parent);

/* `word` is "include", not yet in the list. */
static int include(struct reader *reader, struct scan *scan, const struct word *word)
{
	struct word left, name, right;
	if (scan_next(scan, &left) != 1 || left.kind != WORD_LEFT || scan_next(scan, &name) != 1 ||
	    name.kind != WORD_TEXT || scan_next(scan, &right) != 1 || right.kind != WORD_RIGHT ||
	    name.text[0] == '\0') {
		if (reader->err->code != ERR_NONE)
			return -1;
		return word_error(word, reader->err, WORDS_INCLUDE_USE);
	}
	const char *slash = strrchr(word->file->path, '/');
	const int folder = name.text[0] == '/' || !slash ? 0 : (int)(slash - word->file->path) + 1;
	char *path = arena_format(reader->arena, "%.*s%s", folder, word->file->path, name.text);
	if (!path)
		return no_memory(reader, word->file->path);
	const struct word *outer = reader->include;
	reader->include = &name;
	const int failed = read_file(reader, path, word->file);
	reader->include = outer;
	return failed;
}

static bool is_include(const struct reader *reader, const struct scan *scan,
		       const struct word *word)
{
	return word->kind == WORD_TEXT && strcmp(word->text, "include") == 0 && !reader->in_list &&
	       !follows_equals(reader->words) && scan->at[strspn(scan->at, " \t")] == '(';
}

static int read_words(struct reader *reader, struct scan *scan)
{
	struct braces braces = {.count = 0};
	struct word word;
	int more;
	while ((more = scan_next(scan, &word)) == 1) {
		if (is_include(reader, scan, &word)) {
			if (include(reader, scan, &word) != 0)
				return -1;
			continue;
		}
		if (count_braces(reader, &braces, &word) != 0 || add_word(reader, &word) != 0)
			return -1;
	}
	if (more == 0 && braces.count > 0)
		return word_error(&braces.open[braces.count - 1], reader->err,
				  "'{' without a '}' behind it");
	return more;
}

/* A file may not include itself, however many files lie between. */
static int check_depth(const struct reader *reader, const char *path,
		       const struct words_file *parent, const struct stat *status)
{
	int depth = 0;
	for (const struct words_file *file = parent; file; file = file->parent) {
		if (file->device == status->st_dev && file->inode == status->st_ino)
			return file_error(reader, path, "a loop: this file is being read already");
		if (++depth == WORDS_DEPTH_MAX)
			return file_error(reader, path, "more than 10 files within one another");
	}
	return 0;
}

static int read_file(struct reader *reader, const char *path, const struct words_file *parent)
{
	struct stat status = {.st_size = 0};
	char *text = NULL;
	if (read_text(reader, path, &status, &text) != 0 ||
	    check_depth(reader, path, parent, &status) != 0)
		return -1;
	struct words_file *file = arena_array(reader->arena, 1, sizeof(*file));
	if (!file)
		return no_memory(reader, path);
	*file = (struct words_file){.path = path,
				    .folder = folder_of(reader, path),
				    .parent = parent,
				    .device = status.st_dev,
				    .inode = status.st_ino};
	if (!file->folder)
		return -1;
	if (!parent)
		reader->words->file = file;
	struct scan scan = {
		.at = text, .line = 1, .file = file, .arena = reader->arena, .err = reader->err};
	const int failed = read_words(reader, &scan);
	free(scan.text);
	return failed;
}

int words_read(const char *path, struct arena *arena, struct words *words, struct err *err)
{
	struct err own = {.code = ERR_NONE};
	struct reader reader = {
		.arena = arena, .words = words, .err = &own, .bytes_left = WORDS_BYTES_MAX};
	*words = (struct words){.list = NULL};
	if (path[0] == '\0')
		return err_set(err, ERR_CONFIG, "the config has no name");
	char *copy = arena_text(arena, path, strlen(path));
	const int failed = copy ? read_file(&reader, copy, NULL) : no_memory(&reader, path);
	if (failed && err)
		*err = own;
	return failed;
}

void words_release(struct words *words)
{
	free(words->list);
	*words = (struct words){.list = NULL};
}
