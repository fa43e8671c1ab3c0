/* The words on the wire, to the letter. */
#include <inttypes.h>

#include "status/lines.h"
#include "tests/unit/status_helpers.h"

#define BUDGET 200000

static char out[512];

static struct usage known(int64_t tokens)
{
	return USAGE_KNOWN(tokens);
}

START_TEST(a_start)
{
	ck_assert_ptr_eq(line_starting(out, sizeof(out), 3, known(49400), BUDGET), out);
	ck_assert_str_eq(out, "Starting Step 3: Tokens at 24.7%");
	ck_assert_str_eq(line_starting(out, sizeof(out), 1, known(0), BUDGET),
			 "Starting Step 1: Tokens at 0.0%");
	ck_assert_str_eq(line_starting(out, sizeof(out), 1, USAGE_UNKNOWN, BUDGET),
			 "Starting Step 1: Tokens at unknown");
}
END_TEST

START_TEST(a_step)
{
	ck_assert_str_eq(
		line_completed(out, sizeof(out), 3, known(62400), BUDGET, true, "updated & pushed"),
		"Step 3 completed: Tokens: 31.2%; Status: OK, updated & pushed");
	ck_assert_str_eq(
		line_completed(out, sizeof(out), 4, known(76400), BUDGET, false, "commit failed"),
		"Step 4 completed: Tokens: 38.2%; Status: NOK, commit failed");
	ck_assert_str_eq(
		line_completed(out, sizeof(out), 4, USAGE_UNKNOWN, BUDGET, false, "failed"),
		"Step 4 completed: Tokens: unknown; Status: NOK, failed");
}
END_TEST

/* What is shown never says that the threshold is reached before it is. */
START_TEST(percentages_are_rounded_down)
{
	line_starting(out, sizeof(out), 1, known(69999), BUDGET);
	ck_assert_str_eq(out, "Starting Step 1: Tokens at 34.9%");
	line_starting(out, sizeof(out), 1, known(70000), BUDGET);
	ck_assert_str_eq(out, "Starting Step 1: Tokens at 35.0%");
	line_starting(out, sizeof(out), 1, known(INT64_MAX), INT64_MAX);
	ck_assert_str_eq(out, "Starting Step 1: Tokens at 100.0%");
}
END_TEST

static const struct {
	enum fsm_event why;
	const char *reason, *cause;
} reasons[] = {
	{FSM_EV_COMPLETED, "All work completed", "completed"},
	{FSM_EV_THRESHOLD, "Token threshold exceeded: 38.2%", "threshold"},
	{FSM_EV_USER, "User requested", "user"},
	{FSM_EV_ERROR, "Error encountered", "error"},
};

START_TEST(a_close)
{
	char line[600];
	ck_assert_str_eq(line_reason(out, sizeof(out), reasons[_i].why, known(76400), BUDGET),
			 reasons[_i].reason);
	ck_assert_str_eq(line_cause(reasons[_i].why), reasons[_i].cause);
	snprintf(line, sizeof(line), "Cycle 4 closed: %s", reasons[_i].reason);
	ck_assert_str_eq(line_closed(out, sizeof(out), 4, reasons[_i].reason), line);
}
END_TEST

static const struct {
	enum fsm_event how;
	enum receipt_result result;
	const char *action;
	bool ok;
} actions[] = {
	{FSM_EV_DONE, RECEIPT_PUSHED, "updated & pushed", true},
	{FSM_EV_DONE, RECEIPT_COMMITTED, "updated & committed", true},
	{FSM_EV_DONE, RECEIPT_NOTHING, "not committed", true},
	{FSM_EV_DONE, RECEIPT_OFF, "not committed", true},
	{FSM_EV_DONE, RECEIPT_LOCKED, "commit failed", false},
	{FSM_EV_DONE, RECEIPT_DIED, "commit failed", false},
	{FSM_EV_DONE, RECEIPT_DECLINED, "push failed", false},
	{FSM_EV_DONE, RECEIPT_PUSH_TIMED_OUT, "push failed", false},
	{FSM_EV_FAILED, RECEIPT_PUSHED, "failed", false},
	{FSM_EV_FAILED, RECEIPT_NOTHING, "failed", false},
	{FSM_EV_TIMED_OUT, RECEIPT_COMMITTED, "failed", false},
	{FSM_EV_FAILED, RECEIPT_SALVAGED, "not committed", false},
	{FSM_EV_STOPPED, RECEIPT_KEPT, "not committed", false},
	{FSM_EV_CRASHED, RECEIPT_LOCKED, "commit failed", false},
	{FSM_EV_INTERRUPTED, RECEIPT_UNREACHABLE, "push failed", false},
};

START_TEST(what_became_of_a_step)
{
	const struct receipt_facts facts = {.result = actions[_i].result};
	ck_assert_str_eq(line_action(actions[_i].how, &facts), actions[_i].action);
	ck_assert_int_eq(line_ok(actions[_i].how, &facts), actions[_i].ok);
}
END_TEST

/* OK only where the worker succeeded and the work reached its place; and each has its words. */
START_TEST(every_end_with_every_receipt)
{
	for (int how = 0; how < FSM_NEVENTS; how++) {
		if (fsm_event_kind((enum fsm_event)how) != FSM_KIND_ENDS)
			continue;
		for (int result = 0; result < RECEIPT_NRESULTS; result++) {
			const struct receipt_facts facts = {.result = (enum receipt_result)result};
			const bool reached = receipt_place(facts.result) == RECEIPT_REACHED;
			ck_assert_int_eq(line_ok((enum fsm_event)how, &facts),
					 how == FSM_EV_DONE && reached);
			ck_assert_uint_gt(strlen(line_action((enum fsm_event)how, &facts)), 0);
		}
	}
}
END_TEST

static const struct {
	int64_t budget;
	int threshold;
	int64_t used; /* -1: unknown */
	const char *text, *json;
} gates[] = {
	{200000, 35, 50000, "✅ Token budget OK: 25.0% (remaining: 10.0%) - 50,000/70,000 tokens",
	 "{\"can_proceed\": true, \"current_tokens\": 50000, \"current_percent\": 25.0, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{200000, 35, 80000, "❌ Token threshold exceeded: 40.0% (max: 35%) - 80,000/70,000 tokens",
	 "{\"can_proceed\": false, \"current_tokens\": 80000, \"current_percent\": 40.0, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{200000, 35, 69999, "✅ Token budget OK: 34.9% (remaining: 0.1%) - 69,999/70,000 tokens",
	 "{\"can_proceed\": true, \"current_tokens\": 69999, \"current_percent\": 34.9, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{200000, 35, 70000, "❌ Token threshold exceeded: 35.0% (max: 35%) - 70,000/70,000 tokens",
	 "{\"can_proceed\": false, \"current_tokens\": 70000, \"current_percent\": 35.0, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{200000, 35, 0, "✅ Token budget OK: 0.0% (remaining: 35.0%) - 0/70,000 tokens",
	 "{\"can_proceed\": true, \"current_tokens\": 0, \"current_percent\": 0.0, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{200000, 35, -1, "❌ Token usage unknown (max: 35%) - ?/70,000 tokens",
	 "{\"can_proceed\": false, \"current_tokens\": null, \"current_percent\": null, "
	 "\"threshold_percent\": 35, \"threshold_tokens\": 70000, \"message\": "},
	{INT64_MAX, 95, INT64_MAX,
	 "❌ Token threshold exceeded: 100.0% (max: 95%) - "
	 "9,223,372,036,854,775,807/8,762,203,435,012,037,017 tokens",
	 "{\"can_proceed\": false, \"current_tokens\": 9223372036854775807, "
	 "\"current_percent\": 100.0, \"threshold_percent\": 95, "
	 "\"threshold_tokens\": 8762203435012037017, \"message\": "},
	{1, 20, INT64_MAX,
	 "❌ Token threshold exceeded: 922337203685477580.7% (max: 20%) - "
	 "9,223,372,036,854,775,807/1 tokens",
	 "{\"can_proceed\": false, \"current_tokens\": 9223372036854775807, "
	 "\"current_percent\": 922337203685477580.7, \"threshold_percent\": 20, "
	 "\"threshold_tokens\": 1, \"message\": "},
};

START_TEST(what_the_gate_says)
{
	const struct gate_terms terms = {gates[_i].budget, gates[_i].threshold};
	const struct usage used = gates[_i].used < 0 ? USAGE_UNKNOWN : known(gates[_i].used);
	char json[600];
	ck_assert_ptr_eq(line_gate(out, sizeof(out), &terms, used), out);
	ck_assert_str_eq(out, gates[_i].text);
	ck_assert_ptr_eq(line_gate_json(out, sizeof(out), &terms, used), out);
	snprintf(json, sizeof(json), "%s\"%s\"}", gates[_i].json, gates[_i].text);
	ck_assert_str_eq(out, json);
}
END_TEST

START_TEST(a_line_too_long_is_cut)
{
	char small[12];
	const struct gate_terms terms = {BUDGET, 35};
	ck_assert_str_eq(line_starting(small, sizeof(small), 3, known(0), BUDGET), "Starting St");
	ck_assert_str_eq(line_closed(small, sizeof(small), INT64_MAX, "x"), "Cycle 92233");
	line_gate(small, sizeof(small), &terms, known(0));
	ck_assert_uint_eq(strlen(small), sizeof(small) - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *lines = tcase_create("lines");
	tcase_add_test(lines, a_start);
	tcase_add_test(lines, a_step);
	tcase_add_test(lines, percentages_are_rounded_down);
	tcase_add_loop_test(lines, a_close, 0, COUNT(reasons));
	tcase_add_loop_test(lines, what_became_of_a_step, 0, COUNT(actions));
	tcase_add_test(lines, every_end_with_every_receipt);
	tcase_add_loop_test(lines, what_the_gate_says, 0, COUNT(gates));
	tcase_add_test(lines, a_line_too_long_is_cut);
	suite_add_tcase(suite, lines);
	return run_suite(suite);
}
