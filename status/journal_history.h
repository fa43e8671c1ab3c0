/* What the journal knows of the past, for those who watch and look back: moves as they come, and
 * closed cycles page by page. Reads only. */
#ifndef STATUS_JOURNAL_HISTORY_H
#define STATUS_JOURNAL_HISTORY_H

#include "status/journal.h"

/* A number that changes when another connection has changed the journal. 0, or -1 and *err. */
int journal_data_version(struct journal *journal, int64_t *version, struct err *err);

/* Whether the file that was opened still stands in its place. */
bool journal_stands(const struct journal *journal);

/* The largest ids of moves and messages; 0 where there are none. 0, or -1 and *err. */
int journal_newest_ids(struct journal *journal, int64_t *move, int64_t *message, struct err *err);

/* A move as recorded. Strings live during the call. */
struct journal_past_move {
	int64_t id, cycle, at;
	int step;
	const char *from, *event, *to;
	struct usage used;
};
/* The first `most` moves with a larger id than `after`, in the order of their ids. Ids grow in the
 * order in which moves become visible, so who goes on from the last one misses none. */
int journal_moves_after(struct journal *journal, int64_t after, int most,
			void (*each)(void *context, const struct journal_past_move *move),
			void *context, struct err *err);

/* Which cycles, newest first. */
struct journal_filter {
	int64_t before;           /* numbers below this one; 0: from the newest on */
	int64_t since, until;     /* microseconds since 1970, of the beginning; 0: not asked for */
	const char *plan, *cause; /* or NULL */
	int most;
};
/* A cycle as recorded. Strings live during the call. */
struct journal_past_cycle {
	int64_t number;
	const char *plan, *title, *state;
	struct gate_terms terms;
	struct usage used;
	int64_t started_at, ended_at; /* ended_at 0: it is open */
	const char *cause, *reason;   /* or NULL */
	int64_t steps, ok;            /* attempts of steps, and how many of them are OK */
};
int journal_cycles(struct journal *journal, const struct journal_filter *filter,
		   void (*each)(void *context, const struct journal_past_cycle *cycle),
		   void *context, struct err *err);
/* How many cycles were closed for each cause, and when the last one of them was. */
int journal_causes(struct journal *journal,
		   void (*each)(void *context, const char *cause, int64_t cycles, int64_t last),
		   void *context, struct err *err);

#endif
