/* The letters to one reporter: one is under way at a time, in their order; after a failure the next
 * try waits, each time twice as long. Nothing here sends. */
#ifndef RUNNER_SENDER_LANE_H
#define RUNNER_SENDER_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/sender/letter.h"

#define LANE_WAIT_MS       1000            /* after a first failure */
#define LANE_WAIT_MOST_MS  60000           /* where the server says nothing else */
#define LANE_ASKED_MOST_MS (3600LL * 1000) /* of what a server may ask for (Retry-After) */

struct lane_letter {
	struct wire_frame frame; /* what `letter` borrows from */
	struct letter letter;
	struct lane_letter *next;
};

struct lane {
	char *reporter;
	struct lane_letter *first, **last;
	bool busy;          /* the first one is under way */
	int64_t not_before; /* clock_monotonic_ms */
	int failures;       /* one after another */
	void *context;      /* the sender's */
	struct lane *next;
};

/* The lane of that reporter in the list, made where there is none. NULL when memory is short. */
struct lane *lane_of(struct lane **lanes, const char *reporter);
/* Frees the lanes and their letters. */
void lanes_free(struct lane *lanes);

/* Takes the frame, which it empties. 0, or -1 when memory is short. */
int lane_add(struct lane *lane, struct wire_frame *frame, const struct letter *letter);

/* The letter to send now (which is then under way), or NULL. */
const struct letter *lane_begin(struct lane *lane, int64_t now);
/* The one under way has come to its end. `asked_ms`: for how long the server asked not to be asked
 * again; 0 where it did not. */
void lane_end(struct lane *lane, enum letter_end end, int64_t asked_ms, int64_t now);

/* When something is to be sent, on clock_monotonic_ms; -1 where nothing waits. */
int64_t lanes_due(const struct lane *lanes);

#endif
