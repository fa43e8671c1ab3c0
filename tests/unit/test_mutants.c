/*
 * Every cell of the table, changed to every other state and to a refusal: each such mutant breaks a
 * rule, or stands in tests/data/fsm/harmless.txt with the reason why it may. The list is exact.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/rules.h"
#include "tests/unit/suite.h"

#define TARGETS ((int)FSM_NSTATES + 1) /* each state, and a refusal */

/* harmless[from][event][to + 1]: on which line of the file it stands, or 0. */
static int harmless[FSM_NSTATES][FSM_NEVENTS][FSM_NSTATES + 1];

static int target_by_name(const char *name)
{
	if (strcmp(name, "REFUSED") == 0)
		return FSM_REFUSED;
	const int state = fsm_state_by_name(name);
	ck_assert_msg(state >= 0, "%s: no such state", name);
	return state;
}

static void read_line(const char *text, int line)
{
	char from[32], event[32], to[32], reason[128];
	if (text[0] == '#' || text[0] == '\n')
		return;
	ck_assert_msg(sscanf(text, "%31s %31s %31[A-Z]: %127[^\n]", from, event, to, reason) == 4,
		      "line %d: not STATE EVENT TO: why", line);
	ck_assert_msg(strlen(reason) >= 20, "line %d: no reason worth the name", line);
	const int state = fsm_state_by_name(from), ev = fsm_event_by_name(event);
	ck_assert_msg(state >= 0 && ev >= 0, "line %d: no such row", line);
	int *stands = &harmless[state][ev][target_by_name(to) + 1];
	ck_assert_msg(*stands == 0, "line %d: stands on line %d already", line, *stands);
	*stands = line;
}

static void read_harmless(void)
{
	char path[4096], text[256];
	const char *source = getenv("SRC");
	ck_assert_msg(source != NULL, "SRC names the source tree");
	snprintf(path, sizeof(path), "%s/tests/data/fsm/harmless.txt", source);
	FILE *file = fopen(path, "re");
	ck_assert_msg(file != NULL, "%s", path);
	for (int line = 1; fgets(text, sizeof(text), file); line++)
		read_line(text, line);
	fclose(file);
}

START_TEST(each_mutant_breaks_a_rule_or_is_known_to_do_no_harm)
{
	const enum fsm_state from = (enum fsm_state)(_i / FSM_NEVENTS);
	const enum fsm_event event = (enum fsm_event)(_i % FSM_NEVENTS);
	int mutants = 0;
	for (int to = FSM_REFUSED; to < FSM_NSTATES; to++) {
		const int line = harmless[from][event][to + 1];
		const char *name =
			to == FSM_REFUSED ? "REFUSED" : fsm_state_name((enum fsm_state)to);
		if (to == fsm_next(from, event)) {
			ck_assert_msg(!line, "line %d: %s is no mutant", line, name);
			continue;
		}
		const int rule = fsm_rule_broken(from, event, to);
		ck_assert_msg(rule || line, "%s %s %s: breaks no rule and is not in the list",
			      fsm_state_name(from), fsm_event_name(event), name);
		ck_assert_msg(!rule || !line, "line %d: breaks rule %d: %s", line, rule,
			      fsm_rule_words(rule ? rule : 1));
		mutants++;
	}
	ck_assert_int_eq(mutants, TARGETS - 1);
}
END_TEST

/* Were a rule never the first that a mutant breaks, it could be dropped and no test would fail. */
START_TEST(each_rule_catches_mutants_that_no_earlier_one_does)
{
	int caught[8] = {0};
	for (int from = 0; from < FSM_NSTATES; from++)
		for (int event = 0; event < FSM_NEVENTS; event++)
			for (int to = FSM_REFUSED; to < FSM_NSTATES; to++)
				caught[fsm_rule_broken((enum fsm_state)from, (enum fsm_event)event,
						       to)]++;
	for (int rule = 1; rule <= 7; rule++)
		ck_assert_msg(caught[rule] > 0, "rule %d catches none by itself", rule);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mutants");
	TCase *cells = tcase_create("cells");
	tcase_add_checked_fixture(cells, read_harmless, NULL);
	tcase_add_loop_test(cells, each_mutant_breaks_a_rule_or_is_known_to_do_no_harm, 0,
			    (int)FSM_NSTATES * (int)FSM_NEVENTS);
	tcase_add_test(cells, each_rule_catches_mutants_that_no_earlier_one_does);
	suite_add_tcase(suite, cells);
	return run_suite(suite);
}
