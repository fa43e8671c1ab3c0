#include "plugins/agent_meter.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/agent_files.h"
#include "plugins/reset_words.h"
#include "status/clock.h"

const struct agent_kind *const agent_kinds[] = {
	&agent_claude, &agent_codex, &agent_gemini, &agent_opencode, NULL,
};

const struct agent_kind *agent_kind_of(enum conf_meter meter)
{
	for (size_t i = 0; agent_kinds[i]; i++)
		if (agent_kinds[i]->meter == meter)
			return agent_kinds[i];
	return meter == CONF_METER_AUTO ? &agent_auto : NULL;
}

const struct agent_kind *agent_kind_named(const char *name)
{
	for (size_t i = 0; agent_kinds[i]; i++)
		if (strcmp(agent_kinds[i]->name, name) == 0)
			return agent_kinds[i];
	return strcmp(name, agent_auto.name) == 0 ? &agent_auto : NULL;
}

const struct agent_kind *agent_kind_in(const char *folder)
{
	for (size_t i = 0; agent_kinds[i]; i++) {
		char path[AGENT_PATH];
		struct stat stat;
		if (snprintf(path, sizeof(path), "%s/%s", folder, agent_kinds[i]->mark) <
			    (int)sizeof(path) &&
		    lstat(path, &stat) == 0)
			return agent_kinds[i];
	}
	return NULL;
}

/* Whether a is more than b by over 1 %, for any figures. */
static bool well_over(int64_t a, int64_t b)
{
	return a > b && a - b > b / 100;
}

void agent_settle(struct reading *reading, const struct call *words, const struct call *files)
{
	const int64_t by_words = words ? call_all(words) : 0,
		      by_files = files ? call_all(files) : 0;
	const struct call *larger = !words || (files && by_files > by_words) ? files : words;
	if (words)
		reading->stdout_all = USAGE_KNOWN(by_words);
	if (files)
		reading->files_all = USAGE_KNOWN(by_files);
	reading->source = words && files ? SOURCE_BOTH : words ? SOURCE_STDOUT : SOURCE_FILES;
	reading->used = call_tokens(larger);
	if (!words || !files)
		return;
	if (well_over(by_words, by_files) || well_over(by_files, by_words)) {
		reading->disagree = true;
		reading->quality = agent_doubt(reading, "what it printed and what it wrote differ");
	}
}

enum ended agent_ended(const struct meter_end *end)
{
	if (end->asked || end->signal)
		return ENDED_INTERRUPTED;
	/* A shell's way to say SIGINT, SIGKILL, SIGTERM. */
	if (end->exit_code == 130 || end->exit_code == 137 || end->exit_code == 143)
		return ENDED_INTERRUPTED;
	return end->exit_code > 0 ? ENDED_CRASHED : ENDED_UNKNOWN;
}

enum quality agent_doubt(struct reading *reading, const char *why)
{
	if (!reading->why[0])
		snprintf(reading->why, sizeof(reading->why), "%s", why);
	return QUALITY_ESTIMATED;
}

int64_t agent_resets_at(const struct meter_start *start, const char *said, int64_t said_ms)
{
	return reset_words(said, start->step ? clock_now() / 1000000 : said_ms / 1000);
}

int64_t agent_time(const char *text)
{
	int64_t us = 0;
	return text[0] && clock_read(text, &us) == 0 ? us / 1000 : 0;
}
