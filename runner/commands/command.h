/* One row is one command: its name, what it takes, its help, its function. */
#ifndef RUNNER_COMMANDS_COMMAND_H
#define RUNNER_COMMANDS_COMMAND_H

#include "conf/err.h"
#include "runner/commands/args.h"

enum exit_code {
	EXIT_AS_IT_SHOULD =
		0,      /* closed as it should: completed, gate, user; or the gate says yes */
	EXIT_NO = 1,    /* closed on an error, or the gate says no */
	EXIT_USAGE = 2, /* usage or config error: nothing was started */
	EXIT_BUSY = 3,  /* another cycle has the repository */
	EXIT_WORK_LEFT =
		10, /* --detailed-exitcode: the cycle closed as it should, and work is left */
};

struct command {
	const char *name;    /* "check", "step begin" */
	const char *takes;   /* "TOKENS [--threshold P] …" */
	const char *summary; /* one line */
	const char *details; /* further paragraphs for --help, or NULL */
	const struct arg *args;
	bool hidden; /* for stepgate's own use: no help lists it */
	/* Gives the exit code, or -1 and *err. */
	int (*run)(struct err *err);
};

extern const struct command command_run, command_plan, command_validate, command_check, command_fsm,
	command_start, command_update, command_status, command_report, command_stop,
	command_schedule, command_meter, command_step_begin, command_step_done, command_mcp,
	command_module_host, command_monitor, command_top, command_history, command_metrics,
	command_plugin_list, command_plugin_check, command_plugin_new;

#endif
