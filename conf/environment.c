/* Settings of the environment: those in a config, and those in a file that only its owner can read.
 * A value may be a secret: none of them is ever part of an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "conf/own_file.h"
#include "conf/paths.h"

static bool same_name(const char *a, const char *b)
{
	const size_t length = strcspn(a, "=");
	return strcspn(b, "=") == length && strncmp(a, b, length) == 0;
}

/* A list under way; there is room in it. */
struct list {
	const char **texts;
	size_t count;
};

static bool has(const struct list *list, size_t first, const char *text)
{
	for (size_t i = first; i < list->count; i++)
		if (same_name(list->texts[i], text))
			return true;
	return false;
}

/* Letters, digits and underscores, no digit first: what a shell could take for one. */
static size_t name_length(const char *text)
{
	const size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "abcdefghijklmnopqrstuvwxyz_0123456789");
	return text[0] >= '0' && text[0] <= '9' ? 0 : length;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Undoes the quotes of a value in place. False where they don't end, or not at the end. */
static bool unquote(char *value)
{
	const char quote = value[0];
	char *out = value;
	const char *at = value + 1;
	for (; *at && *at != quote; at++) {
		if (quote == '"' && *at == '\\' && at[1] && strchr("\"\\$`", at[1]))
			at++;
		*out++ = *at;
	}
	if (*at != quote || *skip_blanks(at + 1) != '\0')
		return false;
	*out = '\0';
	return true;
}

static void trim(char *text)
{
	size_t length = strlen(text);
	while (length && strchr(" \t\r", text[length - 1]))
		length--;
	text[length] = '\0';
}

/* Takes a line of the file. NULL, or why it can't be taken. */
static const char *take_line(struct build *build, struct list *list, char *line)
{
	trim(line);
	line = (char *)(uintptr_t)skip_blanks(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return NULL;
	const size_t name = name_length(line);
	if (name == 0 || line[name] != '=')
		return "it is to be NAME=VALUE";
	if (has(list, 0, line))
		return "this variable is set twice";
	char *value = (char *)(uintptr_t)skip_blanks(line + name + 1);
	if ((*value == '"' || *value == '\'') && !unquote(value))
		return "the quotes are not closed, or something stands behind them";
	list->texts[list->count] = arena_format(build->arena, "%.*s=%s", (int)name, line, value);
	return list->texts[list->count++] ? NULL : "memory ran out";
}

static size_t count_lines(const char *text)
{
	size_t count = 1;
	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static int take_text(struct build *build, const char *path, char *text, size_t room,
		     struct list *list)
{
	int number = 0;
	list->texts = arena_array(build->arena, count_lines(text) + room, sizeof(*list->texts));
	if (!list->texts)
		return build_no_memory(build);
	for (char *line = text, *next; line; line = next) {
		char *end = strchr(line, '\n');
		next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		number++;
		const char *wrong = take_line(build, list, line);
		if (wrong)
			return err_set(build->err, ERR_CONFIG, "%s:%d: %s", path, number, wrong);
	}
	return 0;
}

static int take_file(struct build *build, const struct setting *setting, size_t room,
		     struct list *list)
{
	const char *path = path_absolute(build->arena, setting->value);
	char *text = calloc(1, OWN_FILE_MOST + 1);
	if (!path || !text) {
		free(text);
		return build_no_memory(build);
	}
	const char *wrong = own_file_read(path, text);
	const int failed = wrong ? build_refuse_value(build, setting, wrong)
				 : take_text(build, path, text, room, list);
	explicit_bzero(text, OWN_FILE_MOST + 1);
	free(text);
	return failed;
}

static int take_settings(struct build *build, const struct section *section, struct list *list)
{
	const size_t first = list->count;
	for (size_t i = 0; section && i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		const char *text = setting->value->text;
		if (strcmp(setting->option->name, "environment") != 0)
			continue;
		if (text[0] == '=' || !strchr(text, '='))
			return word_error(setting->value, build->err,
					  "environment: it is to be \"NAME=VALUE\"");
		if (has(list, first, text))
			return word_error(setting->value, build->err,
					  "environment: %.*s is set twice", (int)strcspn(text, "="),
					  text);
		list->texts[list->count++] = text;
	}
	return 0;
}

/* Takes those of the file away that others stand for. Gives how many are left of it. */
static size_t drop_overridden(struct list *list, size_t from_file)
{
	size_t kept = 0, left = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (i < from_file && has(list, from_file, list->texts[i]))
			continue;
		left += i < from_file;
		list->texts[kept++] = list->texts[i];
	}
	list->texts[kept] = NULL;
	list->count = kept;
	return left;
}

int build_environment(struct build *build, const struct section *section,
		      const char *const **environment, size_t *file_settings)
{
	struct list list = {.count = 0};
	const struct setting *file = section_get(section, "environment_file");
	const size_t room = (section ? section->count : 0) + 3; /* path, home, the end */
	if (file && take_file(build, file, room, &list) != 0)
		return -1;
	if (!file)
		list.texts = arena_array(build->arena, room, sizeof(*list.texts));
	if (!list.texts)
		return build_no_memory(build);
	const size_t from_file = list.count;
	if (take_settings(build, section, &list) != 0)
		return -1;
	*file_settings = drop_overridden(&list, from_file);
	*environment = list.texts;
	return 0;
}

/* A variable that has a key of its own. The list has room for it. */
static int add_own(struct build *build, const struct setting *setting, const char *name,
		   const char *value, const char **texts, size_t from_file)
{
	size_t count = 0, at;
	const char *text = value ? arena_format(build->arena, "%s=%s", name, value) : NULL;
	if (!text)
		return build_no_memory(build);
	while (texts[count])
		count++;
	for (at = 0; at < count && !same_name(texts[at], text); at++)
		;
	if (at < count && at >= from_file)
		return word_error(setting->key, build->err, "%s: environment sets %s as well",
				  setting->option->name, name);
	texts[at] = text;
	return 0;
}

/* Each folder of it must be there by its whole name: a relative one is another in every cwd. */
static const char *no_path(const char *path)
{
	for (;;) {
		if (*path != '/')
			return "each folder in it begins with a slash";
		path += strcspn(path, ":");
		if (*path++ == '\0')
			return NULL;
	}
}

int build_top_environment(struct build *build)
{
	const struct section *top = &build->settings->top;
	const struct setting *path = section_get(top, "path"), *home = section_get(top, "home");
	size_t from_file = 0;
	if (build_environment(build, top, &build->conf->environment, &from_file) != 0)
		return -1;
	const char **texts = (const char **)(uintptr_t)build->conf->environment;
	if (path && no_path(path->value->text))
		return build_refuse_value(build, path, no_path(path->value->text));
	if (path && add_own(build, path, "PATH", path->value->text, texts, from_file) != 0)
		return -1;
	if (!home)
		return 0;
	const char *folder = path_absolute(build->arena, home->value);
	const char *wrong = folder ? path_no_folder(folder) : NULL;
	if (wrong)
		return build_refuse_value(build, home, wrong);
	return add_own(build, home, "HOME", folder, texts, from_file);
}
