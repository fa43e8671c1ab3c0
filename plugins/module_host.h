/* The module host: one call of a module, in a process made for it. It stands between the protocol
 * (plugins/protocol.h) and the functions of plugins/stepgate.h, so that stepgate itself speaks to
 * modules and programs in one way. */
#ifndef PLUGINS_MODULE_HOST_H
#define PLUGINS_MODULE_HOST_H

#include "conf/err.h"

/* Reads one call from `in`, has the module at the path answer it, and writes the lines of the
 * answer to `out`. 0 where the module answered, whatever it answered; -1 and *err where it could
 * not be asked. To be called once in a process, which ends soon after. */
int module_host(const char *path, int in, int out, struct err *err);

#endif
