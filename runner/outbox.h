/* Reports on their way: they are put on disk with the move that they report, delivered after it,
 * and taken out once they were, so that a death in between delivers them with the next start: at
 * least once, each with the same `key`. */
#ifndef RUNNER_OUTBOX_H
#define RUNNER_OUTBOX_H

#include "plugins/reporter.h"
#include "runner/session.h"

/* Puts a report for every reporter that wants it into session->note, for the next move. `report`
 * needs only what belongs to the event. 0, or -1 with session->err. */
int outbox_fill(struct session *session, struct report *report);

/* Forgets what outbox_fill put into the note. */
void outbox_forget(struct session *session);

/* Delivers what is there, after outbox_forget. A reporter that fails is warned of and not asked
 * again for that report; it changes nothing. */
void outbox_deliver(struct session *session);

#endif
