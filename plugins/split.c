#include "plugins/split.h"

#include <string.h>

/* Bytes of one line; of one that is too long the rest is dropped. */
static void gather(struct split *split, const char *bytes, size_t length, split_line *take,
		   void *context)
{
	if (split->too_long)
		return;
	if (length > SPLIT_LINE_MAX - split->length) {
		split->too_long = true;
		take(context, NULL, 0);
		return;
	}
	memcpy(split->line + split->length, bytes, length);
	split->length += length;
}

static void end_line(struct split *split, split_line *take, void *context)
{
	if (!split->too_long)
		take(context, split->line, split->length);
	split->too_long = false;
	split->length = 0;
}

void split_feed(struct split *split, const char *bytes, size_t length, split_line *take,
		void *context)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		const size_t part = end ? (size_t)(end - bytes) : length;
		gather(split, bytes, part, take, context);
		if (!end)
			return;
		end_line(split, take, context);
		bytes += part + 1;
		length -= part + 1;
	}
}

void split_end(struct split *split, split_line *take, void *context)
{
	if (split->length > 0 || split->too_long)
		end_line(split, take, context);
}
