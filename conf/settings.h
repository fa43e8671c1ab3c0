/* What a config file says, checked value by value against the option table: the sections as they
 * stand in the file, each with its settings, all with their places. */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/options.h"
#include "conf/words.h"

/* One value; a list has one of these for each element. */
struct setting {
	const struct option *option;
	const struct word *key;
	const struct word *value;
};

struct section {
	const struct option *option; /* NULL for the top level */
	const struct word *key;   /* the section's name where it begins; NULL for the top level */
	const struct word *title; /* NULL where it has none */
	struct setting *settings;
	size_t count, capacity;
};

struct settings {
	struct section top;
	struct section *sections; /* in the order of the files */
	size_t count, capacity;
};

/* Parses the words, which must outlive *settings. 0 and *settings (release with settings_release,
 * also after a failure), or -1 and *err. Afterwards: every key is known and given once, every value
 * is what its row says, every title is fit to be one and given once, no list is empty. */
int settings_read(const struct words *words, struct settings *settings, struct err *err);
void settings_release(struct settings *settings);

/* The same, of one word or more, by libconfuse in this very process, which that may end where
 * memory runs out: for settings_read. */
int settings_parse(const struct words *words, struct settings *settings, struct err *err);

/* The section of that name, for those that come once; NULL where it is missing. */
const struct section *settings_section(const struct settings *settings, const char *name);

/* The (first) setting of that key, or NULL. A NULL section has none. */
const struct setting *section_get(const struct section *section, const char *name);

#endif
