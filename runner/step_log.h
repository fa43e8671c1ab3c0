/* What a worker prints, as it comes: FOLDER/.stepgate/logs/cycle-NNNN/step-NN.log, and the
 * terminal. */
#ifndef RUNNER_STEP_LOG_H
#define RUNNER_STEP_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

struct step_log {
	int fd;
	int error; /* errno of the first write that failed, or 0 */
	char path[4096];
};

/* Makes the log of an attempt ("step-03.log", "step-03.2.log" for the second). One of that name
 * from an earlier try is appended to. 0, or -1 and *err. */
int step_log_open(struct step_log *log, const char *folder, int64_t cycle, int step, int attempt,
		  struct err *err);
/* Appends. The first failure is kept in log->error; from then on nothing is written. */
void step_log_write(struct step_log *log, const char *bytes, size_t length);
void step_log_close(struct step_log *log);

#endif
