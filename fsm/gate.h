/*
 * The gate: may a step start? Exact integer arithmetic, no overflow, no floating point.
 *
 *   open iff used x 100 < budget x threshold
 */
#ifndef FSM_GATE_H
#define FSM_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define GATE_BUDGET_DEFAULT    INT64_C(200000)
#define GATE_THRESHOLD_DEFAULT 35
#define GATE_THRESHOLD_MIN     20
#define GATE_THRESHOLD_MAX     95

/* Tokens: a known number (0 or more) or unknown. Unknown is never treated as zero. */
struct usage {
	int64_t tokens; /* meaningful only if known */
	bool known;
};

#define USAGE_UNKNOWN  ((struct usage){.known = false})
#define USAGE_KNOWN(n) ((struct usage){.tokens = (n), .known = true})

/* What a cycle may use; locked when it begins. */
struct gate_terms {
	int64_t budget; /* tokens, 1..INT64_MAX */
	int threshold;  /* whole percent of budget, GATE_THRESHOLD_MIN..GATE_THRESHOLD_MAX */
};

enum gate_answer {
	GATE_OPEN,
	GATE_SHUT,
	GATE_UNKNOWN, /* the usage is unknown: the gate can't be asked, so nothing may start */
};

/* The sum, stuck at INT64_MAX; unknown if either is. */
struct usage usage_add(struct usage a, struct usage b);

/* True if the terms are in range. */
bool gate_terms_valid(const struct gate_terms *terms);

/* The limit in tokens: the least whole number not below budget x threshold / 100, so that
 * used < limit says exactly what the gate says. */
int64_t gate_limit(const struct gate_terms *terms);

/* Asks the gate. Terms must be valid. */
enum gate_answer gate_ask(const struct gate_terms *terms, struct usage used);

/* `used` in tenths of a percent of `budget`, rounded down (so what is shown never says that the
 * threshold is reached before it is), stuck at INT64_MAX. used >= 0, budget >= 1. */
int64_t gate_tenths(int64_t used, int64_t budget);

#endif
