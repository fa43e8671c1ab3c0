/* What a plugin begins with: files that build, run and pass `stepgate plugin check`. */
#ifndef RUNNER_COMMANDS_SCAFFOLD_H
#define RUNNER_COMMANDS_SCAFFOLD_H

#include <stddef.h>

#include "conf/err.h"
#include "plugins/protocol.h"

/* The templates in runner/templates, as the build embeds them: "c.step", "python.head", … In their
 * texts @NAME@ and @KIND@ stand for what they say. */
struct scaffold_file {
	const char *name, *text;
};
extern const struct scaffold_file scaffold_files[];
extern const size_t scaffold_nfiles;

enum scaffold_language {
	SCAFFOLD_C,
	SCAFFOLD_PYTHON,
	SCAFFOLD_SH,
};

/* NULL where the text can be the name of a plugin, or why not: it becomes part of code. */
const char *scaffold_name_wrong(const char *name);

/* Makes the folder NAME, which must not be there, with the plugin in it; the path of what a config
 * names goes to path[size]. 0, or -1 and *err, and nothing is left of it. */
int scaffold_write(enum plugin_ask kind, const char *name, enum scaffold_language language,
		   char *path, size_t size, struct err *err);

#endif
