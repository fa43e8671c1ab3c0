/* What a worker prints, as it comes: FOLDER/.stepgate/logs/cycle-NNNN/step-NN.log. */
#ifndef RUNNER_CYCLE_STEP_LOG_H
#define RUNNER_CYCLE_STEP_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

struct step_log {
	int fd;
	int error; /* errno of the first write that failed, or 0 */
	char path[4096];
	int64_t half; /* of the most that is kept: so much from the beginning, so much from the end
		       */
	int64_t head; /* bytes that went into the log itself */
	int64_t rest; /* bytes that came after these */
	int64_t left_out; /* bytes, known once it is closed */
	/* What comes after the first half goes to PATH.tail. When that has a half it becomes
	 * PATH.tail.old, in place of the one before, and a new one is begun: so the last half is
	 * always in the two. */
	int tail;
	int64_t tail_length;
};

/* Makes the log of an attempt ("step-03.log", "step-03.2.log" for the second) which keeps `most`
 * bytes. One of that name from an earlier try is appended to. 0, or -1 and *err. */
int step_log_open(struct step_log *log, const char *folder, int64_t cycle, int step, int attempt,
		  int64_t most, struct err *err);
/* Appends. The first failure is kept in log->error; from then on nothing is written. */
void step_log_write(struct step_log *log, const char *bytes, size_t length);
/* Puts the last half into the log, with a line that says what is left out before it. */
void step_log_close(struct step_log *log);

#endif
