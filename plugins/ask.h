/* Asking a plugin: a module by the module host, a program as it is, both by the
 * protocol of plugins/protocol.h, and always in a process of their own. */
#ifndef PLUGINS_ASK_H
#define PLUGINS_ASK_H

#include <stdint.h>

#include "conf/conf.h"
#include "plugins/host.h"
#include "plugins/protocol.h"

/* What to run for it: NULL ended words in argv[PLUGIN_ARGV], or its own where it is a program. */
#define PLUGIN_ARGV 4
const char *const *plugin_argv(const struct conf_plugin *plugin, const char *argv[PLUGIN_ARGV]);

/* Its path, or that of its program. */
const char *plugin_path(const struct conf_plugin *plugin);

/* NAME=VALUE for its environment: where it answers. */
extern const char plugin_descriptor[];

/* Asks, and waits for the answer to the end, at most timeout_ms. 0 and *answer where it answered as
 * it should (a gate's verdict may be any); or -1 and *err in words: how it ended, or what is wrong
 * with its answer. `cwd` may be NULL. */
int plugin_ask(const struct conf_plugin *plugin, const struct plugin_call *call, const char *cwd,
	       int64_t timeout_ms, const struct host *host, struct plugin_answer *answer,
	       struct err *err);

/* The same without waiting: what it answers goes to the protocol, which must live as long as it
 * runs. By host->start: 0 and *aside, or -1 and *err where it could not be started. */
int plugin_start(const struct conf_plugin *plugin, const struct plugin_call *call, const char *cwd,
		 int64_t timeout_ms, const struct host *host, struct protocol *protocol,
		 struct host_aside **aside, struct err *err);

enum plugin_end {
	PLUGIN_ENDED,   /* by itself, or it could not be started */
	PLUGIN_CRASHED, /* by a signal */
	PLUGIN_LATE,    /* by us, at its timeout */
};

/* The same with a line that is the call, or is meant to be none. *answer is filled in any case (all
 * zero where it could not be started). */
int plugin_send(const struct conf_plugin *plugin, enum plugin_ask ask, const char *line,
		const char *cwd, int64_t timeout_ms, const struct host *host,
		struct plugin_answer *answer, enum plugin_end *end, struct err *err);

#endif
