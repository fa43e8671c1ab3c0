/*
 * stepgate-send, the sender of reports to web servers: started by stepgate with one end of a
 * socket, it sends what it is handed, and ends at once when the other end is closed. What has not
 * arrived by then is in the outbox still.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runner/process/companion.h"
#include "runner/sender/lane.h"
#include "runner/sender/post.h"
#include "status/clock.h"

#define FRAME_MS 5000 /* what a frame that began may take to come whole */
#define IDLE_MS  60000

struct sender {
	CURLM *multi;
	struct lane *lanes;
};

static bool answer(int64_t id, enum letter_end end, const char *why)
{
	struct wire_frame frame;
	const struct letter_answer said = {.id = id, .end = end, .why = why};
	wire_init(&frame);
	letter_put_answer(&frame, &said);
	const bool sent =
		wire_send(COMPANION_FD, &frame, clock_monotonic_ms() + FRAME_MS) == WIRE_OK;
	wire_release(&frame);
	return sent;
}

/* Takes a letter in. False where the client is gone, or is none. */
static bool take_letter(struct sender *sender)
{
	struct wire_frame frame;
	struct letter letter;
	wire_init(&frame);
	bool taken =
		wire_receive(COMPANION_FD, &frame, clock_monotonic_ms() + FRAME_MS) == WIRE_OK &&
		letter_get(&frame, &letter) == 0;
	if (taken) {
		struct lane *lane = lane_of(&sender->lanes, letter.reporter);
		if (lane && !lane->context)
			lane->context = post_new();
		taken = lane && lane->context && lane_add(lane, &frame, &letter) == 0;
	}
	wire_release(&frame);
	return taken;
}

static bool ended(struct lane *lane, int64_t id, enum letter_end end, int64_t asked_ms,
		  const char *why)
{
	lane_end(lane, end, asked_ms, clock_monotonic_ms());
	return answer(id, end, why);
}

static bool begin(struct sender *sender, struct lane *lane)
{
	char why[POST_WORDS];
	const struct letter *letter = lane_begin(lane, clock_monotonic_ms());
	if (!letter)
		return true;
	CURL *easy = post_begin(lane->context, letter, clock_now(), why);
	if (!easy)
		return ended(lane, letter->id, LETTER_REFUSED, 0, why);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, lane);
	curl_multi_add_handle(sender->multi, easy);
	return true;
}

static bool begin_all(struct sender *sender)
{
	for (struct lane *lane = sender->lanes; lane; lane = lane->next)
		if (!begin(sender, lane))
			return false;
	return true;
}

static bool end_finished(struct sender *sender)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(sender->multi, &left))) {
		char why[POST_WORDS];
		int64_t asked_ms;
		char *private = NULL;
		CURL *easy = message->easy_handle;
		const CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		struct lane *lane = (struct lane *)(void *)private;
		const enum letter_end end = post_end(lane->context, result, &asked_ms, why);
		curl_multi_remove_handle(sender->multi, easy);
		if (!ended(lane, lane->first->letter.id, end, asked_ms, why))
			return false;
	}
	return true;
}

static int patience(const struct sender *sender)
{
	const int64_t due = lanes_due(sender->lanes);
	const int64_t now = clock_monotonic_ms();
	if (due < 0 || due > now + IDLE_MS)
		return IDLE_MS;
	return due > now ? (int)(due - now) : 0;
}

static void serve(struct sender *sender)
{
	struct curl_waitfd client = {.fd = COMPANION_FD, .events = CURL_WAIT_POLLIN};
	int running;
	for (;;) {
		client.revents = 0;
		if (curl_multi_poll(sender->multi, &client, 1, patience(sender), NULL) != CURLM_OK)
			return;
		if (client.revents && !take_letter(sender))
			return;
		if (!begin_all(sender) || curl_multi_perform(sender->multi, &running) != CURLM_OK ||
		    !end_finished(sender))
			return;
	}
}

static void release(struct sender *sender)
{
	for (struct lane *lane = sender->lanes; lane; lane = lane->next) {
		struct post *post = lane->context;
		post_free(post);
	}
	lanes_free(sender->lanes);
	curl_multi_cleanup(sender->multi);
}

int main(int argc, char **argv)
{
	struct stat client;
	(void)argv;
	if (argc != 1 || fstat(COMPANION_FD, &client) != 0 || !S_ISSOCK(client.st_mode)) {
		fputs("stepgate-send: the sender of stepgate's reports, which starts it\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return 1;
	struct sender sender = {.multi = curl_multi_init()};
	if (sender.multi)
		serve(&sender);
	release(&sender);
	curl_global_cleanup();
	return 0;
}
