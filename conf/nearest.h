/* The name that was probably meant. */
#ifndef CONF_NEAREST_H
#define CONF_NEAREST_H

#include <stddef.h>

/* The one of names[0..count) nearest to `given` by edit distance (insert, delete, replace, swap of
 * two neighbours), if it is near enough to be worth a hint: at most a third of its length, but one
 * or two at least. NULL if none is. Case does not count. */
const char *nearest_name(const char *given, const char *const *names, size_t count);

#endif
