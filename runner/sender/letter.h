/*
 * What stepgate and its sender say to each other, both directions side by side so that they can't
 * drift. stepgate hands over letters at any time; the sender answers each try of each letter, until
 * the letter has arrived or is refused for good. Frames are those of runner/helper/wire.h.
 */
#ifndef RUNNER_SENDER_LETTER_H
#define RUNNER_SENDER_LETTER_H

#include <stdint.h>

#include "runner/helper/wire.h"

/* A report on its way to a web server. Strings are borrowed; from a frame, they live as long as it.
 */
struct letter {
	int64_t id;           /* of the outbox */
	const char *reporter; /* those of one are sent one after another, in the order they came */
	const char *key;
	const char *url;
	const char *signing_key; /* or NULL */
	const char *body;
	int64_t timeout_ms; /* of a try */
};

enum letter_end {
	LETTER_ARRIVED, /* the server took it */
	LETTER_FAILED,  /* it is tried again */
	LETTER_REFUSED, /* it is not tried again before the next run: the server will not have it */
};

struct letter_answer {
	int64_t id;
	enum letter_end end;
	const char *why; /* "" where it arrived; never with a part of the URL or a key */
};

/* Each get gives 0, or -1 where something is missing or out of range. */
void letter_put(struct wire_frame *frame, const struct letter *letter);
int letter_get(const struct wire_frame *frame, struct letter *letter);
void letter_put_answer(struct wire_frame *frame, const struct letter_answer *answer);
int letter_get_answer(const struct wire_frame *frame, struct letter_answer *answer);

#endif
