/*
 * To be preloaded: in a process that runs stepgate (not in what it starts) the allocation whose
 * number is in FAILING_ALLOCATION fails. The file that ALLOCATIONS names gets how many there were.
 *
 * What happens in libconfuse is left out: it can't do without, and a failed allocation of its own
 * ends the process, before anything is begun.
 */
#include <confuse.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALLOCATIONS_PRELOADED
#include "tests/faults/failing_malloc.h"

static pid_t counted;
static struct {
	long count, failing;
} outside; /* libconfuse, while it works */

static void *enter_libconfuse(const char *name)
{
	outside.count = allocations.count;
	outside.failing = allocations.failing;
	allocations.failing = 0;
	return dlsym(RTLD_NEXT, name);
}

static void leave_libconfuse(void)
{
	allocations.count = outside.count;
	allocations.failing = outside.failing;
}

cfg_t *cfg_init(cfg_opt_t *options, cfg_flag_t flags)
{
	cfg_t *(*own)(cfg_opt_t *, cfg_flag_t) = enter_libconfuse("cfg_init");
	cfg_t *result = own(options, flags);
	leave_libconfuse();
	return result;
}

int cfg_parse_buf(cfg_t *cfg, const char *text)
{
	int (*own)(cfg_t *, const char *) = enter_libconfuse("cfg_parse_buf");
	const int result = own(cfg, text);
	leave_libconfuse();
	return result;
}

__attribute__((constructor)) static void begin(void)
{
	const char *number = getenv("FAILING_ALLOCATION");
	if (!number || strcmp(program_invocation_short_name, "stepgate") != 0)
		return;
	counted = getpid();
	allocations.count = 0;
	allocations.failing = strtol(number, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
	char text[32];
	const char *path = getenv("ALLOCATIONS");
	if (!path || counted != getpid())
		return;
	const int length = snprintf(text, sizeof(text), "%ld\n", allocations.count);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		_exit(126);
	close(fd);
}
