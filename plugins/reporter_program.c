#include <stdlib.h>

#include "plugins/reporter_kinds.h"

int reporter_program(const struct conf_report *to, const struct reporter_mail *mail,
		     const struct host *host, struct err *err)
{
	struct host_result result;
	struct host_program program = {.argv = to->command, .timeout_ms = to->timeout_ms};
	char *bytes = reporter_keyed(mail, &program.input_length);
	if (!bytes)
		return err_set(err, ERR_INTERNAL, "out of memory");
	program.input = bytes;
	const int failed = host_run(host, &program, &result, err);
	free(bytes);
	return failed;
}
