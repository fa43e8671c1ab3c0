/* The conformance of a plugin: it is asked as stepgate asks, and as nobody should, and held to the
 * protocol. */
#ifndef RUNNER_COMMANDS_PLUGIN_CHECK_H
#define RUNNER_COMMANDS_PLUGIN_CHECK_H

#include <stdbool.h>

#include "conf/conf.h"
#include "plugins/protocol.h"

struct plugin_finding {
	enum plugin_ask kind;
	const char *what; /* was tried; static text */
	bool passed;
	const char *why; /* it did not pass; or what it answered, or "" */
};

struct plugin_check {
	const struct conf_plugin *plugin;
	unsigned kinds;     /* PLUGIN_BITs to be tried */
	const char *folder; /* scratch, absolute: it works in there */
	int64_t timeout_ms; /* for each answer */
	void (*found)(void *context, const struct plugin_finding *finding);
	void *context;
};

/* How many did not pass; or -1 and *err where it can't be tried. */
int plugin_check(const struct plugin_check *check, struct err *err);

#endif
