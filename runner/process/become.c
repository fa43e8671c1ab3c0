#include "runner/process/become.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "runner/process/beside.h"

int become_program(const char *const *argv, const char *what, struct err *err)
{
	char path[PATH_MAX];
	if (beside_find(argv[0], what, path, sizeof(path), err) != 0)
		return -1;
	fflush(stdout);
	execv(path, (char *const *)(uintptr_t)argv); /* which changes none of them */
	return err_errno(err, "%s: can't be run", path);
}
