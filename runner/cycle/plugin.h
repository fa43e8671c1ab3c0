/* The plugins of a config, before anything is started. */
#ifndef RUNNER_CYCLE_PLUGIN_H
#define RUNNER_CYCLE_PLUGIN_H

#include "conf/conf.h"
#include "plugins/protocol.h"

/* Loads every module that the config names, each in a process of its own, and sees to it that it
 * offers what it is named for. 0, or -1 and *err (ERR_CONFIG). */
int plugins_check(const struct conf *conf, struct err *err);

#endif
