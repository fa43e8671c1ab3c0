/* The arguments of `stepgate monitor`: the command checks and explains them, and the program that
 * it becomes reads them. */
#ifndef RUNNER_COMMANDS_MONITOR_ARGS_H
#define RUNNER_COMMANDS_MONITOR_ARGS_H

#include "runner/commands/args.h"

#define MONITOR_PROGRAM "stepgate-monitor"

struct monitor_args {
	const char *listen, *token_file, *host; /* or NULL */
	struct arg_texts configs;
};
extern struct monitor_args monitor_args;
extern const struct arg monitor_args_table[];

#endif
