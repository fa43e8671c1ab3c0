#include "plugins/reporter_kinds.h"

int reporter_program(const struct conf_report *to, const char *line, size_t length,
		     const struct host *host, struct err *err)
{
	struct host_result result;
	const struct host_program program = {
		.argv = to->command,
		.input = line,
		.input_length = length,
		.timeout_ms = to->timeout_ms,
	};
	return host_run(host, &program, &result, err);
}
