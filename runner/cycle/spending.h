/* The budget while a step runs: where a worker is stopped, and when people are warned. Both are
 * percents of the cycle's budget, and exact as the gate is. */
#ifndef RUNNER_CYCLE_SPENDING_H
#define RUNNER_CYCLE_SPENDING_H

#include "runner/cycle/session.h"

/* Whether the cycle's usage has reached so many percent of its budget. False for 0 percent, and for
 * an unknown usage. */
bool spending_reached(const struct session *session, struct usage used, int percent);

/* Sends the report of the event "warn" once in a cycle, when `used` has reached the config's warn.
 * Also while a worker runs: it waits as long as the reporters may take. */
void spending_warn(struct session *session, struct usage used);

/* The step under way was stopped at the config's hard: its failure and its words. */
void spending_exhausted(struct session *session, struct usage used);

#endif
