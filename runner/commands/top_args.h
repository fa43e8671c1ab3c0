/* The arguments of `stepgate top`: as with monitor_args.h. */
#ifndef RUNNER_COMMANDS_TOP_ARGS_H
#define RUNNER_COMMANDS_TOP_ARGS_H

#include "runner/commands/args.h"

#define TOP_PROGRAM "stepgate-top"

struct top_args {
	struct arg_texts configs;
};
extern struct top_args top_args;
extern const struct arg top_args_table[];

#endif
