/* The client of stepgate-send (runner/sender/), which sends reports to web servers beside the
 * cycle: nothing here waits for a server but sender_collect, for as long as it is told to. */
#ifndef RUNNER_CYCLE_SENDER_H
#define RUNNER_CYCLE_SENDER_H

#include <stdint.h>

#include "conf/err.h"
#include "runner/process/companion.h"
#include "runner/sender/letter.h"

struct sender {
	struct companion companion;
	size_t open; /* letters that have neither arrived nor been refused */
};

void sender_init(struct sender *sender);
/* Ends the process: what is under way is cut off. */
void sender_release(struct sender *sender);

/* Starts the process where it does not run. 0, or -1 and *err. */
int sender_start(struct sender *sender, struct err *err);

/* Hands a letter over, starting the process for the first one. 0, or -1 and *err: it was not handed
 * over, and the process is gone with all it had. */
int sender_hand(struct sender *sender, const struct letter *letter, struct err *err);

/* Calls `each` with the answers that are there, and, until *deadline on clock_monotonic_ms, with
 * those to come while letters are open; `each` may change *deadline. 0, or -1 and *err: the process
 * failed, and is gone with all it had. */
int sender_collect(struct sender *sender, const int64_t *deadline,
		   void (*each)(void *context, const struct letter_answer *answer), void *context,
		   struct err *err);

#endif
