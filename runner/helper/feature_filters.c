/* Filter drivers and other conversions: those that the attributes at the root of the work tree, of
 * the repository and of the user ask for. What only a folder further down asks for is found when it
 * is committed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/features.h"
#include "runner/helper/git_program.h"

#define ATTRIBUTES_MOST 65536 /* bytes read of a file of attributes */
#define DRIVERS         8
#define NAME            64
#define VERSION_MS      5000

/* Attributes that make something else of a file's bytes; what they do to a file is seen when it is
 * committed. */
static const char *const conversions[] = {"text", "crlf", "eol", "ident", "working-tree-encoding"};

#define CONVERSIONS (sizeof(conversions) / sizeof(conversions[0]))

struct drivers {
	size_t count;
	char names[DRIVERS][NAME];
	bool converts[CONVERSIONS];
};

static void add(struct drivers *drivers, const char *name, size_t length)
{
	if (length == 0 || length >= NAME || drivers->count == DRIVERS)
		return;
	for (size_t i = 0; i < drivers->count; i++)
		if (strncmp(drivers->names[i], name, length) == 0 && !drivers->names[i][length])
			return;
	memcpy(drivers->names[drivers->count], name, length);
	drivers->names[drivers->count++][length] = '\0';
}

/* "NAME" or "NAME=VALUE"; one that is unset has a sign before its name. */
static void add_conversion(struct drivers *drivers, const char *word, size_t length)
{
	const char *value = memchr(word, '=', length);
	const size_t name = value ? (size_t)(value - word) : length;
	for (size_t i = 0; i < CONVERSIONS; i++)
		if (strlen(conversions[i]) == name && strncmp(word, conversions[i], name) == 0)
			drivers->converts[i] = true;
}

/* "PATTERN ATTRIBUTE…", as gitattributes(5) has it. */
static void read_line(struct drivers *drivers, const char *line, size_t length)
{
	static const char filter[] = "filter=";
	const char *end = line + length;
	const char *at = line + strspn(line, " \t");
	const char *const pattern = at;
	if (*at == '#')
		return;
	while (at < end) {
		const size_t word = strcspn(at, " \t\r\n");
		if (strncmp(at, filter, sizeof(filter) - 1) == 0)
			add(drivers, at + sizeof(filter) - 1, word - (sizeof(filter) - 1));
		if (at != pattern)
			add_conversion(drivers, at, word);
		at += word;
		at += strspn(at, " \t\r");
	}
}

static void read_file(struct drivers *drivers, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = fd >= 0 ? malloc(ATTRIBUTES_MOST + 1) : NULL;
	const ssize_t got = text ? read(fd, text, ATTRIBUTES_MOST) : -1;
	if (got > 0) {
		text[got] = '\0';
		for (const char *line = text; *line; line += strcspn(line, "\n")) {
			line += *line == '\n';
			read_line(drivers, line, strcspn(line, "\n"));
		}
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

static void read_all(const struct finding *finding, struct drivers *drivers)
{
	char path[2 * LOOK_PATH];
	const char *own = look_setting(finding->source, "core.attributesfile");
	const char *folder = getenv("XDG_CONFIG_HOME");
	snprintf(path, sizeof(path), "%s/.gitattributes", finding->look->workdir);
	read_file(drivers, path);
	snprintf(path, sizeof(path), "%s/info/attributes", finding->look->commondir);
	read_file(drivers, path);
	features_path(finding->look, *own ? own : "~/.config/git/attributes", path, sizeof(path));
	if (!*own && folder && *folder)
		snprintf(path, sizeof(path), "%s/git/attributes", folder);
	if (*path)
		read_file(drivers, path);
}

static const char *setting_of(const struct finding *finding, const char *driver, const char *what)
{
	char key[NAME + 32];
	snprintf(key, sizeof(key), "filter.%s.%s", driver, what);
	return look_setting(finding->source, key);
}

/* The program of a command, where that is a plain word: a shell runs the rest. */
static bool take_program(const char *command, char *out, size_t size)
{
	static const char shell[] = "\"'$`\\;|&()<>*?~={}";
	const size_t length = strcspn(command, " \t");
	if (length == 0 || length >= size || strcspn(command, shell) < length)
		return false;
	memcpy(out, command, length);
	out[length] = '\0';
	return true;
}

/* "git-lfs/3.3.0 (GitHub; …)" as "git-lfs 3.3.0". */
static bool ask_version(const struct finding *finding, char *out, size_t size)
{
	struct err err;
	struct git_answer answer;
	const char *const args[] = {"lfs", "version", NULL};
	const struct git_call call = {
		.folder = finding->look->workdir,
		.args = args,
		.timeout_ms = VERSION_MS,
		.client = -1,
	};
	git_answer_init(&answer);
	const bool told = git_program(&call, &answer, &err) == 0 && git_answer_ok(&answer) &&
			  strncmp(answer.output, "git-lfs/", 8) == 0;
	if (told)
		snprintf(out, size, "git-lfs %.*s", (int)strcspn(answer.output + 8, " \n"),
			 answer.output + 8);
	git_answer_release(&answer);
	return told;
}

/* What becomes of files that a driver without its program is for: git takes them as they are,
 * unless the driver is required; for git-lfs that is never what is wanted. */
static void tell_missing(const struct finding *finding, const char *name, const char *program,
			 bool needed)
{
	if (needed)
		features_tell(finding, GIT_WAY_REFUSED, name, "%s is not there: install it",
			      program);
	else
		features_tell(finding, GIT_WAY_PROGRAM, name,
			      "%s is not there: git commits such files as they are", program);
}

static void tell_unset(const struct finding *finding, const char *driver, const char *name,
		       bool required)
{
	if (strcmp(driver, "lfs") == 0)
		features_tell(finding, GIT_WAY_REFUSED, name,
			      "not set up, and the attributes ask for it: `git lfs install`");
	else if (required)
		features_tell(finding, GIT_WAY_REFUSED, name,
			      "required, and without a command: set filter.%s.clean", driver);
	/* else it is no filter at all to git */
}

static void tell_driver(const struct finding *finding, const char *driver)
{
	char name[NAME + 8], program[256] = "", version[64];
	const char *command = setting_of(finding, driver, "process");
	const bool required = look_is_true(setting_of(finding, driver, "required"));
	const bool lfs = strcmp(driver, "lfs") == 0;
	snprintf(name, sizeof(name), "filter %s", driver);
	if (!*command)
		command = setting_of(finding, driver, "clean");
	if (!*command)
		tell_unset(finding, driver, name, required);
	else if (take_program(command, program, sizeof(program)) &&
		 !features_has_program(finding->look, program))
		tell_missing(finding, name, program, required || lfs);
	else if (lfs && finding->closely && ask_version(finding, version, sizeof(version)))
		features_tell(finding, GIT_WAY_PROGRAM, name, "%s", version);
	else
		features_tell(finding, GIT_WAY_PROGRAM, name, "%s", *program ? program : "run");
}

static void tell_conversions(const struct finding *finding, const struct drivers *drivers)
{
	char names[128] = "";
	size_t used = 0;
	for (size_t i = 0; i < CONVERSIONS; i++)
		if (drivers->converts[i])
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", conversions[i]);
	if (used)
		features_tell(finding, GIT_WAY_ENGINE, "attributes",
			      "%s: by git where a file needs it", names);
}

void find_filters(const struct finding *finding)
{
	struct drivers drivers = {.count = 0};
	read_all(finding, &drivers);
	for (size_t i = 0; i < drivers.count; i++)
		tell_driver(finding, drivers.names[i]);
	tell_conversions(finding, &drivers);
}
