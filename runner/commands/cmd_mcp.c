/* The MCP server: each tool is a run of one of our own commands, so that no lock is held between
 * calls, and a call that dies takes nothing with it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/mcp.h"
#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "runner/process/child.h"
#include "runner/version.h"
#include "status/document.h"

#define OUTPUT_MAX 1048576 /* of one call: a status document of some thousand steps */

static const char *config;
static bool no_push;

static const struct arg args[] = {
	{"--config", ARG_TEXT, &config, 0, 0, false, "CONF",
	 "take budget and repository from this file"},
	{"--no-push", ARG_FLAG, &no_push, 0, 0, false, NULL, "commit, but do not push"},
	{.name = NULL},
};

struct server {
	struct mcp_host host; /* first: the host is the server */
	int64_t before;       /* the newest cycle that had ended when the server began */
	bool mute;            /* stdout can't be written any more */
};

/* What a command prints, up to OUTPUT_MAX. */
struct heard {
	FILE *out;
	char *text;
	size_t length;
	size_t taken;
};

static int heard_open(struct heard *heard)
{
	heard->out = open_memstream(&heard->text, &heard->length);
	return heard->out ? 0 : -1;
}

static void hear(struct heard *heard, const char *bytes, size_t length)
{
	const size_t room = OUTPUT_MAX - heard->taken;
	const size_t fits = length < room ? length : room;
	heard->taken += fits;
	fwrite(bytes, 1, fits, heard->out);
}

/* The text (malloc), or NULL. */
static char *heard_close(struct heard *heard)
{
	if (heard->out && fclose(heard->out) == 0)
		return heard->text;
	free(heard->text);
	return NULL;
}

struct both {
	struct heard output, complaint;
};

static void on_output(void *context, const char *bytes, size_t length)
{
	hear(&((struct both *)context)->output, bytes, length);
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	hear(&((struct both *)context)->complaint, bytes, length);
}

/* The words of the call behind our own program's name, and the options of the server that the
 * command takes. */
static void whole_words(const char *const *words, const char **argv)
{
	const bool step = strcmp(words[0], "step") == 0;
	size_t n = 0, at = 0;
	argv[n++] = "/proc/self/exe";
	argv[n++] = words[at++];
	if (step)
		argv[n++] = words[at++];
	if (config && (step || strcmp(words[0], "start") == 0)) {
		argv[n++] = "--config";
		argv[n++] = config;
	}
	if (no_push && step)
		argv[n++] = "--no-push";
	while (words[at])
		argv[n++] = words[at++];
	argv[n] = NULL;
}

/* No time limit: a commit that takes long is not to be cut off, and each command has limits of its
 * own for what it waits for. */
static int run_command(const char *const *words, struct both *both, struct mcp_ran *ran,
		       struct err *err)
{
	const char *argv[MCP_WORDS + 8];
	struct child_result ended;
	whole_words(words, argv);
	char **environment = child_environment(NULL, NULL);
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environment,
		.on_output = on_output,
		.on_complaint = on_complaint,
		.context = both,
		.stop_fd = -1,
	};
	const int failed = child_run(&spec, &ended, err);
	free(environment);
	if (failed != 0)
		return -1;
	if (ended.end != CHILD_EXITED)
		return err_set(err, ERR_INTERNAL, "stepgate %s: killed by signal %d", words[0],
			       ended.signal);
	ran->exit_code = ended.exit_code;
	return 0;
}

static int newest_ended(bool *threshold, int64_t *number)
{
	static const char closed_at_threshold[] = "Token threshold exceeded";
	char folder[4096];
	struct document *doc = NULL;
	struct document_view view;
	if (tracker_folder(folder, sizeof(folder), NULL) != 0 ||
	    document_read(folder, &doc, NULL) != 0)
		return -1;
	document_view(doc, &view);
	*number = view.ended_at ? view.cycle : view.cycle - 1;
	*threshold = view.ended_at && view.close_reason &&
		     strncmp(view.close_reason, closed_at_threshold,
			     sizeof(closed_at_threshold) - 1) == 0;
	document_free(doc);
	return 0;
}

/* The budget is there so that a session ends while it still can hand over: the one that used it up
 * gets no new one. */
static int refuse_start(const struct server *server, const char *const *words, struct err *err)
{
	bool threshold = false;
	int64_t number = 0;
	if (strcmp(words[0], "start") != 0 || newest_ended(&threshold, &number) != 0)
		return 0;
	if (!threshold || number <= server->before)
		return 0;
	return err_set(err, ERR_REFUSED,
		       "start_cycle: cycle %lld of this session closed at its threshold: say what "
		       "is left to do, and end: the next cycle is for a new session",
		       (long long)number);
}

static int run_tool(const struct mcp_host *host, const char *const *words, struct mcp_ran *ran,
		    struct err *err)
{
	struct both both = {.output = {.out = NULL}};
	struct mcp_ran made = {.exit_code = -1};
	int failed = refuse_start((const struct server *)host, words, err);
	if (failed == 0 && (heard_open(&both.output) != 0 || heard_open(&both.complaint) != 0))
		failed = err_set(err, ERR_INTERNAL, "out of memory");
	if (failed == 0)
		failed = run_command(words, &both, &made, err);
	made.output = heard_close(&both.output);
	made.complaint = heard_close(&both.complaint);
	if (failed == 0 && (!made.output || !made.complaint))
		failed = err_set(err, ERR_INTERNAL, "out of memory");
	if (failed == 0) {
		*ran = made;
		return 0;
	}
	free(made.output);
	free(made.complaint);
	return -1;
}

static void send_line(const struct mcp_host *host, const char *line)
{
	struct server *server = (struct server *)(uintptr_t)host;
	if (printf("%s\n", line) < 0 || fflush(stdout) != 0)
		server->mute = true;
}

static int serve(struct mcp *mcp, const struct server *server, struct err *err)
{
	char bytes[65536];
	while (!server->mute) {
		const ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "stdin: can't be read");
		if (got == 0) {
			mcp_end(mcp);
			return EXIT_AS_IT_SHOULD;
		}
		mcp_feed(mcp, bytes, (size_t)got);
	}
	return err_set(err, ERR_SYSTEM, "stdout: can't be written");
}

static int run(struct err *err)
{
	struct server server = {
		.host = {.run = run_tool, .send = send_line, .version = STEPGATE_VERSION}};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	bool threshold;
	sigaction(SIGPIPE, &ignore, NULL);
	newest_ended(&threshold, &server.before);
	struct mcp *mcp = mcp_new(&server.host);
	if (!mcp)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int code = serve(mcp, &server, err);
	mcp_free(mcp);
	return code;
}

const struct command command_mcp = {
	.name = "mcp",
	.takes = "[--config CONF] [--no-push]",
	.summary = "Serves an agent's own verbs as a Model Context Protocol server on stdio",
	.details = "For an agent that drives its own cycle, which starts it in its repository. The "
		   "tools are start_cycle,\n"
		   "check_budget, begin_step, finish_step, end_cycle, report and status; what the "
		   "machine refuses comes\n"
		   "back in words, with what to do instead. Ends with its stdin.",
	.args = args,
	.run = run,
};
