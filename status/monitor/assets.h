/* The files of the page, which are built into the program (embed.sh makes the table). */
#ifndef STATUS_MONITOR_ASSETS_H
#define STATUS_MONITOR_ASSETS_H

#include <stddef.h>

struct asset {
	const char *path; /* "/app.js" */
	const char *type;
	const char *begin, *end;
	const char *tag; /* an ETag: of the bytes */
};

extern const struct asset assets[]; /* ends with a NULL path */

#endif
