#include "runner/commands/monitor_args.h"

struct monitor_args monitor_args;

const struct arg monitor_args_table[] = {
	{"--listen", ARG_TEXT, &monitor_args.listen, 0, 0, false, "ADDRESS",
	 "HOST:PORT or unix:PATH; 127.0.0.1:8737 where it is not given"},
	{"--token-file", ARG_TEXT, &monitor_args.token_file, 0, 0, false, "FILE",
	 "where the token is; made where it is missing"},
	{"--host", ARG_TEXT, &monitor_args.host, 0, 0, false, "NAME",
	 "a further name that the page may be opened by"},
	{"CONF...", ARG_TEXTS, &monitor_args.configs, 0, 0, false, NULL,
	 "the configs that may be run (default stepgate.conf)"},
	{.name = NULL},
};
