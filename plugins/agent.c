#include "plugins/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/utf8.h"
#include "status/clock.h"
#include "status/json.h"

enum {
	WORDS = 16,
};

/* The words behind the program; those that begin with "@" stand for others, or for none. */
struct agent {
	const char *name;
	const char *words[WORDS];
	/* What it may do by itself: edit files, and what its sandbox allows. Left out where the
	 * user's arguments have one of `allows`, with or without "=…". */
	const char *allow[3];
	const char *allows[8];
	const char *model;   /* before the name of a model */
	const char *resume;  /* before the name of a session that is gone on with */
	const char *session; /* before the name of a new one; NULL: it takes none */
	const char *title;   /* before a title for a new one; NULL: it needs none */
	const char *setting;
	bool input; /* the prompt is on stdin */
};

static const struct agent agents[] = {
	[CONF_AGENT_CLAUDE] =
		{
			.name = "claude",
			.words = {"-p", "--output-format", "stream-json", "--verbose", "@allow",
				  "@model", "@session", "@arguments", "--", "@prompt"},
			.allow = {"--permission-mode", "acceptEdits"},
			.allows = {"--permission-mode", "--dangerously-skip-permissions"},
			.model = "--model",
			.resume = "--resume",
			.session = "--session-id",
			/* It would put another version in its own place in the middle of the night.
			 */
			.setting = "DISABLE_AUTOUPDATER=1",
		},
	[CONF_AGENT_CODEX] =
		{
			.name = "codex",
			.words = {"exec", "--json", "@allow", "@model", "@arguments", "@session",
				  "--", "@prompt"},
			.allow = {"--sandbox", "workspace-write"},
			.allows = {"--sandbox", "-s", "--full-auto", "--approve-for-me", "--yolo",
				   "--dangerously-bypass-approvals-and-sandbox"},
			.model = "-m",
			.resume = "resume",
		},
	[CONF_AGENT_GEMINI] =
		{
			.name = "gemini",
			.words = {"-o", "stream-json", "@allow", "@model", "@session", "@arguments",
				  "--prompt=@"},
			.allow = {"--approval-mode=auto_edit"},
			.allows = {"--approval-mode", "--yolo", "-y"},
			.model = "-m",
			.resume = "--resume",
			.session = "--session-id",
			/* Without a terminal it does nothing in a folder that nobody has said to
			 * trust. A version that has no such thing passes a variable over, and ends
			 * at an option.
			 */
			.setting = "GEMINI_CLI_TRUST_WORKSPACE=true",
		},
	[CONF_AGENT_OPENCODE] =
		{
			.name = "opencode",
			.words = {"run", "--format", "json", "@allow", "@model", "@session",
				  "@arguments"},
			.allow = {"--auto"},
			.allows = {"--auto", "--no-auto"},
			.model = "-m",
			.resume = "--session",
			/* Without one it asks a model for it, and counts that nowhere. */
			.title = "--title",
			.setting = "OPENCODE_DISABLE_AUTOUPDATE=1",
			/* A prompt among its arguments gets quotes around it, and backslashes
			 * within.
			 */
			.input = true,
		},
};

const char *agent_name(enum conf_agent agent)
{
	return agents[agent].name;
}

bool agent_names_sessions(enum conf_agent agent)
{
	return agents[agent].session != NULL;
}

const char *agent_setting(enum conf_agent agent)
{
	return agents[agent].setting;
}

/* A command while it grows. */
struct command {
	const char **words;
	size_t count;
};

static void add(struct command *command, const char *word)
{
	command->words[command->count++] = word;
}

/* An option and its value, where there are both. */
static void add_pair(struct command *command, const char *option, const char *value)
{
	if (!option || !value)
		return;
	add(command, option);
	add(command, value);
}

static bool is_option(const char *word, const char *option)
{
	const size_t length = strlen(option);
	return strncmp(word, option, length) == 0 && (!word[length] || word[length] == '=');
}

/* Whether the user says what it may do. */
static bool says_allowed(const struct agent *agent, const struct conf_step *step)
{
	for (size_t i = 0; step->arguments[i]; i++)
		for (size_t k = 0; agent->allows[k]; k++)
			if (is_option(step->arguments[i], agent->allows[k]))
				return true;
	return false;
}

static void add_list(struct command *command, const char *const *list)
{
	for (; *list; list++)
		add(command, *list);
}

static void add_allowed(struct command *command, const struct agent *agent,
			const struct conf_step *step)
{
	if (!says_allowed(agent, step))
		add_list(command, agent->allow);
}

static void add_session(struct command *command, const struct agent *agent,
			const struct agent_start *start)
{
	if (start->resume)
		add_pair(command, agent->resume, start->resume);
	else
		add_pair(command, agent->session, start->session);
	if (!start->resume)
		add_pair(command, agent->title, start->words->title);
}

/* One word of the row. 0, or -1 where memory is short. */
static int add_word(struct command *command, struct arena *arena, const char *word,
		    const struct agent_start *start, const char *prompt)
{
	const struct agent *agent = &agents[start->step->agent];
	const char *at = strchr(word, '@');
	if (!at)
		add(command, word);
	else if (strcmp(word, "@allow") == 0)
		add_allowed(command, agent, start->step);
	else if (strcmp(word, "@model") == 0)
		add_pair(command, agent->model, start->step->model);
	else if (strcmp(word, "@session") == 0)
		add_session(command, agent, start);
	else if (strcmp(word, "@arguments") == 0)
		add_list(command, start->step->arguments);
	else if (strcmp(word, "@prompt") == 0)
		add(command, prompt);
	else
		add(command, arena_format(arena, "%.*s%s", (int)(at - word), word, prompt));
	return command->words[command->count - 1] ? 0 : -1;
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

/* The whole file in the arena, so far as a prompt can be that long; NULL and *err. */
static const char *read_prompt(struct arena *arena, const char *path, struct err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = arena_array(arena, AGENT_PROMPT_MAX + 2, 1);
	size_t length = 0;
	ssize_t got = text ? 1 : 0;
	if (fd < 0) {
		err_errno(err, "prompt_file: %s: can't be opened", path);
		return NULL;
	}
	while (got > 0 && length <= AGENT_PROMPT_MAX) {
		got = read(fd, text + length, AGENT_PROMPT_MAX + 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		err_errno(err, "prompt_file: %s: can't be read", path);
	else if (!text)
		no_memory(err);
	else if (memchr(text, '\0', length) || utf8_valid(text, length) != length)
		err_set(err, ERR_SYSTEM, "prompt_file: %s: it is no UTF-8 text", path);
	else
		got = 1;
	close(fd);
	return got > 0 ? text : NULL;
}

/* The prompt as it is given, or NULL and *err. */
static const char *fill_prompt(struct arena *arena, const struct agent_start *start,
			       struct err *err)
{
	const struct conf_step *step = start->step;
	const char *text = step->prompt ? step->prompt : read_prompt(arena, step->prompt_file, err);
	const char *filled = text ? template_prompt(arena, text, start->words) : NULL;
	if (text && !filled)
		no_memory(err);
	if (!filled)
		return NULL;
	if (strlen(filled) > AGENT_PROMPT_MAX) {
		err_set(err, ERR_SYSTEM,
			"%s: longer than %d bytes: name a file in it that the agent is to read",
			step->prompt ? "prompt" : step->prompt_file, AGENT_PROMPT_MAX);
		return NULL;
	}
	if (filled[strspn(filled, " \t\r\n")] == '\0') {
		err_set(err, ERR_SYSTEM, "%s: there is nothing in it",
			step->prompt ? "prompt" : step->prompt_file);
		return NULL;
	}
	return filled;
}

int agent_command(struct arena *arena, const struct agent_start *start, struct agent_run *run,
		  struct err *err)
{
	const struct agent *agent = &agents[start->step->agent];
	size_t more = 0;
	while (start->step->arguments[more])
		more++;
	const char *prompt = fill_prompt(arena, start, err);
	if (!prompt)
		return -1;
	struct command made = {.words = arena_array(arena, more + 2UL * WORDS, sizeof(char *))};
	if (!made.words)
		return no_memory(err);
	add(&made, start->step->command[0]);
	for (size_t i = 0; agent->words[i]; i++)
		if (add_word(&made, arena, agent->words[i], start, prompt) != 0)
			return no_memory(err);
	*run = (struct agent_run){.command = made.words, .input = agent->input ? prompt : NULL};
	return 0;
}

/* The "version" of FOLDER/package.json into out[size]; false where there is none. */
static bool read_version(const char *folder, char *out, size_t size)
{
	char path[PATH_MAX + 16], text[16384];
	snprintf(path, sizeof(path), "%s/package.json", folder);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const ssize_t got = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	if (fd >= 0)
		close(fd);
	cJSON *json = got > 0 ? json_parse_object(text, (size_t)got) : NULL;
	const char *version = json_get_text(json, "version");
	if (version)
		snprintf(out, size, "%s", version);
	cJSON_Delete(json);
	return version != NULL;
}

char *agent_version(const char *path, char *out, size_t size)
{
	char folder[PATH_MAX];
	out[0] = '\0';
	if (!realpath(path, folder))
		return out;
	/* PACKAGE/bin/PROGRAM, PACKAGE/PROGRAM */
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			break;
		*slash = '\0';
		if (read_version(folder, out, size))
			break;
	}
	return out;
}

char *agent_words(enum ended ended, int64_t resets_at, char *out, size_t size)
{
	static const char *const words[] = {
		[ENDED_USAGE_LIMIT] = "usage limit reached",
		[ENDED_RATE_LIMITED] = "rate limited: the service takes no more for now",
		[ENDED_CONTEXT_FULL] = "context full",
		[ENDED_AUTHENTICATION] = "authentication failed: is it logged in?",
		[ENDED_TURN_LIMIT] = "turn limit reached",
		[ENDED_REFUSED] = "refused by the model",
		[ENDED_CRASHED] = "ended by an error of the agent or its service",
		[ENDED_INTERRUPTED] = "interrupted",
		[ENDED_AT_BUDGET] = "budget exhausted in mid-step",
	};
	char time[CLOCK_TEXT];
	const bool told = ended == ENDED_USAGE_LIMIT && resets_at > 0;
	snprintf(out, size, "%s%s%s", words[ended], told ? ", resets at " : "",
		 told ? clock_write(resets_at * 1000000, time) : "");
	return out;
}
