#include <string.h>

#include "runner/commands/command.h"
#include "runner/cycle/tracker.h"
#include "status/clock.h"
#include "status/file.h"
#include "status/text.h"

static const char *message;

static const struct arg args[] = {
	{"MESSAGE", ARG_TEXT, &message, 0, 0, true, NULL, "the line to send"},
	{.name = NULL},
};

/* No lock: a worker in the middle of a `run` may report too. */
static int run(struct err *err)
{
	char folder[4096], line[1024];
	struct journal *journal = NULL;
	struct journal_cycle last;
	int64_t cycle = 0;
	if (tracker_folder(folder, sizeof(folder), err) != 0)
		return -1;
	if (text_clean(message, strlen(message), line, sizeof(line))[0] == '\0')
		return err_set(err, ERR_USAGE, "MESSAGE: there is nothing in it to be read");
	if (file_make_home(folder, err) != 0 || journal_open(folder, &journal, NULL, err) != 0)
		return -1;
	int code = journal_last_cycle(journal, &last, err);
	if (code > 0) {
		cycle = last.past.number;
		journal_cycle_release(&last);
	}
	if (code >= 0)
		code = journal_message(journal, cycle, "agent", line, clock_now(), err);
	if (code >= 0)
		code = journal_empty_log(journal, err);
	journal_close(journal);
	return code;
}

const struct command command_report = {
	.name = "report",
	.takes = "MESSAGE",
	.summary = "Sends a line to the message log, where the monitor shows it",
	.args = args,
	.run = run,
};
