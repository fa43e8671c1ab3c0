#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "conf/own_file.h"
#include "conf/paths.h"
#include "conf/value.h"

/* The keys that only some types take. */
enum key {
	PATH = 1 << 0,
	COMMAND = 1 << 1,
	URL = 1 << 2, /* or url_file */
	SIGNING_KEY = 1 << 3,
	TIMEOUT = 1 << 4,
	MODULE = 1 << 5,
	PLUGIN = 1 << 6,
	OPTIONS = 1 << 7,
};

static const struct type {
	const char *what; /* for words: "a report to …" */
	unsigned needs, takes;
} types[] = {
	[CONF_REPORT_FILE] = {"a file", PATH, PATH},
	[CONF_REPORT_PROGRAM] = {"a program", COMMAND, COMMAND | TIMEOUT},
	[CONF_REPORT_SLACK] = {"Slack", URL, URL | TIMEOUT},
	[CONF_REPORT_WEBHOOK] = {"a webhook", URL, URL | SIGNING_KEY | TIMEOUT},
	[CONF_REPORT_PROMETHEUS] = {"Prometheus", PATH, PATH},
	[CONF_REPORT_DESKTOP] = {"the desktop", 0, TIMEOUT},
	[CONF_REPORT_GITHUB] = {"GitHub", 0, 0},
	[CONF_REPORT_MODULE] = {"a module", MODULE, MODULE | OPTIONS | TIMEOUT},
	[CONF_REPORT_PLUGIN] = {"a plugin", PLUGIN, PLUGIN | OPTIONS | TIMEOUT},
};

static const struct {
	enum key key;
	const char *name;
	const char *missing; /* NULL: another key may stand for it */
} keys[] = {
	{PATH, "path", "a path"},
	{COMMAND, "command", "a command"},
	{URL, "url", NULL},
	{URL, "url_file", NULL},
	{SIGNING_KEY, "signing_key", NULL},
	{SIGNING_KEY, "signing_key_file", NULL},
	{TIMEOUT, "timeout", NULL},
	{MODULE, "module", "a module"},
	{PLUGIN, "plugin", "a plugin"},
	{OPTIONS, "options", NULL},
};

/* What the section says, or the key that only one type has, or else the title. */
static int find_type(const struct section *section)
{
	const struct option *option = option_find("report", "type");
	if (section_get(section, "type"))
		return build_choice(section, option);
	if (section_get(section, "module"))
		return CONF_REPORT_MODULE;
	if (section_get(section, "plugin"))
		return CONF_REPORT_PLUGIN;
	return value_choice(option, section->title->text);
}

static int set_type(struct build *build, const struct section *section, struct conf_report *report)
{
	const int type = find_type(section);
	if (type < 0)
		return word_error(section->key, build->err,
				  "report \"%s\": a type is missing: file, program, slack, "
				  "webhook, prometheus, desktop, github, module or plugin",
				  section->title->text);
	report->type = (enum conf_report_type)type;
	return 0;
}

/* Holds the section to the keys of its type. */
static int check_keys(struct build *build, const struct section *section, const struct type *type)
{
	char why[64];
	snprintf(why, sizeof(why), "a report to %s has none", type->what);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!(type->takes & keys[i].key) &&
		    build_without(build, section, keys[i].name, why) != 0)
			return -1;
		if (type->needs & keys[i].key && keys[i].missing &&
		    !section_get(section, keys[i].name))
			return word_error(section->key, build->err, "report \"%s\": %s is missing",
					  section->title->text, keys[i].missing);
	}
	return 0;
}

static int set_path(struct build *build, const struct section *section, struct conf_report *report)
{
	const struct setting *path = section_get(section, "path");
	if (!path)
		return 0;
	report->path = path_absolute(build->arena, path->value);
	if (!report->path)
		return build_no_memory(build);
	if (!path_no_folder(report->path))
		return build_refuse_value(build, path, "it is a folder");
	const char *dot = strrchr(report->path, '.');
	if (report->type == CONF_REPORT_PROMETHEUS && (!dot || strcmp(dot, ".prom") != 0))
		return build_refuse_value(build, path,
					  "it is to end in .prom: a collector reads no others");
	return 0;
}

static const char *const no_environment[] = {NULL};

static int set_command(struct build *build, const struct section *section,
		       struct conf_report *report)
{
	const struct setting *command = section_get(section, "command");
	if (!command)
		return build_list(build, section, "command", &report->command);
	return build_program(build, section, command, build->conf->folder, no_environment,
			     &report->command);
}

/* The one line of a file of secrets, in the arena. */
static int read_secret(struct build *build, const struct setting *file, const char **secret)
{
	const char *path = path_absolute(build->arena, file->value);
	char *text = calloc(1, OWN_FILE_MOST + 1);
	if (!path || !text) {
		free(text);
		return build_no_memory(build);
	}
	const char *wrong = own_file_read(path, text);
	const size_t length = strcspn(text, "\r\n");
	if (!wrong && text[length + strspn(text + length, "\r\n")] != '\0')
		wrong = "it has more than one line";
	if (!wrong && length == 0)
		wrong = "it is empty";
	int failed = wrong ? build_refuse_value(build, file, wrong) : 0;
	if (!wrong) {
		*secret = arena_format(build->arena, "%.*s", (int)length, text);
		failed = *secret ? 0 : build_no_memory(build);
	}
	explicit_bzero(text, OWN_FILE_MOST + 1);
	free(text);
	return failed;
}

/* A secret that stands in the config (or comes there from the environment), or in a file. *from is
 * the setting that has it, NULL where there is neither. */
static int set_secret(struct build *build, const struct section *section, const char *name,
		      const char *file_name, const char **secret, const struct setting **from)
{
	const struct setting *own = section_get(section, name);
	const struct setting *file = section_get(section, file_name);
	*from = own ? own : file;
	if (own && file)
		return build_refuse(build, file, "the section has it by another key as well");
	if (file)
		return read_secret(build, file, secret);
	if (own)
		*secret = own->value->text;
	return 0;
}

/* NULL, or why it is no address that a report can be sent to. What it is stays unsaid. */
static const char *no_url(const char *url)
{
	const bool tls = strncmp(url, "https://", 8) == 0;
	if (!tls && strncmp(url, "http://", 7) != 0)
		return "it is to begin with https:// (or http://)";
	const char *host = url + (tls ? 8 : 7);
	if (strcspn(host, "/?#") == 0)
		return "it names no host";
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return "it has a character that no URL has";
	return NULL;
}

static int set_url(struct build *build, const struct section *section, struct conf_report *report)
{
	const struct setting *from;
	if (set_secret(build, section, "url", "url_file", &report->url, &from) != 0)
		return -1;
	if (!from)
		return word_error(section->key, build->err,
				  "report \"%s\": a url is missing: url or url_file",
				  section->title->text);
	const char *wrong = no_url(report->url);
	return wrong ? build_refuse(build, from, wrong) : 0;
}

static int set_signing_key(struct build *build, const struct section *section,
			   struct conf_report *report)
{
	const struct setting *from;
	if (set_secret(build, section, "signing_key", "signing_key_file", &report->signing_key,
		       &from) != 0)
		return -1;
	if (from && report->signing_key[0] == '\0')
		return build_refuse(build, from, "it is empty");
	return 0;
}

static unsigned events(const struct section *section)
{
	unsigned on = 0;
	for (size_t i = 0; i < section->count; i++) {
		const struct setting *setting = &section->settings[i];
		if (strcmp(setting->option->name, "on") == 0)
			on |= 1U << value_choice(setting->option, setting->value->text);
	}
	return on ? on : CONF_ON_STEP | CONF_ON_CLOSED;
}

static int set_report(struct build *build, const struct section *section,
		      struct conf_report *report)
{
	report->title = section->title->text;
	report->line = section->key->line;
	report->timeout_ms = build_duration(section, option_find("report", "timeout"));
	report->on = events(section);
	if (set_type(build, section, report) != 0 ||
	    check_keys(build, section, &types[report->type]) != 0 ||
	    set_path(build, section, report) != 0 || set_command(build, section, report) != 0)
		return -1;
	if (build_plugin(build, section, "", build->conf->repository.path, no_environment,
			 &report->plugin) != 0)
		return -1;
	if (types[report->type].needs & URL && set_url(build, section, report) != 0)
		return -1;
	return set_signing_key(build, section, report);
}

int build_reports(struct build *build)
{
	const struct settings *settings = build->settings;
	struct conf_report *reports = arena_array(build->arena, settings->count, sizeof(*reports));
	size_t count = 0;
	if (!reports)
		return build_no_memory(build);
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->sections[i].option->name, "report") == 0 &&
		    set_report(build, &settings->sections[i], &reports[count++]) != 0)
			return -1;
	build->conf->reports = reports;
	build->conf->nreports = count;
	return 0;
}
