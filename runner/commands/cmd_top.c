#include <stdlib.h>

#include "runner/commands/command.h"
#include "runner/commands/top_args.h"
#include "runner/process/become.h"

static int run(struct err *err)
{
	const struct arg_texts *configs = &top_args.configs;
	const char **argv = calloc((size_t)configs->count + 3, sizeof(*argv));
	if (!argv)
		return err_set(err, ERR_INTERNAL, "out of memory");
	argv[0] = TOP_PROGRAM;
	argv[1] = "--";
	for (int i = 0; i < configs->count; i++)
		argv[2 + i] = configs->values[i];
	const int failed = become_program(argv, "the terminal view", err);
	free(argv);
	return failed;
}

const struct command command_top = {
	.name = "top",
	.takes = "[CONF...]",
	.summary = "Shows in a terminal what the cycle is at, and starts and stops cycles",
	.details =
		"The machine, usage against the threshold, steps, reports and the worker's last "
		"lines, as they\n"
		"come. Keys: s starts a cycle, e stops after the step under way, n stops now (asks "
		"first), + and -\n"
		"change the threshold of the next cycle, c chooses among the configs, q leaves. A "
		"run that was\n"
		"started here goes on without it.",
	.args = top_args_table,
	.run = run,
};
