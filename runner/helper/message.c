#include "runner/helper/message.h"

#include <stdlib.h>
#include <string.h>

#include "status/text.h"

/* The most that cleaning can make of a byte: U+FFFD is three. */
#define GROWTH 3

static size_t room_for(const char *const *list)
{
	size_t room = 0;
	for (size_t i = 0; list[i]; i++)
		room += GROWTH * strlen(list[i]) + 2;
	return room;
}

/* Appends a line at `at`, without the spaces at its end, which git would take away as well; gives
 * where the next one goes. */
static char *put_line(char *at, const char *text)
{
	text_clean(text, strlen(text), at, GROWTH * strlen(text) + 1);
	char *end = at + strlen(at);
	while (end > at && end[-1] == ' ')
		end--;
	at = end;
	*at++ = '\n';
	return at;
}

static char *put_lines(char *at, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		at = put_line(at, list[i]);
	return at;
}

char *message_write(const char *subject, const char *const *trailers,
		    const char *const *more_trailers)
{
	char *message =
		malloc(GROWTH * strlen(subject) + room_for(trailers) + room_for(more_trailers) + 4);
	if (!message)
		return NULL;
	char *at = put_line(message, subject);
	if (trailers[0] || more_trailers[0])
		*at++ = '\n';
	at = put_lines(put_lines(at, trailers), more_trailers);
	*at = '\0';
	return message;
}
