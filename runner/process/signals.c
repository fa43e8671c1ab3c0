#include "runner/process/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library keeps two signals to itself and refuses to set them, but they are inherited like
 * the others: hence the system call. All zero is SIG_DFL with no flags, in the kernel's own struct.
 */
void signals_default(void)
{
	static const long fresh[8] = {0};
	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, fresh, NULL, NSIG / 8);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
