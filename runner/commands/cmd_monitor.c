#include <stdlib.h>

#include "runner/commands/command.h"
#include "runner/commands/monitor_args.h"
#include "runner/process/become.h"

/* With the options that were given, and `--` before the configs. */
static int run(struct err *err)
{
	const struct monitor_args *given = &monitor_args;
	const char *const options[][2] = {
		{"--listen", given->listen},
		{"--token-file", given->token_file},
		{"--host", given->host},
	};
	const char **argv = calloc((size_t)given->configs.count + 9, sizeof(*argv));
	size_t n = 0;
	if (!argv)
		return err_set(err, ERR_INTERNAL, "out of memory");
	argv[n++] = MONITOR_PROGRAM;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i][1]) {
			argv[n++] = options[i][0];
			argv[n++] = options[i][1];
		}
	argv[n++] = "--";
	for (int i = 0; i < given->configs.count; i++)
		argv[n++] = given->configs.values[i];
	const int failed = become_program(argv, "the monitor", err);
	free(argv);
	return failed;
}

const struct command command_monitor = {
	.name = "monitor",
	.takes = "[--listen ADDRESS] [--token-file FILE] [--host NAME] [CONF...]",
	.summary = "Serves a web page that shows cycles as they run, and starts and stops them",
	.details =
		"It prints the address to open, with the token that everything on it asks for. It "
		"listens on\n"
		"loopback or a unix socket; on another address only where a --token-file is named. "
		"Only the\n"
		"configs named here can be started. A run that it starts is a process of its own "
		"and "
		"outlives it.\n"
		"Programs send the token as `Authorization: Bearer TOKEN`; /api/v1/openapi.json "
		"describes the\n"
		"API, /metrics is for Prometheus, /healthz needs no token.",
	.args = monitor_args_table,
	.run = run,
};
