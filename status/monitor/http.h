/* What is the same for every answer of the monitor: headers that keep its page to itself. */
#ifndef STATUS_MONITOR_HTTP_H
#define STATUS_MONITOR_HTTP_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the headers. `type` NULL: JSON; `tag` and `file` may be NULL; `close`: the connection ends
 * with the answer. 0, or -1 when memory is short. */
int http_add_headers(struct MHD_Response *response, const char *type, const char *tag,
		     const char *file, bool close);

/* How many headers of that name there are. */
size_t http_count(struct MHD_Connection *connection, const char *name);

/* MHD only reads it, but says so nowhere. */
void *http_unconst(const char *constant);

#endif
