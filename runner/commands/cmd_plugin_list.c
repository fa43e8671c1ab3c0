#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/paths.h"
#include "plugins/ask.h"
#include "plugins/plugin_json.h"
#include "runner/commands/command.h"
#include "runner/cycle/host.h"

#define DESCRIBE_MS 10000

static const char *path;
static bool json;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &path, 0, 0, false, NULL,
	 "also those that it names (default stepgate.conf, where that is there)"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print it as JSON"},
	{.name = NULL},
};

/* Rows on their way out. */
struct show {
	struct plugin_json *json; /* or NULL: as text */
	int count;
	bool lost;
};

static void print_row(const struct plugin_row *row)
{
	char offers[64] = "";
	size_t used = 0;
	for (int kind = 0; kind < PLUGIN_NKINDS; kind++)
		if (row->offers & PLUGIN_BIT(kind))
			used += (size_t)snprintf(offers + used, sizeof(offers) - used, "%s%s",
						 used ? ", " : "",
						 plugin_ask_name((enum plugin_ask)kind));
	const char *slash = strrchr(row->path, '/');
	printf("%-16s %-8s %-18s %s\n",
	       row->name[0] ? row->name
	       : slash      ? slash + 1
			    : row->path,
	       row->module ? "module" : "program", offers, row->about);
	printf("    %s", row->path);
	if (row->used)
		printf(", %s", row->used);
	printf("\n");
	if (row->why)
		printf("    problem: %s\n", row->why);
}

/* A module is asked what it is; a program is not started. */
static void show_plugin(struct show *show, const struct conf_plugin *plugin, const char *used)
{
	struct plugin_answer about = {.given = false};
	struct err why = {.code = ERR_NONE};
	struct host host;
	const struct plugin_call call = {.ask = PLUGIN_DESCRIBE};
	host_init(&host);
	const bool failed = plugin->module &&
			    plugin_ask(plugin, &call, NULL, DESCRIBE_MS, &host, &about, &why) != 0;
	const struct plugin_row row = {
		.path = plugin_path(plugin),
		.module = plugin->module,
		.name = about.name,
		.about = about.about,
		.offers = about.offers,
		.used = used,
		.why = failed ? why.text : NULL,
	};
	show->count++;
	if (!show->json)
		print_row(&row);
	else if (plugin_json_plugin(show->json, &row) != 0)
		show->lost = true;
}

static int is_module(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);
	return length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0;
}

static void show_own(struct show *show)
{
	struct arena arena = {.blocks = NULL};
	struct dirent **entries = NULL;
	const char *folder = path_own_modules(&arena);
	const int count = folder ? scandir(folder, &entries, is_module, alphasort) : 0;
	for (int i = 0; i < count; i++) {
		char module[PATH_MAX];
		char file[PATH_MAX + NAME_MAX];
		snprintf(file, sizeof(file), "%s/%s", folder, entries[i]->d_name);
		if (realpath(file, module))
			show_plugin(show, &(struct conf_plugin){.module = module}, NULL);
		free(entries[i]);
	}
	free(entries);
	arena_release(&arena);
}

static void show_one(struct show *show, const struct conf_plugin *plugin, const char *section,
		     const char *title)
{
	char used[300];
	if (!plugin->module && !plugin->program)
		return;
	if (title)
		snprintf(used, sizeof(used), "%s \"%s\"", section, title);
	else
		snprintf(used, sizeof(used), "%s", section);
	show_plugin(show, plugin, used);
}

static void show_conf(struct show *show, const struct conf *conf)
{
	for (size_t i = 0; i < conf->ngates; i++)
		show_one(show, &conf->gates[i].plugin, "gate", conf->gates[i].title);
	for (size_t i = 0; i < conf->nsteps; i++) {
		show_one(show, &conf->steps[i].plugin, "step", conf->steps[i].title);
		show_one(show, &conf->steps[i].meter_plugin, "meter of step", conf->steps[i].title);
	}
	if (conf->step_template) {
		show_one(show, &conf->step_template->plugin, "step_template", NULL);
		show_one(show, &conf->step_template->meter_plugin, "meter of step_template", NULL);
	}
	for (size_t i = 0; i < conf->nreports; i++)
		show_one(show, &conf->reports[i].plugin, "report", conf->reports[i].title);
}

static int finish(struct show *show, struct err *err)
{
	char *text = show->json && !show->lost ? plugin_json_print(show->json) : NULL;
	if (show->json && !text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (text)
		puts(text);
	else if (show->count == 0)
		printf("no plugins\n");
	free(text);
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	static const char usual[] = CONF_USUAL;
	struct conf *conf = NULL;
	struct show show = {.json = json ? plugin_json_new("plugins") : NULL};
	const char *name = path ? path : access(usual, F_OK) == 0 ? usual : NULL;
	if (json && !show.json)
		return err_set(err, ERR_INTERNAL, "out of memory");
	int code = name ? conf_load(name, &conf, err) : 0;
	if (code == 0) {
		show_own(&show);
		if (conf)
			show_conf(&show, conf);
		code = finish(&show, err);
	}
	conf_free(conf);
	plugin_json_free(show.json);
	return code;
}

const struct command command_plugin_list = {
	.name = "plugin list",
	.takes = "[CONF] [--json]",
	.summary = "Lists the modules that come with stepgate, and the plugins that a config names",
	.args = args,
	.run = run,
};
