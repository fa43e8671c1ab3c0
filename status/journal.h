/*
 * The journal: FOLDER/.stepgate/state.db, the durable record of every move of the machine, with
 * what is known of each cycle and step, the messages, and which steps of a plan are done.
 *
 * SQLite, WAL, synchronous=FULL: what a function here has answered 0 to survives a power cut, but
 * for what journal_move says of SAVED, UNSAVED and AGAIN. Any number of processes may read and add
 * messages while one runs a cycle.
 */
#ifndef STATUS_JOURNAL_H
#define STATUS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "fsm/cycle.h"

#define JOURNAL_PATH ".stepgate/state.db" /* below the repository's folder */

struct journal;

/* Opens it, making it where it is missing. A schema newer than this program's is refused; an older
 * one is migrated. A database that is damaged is set aside and *notice says so (malloc; NULL where
 * there is nothing to say); without `notice` it is an error and stays where it is. What is damaged
 * where the opening does not look is met by a later call, whose ERR_DAMAGED has the next opening
 * look at all of it. 0 and *journal (close with journal_close), or -1 and *err. */
int journal_open(const char *folder, struct journal **journal, char **notice, struct err *err);
/* Opens one that is there, for reading only and never making or mending one; an older schema is
 * refused. 1 and *journal, 0 where there is none, -1 and *err. */
int journal_open_read(const char *folder, struct journal **journal, struct err *err);
void journal_close(struct journal *journal);
/* To be called by who has written, before the closing: the log (state.db-wal) goes into the
 * database, of which SQLite, at the close, would keep to itself that it failed. What was answered
 * with 0 before does not hang on it, for the log is on the disk, and stays where this fails. 0,
 * also where another process has the log, or nothing can be written since a sync failed; or -1 and
 * *err, and no sync is tried again. */
int journal_empty_log(struct journal *journal, struct err *err);

/* A cycle as the journal knows it; strings are malloc'ed by readers (journal_cycle_release). */
struct journal_cycle {
	struct cycle_past past; /* number, terms, state, step, usage, how, receipt */
	char *plan;             /* which plan it works on: "" for a tracker's cycle */
	char *title;
	char *step_title;    /* of past.step; NULL where there is none */
	int step_attempt;    /* of past.step */
	bool step_estimated; /* the usage of past.step is an estimate */
	int64_t started_at;  /* microseconds since 1970 */
	int64_t ended_at;    /* 0 while it is not closed */
	char *reason;        /* close reason in words, or NULL */
	bool finished;       /* CLOSED, and the closing words are in document and git, and told */
	enum fsm_event closed_on; /* CLOSED: the event */
	struct usage own; /* of past.step in STEP: the last sample; unknown where there is none */
	char *process;    /* of past.step: as journal_process recorded it, or NULL */
	char *repository; /* as journal_repository recorded it, or NULL */
	char *failure;    /* of past.step, as in the note that ended it, or NULL */
	int64_t resets_at;
};
void journal_cycle_release(struct journal_cycle *cycle);

/* The newest cycle. 1 and *cycle, 0 where there is none, -1 and *err. */
int journal_last_cycle(struct journal *journal, struct journal_cycle *cycle, struct err *err);

struct journal_report;

/* What a move brings along, written in the same transaction. Set what belongs to the event. */
struct journal_note {
	int64_t at;                     /* always: microseconds since 1970 */
	const char *plan;               /* BEGIN: as in journal_cycle */
	const char *title;              /* BEGIN: of the cycle; PASS: of the step */
	const struct gate_terms *terms; /* BEGIN */
	int attempt;                    /* PASS: 1 for the first */
	struct usage own;               /* ENDS: the step's own usage */
	bool estimated;                 /* ENDS */
	const char *why;                /* ENDS: how the worker ended, in words ("exit status 2") */
	const char *failure;            /* ENDS: the same, typed ("usage_limit"), or NULL */
	int64_t resets_at;              /* ENDS: when a limit ends: seconds since 1970; or 0 */
	const char *agent, *session;    /* ENDS: who did it, in which session of its own; or NULL */
	bool ok;                        /* TOLD */
	const char *action;             /* TOLD */
	bool dealt_with; /* TOLD: the step of the plan is done (or skipped): not to be run again */
	const char *message;                 /* any: the line it is told by, kept as a message */
	const char *reason;                  /* CLOSES: in words */
	const struct journal_report *outbox; /* any: what to deliver for it (ids not yet set) */
	size_t noutbox;
};

/* Records a move and its note, as one transaction. 0, or -1 and *err and nothing recorded. A SAVED
 * or UNSAVED is recorded for good only with the TOLD that must follow at once (its file says why);
 * until then no other process can write, and where the TOLD fails it may be tried again. A log that
 * is long goes into the database with a move: where that fails the move is recorded, but nothing
 * is to be done on it. */
int journal_move(struct journal *journal, const struct cycle_move *move,
		 const struct journal_note *note, struct err *err);

/* How often a step of a cycle was tried, the try under way among them. 0 and *attempts, or -1 and
 * *err. */
int journal_attempts(struct journal *journal, int64_t cycle, int step, int *attempts,
		     struct err *err);

/* What the step under way has used so far, so that it is known also after our death. Neither this
 * nor the process waits for the disk: a power cut may forget the last figures. */
int journal_sample(struct journal *journal, int64_t cycle, struct usage own, struct err *err);
/* Which process does the step under way: text that only its writer need understand. */
int journal_process(struct journal *journal, int64_t cycle, const char *process, struct err *err);
/* How the repository of the cycle's work was when it began: text that only its writer need
 * understand. */
int journal_repository(struct journal *journal, int64_t cycle, const char *text, struct err *err);
/* The closing words of a cycle are in document and git, and told. */
int journal_finished(struct journal *journal, int64_t cycle, struct err *err);

/* A report that is to be delivered to one reporter: put here with the move that it reports
 * (journal_note.outbox, which says reporter and line), taken out once it was delivered, or was
 * given up. */
struct journal_report {
	int64_t id;           /* never used twice */
	const char *reporter; /* its title in the config */
	const char *line;     /* JSON */
	const char *key;      /* of 32 letters and digits: the same for each try */
	int64_t at;           /* when it was put here: microseconds since 1970 */
};
int journal_outbox(struct journal *journal,
		   void (*each)(void *context, const struct journal_report *report), void *context,
		   struct err *err);
int journal_outbox_remove(struct journal *journal, int64_t id, struct err *err);
/* Puts one there that no move brings along; `report` as in a note. 0, or -1 and *err. */
int journal_outbox_add(struct journal *journal, int64_t cycle, const struct journal_report *report,
		       struct err *err);

/* Whether the file, with its log and the index of that, is still the one that was opened; where one
 * was removed or another one put in its place, ours is put back as it was, and another database
 * kept as file_set_aside does. Not between a SAVED or UNSAVED and its TOLD. 1: it was put back; 0:
 * it stood; -1 and *err: the journal is as it was, and ends with its connection. */
int journal_put_back(struct journal *journal, struct err *err);

/* Adds a message. `kind` is a word ("report", "start", "warning", "agent"). 0, or -1 and *err. */
int journal_message(struct journal *journal, int64_t cycle, const char *kind, const char *text,
		    int64_t at, struct err *err);

/* Which steps of `plan` are dealt with in its current round. Calls `each` with each title. */
int journal_plan_done(struct journal *journal, const char *plan,
		      void (*each)(void *context, const char *title), void *context,
		      struct err *err);
/* The same, of those alone that were passed over: dealt with though their worker failed. */
int journal_plan_passed(struct journal *journal, const char *plan,
			void (*each)(void *context, const char *title), void *context,
			struct err *err);
struct journal_plan_step;
/* The newest `most` of the steps that a cycle passed over, the last one first. */
int journal_cycle_passed(struct journal *journal, int64_t cycle, int most,
			 void (*each)(void *context, const struct journal_plan_step *step),
			 void *context, struct err *err);
/* What is known of a plan from elsewhere than its moves: the round (from 1) that it is in, and
 * which steps are dealt with in that; whatever was recorded of them goes. 0, or -1 and *err and
 * nothing changed. */
struct journal_plan_done {
	const char *title;
	int64_t cycle;
	int step;
};
int journal_plan_restore(struct journal *journal, const char *plan, int64_t round,
			 const struct journal_plan_done *done, size_t count, int64_t at,
			 struct err *err);
/* The step of that title is not done any more. */
int journal_plan_forget(struct journal *journal, const char *plan, const char *title,
			struct err *err);

/* The steps that a plan has, so that a later run sees what was edited, and a cycle that is taken up
 * keeps their numbers. `anew`: these are all there are; else they are added to the others. */
struct journal_plan_step {
	int number;
	const char *title;
};
int journal_plan_remember(struct journal *journal, const char *plan, bool anew,
			  const struct journal_plan_step *steps, size_t count, struct err *err);
/* Calls `each` with each of them in the order of their numbers. */
int journal_plan_steps(struct journal *journal, const char *plan,
		       void (*each)(void *context, const struct journal_plan_step *step),
		       void *context, struct err *err);
/* Begins a new round of the plan: no step of it is done. */
int journal_plan_restart(struct journal *journal, const char *plan, struct err *err);
/* Which round the plan is in, from 1. */
int journal_plan_round(struct journal *journal, const char *plan, int64_t *round, struct err *err);
/* The session of the newest step of the plan that the agent did, in cycle `since` or a later one;
 * malloc, or NULL where there is none, or where its context is full. 0, or -1 and *err. */
int journal_agent_session(struct journal *journal, const char *plan, const char *agent,
			  int64_t since, char **session, struct err *err);
/* The largest known, not estimated, usage of any one step of the plan, ever. Unknown if there is
 * none. */
int journal_largest_step(struct journal *journal, const char *plan, struct usage *usage,
			 struct err *err);

/* One step as recorded, newest cycle first, for readers and tests. Strings live during the call. */
struct journal_step {
	int64_t id;
	int64_t cycle;
	int step, attempt;
	const char *title;
	int64_t started_at, ended_at; /* ended_at 0: not ended */
	const char *how;              /* name of the ENDS event, or NULL */
	const char *why;              /* or NULL */
	struct usage own, used;
	bool estimated, ok;
	const char *action, *result, *commit, *ref, *upstream, *receipt_why; /* or NULL */
	const char *way;     /* "engine" or "program", who made the commit; or NULL */
	const char *failure; /* as in the note; or NULL */
	const char
		*held; /* likely secrets that its commit is without, as in the receipt; or NULL */
};
int journal_steps(struct journal *journal, int64_t cycle,
		  void (*each)(void *context, const struct journal_step *step), void *context,
		  struct err *err);
/* The first `most` of those with a larger id than `after`, in the order of their ids. */
int journal_steps_after(struct journal *journal, int64_t after, int most,
			void (*each)(void *context, const struct journal_step *step), void *context,
			struct err *err);

struct journal_line {
	int64_t id, cycle, at;
	const char *kind, *text;
};
/* The newest `most` messages of a cycle (0: of all), oldest first. */
int journal_messages(struct journal *journal, int64_t cycle, int most,
		     void (*each)(void *context, const struct journal_line *line), void *context,
		     struct err *err);
/* The first `most` messages with a larger id than `after`. */
int journal_messages_after(struct journal *journal, int64_t after, int most,
			   void (*each)(void *context, const struct journal_line *line),
			   void *context, struct err *err);

#endif
