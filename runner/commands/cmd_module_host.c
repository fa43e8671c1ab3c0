/* The module host's command: stepgate, started anew by stepgate, as the process of one call. */
#include <stdio.h>
#include <unistd.h>

#include "plugins/module_host.h"
#include "plugins/protocol.h"
#include "runner/commands/command.h"

static const char *path;

static const struct arg args[] = {
	{"MODULE", ARG_TEXT, &path, 0, 0, true, NULL, "the path of the module"},
	{.name = NULL},
};

/* Nothing of the module runs after its answer: no handler that it left for the process's end, and
 * no destructor, for their crash would look like one of the work. */
static int run(struct err *err)
{
	if (module_host(path, STDIN_FILENO, PROTOCOL_FD, err) != 0)
		return -1;
	fflush(NULL);
	_exit(EXIT_AS_IT_SHOULD);
}

const struct command command_module_host = {
	.name = "module-host",
	.takes = "MODULE",
	.summary = "Has a module answer one call: it is read from stdin, the answer goes to "
		   "descriptor 3",
	.args = args,
	.hidden = true,
	.run = run,
};
