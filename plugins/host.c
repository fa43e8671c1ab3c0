#include "plugins/host.h"

/* ": " and what it complained of, or nothing. */
#define COMPLAINT(result) (result)->complaint[0] ? ": " : "", (result)->complaint

static int failed(const struct host_program *program, const struct host_result *result,
		  struct err *err)
{
	const char *name = program->name ? program->name : program->argv[0];
	if (result->timed_out)
		return err_set(err, ERR_SYSTEM, "%s: ended after its timeout of %lld ms%s%s", name,
			       (long long)program->timeout_ms, COMPLAINT(result));
	if (result->signal)
		return err_set(err, ERR_SYSTEM, "%s: killed by signal %d%s%s", name, result->signal,
			       COMPLAINT(result));
	return err_set(err, ERR_SYSTEM, "%s: exit status %d%s%s", name, result->exit_code,
		       COMPLAINT(result));
}

int host_succeeded(const struct host_program *program, const struct host_result *result,
		   struct err *err)
{
	if (result->timed_out || result->signal || result->exit_code != 0)
		return failed(program, result, err);
	return 0;
}

int host_run(const struct host *host, const struct host_program *program,
	     struct host_result *result, struct err *err)
{
	struct host_result ended;
	if (host->run(host, program, &ended, err) != 0 || host_succeeded(program, &ended, err) != 0)
		return -1;
	*result = ended;
	return 0;
}
