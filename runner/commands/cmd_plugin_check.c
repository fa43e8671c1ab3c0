#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/paths.h"
#include "plugins/ask.h"
#include "plugins/plugin_json.h"
#include "runner/commands/command.h"
#include "runner/commands/plugin_check.h"
#include "runner/cycle/host.h"

#define TIMEOUT_MOST_MS (60LL * 60 * 1000)

static const char *file, *as;
static struct arg_texts options;
static int64_t timeout_ms = 10000;
static bool json;

static const struct arg args[] = {
	{"FILE", ARG_TEXT, &file, 0, 0, true, NULL,
	 "a module (a name ending in .so, or one that comes with stepgate) or a program"},
	{"--as", ARG_TEXT, &as, 0, 0, false, "KIND",
	 "try it as a step, gate, meter or report alone; needed where it does not say what it is"},
	{"--options", ARG_TEXTS, &options, 0, 0, false, "NAME=VALUE …",
	 "as a config would give them"},
	{"--timeout", ARG_DURATION, &timeout_ms, 100, TIMEOUT_MOST_MS, false, "TIME",
	 "for each answer (default 10s)"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print it as JSON"},
	{.name = NULL},
};

/* What is found, on its way out. */
struct show {
	struct plugin_json *json; /* or NULL: as text, at once */
	int passed, failed;
	bool lost; /* memory was short */
};

static void on_found(void *context, const struct plugin_finding *finding)
{
	struct show *show = context;
	*(finding->passed ? &show->passed : &show->failed) += 1;
	if (show->json) {
		show->lost |= plugin_json_trial(show->json, finding->kind, finding->what,
						finding->passed, finding->why) != 0;
		return;
	}
	printf("%s  %s: %s%s%s\n", finding->passed ? "ok  " : "FAIL",
	       plugin_ask_name(finding->kind), finding->what, finding->why[0] ? ": " : "",
	       finding->why);
	fflush(stdout);
}

/* The file as a config would name it, its path absolute in path[PATH_MAX]. 0, or -1 and *err. */
static int name_plugin(struct conf_plugin *plugin, char *path, const char *program[2],
		       struct arena *arena, struct err *err)
{
	const bool own = path_is_module_name(file) && access(file, F_OK) != 0;
	const char *folder = own ? path_own_modules(arena) : NULL;
	const char *named = folder ? arena_format(arena, "%s/%s.so", folder, file) : file;
	if (!named || !realpath(named, path))
		return err_errno(err, "%s: it can't be checked", file);
	const size_t length = strlen(path);
	if (length > 3 && strcmp(path + length - 3, ".so") == 0) {
		plugin->module = path;
		return 0;
	}
	const char *wrong = path_no_program(path);
	if (wrong)
		return err_set(err, ERR_CONFIG, "%s: %s", file, wrong);
	program[0] = path;
	plugin->program = program;
	return 0;
}

/* What it offers, by itself or by --as. 0, or -1 and *err. */
static int find_kinds(struct plugin_check *check, struct plugin_answer *about, struct err *err)
{
	struct err why = {.code = ERR_NONE};
	const struct plugin_call call = {.ask = PLUGIN_DESCRIBE, .repository = check->folder};
	const enum plugin_ask kind = as ? plugin_ask_find(as) : PLUGIN_NKINDS;
	if (as && kind >= PLUGIN_NKINDS)
		return err_set(err, ERR_USAGE,
			       "--as: '%.100s': not one of step, gate, meter, report", as);
	struct host host;
	host_init(&host);
	*about = (struct plugin_answer){.given = false};
	const int failed = plugin_ask(check->plugin, &call, check->folder, check->timeout_ms, &host,
				      about, &why);
	/* What can't be loaded is no plugin; a program need not say what it is. */
	if (failed && (check->plugin->module || !as))
		return err_set(err, ERR_REFUSED, "%s%s", why.text,
			       check->plugin->module ? "" : ": say with --as what it is");
	check->kinds = as ? PLUGIN_BIT(kind) : about->offers;
	if (as && !failed && !(about->offers & check->kinds))
		return err_set(err, ERR_REFUSED, "%s: it offers no %s", plugin_path(check->plugin),
			       as);
	return 0;
}

static void print_about(const struct plugin_check *check, const struct plugin_answer *about)
{
	printf("%s: %s", plugin_path(check->plugin), check->plugin->module ? "module" : "program");
	if (about->given)
		printf(" \"%s\"%s%s", about->name, about->about[0] ? ": " : "", about->about);
	putchar('\n');
}

static int print_json(struct show *show, struct err *err)
{
	char *text = show->lost ? NULL : plugin_json_print(show->json);
	if (text)
		puts(text);
	free(text);
	return text ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
}

static int check_in(const char *folder, const struct conf_plugin *plugin, struct err *err)
{
	struct plugin_answer about;
	struct show show = {.json = json ? plugin_json_new("trials") : NULL};
	struct plugin_check check = {
		.plugin = plugin,
		.folder = folder,
		.timeout_ms = timeout_ms,
		.found = on_found,
		.context = &show,
	};
	if (json && !show.json)
		return err_set(err, ERR_INTERNAL, "out of memory");
	int failed = find_kinds(&check, &about, err);
	if (!failed && !json)
		print_about(&check, &about);
	if (!failed)
		failed = plugin_check(&check, err) < 0 ? -1 : 0;
	if (!failed && json)
		failed = print_json(&show, err);
	else if (!failed)
		printf("%d passed, %d failed\n", show.passed, show.failed);
	plugin_json_free(show.json);
	if (failed)
		return -1;
	return show.failed ? EXIT_NO : EXIT_AS_IT_SHOULD;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int check_somewhere(const struct conf_plugin *plugin, struct err *err)
{
	char folder[PATH_MAX];
	const char *top = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%s/stepgate-check.XXXXXX", top && *top ? top : "/tmp");
	if (!mkdtemp(folder))
		return err_errno(err, "%s: no scratch folder can be made", folder);
	const int code = check_in(folder, plugin, err);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return code;
}

static int run(struct err *err)
{
	char path[PATH_MAX];
	const char *program[2] = {NULL, NULL};
	struct arena arena = {.blocks = NULL};
	const char **list = calloc((size_t)options.count + 1, sizeof(*list));
	struct conf_plugin plugin = {.options = list};
	int code = list ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
	for (int i = 0; code == 0 && i < options.count; i++) {
		list[i] = options.values[i];
		if (!strchr(list[i], '=') || list[i][0] == '=')
			code = err_set(err, ERR_USAGE,
				       "--options: '%.100s': it is to be NAME=VALUE", list[i]);
	}
	if (code == 0)
		code = name_plugin(&plugin, path, program, &arena, err);
	if (code == 0)
		code = check_somewhere(&plugin, err);
	arena_release(&arena);
	free(list);
	return code;
}

const struct command command_plugin_check = {
	.name = "plugin check",
	.takes = "FILE [--as KIND] [--options NAME=VALUE …] [--timeout TIME] [--json]",
	.summary = "Holds a plugin to the protocol: right calls, wrong calls, and what it makes of "
		   "them",
	.details =
		"It works in a scratch folder, which is removed. A failure that it tells of with "
		"words is an\n"
		"answer like any other; to be silent, late, killed by a signal, to flood, or to "
		"break a line\n"
		"is none. Exit code 0: it passes; 1: it does not.",
	.args = args,
	.run = run,
};
