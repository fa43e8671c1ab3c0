#include "status/monitor/http.h"

#include <stdint.h>
#include <stdio.h>
#include <strings.h>

/* No code or style in the page itself, nothing from elsewhere, in no frame of anyone's. */
static const char *const always[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	 "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static int add(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : -1;
}

int http_add_headers(struct MHD_Response *response, const char *type, const char *tag,
		     const char *file, bool close)
{
	char disposition[128];
	int failed = add(response, "Content-Type", type ? type : "application/json");
	for (size_t i = 0; !failed && i < sizeof(always) / sizeof(*always); i++)
		failed = add(response, always[i][0], always[i][1]);
	if (!failed)
		failed = add(response, "Cache-Control", tag ? "no-cache" : "no-store");
	if (!failed && tag)
		failed = add(response, "ETag", tag);
	if (!failed && file) {
		snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", file);
		failed = add(response, "Content-Disposition", disposition);
	}
	if (!failed && close)
		failed = add(response, "Connection", "close");
	return failed;
}

struct count {
	const char *name;
	size_t count;
};

static enum MHD_Result count_one(void *context, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct count *count = context;
	(void)kind;
	(void)value;
	count->count += strcasecmp(name, count->name) == 0;
	return MHD_YES;
}

size_t http_count(struct MHD_Connection *connection, const char *name)
{
	struct count count = {.name = name};
	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_one, &count);
	return count.count;
}

void *http_unconst(const char *constant)
{
	return (void *)(uintptr_t)constant;
}
