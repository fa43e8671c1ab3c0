#include "status/ended.h"

#include <string.h>

#define X(value, name) [value] = (name),
static const char *const names[NENDED] = {ENDED_LIST(X)};
#undef X

const char *ended_name(enum ended ended)
{
	return names[ended];
}

enum ended ended_find(const char *name)
{
	for (int ended = 0; name && ended < NENDED; ended++)
		if (names[ended] && strcmp(names[ended], name) == 0)
			return (enum ended)ended;
	return ENDED_UNKNOWN;
}
