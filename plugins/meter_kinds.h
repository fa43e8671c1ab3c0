/* The kinds of meters. A new one is a function here, a file, and a row in meter.c. */
#ifndef PLUGINS_METER_KINDS_H
#define PLUGINS_METER_KINDS_H

#include "plugins/meter.h"

/* As meter_read. */
typedef struct usage meter_kind(const struct conf_step *step, const struct meter_lines *lines,
				const char *const *environment, const struct host *host,
				struct err *err);

/* When what was begun at `from` and has ended now may be done again: looking takes a small part of
 * the time. Both monotonic ms. */
int64_t meter_look_again(int64_t from);

/* What the worker's lines said. */
meter_kind meter_lines_read;

/* What step->meter_command prints: one whole number, white space around it. It runs where the
 * worker ran, in its environment, for METER_COMMAND_MS at most. */
#define METER_COMMAND_MS 30000
meter_kind meter_command_read;

/*
 * The plugin of step->meter_plugin, which is given the file of what the worker printed, and has
 * METER_COMMAND_MS: while the worker runs and has printed more, now and then, aside; and once it
 * has ended. Only the last answer counts; those before are the live figure.
 */
struct meter_plugin; /* opaque */
/* NULL when memory is short; `start` is borrowed. */
struct meter_plugin *meter_plugin_new(const struct meter_start *start);
void meter_plugin_free(struct meter_plugin *plugin);
/* Hears what it says, or asks it, where the worker has printed so many bytes by now. Never waits.
 */
void meter_plugin_look(struct meter_plugin *plugin, int64_t printed);
/* Unknown while it has told none. It never falls. */
struct usage meter_plugin_live(const struct meter_plugin *plugin, enum conf_measure measure);
/* Whether what it has told so far is parts, and not one figure. */
bool meter_plugin_tells_parts(const struct meter_plugin *plugin);
/* Asks it of `output`, waits for it, and fills in the figures, or why there are none. */
void meter_plugin_end(struct meter_plugin *plugin, const char *output, struct reading *reading);

#endif
