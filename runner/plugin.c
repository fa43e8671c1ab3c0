#include "runner/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/host.h"

#define DESCRIBE_MS 10000

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

/* Runs it, its answer going to the protocol. 0, or -1 and *err where it did not end well. */
static int run_plugin(const struct conf_plugin *plugin, const char *line, const char *cwd,
		      int64_t timeout_ms, struct protocol *protocol, enum plugin_end *end,
		      struct err *err)
{
	const char *argv[PLUGIN_ARGV];
	const char *const environment[] = {plugin_descriptor, NULL};
	struct host host;
	struct host_result result;
	const struct host_program program = {
		.argv = plugin_argv(plugin, argv),
		.name = plugin_path(plugin),
		.environment = environment,
		.cwd = cwd,
		.input = line,
		.input_length = strlen(line),
		.timeout_ms = timeout_ms,
		.stoppable = true,
		.answer = take,
		.context = protocol,
	};
	host_init(&host);
	if (host.run(&host, &program, &result, err) != 0)
		return -1;
	*end = result.timed_out ? PLUGIN_LATE : result.signal ? PLUGIN_CRASHED : PLUGIN_ENDED;
	protocol_end(protocol);
	if (plugin->module && own_words(&result, err) != 0)
		return -1;
	return host_succeeded(&program, &result, err);
}

int plugin_send(const struct conf_plugin *plugin, enum plugin_ask ask, const char *line,
		const char *cwd, int64_t timeout_ms, struct plugin_answer *answer,
		enum plugin_end *end, struct err *err)
{
	char words[600];
	struct protocol *protocol = protocol_new(ask, NULL);
	*answer = (struct plugin_answer){.given = false};
	*end = PLUGIN_ENDED;
	if (!protocol)
		return err_set(err, ERR_INTERNAL, "out of memory");
	int failed = run_plugin(plugin, line, cwd, timeout_ms, protocol, end, err);
	*answer = *protocol_answer(protocol);
	if (!failed && plugin_answer_wrong(ask, answer, words, sizeof(words)))
		failed = err_set(err, ERR_SYSTEM, "%s: %s", plugin_path(plugin), words);
	protocol_free(protocol);
	return failed;
}

int plugin_ask(const struct conf_plugin *plugin, const struct plugin_call *call, const char *cwd,
	       int64_t timeout_ms, struct plugin_answer *answer, struct err *err)
{
	struct plugin_answer given;
	enum plugin_end end;
	char *line = plugin_call_write(call);
	if (!line)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const int failed = plugin_send(plugin, call->ask, line, cwd, timeout_ms, &given, &end, err);
	if (!failed)
		*answer = given;
	free(line);
	return failed;
}

/* A program is not started before it is needed: what is asked of it is not ours to know. */
static int check(const struct conf *conf, const struct conf_plugin *plugin, enum plugin_ask kind,
		 struct err *err)
{
	struct plugin_answer answer;
	struct err why = {.code = ERR_NONE};
	const struct plugin_call call = {
		.ask = PLUGIN_DESCRIBE,
		.repository = conf->repository.path,
	};
	if (!plugin->module)
		return 0;
	if (plugin_ask(plugin, &call, NULL, DESCRIBE_MS, &answer, &why) != 0)
		return err_set(err, ERR_CONFIG, "%s: %s", plugin->key, why.text);
	if (!(answer.offers & PLUGIN_BIT(kind)))
		return err_set(err, ERR_CONFIG, "%s: %s: it offers no %s", plugin->key,
			       plugin->module, plugin_ask_name(kind));
	return 0;
}

int plugins_check(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->nsteps; i++)
		if (check(conf, &conf->steps[i].plugin, PLUGIN_STEP, err) != 0)
			return -1;
	for (size_t i = 0; i < conf->ngates; i++)
		if (check(conf, &conf->gates[i].plugin, PLUGIN_GATE, err) != 0)
			return -1;
	if (conf->step_template && check(conf, &conf->step_template->plugin, PLUGIN_STEP, err) != 0)
		return -1;
	return 0;
}
