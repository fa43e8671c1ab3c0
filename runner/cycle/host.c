#include "runner/cycle/host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cycle/metrics_text.h"
#include "runner/cycle/session.h"
#include "runner/process/aside.h"
#include "runner/process/child.h"
#include "runner/process/stop.h"
#include "status/text.h"

#define GRACE_MS 1000

/* What is kept of a program's words: the beginning. */
struct words {
	const struct host_program *program;
	struct host_result *result;
	char complaint[1024];
	size_t complained;
};

static void on_output(void *context, const char *bytes, size_t length)
{
	struct host_result *result = ((struct words *)context)->result;
	const size_t room = sizeof(result->output) - 1 - result->length;
	const size_t fits = length < room ? length : room;
	memcpy(result->output + result->length, bytes, fits);
	result->length += fits;
	result->cut |= fits < length;
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct words *words = context;
	const size_t room = sizeof(words->complaint) - words->complained;
	const size_t fits = length < room ? length : room;
	memcpy(words->complaint + words->complained, bytes, fits);
	words->complained += fits;
}

static void on_answer(void *context, const char *bytes, size_t length)
{
	const struct host_program *program = ((struct words *)context)->program;
	program->answer(program->context, bytes, length);
}

static int run(const struct host *host, const struct host_program *program,
	       struct host_result *result, struct err *err)
{
	(void)host;
	struct host_result made = {.exit_code = -1};
	struct words words = {.program = program, .result = &made};
	struct child_result ended;
	char **environment = child_environment(program->environment, NULL);
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct child_spec spec = {
		.argv = program->argv,
		.environment = (const char *const *)environment,
		.cwd = program->cwd,
		.stdin_bytes = program->input,
		.stdin_length = program->input_length,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.on_usage = program->answer ? on_answer : NULL,
		.context = &words,
		.timeout_ms = program->timeout_ms,
		.grace_ms = GRACE_MS,
		.stop_fd = program->stoppable ? stop_descriptor() : -1,
		.contained = true,
	};
	/* One that ends without reading its input is no reason for us to. */
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	const int failed = child_run(&spec, &ended, err);
	signal(SIGPIPE, before);
	free(environment);
	if (failed != 0)
		return -1;
	const char *line_end = memchr(words.complaint, '\n', words.complained);
	const size_t first = line_end ? (size_t)(line_end - words.complaint) : words.complained;
	text_clean(words.complaint, first, made.complaint, sizeof(made.complaint));
	made.exit_code = ended.exit_code;
	made.signal = ended.signal;
	made.timed_out = ended.end == CHILD_TIMED_OUT;
	*result = made;
	return 0;
}

static void say(const struct host *host, const char *line)
{
	(void)host;
	session_say(line);
}

static int metrics(const struct host *host, char **text, size_t *length, struct err *err)
{
	const struct session *session = host->context;
	return metrics_text(session->folder, session->journal, text, length, err);
}

void host_init(struct host *host)
{
	*host = (struct host){
		.run = run,
		.start = aside_start,
		.hear = aside_hear,
		.stop = aside_stop,
		.say = say,
		.metrics = metrics,
	};
}
