/* The words on the wire: report lines and the gate's answers, as text and as JSON. */
#ifndef STATUS_LINES_H
#define STATUS_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "fsm/gate.h"
#include "fsm/machine.h"
#include "fsm/receipt.h"

/* Each writes one line without a newline into out[size] and gives out. Percentages are rounded down
 * to one decimal (fsm/gate.h says why); unknown usage shows as "unknown". */

/* "Starting Step 3: Tokens at 24.7%" */
char *line_starting(char *out, size_t size, int step, struct usage used, int64_t budget);

/* "Step 3 completed: Tokens: 31.2%; Status: OK, updated & pushed" */
char *line_completed(char *out, size_t size, int step, struct usage used, int64_t budget, bool ok,
		     const char *action);

/* "Cycle 4 closed: Token threshold exceeded: 38.2%"; `reason` as line_reason wrote it. */
char *line_closed(char *out, size_t size, int64_t cycle, const char *reason);

/* "All work completed", "Token threshold exceeded: 38.2%", "Gate refused" (its own words follow),
 * "User requested", "Error encountered". `why` is a CLOSES event. */
char *line_reason(char *out, size_t size, enum fsm_event why, struct usage used, int64_t budget);

/* The typed cause beside it: "completed", "threshold", "gate", "user", "error". Static text. */
const char *line_cause(enum fsm_event why);

/* The action of a step: "updated & pushed", "updated & committed", "not committed", "commit
 * failed", "push failed", "failed". `how` is an ENDS event. Static text. */
const char *line_action(enum fsm_event how, const struct receipt_facts *facts);

/* OK only if the worker succeeded and its work reached where the config says it must. */
bool line_ok(enum fsm_event how, const struct receipt_facts *facts);

/* "✅ Token budget OK: 25.0% (remaining: 10.0%) - 50,000/70,000 tokens", or
 * "❌ Token threshold exceeded: 40.0% (max: 35%) - 80,000/70,000 tokens", or
 * "❌ Token usage unknown (max: 35%) - ?/70,000 tokens" */
char *line_gate(char *out, size_t size, const struct gate_terms *terms, struct usage used);

/* {"can_proceed": true, "current_tokens": 50000, "current_percent": 25.0, "threshold_percent": 35,
 *  "threshold_tokens": 70000, "message": "…"}; unknown figures are null. */
char *line_gate_json(char *out, size_t size, const struct gate_terms *terms, struct usage used);

#endif
