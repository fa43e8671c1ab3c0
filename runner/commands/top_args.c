#include "runner/commands/top_args.h"

struct top_args top_args;

const struct arg top_args_table[] = {
	{"CONF...", ARG_TEXTS, &top_args.configs, 0, 0, false, NULL,
	 "the configs of one repository that may be run (default stepgate.conf)"},
	{.name = NULL},
};
