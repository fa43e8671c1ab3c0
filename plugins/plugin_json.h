/* What `stepgate plugin list` and `plugin check` tell a program. */
#ifndef PLUGINS_PLUGIN_JSON_H
#define PLUGINS_PLUGIN_JSON_H

#include "plugins/protocol.h"

struct plugin_json; /* a document that is a list of objects, under a key of one object */

/* What a plugin is; NULL where it is not known. */
struct plugin_row {
	const char *path;
	bool module;
	const char *name, *about; /* "" where it was not asked */
	unsigned offers;
	const char *used; /* "gate \"disk\"": where a config names it; or NULL */
	const char *why;  /* it can't be used; or NULL */
};

/* NULL when memory is short. */
struct plugin_json *plugin_json_new(const char *key);
void plugin_json_free(struct plugin_json *json);
/* Each gives 0, or -1 when memory is short. */
int plugin_json_plugin(struct plugin_json *json, const struct plugin_row *row);
int plugin_json_trial(struct plugin_json *json, enum plugin_ask kind, const char *what, bool passed,
		      const char *why);
/* The document (malloc), or NULL. */
char *plugin_json_print(const struct plugin_json *json);

#endif
