/*
 * measure COUNT COMMAND [ARG...]: runs it COUNT times, one after another, and prints what one run
 * took: wall microseconds, CPU microseconds and the peak memory in KiB of it and of all that it
 * waited for. stdout and stderr of the command go to the files MEASURE_OUTPUT names, or nowhere.
 * Exit code 1 where a run did not end with 0, or with MEASURE_EXIT.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t microseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void become(char **argv)
{
	const char *output = getenv("MEASURE_OUTPUT");
	const int fd = open(output ? output : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "measure: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Runs it once and adds up. Its exit code, or -1. */
static int measure(char **argv, int64_t *cpu, long *peak)
{
	struct rusage used;
	int status;
	const pid_t pid = fork();
	if (pid == 0)
		become(argv);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return -1;
	*cpu += microseconds(used.ru_utime) + microseconds(used.ru_stime);
	if (used.ru_maxrss > *peak)
		*peak = used.ru_maxrss;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
	const long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	const char *wanted = getenv("MEASURE_EXIT");
	if (count < 1) {
		fprintf(stderr, "usage: measure COUNT COMMAND [ARG...]\n");
		return 2;
	}
	int64_t cpu = 0;
	long peak = 0;
	const int64_t begin = now_us();
	for (long i = 0; i < count; i++) {
		const int code = measure(argv + 2, &cpu, &peak);
		if (code != (wanted ? (int)strtol(wanted, NULL, 10) : 0)) {
			fprintf(stderr, "measure: %s: exit code %d\n", argv[2], code);
			return 1;
		}
	}
	printf("%lld %lld %ld\n", (long long)((now_us() - begin) / count), (long long)(cpu / count),
	       peak);
	return 0;
}
