#include "runner/commands/scaffold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/file.h"

enum {
	NAME_MOST = 64,
	PATH_SIZE = 256,
};

const char *scaffold_name_wrong(const char *name)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	if (name[0] < 'a' || name[0] > 'z' || strspn(name, may) != strlen(name))
		return "a name has a-z, 0-9, _ and -, and begins with a letter";
	return strlen(name) > NAME_MOST ? "it is longer than 64 bytes" : NULL;
}

static const char *find(const char *language, const char *part)
{
	char name[32];
	snprintf(name, sizeof(name), "%s.%s", language, part);
	for (size_t i = 0; i < scaffold_nfiles; i++)
		if (strcmp(scaffold_files[i].name, name) == 0)
			return scaffold_files[i].text;
	return "";
}

/* Writes a template with what it leaves open. */
static void fill(FILE *out, const char *text, const char *name, const char *kind)
{
	while (*text) {
		const size_t plain = strcspn(text, "@");
		fwrite(text, 1, plain, out);
		text += plain;
		if (strncmp(text, "@NAME@", 6) == 0 || strncmp(text, "@KIND@", 6) == 0) {
			fputs(text[1] == 'N' ? name : kind, out);
			text += 6;
		} else if (*text) {
			putc(*text++, out);
		}
	}
}

/* The parts of one file, one after another, into the path. 0, or -1 and *err. */
static int write_parts(const char *path, const char *language, const char *const *parts,
		       const char *name, const char *kind, struct err *err)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return err_set(err, ERR_INTERNAL, "out of memory");
	for (; *parts; parts++)
		fill(out, find(language, *parts), name, kind);
	const int bad = ferror(out);
	int failed = fclose(out) != 0 || bad ? err_set(err, ERR_INTERNAL, "out of memory") : 0;
	if (!failed)
		failed = file_replace(path, text, length, err);
	free(text);
	return failed;
}

static int write_module(const char *name, const char *kind, char *path, size_t size,
			struct err *err)
{
	const char *const code[] = {kind, NULL}, *const makefile[] = {"Makefile", NULL};
	char file[PATH_SIZE];
	snprintf(path, size, "%s/%s.so", name, name);
	snprintf(file, sizeof(file), "%s/%s.c", name, name);
	if (write_parts(file, "c", code, name, kind, err) != 0)
		return -1;
	snprintf(file, sizeof(file), "%s/Makefile", name);
	return write_parts(file, "c", makefile, name, kind, err);
}

static int write_program(const char *name, const char *kind, enum scaffold_language language,
			 char *path, size_t size, struct err *err)
{
	const char *const parts[] = {"head", kind, "tail", NULL};
	const bool python = language == SCAFFOLD_PYTHON;
	snprintf(path, size, "%s/%s.%s", name, name, python ? "py" : "sh");
	if (write_parts(path, python ? "python" : "sh", parts, name, kind, err) != 0)
		return -1;
	return chmod(path, 0755) == 0 ? 0 : err_errno(err, "%s: can't be made executable", path);
}

static void take_back(const char *name)
{
	static const char *const ends[] = {"/Makefile", ".c", ".py", ".sh", NULL};
	char path[PATH_SIZE];
	for (const char *const *end = ends; *end; end++) {
		snprintf(path, sizeof(path), "%s%s%s%s", name, **end == '.' ? "/" : "",
			 **end == '.' ? name : "", *end);
		unlink(path);
	}
	rmdir(name);
}

int scaffold_write(enum plugin_ask kind, const char *name, enum scaffold_language language,
		   char *path, size_t size, struct err *err)
{
	if (mkdir(name, 0755) != 0)
		return err_errno(err, "%s: no folder of that name can be made", name);
	const char *word = plugin_ask_name(kind);
	const int failed = language == SCAFFOLD_C
				   ? write_module(name, word, path, size, err)
				   : write_program(name, word, language, path, size, err);
	if (failed)
		take_back(name);
	return failed;
}
