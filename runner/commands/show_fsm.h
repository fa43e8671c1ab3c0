/* The machine, shown: all of it comes from fsm/table.h, so that what is shown is what runs. */
#ifndef RUNNER_COMMANDS_SHOW_FSM_H
#define RUNNER_COMMANDS_SHOW_FSM_H

#include <stdio.h>

/* Each writes to `out` and flushes it. 0, or -1 with errno where it could not be written. */

/* States, events and rules in words; then every cell of the table, moves and refusals, state by
 * state. At most 100 columns. */
int show_fsm_text(FILE *out);

/* The moves as a graph in DOT, for graphviz. Refusals are left out. */
int show_fsm_dot(FILE *out);

/* A model in Promela, for SPIN: any event may be offered in any state at any time, the gate may
 * fall shut at any time. Rules 1 to 6 are its properties r1 to r6. `saved`, `answered` and `closed`
 * say that the machine does not get stuck; they hold where the scheduler is fair (pan -a -f). */
int show_fsm_promela(FILE *out);

#endif
