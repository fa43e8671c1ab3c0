/* One POST of a letter, by libcurl, beside others. */
#ifndef RUNNER_SENDER_POST_H
#define RUNNER_SENDER_POST_H

#include <curl/curl.h>
#include <stdint.h>

#include "runner/sender/letter.h"

#define POST_WORDS 160

struct post; /* opaque: a connection to a reporter's server, and the request that is under way */
struct post *post_new(void);
void post_free(struct post *post);

/* Readies the request for the letter, which must live until post_end, and gives the handle for
 * libcurl's multi interface; NULL where it can't be made, and `why` says why. The letter goes as
 *
 *   content-type: application/json
 *   idempotency-key, webhook-id: the letter's key
 *   webhook-timestamp: now
 *   webhook-signature: where it has a signing key (runner/sender/signature.h)
 *
 * Certificates are checked, redirects are not followed, and no more of an answer is read than is
 * needed. */
CURL *post_begin(struct post *post, const struct letter *letter, int64_t now_us, char *why);

/* What became of it: `result` is libcurl's. *asked_ms: see lane_end. Words, for LETTER_ARRIVED
 * none, go into why[POST_WORDS]; what a server says is not among them but for a word of its own,
 * since it may say the URL. */
enum letter_end post_end(struct post *post, CURLcode result, int64_t *asked_ms, char *why);

#endif
