#include "status/lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "status/text.h"

enum {
	PERCENT = 32,
};

/* "24.7%", or "unknown". */
static const char *percent(struct usage used, int64_t budget, char *out)
{
	if (!used.known)
		return "unknown";
	const int64_t tenths = gate_tenths(used.tokens, budget);
	snprintf(out, PERCENT, "%" PRId64 ".%" PRId64 "%%", tenths / 10, tenths % 10);
	return out;
}

char *line_starting(char *out, size_t size, int step, struct usage used, int64_t budget)
{
	char p[PERCENT];
	snprintf(out, size, "Starting Step %d: Tokens at %s", step, percent(used, budget, p));
	return out;
}

char *line_completed(char *out, size_t size, int step, struct usage used, int64_t budget, bool ok,
		     const char *action)
{
	char p[PERCENT];
	snprintf(out, size, "Step %d completed: Tokens: %s; Status: %s, %s", step,
		 percent(used, budget, p), ok ? "OK" : "NOK", action);
	return out;
}

char *line_closed(char *out, size_t size, int64_t cycle, const char *reason)
{
	snprintf(out, size, "Cycle %" PRId64 " closed: %s", cycle, reason);
	return out;
}

char *line_reason(char *out, size_t size, enum fsm_event why, struct usage used, int64_t budget)
{
	char p[PERCENT];
	switch (why) {
	case FSM_EV_COMPLETED:
		snprintf(out, size, "All work completed");
		break;
	case FSM_EV_THRESHOLD:
		snprintf(out, size, "Token threshold exceeded: %s", percent(used, budget, p));
		break;
	case FSM_EV_VETOED:
		snprintf(out, size, "Gate refused");
		break;
	case FSM_EV_USER:
		snprintf(out, size, "User requested");
		break;
	default:
		snprintf(out, size, "Error encountered");
		break;
	}
	return out;
}

const char *line_cause(enum fsm_event why)
{
	switch (why) {
	case FSM_EV_COMPLETED:
		return "completed";
	case FSM_EV_THRESHOLD:
		return "threshold";
	case FSM_EV_VETOED:
		return "gate";
	case FSM_EV_USER:
		return "user";
	default:
		return "error";
	}
}

const char *line_action(enum fsm_event how, const struct receipt_facts *facts)
{
	switch (receipt_place(facts->result)) {
	case RECEIPT_NOT_COMMITTED:
		return "commit failed";
	case RECEIPT_NOT_PUSHED:
		return "push failed";
	case RECEIPT_ASIDE:
		return "not committed";
	case RECEIPT_REACHED:
		break;
	}
	if (how != FSM_EV_DONE)
		return "failed";
	switch (facts->result) {
	case RECEIPT_PUSHED:
	case RECEIPT_BRANCHED:
		return "updated & pushed";
	case RECEIPT_COMMITTED:
		return "updated & committed";
	default:
		return "not committed";
	}
}

bool line_ok(enum fsm_event how, const struct receipt_facts *facts)
{
	return how == FSM_EV_DONE && receipt_place(facts->result) == RECEIPT_REACHED;
}

static char *gate_open_line(char *out, size_t size, const struct gate_terms *terms,
			    struct usage used)
{
	char p[PERCENT], now[32], limit[32];
	const int64_t left =
		INT64_C(10) * terms->threshold - gate_tenths(used.tokens, terms->budget);
	snprintf(out, size,
		 "✅ Token budget OK: %s (remaining: %" PRId64 ".%" PRId64 "%%) - %s/%s tokens",
		 percent(used, terms->budget, p), left / 10, left % 10,
		 text_grouped(used.tokens, now), text_grouped(gate_limit(terms), limit));
	return out;
}

char *line_gate(char *out, size_t size, const struct gate_terms *terms, struct usage used)
{
	char p[PERCENT], now[32], limit[32];
	switch (gate_ask(terms, used)) {
	case GATE_OPEN:
		return gate_open_line(out, size, terms, used);
	case GATE_SHUT:
		snprintf(out, size, "❌ Token threshold exceeded: %s (max: %d%%) - %s/%s tokens",
			 percent(used, terms->budget, p), terms->threshold,
			 text_grouped(used.tokens, now), text_grouped(gate_limit(terms), limit));
		break;
	case GATE_UNKNOWN:
		snprintf(out, size, "❌ Token usage unknown (max: %d%%) - ?/%s tokens",
			 terms->threshold, text_grouped(gate_limit(terms), limit));
		break;
	}
	return out;
}

char *line_gate_json(char *out, size_t size, const struct gate_terms *terms, struct usage used)
{
	char message[256], current[32] = "null", p[PERCENT] = "null";
	if (used.known) {
		const int64_t tenths = gate_tenths(used.tokens, terms->budget);
		snprintf(current, sizeof(current), "%" PRId64, used.tokens);
		snprintf(p, sizeof(p), "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
	}
	/* Nothing in it needs escaping: figures, and words of ours. */
	snprintf(out, size,
		 "{\"can_proceed\": %s, \"current_tokens\": %s, \"current_percent\": %s, "
		 "\"threshold_percent\": %d, \"threshold_tokens\": %" PRId64
		 ", \"message\": \"%s\"}",
		 gate_ask(terms, used) == GATE_OPEN ? "true" : "false", current, p,
		 terms->threshold, gate_limit(terms),
		 line_gate(message, sizeof(message), terms, used));
	return out;
}
