#include "runner/helper/stage/names.h"

#include <string.h>
#include <strings.h>

/* Behind ".git" they make a name of its own (".gitignore"); the rest is in doubt. */
static bool goes_on(char sign)
{
	return (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z') || sign == '-' ||
	       sign == '_';
}

static bool is_plain(const char *name, size_t length, bool link)
{
	if (length >= 4 && strncasecmp(name, ".git", 4) == 0)
		return length > 4 && goes_on(name[4]) && !link;
	if (length >= 4 && strncasecmp(name, "git~", 4) == 0)
		return false;
	if (link && length >= 6 &&
	    (strncasecmp(name, "gitmod", 6) == 0 || strncasecmp(name, "gi7eba", 6) == 0))
		return false;
	return !(length <= 2 && strncmp(name, "..", length) == 0);
}

/* A backslash is a slash to some. */
bool names_are_plain(const char *path, bool link)
{
	for (;;) {
		const size_t length = strcspn(path, "/\\");
		if (!is_plain(path, length, link && !path[length]))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}
