/*
 * To be preloaded: in a process that runs FAILING_PROGRAM (not in what that starts) the allocation
 * whose number is in FAILING_ALLOCATION fails; in the first such process that comes so far, and in
 * no other. The file that ALLOCATIONS names gets a line for what happened: "begun PID", "failed
 * PID", and "PID COUNT" at the process's own end, with how many there were.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_failed(void);
#define ALLOCATION_FAILED() tell_failed()
#include "tests/faults/failing_malloc.h"

static pid_t counted;

/* Without an allocation of its own. */
static void tell(const char *format, long first, long second)
{
	char text[64];
	const char *path = getenv("ALLOCATIONS");
	if (!path || !counted)
		return;
	const int length = snprintf(text, sizeof(text), format, first, second);
	const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		_exit(126);
	close(fd);
}

static void tell_failed(void)
{
	tell("failed %ld\n", (long)getpid(), 0);
}

/* Whether an earlier process had its failure. */
static int is_over(void)
{
	char text[4096];
	const char *path = getenv("ALLOCATIONS");
	const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return strstr(text, "failed ") != NULL;
}

__attribute__((constructor)) static void begin(void)
{
	const char *number = getenv("FAILING_ALLOCATION"), *program = getenv("FAILING_PROGRAM");
	if (!number || !program || strcmp(program_invocation_short_name, program) != 0)
		return;
	counted = getpid();
	allocations_shared();
	allocations.count = 0;
	allocations.failing = is_over() ? 0 : strtol(number, NULL, 10);
	tell("begun %ld\n", (long)counted, 0);
}

__attribute__((destructor)) static void end(void)
{
	if (counted == getpid())
		tell("%ld %ld\n", (long)counted, allocations.count);
}
