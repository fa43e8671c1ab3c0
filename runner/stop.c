#include "runner/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static volatile sig_atomic_t hard;
static int ends[2] = {-1, -1};

static void on_signal(int sig)
{
	(void)sig;
	const int error = errno;
	if (asked)
		hard = 1;
	asked = 1;
	(void)!write(ends[1], "", 1);
	errno = error;
}

int stop_install(struct err *err)
{
	if (ends[0] >= 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_errno(err, "signals can't be prepared for");
	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	return 0;
}

bool stop_asked(void)
{
	return asked != 0;
}

int stop_descriptor(void)
{
	return ends[0];
}

const volatile sig_atomic_t *stop_hard(void)
{
	return &hard;
}
