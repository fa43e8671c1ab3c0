#include "fsm/gate.h"

struct usage usage_add(struct usage a, struct usage b)
{
	if (!a.known || !b.known)
		return USAGE_UNKNOWN;
	if (a.tokens > INT64_MAX - b.tokens)
		return USAGE_KNOWN(INT64_MAX);
	return USAGE_KNOWN(a.tokens + b.tokens);
}

bool gate_terms_valid(const struct gate_terms *terms)
{
	return terms->budget >= 1 && terms->threshold >= GATE_THRESHOLD_MIN &&
	       terms->threshold <= GATE_THRESHOLD_MAX;
}

int64_t gate_limit(const struct gate_terms *terms)
{
	/* budget = 100 q + r, so budget x threshold / 100 = q x threshold + r x threshold / 100,
	 * and no product leaves 64 bits. */
	const int64_t q = terms->budget / 100;
	const int64_t r = terms->budget % 100;
	return q * terms->threshold + (r * terms->threshold + 99) / 100;
}

enum gate_answer gate_ask(const struct gate_terms *terms, struct usage used)
{
	if (!used.known)
		return GATE_UNKNOWN;
	return used.tokens < gate_limit(terms) ? GATE_OPEN : GATE_SHUT;
}

/* One digit of a long division: *rest becomes 10 x *rest modulo `by`, the digit is returned. Adding
 * ten times keeps every sum below 2^64, where 10 x *rest would leave it. */
static int64_t next_digit(uint64_t *rest, uint64_t by)
{
	uint64_t sum = 0;
	int64_t digit = 0;
	for (int i = 0; i < 10; i++) {
		sum += *rest;
		if (sum >= by) {
			sum -= by;
			digit++;
		}
	}
	*rest = sum;
	return digit;
}

int64_t gate_tenths(int64_t used, int64_t budget)
{
	int64_t tenths = used / budget;
	uint64_t rest = (uint64_t)(used % budget);
	for (int i = 0; i < 3; i++) {
		const int64_t digit = next_digit(&rest, (uint64_t)budget);
		if (tenths > (INT64_MAX - digit) / 10)
			return INT64_MAX;
		tenths = tenths * 10 + digit;
	}
	return tenths;
}
