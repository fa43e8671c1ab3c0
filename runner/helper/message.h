/* The commit message: subject, blank line, trailers. */
#ifndef RUNNER_HELPER_MESSAGE_H
#define RUNNER_HELPER_MESSAGE_H

/* The request's trailers, then the config's; each may be an empty list, neither NULL. Control
 * characters and broken UTF-8 become what text_clean makes of them, so that a line stays a line.
 * malloc; NULL when memory is short. */
char *message_write(const char *subject, const char *const *trailers,
		    const char *const *more_trailers);

#endif
