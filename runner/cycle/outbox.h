/* Reports on their way: they are put on disk with the move that they report, delivered after it,
 * and taken out once they were, so that a death in between delivers them with the next start: at
 * least once, each with the same key. One that can't be delivered is tried again in this run, each
 * time after a longer wait, and by the runs after it for a week. */
#ifndef RUNNER_CYCLE_OUTBOX_H
#define RUNNER_CYCLE_OUTBOX_H

#include "plugins/reporter.h"
#include "runner/cycle/session.h"

/* Puts a report for every reporter that wants it into session->note, for the next move. `report`
 * needs only what belongs to the event. 0, or -1 with session->err. */
int outbox_fill(struct session *session, struct report *report);

/* Before a worker starts: where a web server may have to be told of `warn` while it runs, the
 * sender is started, for one that is started later would not outlive the worker. What fails is
 * warned of. */
void outbox_ready(struct session *session);

/* Sends a report that belongs to no move, while a worker runs: it is on disk, then delivered as far
 * as that starts no sender (see outbox_ready); the rest goes with the next report. What fails is
 * warned of. */
void outbox_send_now(struct session *session, struct report *report);

/* Forgets what outbox_fill put into the note. */
void outbox_forget(struct session *session);

/* Delivers what is there, after outbox_forget. What a web server is told by is handed to the sender
 * and not waited for; another reporter may hold the cycle up for its timeout, and then no more in
 * this run. One that fails is warned of, and changes nothing. */
void outbox_deliver(struct session *session);

/* Waits for the reports that the sender has, for as long as the longest timeout among theirs, and
 * says how many are left. The journal must still be open. */
void outbox_finish(struct session *session);

#endif
