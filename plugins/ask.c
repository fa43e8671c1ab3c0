#include "plugins/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char plugin_descriptor[] = "STEPGATE_PLUGIN_FD=3";
_Static_assert(PROTOCOL_FD == 3, "plugin_descriptor says so");

/* Our own program, also where another one has taken its place on the disk. */
#define OURSELVES "/proc/self/exe"

const char *const *plugin_argv(const struct conf_plugin *plugin, const char *argv[PLUGIN_ARGV])
{
	if (!plugin->module)
		return plugin->program;
	argv[0] = OURSELVES;
	argv[1] = "module-host";
	argv[2] = plugin->module;
	argv[3] = NULL;
	return argv;
}

const char *plugin_path(const struct conf_plugin *plugin)
{
	return plugin->module ? plugin->module : plugin->program[0];
}

static void take(void *context, const char *bytes, size_t length)
{
	protocol_feed(context, bytes, length);
}

/* The module host has said in one line what is wrong: that is the message. */
static int own_words(const struct host_result *result, struct err *err)
{
	static const char before[] = "stepgate: ";
	const char *words = result->complaint;
	if (result->exit_code <= 0 || strncmp(words, before, sizeof(before) - 1) != 0)
		return 0;
	err_set(err, ERR_CONFIG, "%s", words + sizeof(before) - 1);
	return -1;
}

/* What is run for it, its answer going to the protocol. */
static struct host_program program_of(const struct conf_plugin *plugin, enum plugin_ask ask,
				      const char *line, const char *cwd, int64_t timeout_ms,
				      struct protocol *protocol, const char *argv[PLUGIN_ARGV])
{
	static const char *const environment[] = {plugin_descriptor, NULL};
	return (struct host_program){
		.argv = plugin_argv(plugin, argv),
		.name = plugin_path(plugin),
		.environment = environment,
		.cwd = cwd,
		.input = line,
		.input_length = strlen(line),
		.timeout_ms = timeout_ms,
		/* A stop is no reason to lose what a worker used, or a report. */
		.stoppable = ask == PLUGIN_GATE || ask == PLUGIN_DESCRIBE,
		.answer = take,
		.context = protocol,
	};
}

/* Runs it. 0, or -1 and *err where it did not end well. */
static int run_plugin(const struct conf_plugin *plugin, enum plugin_ask ask, const char *line,
		      const char *cwd, int64_t timeout_ms, struct protocol *protocol,
		      const struct host *host, enum plugin_end *end, struct err *err)
{
	const char *argv[PLUGIN_ARGV];
	struct host_result result;
	const struct host_program program =
		program_of(plugin, ask, line, cwd, timeout_ms, protocol, argv);
	if (host->run(host, &program, &result, err) != 0)
		return -1;
	*end = result.timed_out ? PLUGIN_LATE : result.signal ? PLUGIN_CRASHED : PLUGIN_ENDED;
	protocol_end(protocol);
	if (plugin->module && own_words(&result, err) != 0)
		return -1;
	return host_succeeded(&program, &result, err);
}

int plugin_start(const struct conf_plugin *plugin, const struct plugin_call *call, const char *cwd,
		 int64_t timeout_ms, const struct host *host, struct protocol *protocol,
		 struct host_aside **aside, struct err *err)
{
	const char *argv[PLUGIN_ARGV];
	char *line = plugin_call_write(call);
	if (!line)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct host_program program =
		program_of(plugin, call->ask, line, cwd, timeout_ms, protocol, argv);
	const int failed = host->start(host, &program, aside, err);
	free(line);
	return failed;
}

int plugin_send(const struct conf_plugin *plugin, enum plugin_ask ask, const char *line,
		const char *cwd, int64_t timeout_ms, const struct host *host,
		struct plugin_answer *answer, enum plugin_end *end, struct err *err)
{
	char words[600];
	struct protocol *protocol = protocol_new(ask, NULL);
	*answer = (struct plugin_answer){.given = false};
	*end = PLUGIN_ENDED;
	if (!protocol)
		return err_set(err, ERR_INTERNAL, "out of memory");
	int failed = run_plugin(plugin, ask, line, cwd, timeout_ms, protocol, host, end, err);
	*answer = *protocol_answer(protocol);
	if (!failed && plugin_answer_wrong(ask, answer, words, sizeof(words)))
		failed = err_set(err, ERR_SYSTEM, "%s: %s", plugin_path(plugin), words);
	protocol_free(protocol);
	return failed;
}

int plugin_ask(const struct conf_plugin *plugin, const struct plugin_call *call, const char *cwd,
	       int64_t timeout_ms, const struct host *host, struct plugin_answer *answer,
	       struct err *err)
{
	struct plugin_answer given;
	enum plugin_end end;
	char *line = plugin_call_write(call);
	if (!line)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int failed =
		plugin_send(plugin, call->ask, line, cwd, timeout_ms, host, &given, &end, err);
	if (!failed)
		*answer = given;
	free(line);
	return failed;
}
