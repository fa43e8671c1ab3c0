#include "runner/process/hands.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/process/beside.h"
#include "runner/process/lock.h"
#include "runner/process/signals.h"
#include "runner/process/stop.h"
#include "status/file.h"

#define RUN_LOG                                                                          \
	".stepgate/logs/run.log" /* what the last run that was started from here printed \
				  */

static void look(const char *folder, struct now_holder *seen)
{
	struct lock_holder holder;
	const enum lock_state state = lock_glance(folder, &holder);
	*seen = (struct now_holder){.hold = NOW_FREE};
	if (state == LOCK_FREE)
		return;
	seen->hold = state == LOCK_ALIVE ? NOW_HELD : NOW_UNSEEN;
	seen->pid = state == LOCK_ALIVE ? holder.process.pid : 0;
	seen->cycle = holder.cycle;
	lock_words(&holder, seen->words, sizeof(seen->words));
}

/* A session of its own: neither our terminal's end nor our own is its end. */
_Noreturn static void become_run(const char *program, const char *config, int log, int told)
{
	char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "run",
			      (char *)(uintptr_t)config, NULL};
	const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	setsid();
	signals_default();
	if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
	    dup2(log, STDERR_FILENO) >= 0)
		execv(program, argv);
	const int error = errno;
	(void)!write(told, &error, sizeof(error));
	_exit(127);
}

/* Starts it, and waits until it is another program, or why it is not. */
static int launch(const char *program, const char *config, int log, pid_t *pid, struct err *err)
{
	int ends[2], error = 0;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "%s: can't be started", program);
	const pid_t made = fork();
	if (made == 0)
		become_run(program, config, log, ends[1]);
	close(ends[1]);
	const ssize_t got = made > 0 ? read(ends[0], &error, sizeof(error)) : -1;
	close(ends[0]);
	if (made < 0)
		return err_errno(err, "%s: can't be started", program);
	*pid = made;
	if (got != (ssize_t)sizeof(error))
		return 0;
	errno = error;
	return err_errno(err, "%s: can't be started", program);
}

static int start(const char *folder, const struct now_config *config, pid_t *pid, char *log,
		 size_t size, struct err *err)
{
	char program[PATH_MAX], logs[PATH_MAX];
	if (beside_find("stepgate", "the program", program, sizeof(program), err) != 0)
		return -1;
	if (snprintf(logs, sizeof(logs), "%s/" STEP_LOGS_PATH, folder) >= (int)sizeof(logs) ||
	    snprintf(log, size, "%s/" RUN_LOG, folder) >= (int)size)
		return err_set(err, ERR_SYSTEM, "%.200s…: the path is too long", folder);
	if (file_make_home(folder, err) != 0 || file_make_folder(logs, err) != 0)
		return -1;
	unlink(log);
	const int fd =
		open(log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_errno(err, "%s: can't be made", log);
	const int failed = launch(program, config->path, fd, pid, err);
	close(fd);
	return failed;
}

static int stop(const char *folder, bool at_once, struct err *err)
{
	struct lock_holder holder;
	switch (lock_look(folder, &holder)) {
	case LOCK_FREE:
		return err_set(err, ERR_REFUSED, "nothing runs here to be stopped");
	case LOCK_UNSEEN:
		return err_set(
			err, ERR_REFUSED,
			"what has the repository can't be seen from here: stop it where it runs");
	case LOCK_ALIVE:
		break;
	}
	return lock_signal(&holder, at_once ? STOP_NOW : STOP_AFTER_STEP, err);
}

const struct hands hands = {.look = look, .start = start, .stop = stop};
