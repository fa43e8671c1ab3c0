#include "runner/cycle/sender.h"

#include <poll.h>

#include "status/clock.h"

#define HAND_MS 2000 /* to take a letter in, or to end an answer that began */

void sender_init(struct sender *sender)
{
	*sender = (struct sender){.open = 0};
	companion_init(&sender->companion);
}

void sender_release(struct sender *sender)
{
	companion_stop(&sender->companion, 0, NULL, 0);
	sender->open = 0;
}

static int failed(struct sender *sender, struct err *err)
{
	char how[128] = "";
	companion_stop(&sender->companion, HAND_MS, how, sizeof(how));
	sender->open = 0;
	return err_set(err, ERR_SYSTEM, "%s: %s", companion_send.what, how);
}

int sender_start(struct sender *sender, struct err *err)
{
	return sender->companion.pid != 0
		       ? 0
		       : companion_start(&sender->companion, &companion_send, err);
}

int sender_hand(struct sender *sender, const struct letter *letter, struct err *err)
{
	struct wire_frame frame;
	if (sender_start(sender, err) != 0)
		return -1;
	wire_init(&frame);
	letter_put(&frame, letter);
	const enum wire_outcome outcome =
		wire_send(sender->companion.fd, &frame, clock_monotonic_ms() + HAND_MS);
	wire_release(&frame);
	if (outcome != WIRE_OK)
		return failed(sender, err);
	sender->open++;
	return 0;
}

/* Whether there is something to read by then. */
static int is_readable(int fd, int64_t deadline)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	const int64_t left = deadline - clock_monotonic_ms();
	return poll(&ready, 1, left > 0 ? (int)left : 0) > 0;
}

int sender_collect(struct sender *sender, const int64_t *deadline,
		   void (*each)(void *context, const struct letter_answer *answer), void *context,
		   struct err *err)
{
	struct wire_frame frame;
	struct letter_answer answer;
	wire_init(&frame);
	while (sender->open > 0 && is_readable(sender->companion.fd, *deadline)) {
		if (wire_receive(sender->companion.fd, &frame, clock_monotonic_ms() + HAND_MS) !=
			    WIRE_OK ||
		    letter_get_answer(&frame, &answer) != 0) {
			wire_release(&frame);
			return failed(sender, err);
		}
		sender->open -= answer.end != LETTER_FAILED;
		each(context, &answer);
	}
	wire_release(&frame);
	return 0;
}
