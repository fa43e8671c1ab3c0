#include "runner/helper/git_program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/text.h"

#define GRACE_MS  2000
#define ARGS_MOST 32

void git_answer_init(struct git_answer *answer)
{
	*answer = (struct git_answer){.output = NULL};
}

void git_answer_release(struct git_answer *answer)
{
	free(answer->output);
	git_answer_init(answer);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct git_answer *answer = context;
	if (answer->cut || length > GIT_OUTPUT_MOST - answer->length) {
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
	struct git_answer *answer = context;
	const size_t room = sizeof(answer->complaint) - 1 - answer->complaint_length;
	if (length > room)
		length = room;
	memcpy(answer->complaint + answer->complaint_length, bytes, length);
	answer->complaint_length += length;
	answer->complaint[answer->complaint_length] = '\0';
}

static int run(const struct git_call *call, const char *const *environment,
	       struct git_answer *answer, struct err *err)
{
	const char *argv[ARGS_MOST + 2] = {"git"};
	for (size_t i = 0; i < ARGS_MOST && call->args[i]; i++)
		argv[i + 1] = call->args[i];
	const struct child_spec spec = {
		.argv = argv,
		.environment = environment,
		.cwd = call->folder,
		.stdin_bytes = call->input,
		.stdin_length = call->input ? strlen(call->input) : 0,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.context = answer,
		.timeout_ms = call->timeout_ms,
		.grace_ms = GRACE_MS,
		.stop_fd = call->client,
		.death_signal = SIGTERM, /* on which git takes away its locks */
	};
	return child_run(&spec, &answer->result, err);
}

int git_program(const struct git_call *call, struct git_answer *answer, struct err *err)
{
	static const char *const quiet[] = {
		"GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=:", "GIT_PAGER=cat",
		"LC_ALL=C.UTF-8",        "LANGUAGE=",    NULL,
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
		return err_set(err, ERR_SYSTEM, "git %s: %s", call->args[0],
			       child_words(&answer->result, words, sizeof(words)));
	if (answer->cut)
		return err_set(err, ERR_SYSTEM, "git %s: too much output", call->args[0]);
	if (!answer->output)
		on_output(answer, "", 0);
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
					return text_clean(line, length, out, size);
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
