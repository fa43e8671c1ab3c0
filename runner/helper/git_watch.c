#include "runner/helper/git_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text behind "KEY": in a line; NULL where there is none. git writes the keys in a fixed order,
 * and those that are asked for before any that has text of others in it. */
static const char *field(const char *line, const char *key)
{
	char quoted[32];
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	const char *found = strstr(line, quoted);
	return found ? found + strlen(quoted) : NULL;
}

static bool is(const char *text, const char *quoted)
{
	return text && strncmp(text, quoted, strlen(quoted)) == 0;
}

/* What stands between the quotes at `text`; of a path the last part. */
static void take_name(const char *text, char *out)
{
	out[0] = '\0';
	if (!text || *text != '"')
		return;
	size_t length = strcspn(++text, "\"");
	for (size_t i = length; i > 0; i--)
		if (text[i - 1] == '/') {
			text += i;
			length -= i;
			break;
		}
	snprintf(out, GIT_WATCH_NAME, "%.*s", (int)length, text);
}

static void on_start(struct git_watch *watch, const char *line)
{
	const char *id = field(line, "child_id"), *argv = field(line, "argv");
	watch->is_hook = is(field(line, "child_class"), "\"hook\"");
	watch->child = id ? strtol(id, NULL, 10) : -1;
	take_name(watch->is_hook ? field(line, "hook_name")
		  : argv         ? argv + 1
				 : NULL,
		  watch->running);
}

static void on_exit_of(struct git_watch *watch, const char *line)
{
	const char *id = field(line, "child_id"), *code = field(line, "code");
	if (!id || strtol(id, NULL, 10) != watch->child)
		return;
	if (watch->is_hook && code && strtol(code, NULL, 10) != 0)
		memcpy(watch->refused, watch->running, sizeof(watch->refused));
	else if (watch->is_hook && watch->now && !watch->refused[0])
		watch->said = *watch->now;
	watch->running[0] = '\0';
}

/* A git that a hook runs names those above it: "PARENT/CHILD". */
static bool is_own(const char *line)
{
	const char *sid = field(line, "sid");
	if (!sid || *sid != '"')
		return false;
	return sid[1 + strcspn(sid + 1, "/\"")] == '"';
}

static void on_line(struct git_watch *watch)
{
	const char *event = field(watch->line, "event");
	if (!is_own(watch->line))
		return;
	if (is(event, "\"child_start\""))
		on_start(watch, watch->line);
	else if (is(event, "\"child_exit\""))
		on_exit_of(watch, watch->line);
}

void git_watch_feed(void *context, const char *bytes, size_t length)
{
	struct git_watch *watch = context;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			watch->line[watch->length] = '\0';
			on_line(watch);
			watch->length = 0;
		} else if (watch->length < sizeof(watch->line) - 1) {
			watch->line[watch->length++] = bytes[i];
		}
	}
}
