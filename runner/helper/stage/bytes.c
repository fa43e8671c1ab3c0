#include "runner/helper/stage/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT 512

void bytes_release(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){.at = NULL};
}

void *bytes_room(struct bytes *bytes, size_t more)
{
	if (more > bytes->room - bytes->length) {
		const size_t room = (bytes->length + more) * 3 / 2 + 256;
		unsigned char *at = realloc(bytes->at, room);
		if (!at) {
			bytes->broken = true;
			return NULL;
		}
		bytes->at = at;
		bytes->room = room;
	}
	return bytes->at + bytes->length;
}

void bytes_fit(struct bytes *bytes)
{
	unsigned char *at = bytes->length ? realloc(bytes->at, bytes->length) : NULL;
	if (!at)
		return;
	bytes->at = at;
	bytes->room = bytes->length;
}

void bytes_add(struct bytes *bytes, const void *from, size_t length)
{
	void *to = bytes_room(bytes, length);
	if (!to || !length)
		return;
	memcpy(to, from, length);
	bytes->length += length;
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *to = bytes_room(bytes, SHORT);
	const int length = to ? vsnprintf(to, SHORT, format, args) : 0;
	va_end(args);
	if (length < 0 || length >= SHORT)
		bytes->broken = true;
	else
		bytes->length += (size_t)length;
}
