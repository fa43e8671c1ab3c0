/* Modules: shared objects of plugins/stepgate.h, loaded. Only the module host does that, a process
 * made for one call: what a module runs when it is loaded can do nothing to a cycle. */
#ifndef PLUGINS_MODULE_H
#define PLUGINS_MODULE_H

#include "conf/err.h"
#include "plugins/stepgate.h"

struct module {
	void *handle;
	struct stepgate_module offers; /* what it says, as far as this version knows it */
};

/*
 * Loads the module at the path, RTLD_NOW | RTLD_LOCAL. 0 and *module, which lives as long as the
 * process; or -1 and *err: the file or a folder above it is not safe (path_no_module), it is no
 * shared object or needs what is not there, it has no stepgate_module, one for another
 * STEPGATE_ABI or of another size, or one that offers nothing, or half a meter.
 */
int module_load(const char *path, struct module *module, struct err *err);

/* PLUGIN_BITs (plugins/protocol.h) of what it offers. */
unsigned module_offers(const struct module *module);

#endif
