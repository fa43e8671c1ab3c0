/* The kinds of meters. A new one is a function here, a file, and a row in meter.c. */
#ifndef PLUGINS_METER_KINDS_H
#define PLUGINS_METER_KINDS_H

#include "plugins/meter.h"

/* As meter_read. */
typedef struct usage meter_kind(const struct conf_step *step, const struct meter_lines *lines,
				const char *const *environment, const struct host *host,
				struct err *err);

/* What the worker's lines said. */
meter_kind meter_lines_read;

/* What step->meter_command prints: one whole number, white space around it. It runs where the
 * worker ran, in its environment, for METER_COMMAND_MS at most. */
#define METER_COMMAND_MS 30000
meter_kind meter_command_read;

/* What the plugin of step->meter_plugin tells of the worker's output, METER_COMMAND_MS at most:
 * fills in the figures, and why there are none. */
void meter_plugin_end(const struct conf_step *step, const char *output, const struct host *host,
		      struct reading *reading);

#endif
