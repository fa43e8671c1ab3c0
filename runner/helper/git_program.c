#include "runner/helper/git_program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/text.h"

#define GRACE_MS  2000
#define ARGS_MOST 32
#define TRACE     "GIT_TRACE2_EVENT=3" /* CHILD_USAGE_FD */

void git_answer_init(struct git_answer *answer)
{
	*answer = (struct git_answer){.output = NULL};
}

void git_answer_release(struct git_answer *answer)
{
	free(answer->output);
	git_answer_init(answer);
}

/* One call while it runs. */
struct running {
	struct git_answer *answer;
	struct git_log *log;
	const struct git_talk *talk;
	bool output_too;
	size_t most; /* bytes of output */
};

void git_log_add(struct git_log *log, const char *bytes, size_t length)
{
	if (length > GIT_LOG_MOST - log->length)
		length = GIT_LOG_MOST - log->length;
	char *text = length ? realloc(log->text, log->length + length) : NULL;
	if (!text)
		return;
	memcpy(text + log->length, bytes, length);
	log->text = text;
	log->length += length;
}

void git_log_release(struct git_log *log)
{
	free(log->text);
	*log = (struct git_log){.text = NULL};
}

static void on_output(void *context, const char *bytes, size_t length)
{
	const struct running *running = context;
	struct git_answer *answer = running->answer;
	if (running->talk) {
		running->talk->on_output(running->talk->context, bytes, length);
		return;
	}
	if (running->output_too)
		git_log_add(running->log, bytes, length);
	if (answer->cut || length > running->most - answer->length) {
		answer->cut = true;
		return;
	}
	char *output = realloc(answer->output, answer->length + length + 1);
	if (!output) {
		answer->cut = true;
		return;
	}
	memcpy(output + answer->length, bytes, length);
	answer->length += length;
	output[answer->length] = '\0';
	answer->output = output;
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct running *running = context;
	struct git_answer *answer = running->answer;
	if (running->log)
		git_log_add(running->log, bytes, length);
	const size_t room = sizeof(answer->complaint) - 1 - answer->complaint_length;
	if (length > room)
		length = room;
	memcpy(answer->complaint + answer->complaint_length, bytes, length);
	answer->complaint_length += length;
	answer->complaint[answer->complaint_length] = '\0';
}

static void on_trace(void *context, const char *bytes, size_t length)
{
	git_watch_feed(&((struct running *)context)->answer->watch, bytes, length);
}

static int run(const struct git_call *call, const char *const *environment,
	       struct git_answer *answer, struct err *err)
{
	const char *argv[ARGS_MOST + 2] = {"git"};
	for (size_t i = 0; i < ARGS_MOST && call->args[i]; i++)
		argv[i + 1] = call->args[i];
	struct running running = {
		.answer = answer,
		.log = call->log,
		.talk = call->talk,
		.output_too = call->log_output && call->log,
		.most = call->output_most ? call->output_most : GIT_OUTPUT_MOST,
	};
	answer->watch.now = &answer->complaint_length;
	const struct child_spec spec = {
		.argv = argv,
		.environment = environment,
		.cwd = call->folder,
		.stdin_bytes = call->input,
		.stdin_length = call->input ? strlen(call->input) : 0,
		.feed = call->talk ? &call->talk->feed : NULL,
		.end_now = call->talk ? &call->talk->end : NULL,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.on_usage = call->log ? on_trace : NULL,
		.context = &running,
		.timeout_ms = call->timeout_ms,
		.grace_ms = GRACE_MS,
		.stop_fd = call->client,
		.death_signal = SIGTERM, /* on which git takes away its locks */
	};
	return child_run(&spec, &answer->result, err);
}

/* What git is asked to do, behind its own options. */
static const char *verb(const struct git_call *call)
{
	const char *const *arg = call->args;
	while (arg[0] && arg[0][0] == '-' && arg[1])
		arg += strcmp(arg[0], "-c") == 0 ? 2 : 1;
	return arg[0] ? arg[0] : "";
}

int git_program(const struct git_call *call, struct git_answer *answer, struct err *err)
{
	const char *const quiet[] = {
		"GIT_TERMINAL_PROMPT=0",
		"GIT_EDITOR=:",
		"GIT_PAGER=cat",
		"LC_ALL=C.UTF-8",
		"LANGUAGE=",
		call->log ? TRACE : NULL,
		NULL,
	};
	char words[128];
	char **environment = child_environment(quiet, call->variables);
	git_answer_release(answer);
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int failed = run(call, (const char *const *)environment, answer, err);
	free(environment);
	if (failed)
		return -1;
	if (answer->result.end != CHILD_EXITED)
		return err_set(err, ERR_SYSTEM, "git %s: %s", verb(call),
			       child_words(&answer->result, words, sizeof(words)));
	if (answer->cut)
		return err_set(err, ERR_SYSTEM, "git %s: too much output", verb(call));
	struct running empty = {.answer = answer, .most = 1};
	if (!answer->output)
		on_output(&empty, "", 0);
	return answer->output ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
}

bool git_answer_ok(const struct git_answer *answer)
{
	return answer->result.end == CHILD_EXITED && answer->result.exit_code == 0;
}

/* The next line of *text, which is moved behind it; NULL at the end. */
static const char *next_line(const char **text, size_t *length)
{
	const char *line = *text;
	if (!*line)
		return NULL;
	*length = strcspn(line, "\n");
	*text += *length + (line[*length] == '\n');
	return line;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* The first line, or the last, that says something and is not git's own last word; NULL. */
static const char *telling_line(const char *text, bool first, size_t *length)
{
	static const char own[] = "error: failed to push some refs";
	const char *found = NULL, *line;
	size_t size;
	while (!(found && first) && (line = next_line(&text, &size)))
		if (size && !begins(line, own)) {
			found = line;
			*length = size;
		}
	return found;
}

/* What is behind the words of hooks that passed comes first; but these may have been read late. A
 * pre-push hook may speak on stdout. */
static const char *line_of_hook(const struct git_answer *answer, size_t *length)
{
	const char *line = telling_line(answer->complaint + answer->watch.said, true, length);
	if (!line)
		line = telling_line(answer->complaint, false, length);
	if (!line && answer->output)
		line = telling_line(answer->output, true, length);
	return line;
}

bool git_answer_hook(const struct git_answer *answer, char *out, size_t size)
{
	char whole[2 * sizeof(answer->watch.line)], words[128];
	const struct git_watch *watch = &answer->watch;
	size_t length = 0;
	if (watch->running[0] && answer->result.end != CHILD_EXITED) {
		snprintf(whole, sizeof(whole), "%s%s: %s", watch->is_hook ? "hook " : "",
			 watch->running, child_words(&answer->result, words, sizeof(words)));
	} else if (watch->refused[0]) {
		const char *line = line_of_hook(answer, &length);
		snprintf(whole, sizeof(whole), "hook %s refused%s%.*s", watch->refused,
			 line ? ": " : "", line ? (int)length : 0, line ? line : "");
	} else {
		return false;
	}
	text_clean(whole, strlen(whole), out, size);
	return true;
}

/* With the line behind it where that is what it is about: "unknown repository extension found:". */
static size_t whole_length(const char *line, size_t length)
{
	if (line[length - 1] != ':' || line[length] != '\n')
		return length;
	return length + 1 + strcspn(line + length + 1, "\n");
}

char *git_answer_words(const struct git_answer *answer, char *out, size_t size)
{
	static const char *const telling[] = {"fatal: ", "error: ", ""};
	const char *texts[] = {answer->complaint, answer->output ? answer->output : ""};
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
			const char *text = texts[t], *line;
			size_t length;
			while ((line = next_line(&text, &length)))
				if (length && begins(line, telling[i]))
					return text_clean(line, whole_length(line, length), out,
							  size);
		}
	return child_words(&answer->result, out, size);
}

void git_program_forget_repository(void)
{
	static const char *const variables[] = {
		"GIT_DIR",
		"GIT_WORK_TREE",
		"GIT_INDEX_FILE",
		"GIT_OBJECT_DIRECTORY",
		"GIT_COMMON_DIR",
		"GIT_NAMESPACE",
		"GIT_PREFIX",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_GRAFT_FILE",
		"GIT_CEILING_DIRECTORIES",
		"GIT_LITERAL_PATHSPECS",
		"GIT_GLOB_PATHSPECS",
		"GIT_NOGLOB_PATHSPECS",
		"GIT_ICASE_PATHSPECS",
		"GIT_INTERNAL_SUPER_PREFIX",
		"GIT_QUARANTINE_PATH",
	};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}
