#include <stdio.h>

#include "runner/commands/command.h"
#include "runner/commands/show_fsm.h"

static bool dot, promela;

static const struct arg args[] = {
	{"--dot", ARG_FLAG, &dot, 0, 0, false, NULL, "as a picture for graphviz"},
	{"--promela", ARG_FLAG, &promela, 0, 0, false, NULL,
	 "as a model for SPIN, with the rules as properties"},
	{.name = NULL},
};

static int run(struct err *err)
{
	if (dot && promela)
		return err_set(err, ERR_USAGE, "--dot and --promela: one at a time");
	const int failed = dot       ? show_fsm_dot(stdout)
			   : promela ? show_fsm_promela(stdout)
				     : show_fsm_text(stdout);
	return failed ? err_errno(err, "stdout: can't be written") : EXIT_AS_IT_SHOULD;
}

const struct command command_fsm = {
	.name = "fsm",
	.takes = "[--dot | --promela]",
	.summary = "Shows the machine: states, moves, refusals",
	.args = args,
	.run = run,
};
