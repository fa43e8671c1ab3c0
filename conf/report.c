#include <string.h>

#include "conf/build.h"
#include "conf/paths.h"
#include "conf/value.h"

static int set_type(struct build *build, const struct section *section, struct conf_report *report)
{
	const struct option *option = option_find("report", "type");
	const int type = section_get(section, "type") ? build_choice(section, option)
						      : value_choice(option, section->title->text);
	if (type < 0)
		return word_error(section->key, build->err,
				  "report \"%s\": a type is missing: file or program",
				  section->title->text);
	report->type = (enum conf_report_type)type;
	return 0;
}

static int set_file(struct build *build, const struct section *section, struct conf_report *report)
{
	const struct setting *path = section_get(section, "path");
	if (build_without(build, section, "command", "a report to a file has none") != 0 ||
	    build_without(build, section, "timeout", "a report to a file has none") != 0)
		return -1;
	if (!path)
		return word_error(section->key, build->err, "report \"%s\": a path is missing",
				  section->title->text);
	report->path = path_absolute(build->arena, path->value);
	if (!report->path)
		return build_no_memory(build);
	if (!path_no_folder(report->path))
		return build_refuse_value(build, path, "it is a folder");
	return build_list(build, section, "command", &report->command);
}

static int set_program(struct build *build, const struct section *section,
		       struct conf_report *report)
{
	static const char *const no_environment[] = {NULL};
	const struct setting *command = section_get(section, "command");
	if (build_without(build, section, "path", "a report to a program has none") != 0)
		return -1;
	if (!command)
		return word_error(section->key, build->err, "report \"%s\": a command is missing",
				  section->title->text);
	return build_program(build, section, command, build->conf->folder, no_environment,
			     &report->command);
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
	if (set_type(build, section, report) != 0)
		return -1;
	if (report->type == CONF_REPORT_FILE)
		return set_file(build, section, report);
	return set_program(build, section, report);
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
