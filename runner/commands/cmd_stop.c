#include <stdio.h>

#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "runner/process/lock.h"
#include "runner/process/patience.h"
#include "runner/process/stop.h"
#include "status/clock.h"
#include "status/journal.h"

#define LOOK_MS 50 /* how often the end of what was asked is looked for */

static bool at_once;
static int64_t wait_ms;

static const struct arg args[] = {
	{"--now", ARG_FLAG, &at_once, 0, 0, false, NULL,
	 "ask the step under way to end; given again: kill it"},
	{"--wait", ARG_PATIENCE, &wait_ms, 0, PATIENCE_MOST_MS, false, "[=TIME]",
	 "wait (for so long) until it has ended"},
	{.name = NULL},
};

/* What to do about a repository in which nothing is at work. */
static int nothing_runs(const char *folder, struct err *err)
{
	struct journal *journal = NULL;
	struct journal_cycle last;
	const char *advice = "";
	int64_t number = 0;
	if (journal_open_read(folder, &journal, NULL) > 0 &&
	    journal_last_cycle(journal, &last, NULL) > 0) {
		number = last.past.number;
		if (last.past.state == FSM_CLOSED)
			number = 0;
		else if (last.plan[0] == '\0')
			advice = ", and an agent drives it: end it with `stepgate update "
				 "--cycle-end user`";
		else
			advice = " and was cut off: the next `stepgate run` goes on with it";
		journal_cycle_release(&last);
	}
	journal_close(journal);
	if (number == 0)
		return err_set(err, ERR_REFUSED, "%s: nothing runs here to be stopped", folder);
	return err_set(err, ERR_REFUSED,
		       "%s: nothing runs here to be stopped: cycle %lld is open%s", folder,
		       (long long)number, advice);
}

/* It has ended when it neither lives nor has the repository. */
static int wait_for_end(const char *folder, const struct lock_holder *asked, struct err *err)
{
	const int64_t until = clock_monotonic_ms() + wait_ms;
	struct lock_holder holder;
	while (identity_alive(&asked->process) && lock_look(folder, &holder) == LOCK_ALIVE &&
	       holder.process.pid == asked->process.pid) {
		const int64_t left = until - clock_monotonic_ms();
		if (left <= 0 || stop_wait(left < LOOK_MS ? left : LOOK_MS))
			return err_set(err, ERR_BUSY, "process %ld is still at work",
				       (long)asked->process.pid);
	}
	return 0;
}

static int stop(const char *folder, struct err *err)
{
	struct lock_holder holder;
	char words[512], cycle[48] = "The command at work here";
	switch (lock_look(folder, &holder)) {
	case LOCK_FREE:
		return nothing_runs(folder, err);
	case LOCK_UNSEEN:
		return err_set(err, ERR_REFUSED,
			       "%s: what has the repository can't be seen from here: %s: stop it "
			       "where it runs",
			       folder, lock_words(&holder, words, sizeof(words)));
	case LOCK_ALIVE:
		break;
	}
	if (lock_signal(&holder, at_once ? STOP_NOW : STOP_AFTER_STEP, err) != 0)
		return -1;
	if (holder.cycle > 0)
		snprintf(cycle, sizeof(cycle), "Cycle %lld", holder.cycle);
	printf("%s (pid %ld) is asked to close %s\n", cycle, (long)holder.process.pid,
	       at_once ? "now" : "after the step under way");
	fflush(stdout);
	return wait_ms && wait_for_end(folder, &holder, err) != 0 ? -1 : EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	char folder[4096];
	if (stop_install(err) != 0 || tracker_folder(folder, sizeof(folder), err) != 0)
		return -1;
	return stop(folder, err);
}

const struct command command_stop = {
	.name = "stop",
	.takes = "[--now] [--wait[=TIME]]",
	.summary = "Asks the cycle that runs in this repository to close after the step under way",
	.details = "With --now the step under way is asked to end (SIGTERM, then SIGKILL after its "
		   "`grace`); a\n"
		   "second --now has it killed at once. Its work is committed and reported all the "
		   "same, and the\n"
		   "cycle closes with \"User requested\". Exit code 1: nothing runs here; 3: it "
		   "had not "
		   "ended when\n"
		   "the time of --wait was over.",
	.args = args,
	.run = run,
};
