/* A reading as JSON, as `stepgate meter --json` prints it. */
#ifndef PLUGINS_READING_JSON_H
#define PLUGINS_READING_JSON_H

#include "plugins/usage.h"

/* {"agent", "usage": {"input", …}, "fresh", "all", "context", "window", "quality", "source",
 * "models", "ended", "resets_at", "session", "why", "differ"}; what is not known is null. One line
 * (malloc, no newline), or NULL when memory is short. */
char *reading_json(const struct reading *reading);

#endif
