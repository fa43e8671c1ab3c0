/* What is measured of one repository, as text for Prometheus. */
#ifndef RUNNER_CYCLE_METRICS_TEXT_H
#define RUNNER_CYCLE_METRICS_TEXT_H

#include <stddef.h>

#include "status/journal.h"

/* `journal` may be NULL where there is none. 0 and *text (malloc) with its length, or -1 and *err.
 */
int metrics_text(const char *folder, struct journal *journal, char **text, size_t *length,
		 struct err *err);

#endif
