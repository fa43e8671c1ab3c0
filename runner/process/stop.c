#include "runner/process/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "status/clock.h"

/* timeout(1) signals its program and then the program's group, which is one asking and not two. */
#define SAME_ASKING_MS 100

static volatile sig_atomic_t asked; /* no new step */
static volatile sig_atomic_t now;   /* the step under way ends */
static volatile sig_atomic_t hard;  /* … at once */
static volatile pid_t first_sender;
static volatile int64_t first_at;
static int asked_ends[2] = {-1, -1};
static int now_ends[2] = {-1, -1};

static bool same_asking(const siginfo_t *info)
{
	return info->si_code == SI_USER && info->si_pid == first_sender &&
	       clock_monotonic_ms() - first_at < SAME_ASKING_MS;
}

static void ask_now(int sig, const siginfo_t *info)
{
	if (now) {
		/* A terminal that goes away may say so more than once. */
		if (sig != SIGHUP && !same_asking(info))
			hard = 1;
		return;
	}
	first_sender = info->si_pid;
	first_at = clock_monotonic_ms();
	now = 1;
	(void)!write(now_ends[1], "", 1);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	const int error = errno;
	if (sig != STOP_AFTER_STEP)
		ask_now(sig, info);
	asked = 1;
	(void)!write(asked_ends[1], "", 1);
	errno = error;
}

static bool ignored(int sig)
{
	struct sigaction before;
	return sigaction(sig, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

int stop_install(struct err *err)
{
	static const int signals[] = {STOP_AFTER_STEP, STOP_NOW, SIGINT, SIGHUP};
	if (asked_ends[0] >= 0)
		return 0;
	if (pipe2(now_ends, O_CLOEXEC | O_NONBLOCK) != 0 ||
	    pipe2(asked_ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_errno(err, "signals can't be prepared for");
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&action.sa_mask, signals[i]);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (signals[i] != SIGHUP || !ignored(SIGHUP))
			sigaction(signals[i], &action, NULL);
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL);
	return 0;
}

bool stop_asked(void)
{
	return asked != 0;
}

int stop_descriptor(void)
{
	return now_ends[0];
}

const volatile sig_atomic_t *stop_hard(void)
{
	return &hard;
}

bool stop_wait(int64_t ms)
{
	const int64_t deadline = clock_monotonic_ms() + ms;
	struct pollfd wish = {.fd = asked_ends[0], .events = POLLIN};
	for (int64_t left = ms; left > 0 && !asked; left = deadline - clock_monotonic_ms())
		poll(&wish, 1, left > INT_MAX ? INT_MAX : (int)left);
	return asked != 0;
}
