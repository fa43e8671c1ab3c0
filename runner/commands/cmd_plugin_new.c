#include <stdio.h>
#include <string.h>

#include "runner/commands/command.h"
#include "runner/commands/scaffold.h"

static const char *kind_word, *name, *language_word = "c";

static const struct arg args[] = {
	{"KIND", ARG_TEXT, &kind_word, 0, 0, true, NULL, "step, gate, meter or report"},
	{"NAME", ARG_TEXT, &name, 0, 0, true, NULL, "what it is called, and its folder"},
	{"--language", ARG_TEXT, &language_word, 0, 0, false, "L",
	 "c (a module, the default), python or sh (programs)"},
	{.name = NULL},
};

static const char *const languages[] = {"c", "python", "sh", NULL};

static int find_language(struct err *err)
{
	for (int i = 0; languages[i]; i++)
		if (strcmp(languages[i], language_word) == 0)
			return i;
	return err_set(err, ERR_USAGE, "--language: '%.100s': not one of c, python, sh",
		       language_word);
}

/* What stands in a config for it. */
static void print_use(enum plugin_ask kind, bool module, const char *path)
{
	char by[400];
	snprintf(by, sizeof(by), module ? "module = \"./%s\"" : "plugin = {\"./%s\"}", path);
	switch (kind) {
	case PLUGIN_METER:
		printf("    meter = \"%s\"  meter_%s\n", module ? "module" : "plugin", by);
		break;
	case PLUGIN_REPORT:
		printf("    report \"%s\" { type = \"%s\"  %s }\n", name,
		       module ? "module" : "plugin", by);
		break;
	default:
		printf("    %s \"%s\" { %s }\n", plugin_ask_name(kind), name, by);
		break;
	}
}

static int run(struct err *err)
{
	char path[256];
	const enum plugin_ask kind = plugin_ask_find(kind_word);
	const char *wrong = scaffold_name_wrong(name);
	const int language = find_language(err);
	if (language < 0)
		return -1;
	if (kind >= PLUGIN_NKINDS)
		return err_set(err, ERR_USAGE, "'%.100s': not one of step, gate, meter, report",
			       kind_word);
	if (wrong)
		return err_set(err, ERR_USAGE, "'%.100s': %s", name, wrong);
	if (scaffold_write(kind, name, (enum scaffold_language)language, path, sizeof(path), err) !=
	    0)
		return -1;
	const bool module = language == SCAFFOLD_C;
	printf("%s/: a %s %s\n", name, plugin_ask_name(kind), module ? "module" : "plugin");
	if (module)
		printf("build it:  make -C %s\n", name);
	printf("try it:    stepgate plugin check %s\nuse it, in a config:\n", path);
	print_use(kind, module, path);
	return EXIT_AS_IT_SHOULD;
}

const struct command command_plugin_new = {
	.name = "plugin new",
	.takes = "KIND NAME [--language c|python|sh]",
	.summary = "Writes a plugin to begin with: it builds, runs and passes",
	.details = "Makes a folder NAME in the current one. stepgate-plugin(7) explains plugins.",
	.args = args,
	.run = run,
};
