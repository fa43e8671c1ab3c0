/* What the tests of status/ share. Each test begins in the empty scratch folder. */
#ifndef TESTS_UNIT_STATUS_HELPERS_H
#define TESTS_UNIT_STATUS_HELPERS_H

#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/err.h"
#include "fsm/gate.h"
#include "tests/unit/suite.h"

static inline void assert_usage(struct usage usage, int64_t number)
{
	ck_assert(usage.known);
	ck_assert_int_eq(usage.tokens, number);
}

#define assert_ok(call, err) ck_assert_msg((call) == 0, "%s", (err).text)

/* Each test has a folder of its own below the scratch folder. */
static inline void enter_new_folder(void)
{
	char name[] = "test-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(name));
	ck_assert_int_eq(chdir(name), 0);
}

static inline void write_bytes(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");
	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void write_text(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

/* The file as text; good until the next call. */
static inline const char *text_of(const char *path)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	const size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	return text;
}

static inline bool is_there(const char *path)
{
	struct stat now;
	return lstat(path, &now) == 0;
}

/* How many files in the folder have a name with `part` in it; the last one's name goes to
 * found[256], which may be NULL. */
static inline int count_files(const char *folder, const char *part, char *found)
{
	int count = 0;
	DIR *dir = opendir(folder);
	ck_assert_msg(dir != NULL, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (!strstr(entry->d_name, part))
			continue;
		count++;
		if (found)
			snprintf(found, 256, "%s", entry->d_name);
	}
	closedir(dir);
	return count;
}

static inline void assert_has(const char *text, const char *part)
{
	ck_assert_msg(text && strstr(text, part), "\"%s\" is not in \"%s\"", part,
		      text ? text : "(null)");
}

#endif
