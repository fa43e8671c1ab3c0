#include "runner/sender/letter.h"

#define ID          "id"
#define REPORTER    "reporter"
#define KEY         "key"
#define URL         "url"
#define SIGNING_KEY "signing_key"
#define BODY        "body"
#define TIMEOUT     "timeout"
#define END         "end"
#define WHY         "why"

void letter_put(struct wire_frame *frame, const struct letter *letter)
{
	wire_put_number(frame, ID, letter->id);
	wire_put(frame, REPORTER, letter->reporter);
	wire_put(frame, KEY, letter->key);
	wire_put(frame, URL, letter->url);
	if (letter->signing_key)
		wire_put(frame, SIGNING_KEY, letter->signing_key);
	wire_put(frame, BODY, letter->body);
	wire_put_number(frame, TIMEOUT, letter->timeout_ms);
}

int letter_get(const struct wire_frame *frame, struct letter *letter)
{
	const struct letter got = {
		.reporter = wire_get(frame, REPORTER, NULL),
		.key = wire_get(frame, KEY, NULL),
		.url = wire_get(frame, URL, NULL),
		.signing_key = wire_get(frame, SIGNING_KEY, NULL),
		.body = wire_get(frame, BODY, NULL),
	};
	int64_t id, timeout_ms;
	if (!got.reporter || !got.key || !got.url || !got.body ||
	    wire_get_number(frame, ID, &id) != 0 ||
	    wire_get_number(frame, TIMEOUT, &timeout_ms) != 0 || timeout_ms < 1)
		return -1;
	*letter = got;
	letter->id = id;
	letter->timeout_ms = timeout_ms;
	return 0;
}

void letter_put_answer(struct wire_frame *frame, const struct letter_answer *answer)
{
	wire_put_number(frame, ID, answer->id);
	wire_put_number(frame, END, answer->end);
	wire_put(frame, WHY, answer->why);
}

int letter_get_answer(const struct wire_frame *frame, struct letter_answer *answer)
{
	int64_t id, end;
	if (wire_get_number(frame, ID, &id) != 0 || wire_get_number(frame, END, &end) != 0 ||
	    end < LETTER_ARRIVED || end > LETTER_REFUSED)
		return -1;
	*answer = (struct letter_answer){
		.id = id,
		.end = (enum letter_end)end,
		.why = wire_get(frame, WHY, ""),
	};
	return 0;
}
