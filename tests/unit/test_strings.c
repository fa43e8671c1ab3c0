/*
 * All strings of events up to a length, walked through the table from IDLE. What must hold along
 * the way is said here in terms of a string, not of a row, and knows nothing of fsm/rules.h.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "fsm/machine.h"
#include "tests/unit/suite.h"

#define LENGTH 6

/* What became of a string so far. */
struct walk {
	enum fsm_state path[LENGTH + 1]; /* the states it went through, refusals left out */
	enum fsm_event by[LENGTH + 1];   /* by[i] led to path[i] */
	int moves;
	int length; /* events, refused ones too */
};

static uint64_t strings;              /* all of them */
static uint64_t accepted[LENGTH + 1]; /* those of that length without a refusal */
static uint64_t closed[LENGTH + 1];   /* … that end in CLOSED */

/* The phases that a step goes through, in their order. */
static const enum fsm_state chain[] = {FSM_PRECHECK, FSM_STEP, FSM_COMMIT, FSM_REPORT,
				       FSM_POSTCHECK};

static bool leads_on(enum fsm_state before, enum fsm_state after)
{
	for (int i = 0; i < 4; i++)
		if (chain[i] == before)
			return chain[i + 1] == after || (i == 0 && after == FSM_CLOSED);
	if (before == FSM_IDLE)
		return after == FSM_PRECHECK;
	return before == FSM_POSTCHECK && (after == FSM_PRECHECK || after == FSM_CLOSED);
}

static bool ends_a_worker(enum fsm_event event)
{
	return event == FSM_EV_DONE || event == FSM_EV_FAILED || event == FSM_EV_TIMED_OUT ||
	       event == FSM_EV_CRASHED || event == FSM_EV_STOPPED || event == FSM_EV_INTERRUPTED;
}

/* Whether the work of the last step is on its way still: a STEP with no POSTCHECK after it. */
static bool work_in_hand(const struct walk *walk)
{
	for (int i = walk->moves; i > 0; i--) {
		if (walk->path[i] == FSM_POSTCHECK)
			return false;
		if (walk->path[i] == FSM_STEP)
			return true;
	}
	return false;
}

/* The last move of a walk. */
static void check_move(const struct walk *walk)
{
	const enum fsm_state after = walk->path[walk->moves], before = walk->path[walk->moves - 1];
	const enum fsm_event by = walk->by[walk->moves];
	bool good = leads_on(before, after);
	if (after == FSM_STEP)
		good = good && by == FSM_EV_PASS;
	if (after == FSM_COMMIT)
		good = good && ends_a_worker(by);
	if (after == FSM_REPORT)
		good = good && (by == FSM_EV_SAVED || by == FSM_EV_UNSAVED);
	if (after == FSM_POSTCHECK)
		good = good && by == FSM_EV_TOLD;
	if (after == FSM_PRECHECK || after == FSM_CLOSED)
		good = good && !work_in_hand(walk);
	if (!good)
		ck_abort_msg("move %d: %s on %s to %s", walk->moves, fsm_state_name(before),
			     fsm_event_name(by), fsm_state_name(after));
}

static void count(const struct walk *walk)
{
	strings++;
	if (walk->moves < walk->length)
		return;
	accepted[walk->length]++;
	closed[walk->length] += walk->path[walk->moves] == FSM_CLOSED;
}

static void offer(struct walk *walk, enum fsm_event event)
{
	const enum fsm_state state = walk->path[walk->moves];
	const int to = fsm_next(state, event);
	walk->length++;
	if (to == FSM_REFUSED)
		return;
	if (state == FSM_CLOSED)
		ck_abort_msg("CLOSED is left on %s", fsm_event_name(event));
	walk->moves++;
	walk->path[walk->moves] = (enum fsm_state)to;
	walk->by[walk->moves] = event;
	check_move(walk);
}

static void descend(const struct walk *walk)
{
	count(walk);
	if (walk->length == LENGTH)
		return;
	for (int event = 0; event < FSM_NEVENTS; event++) {
		struct walk longer = *walk;
		offer(&longer, (enum fsm_event)event);
		descend(&longer);
	}
}

static void walk_all(void)
{
	const struct walk empty = {.path = {FSM_IDLE}};
	descend(&empty);
}

START_TEST(the_rules_hold_along_every_string)
{
	walk_all();
	/* 1 + 17 + 17^2 + … + 17^6 */
	ck_assert_uint_eq(strings, (UINT64_C(17) * 17 * 17 * 17 * 17 * 17 * 17 - 1) / 16);
}
END_TEST

/*
 * How many strings are accepted whole, by length:
 *
 *   0      1  the empty one
 *   1      1  BEGIN
 *   2      6  then PASS, or one of 5 closes
 *   3      6  BEGIN PASS and one of 6 ends; what is closed goes no further
 *   4     12  then SAVED or UNSAVED
 *   5     12  then TOLD
 *   6     72  then AGAIN, or one of 5 closes
 */
START_TEST(as_many_are_accepted_as_there_should_be)
{
	static const uint64_t whole[LENGTH + 1] = {1, 1, 6, 6, 12, 12, 72};
	static const uint64_t ended[LENGTH + 1] = {0, 0, 5, 0, 0, 0, 60};
	walk_all();
	for (int length = 0; length <= LENGTH; length++) {
		ck_assert_uint_eq(accepted[length], whole[length]);
		ck_assert_uint_eq(closed[length], ended[length]);
	}
}
END_TEST

/* The shortest way back to PRECHECK takes six events; one more shows that it is the same PRECHECK.
 */
START_TEST(a_second_step_goes_the_same_way)
{
	static const enum fsm_event step[] = {FSM_EV_PASS, FSM_EV_FAILED, FSM_EV_UNSAVED,
					      FSM_EV_TOLD, FSM_EV_AGAIN};
	int state = fsm_next(FSM_IDLE, FSM_EV_BEGIN);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(state, FSM_PRECHECK);
		for (int j = 0; j < 5; j++) {
			ck_assert_int_eq(state, chain[j]);
			state = fsm_next((enum fsm_state)state, step[j]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strings");
	TCase *walks = tcase_create("walks");
	tcase_set_timeout(walks, 60);
	tcase_add_test(walks, the_rules_hold_along_every_string);
	tcase_add_test(walks, as_many_are_accepted_as_there_should_be);
	tcase_add_test(walks, a_second_step_goes_the_same_way);
	suite_add_tcase(suite, walks);
	return run_suite(suite);
}
