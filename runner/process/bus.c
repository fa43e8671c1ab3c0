#include "runner/process/bus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "status/text.h"

#define LINE 1024

/* Whether a line of /proc/PID/maps (proc(5)) is of what has the address; its path goes to *path,
 * which is "" where it is no file's. */
static bool has(char *line, uintptr_t address, const char **path)
{
	char *end;
	const uintptr_t from = strtoull(line, &end, 16);
	const uintptr_t to = *end == '-' ? strtoull(end + 1, NULL, 16) : 0;
	*path = strchr(line, '/');
	if (!*path)
		*path = "";
	return from <= address && address < to;
}

/* The file that is mapped there into path[LINE]; false for none. Only calls that a handler of
 * signals may make, and some that read and write nothing but what they are given. */
static bool find_file(uintptr_t address, char *path)
{
	static char line[LINE];
	size_t length = 0;
	char byte;
	const char *found = "";
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && read(fd, &byte, 1) == 1) {
		if (byte != '\n') {
			if (length < sizeof(line) - 1)
				line[length++] = byte;
			continue;
		}
		line[length] = '\0';
		if (has(line, address, &found))
			break;
		length = 0;
		found = "";
	}
	if (fd >= 0)
		close(fd);
	text_clean(found, strlen(found), path, LINE);
	return path[0] != '\0';
}

static void say(const char *words)
{
	if (write(STDERR_FILENO, words, strlen(words)) < 0)
		_exit(EXIT_FAILURE);
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
	static char path[LINE];
	(void)context;
	if (info->si_code <= 0 || !find_file((uintptr_t)info->si_addr, path)) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	say("stepgate: ");
	say(path);
	say(": somebody has cut it short, or its disk is full: the next run goes on from here\n");
	_exit(EXIT_FAILURE);
}

void bus_say(void)
{
	const struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	sigaction(SIGBUS, &action, NULL);
}
