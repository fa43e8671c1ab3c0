/* Signatures as "Standard Webhooks" has them (standardwebhooks.com, specification 1.0.0). */
#ifndef RUNNER_SENDER_SIGNATURE_H
#define RUNNER_SENDER_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_TEXT 64

/*
 * The value of the header webhook-signature into text[SIGNATURE_TEXT]: "v1," and the base64 of the
 * HMAC-SHA256 of "KEY.TIME.BODY", `key` being the value of webhook-id and `time` that of
 * webhook-timestamp, in seconds since 1970. A signing key that begins with "whsec_" is base64 after
 * that; any other is taken as it stands. 0, or -1 where the key is no base64 or memory is short.
 */
int signature_make(const char *signing_key, const char *key, int64_t time, const char *body,
		   char *text);

#endif
