/* Answers that are made here alone: apart from the server, so that routes need none to be tried. */
#include <stdio.h>
#include <string.h>

#include "status/monitor/server.h"

void reply_error(struct reply *reply, int status, const char *words)
{
	char *body = NULL;
	/* The words are ours, or cleaned: there is nothing in them to be escaped but these two. */
	char plain[512];
	size_t length = 0;
	for (; *words && length < sizeof(plain) - 2; words++) {
		if (*words == '"' || *words == '\\')
			plain[length++] = '\\';
		plain[length++] = *words;
	}
	plain[length] = '\0';
	if (asprintf(&body, "{\"error\": \"%s\"}\n", plain) < 0)
		body = NULL;
	*reply = (struct reply){
		.status = status,
		.body = body,
		.length = body ? strlen(body) : 0,
	};
}
