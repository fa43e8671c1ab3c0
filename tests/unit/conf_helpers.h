/* What the tests of config files share. */
#ifndef TESTS_UNIT_CONF_HELPERS_H
#define TESTS_UNIT_CONF_HELPERS_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "tests/unit/suite.h"

/* A path below the source tree, whose place the harness tells; good until the next call but one. */
static inline const char *source_path(const char *name)
{
	static char paths[2][4096];
	static int turn;
	const char *source = getenv("SRC");
	ck_assert_msg(source != NULL, "SRC names the source tree");
	char *path = paths[turn++ % 2];
	ck_assert_int_lt(snprintf(path, sizeof(paths[0]), "%s/%s", source, name), sizeof(paths[0]));
	return path;
}

static inline void write_bytes(const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

/* Loads it, or fails the test with the reason. */
static inline struct conf *load(const char *path)
{
	struct conf *conf = NULL;
	struct err err = {.code = ERR_NONE};
	ck_assert_msg(conf_load(path, &conf, &err) == 0, "%s", err.text);
	ck_assert_ptr_nonnull(conf);
	return conf;
}

/* Loads it, which must fail and leave the output as it was; the words stay good until the next
 * call. */
static inline const char *refused(const char *path)
{
	static struct err err;
	struct conf *const untouched = (struct conf *)&err;
	struct conf *conf = untouched;
	err.code = ERR_NONE;
	err.text[0] = '\0';
	ck_assert_msg(conf_load(path, &conf, &err) == -1, "%s: is not refused", path);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_ptr_eq(conf, untouched);
	return err.text;
}

/* Writes a config and loads it; both as above. */
static inline struct conf *load_text(const char *text)
{
	write_text("test.conf", text);
	return load("test.conf");
}

static inline const char *refused_text(const char *text)
{
	write_text("test.conf", text);
	return refused("test.conf");
}

#endif
