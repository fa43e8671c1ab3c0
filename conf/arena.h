/* Memory that is given back all at once. */
#ifndef CONF_ARENA_H
#define CONF_ARENA_H

#include <stddef.h>

struct arena_block;

/* An arena of zeros is an empty one. */
struct arena {
	struct arena_block *blocks;
};

/* `count` zeroed objects of `size` bytes, good until arena_release; NULL when memory is short.
 * Count 0 gives a pointer too. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* bytes[0..length) and a NUL behind; NULL when memory is short. */
char *arena_text(struct arena *arena, const char *bytes, size_t length);
/* As printf; NULL when memory is short. */
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void arena_release(struct arena *arena);

#endif
