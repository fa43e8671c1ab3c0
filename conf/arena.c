#include "conf/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) char bytes[];
};

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > (SIZE_MAX - sizeof(struct arena_block)) / size)
		return NULL;
	struct arena_block *block = calloc(1, sizeof(*block) + count * size);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

char *arena_text(struct arena *arena, const char *bytes, size_t length)
{
	char *text = arena_array(arena, length + 1, 1);
	if (text)
		memcpy(text, bytes, length);
	return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	const int length = vsnprintf(NULL, 0, format, args);
	char *text = length < 0 ? NULL : arena_array(arena, (size_t)length + 1, 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}
