/*
 * Who may ask what of the monitor: decided on the headers of a request alone. A page of another
 * site that the same browser shows, be it by a name that it made point here (DNS rebinding) or by a
 * form, is told apart by Host and Origin; everybody else by the token.
 */
#ifndef STATUS_MONITOR_GUARD_H
#define STATUS_MONITOR_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define GUARD_TOKEN_LENGTH 64 /* hex digits: 256 bits */

struct guard {
	char token[GUARD_TOKEN_LENGTH + 1];
	const char *const
		*hosts; /* further names that Host may have; ends with NULL; may be NULL */
};

/* The headers that count, each NULL where it is absent. */
struct guard_request {
	const char *method;
	size_t hosts; /* how many Host headers there are */
	const char *host, *origin, *fetch_site, *content_type;
	const char *authorization, *cookie; /* the whole header; the value of the guard's cookie */
	bool page; /* a page to be opened from anywhere: no link from another site leads further */
};

struct guard_verdict {
	int status;        /* HTTP status; 0: it may pass */
	const char *words; /* static text */
};

/* Whether it may pass at all, token aside. */
struct guard_verdict guard_origin(const struct guard *guard, const struct guard_request *request);
/* Whether it brings the token. */
struct guard_verdict guard_token(const struct guard *guard, const struct guard_request *request);
/* Whether that is the token; in a time that does not depend on how much of it is right. */
bool guard_is_token(const struct guard *guard, const char *text);
/* The name of the cookie into out[32]: monitors of one host differ in it, since cookies do not know
 * ports. */
void guard_cookie_name(const struct guard *guard, char *out);

#endif
