/* The writing side: a move and all that belongs to it, in one transaction. */
#include <string.h>

#include "status/journal_private.h"
#include "status/lines.h"

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	/* The caller's text outlives the statement's one step. */
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void bind_usage(sqlite3_stmt *statement, int at, struct usage usage)
{
	if (usage.known)
		sqlite3_bind_int64(statement, at, usage.tokens);
	else
		sqlite3_bind_null(statement, at);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* A statement with the cycle's number as its first value; NULL and *err. */
static sqlite3_stmt *about(struct journal *journal, enum journal_statement which, int64_t cycle,
			   struct err *err)
{
	sqlite3_stmt *statement = journal_prepare(journal, which, err);
	if (statement)
		sqlite3_bind_int64(statement, 1, cycle);
	return statement;
}

/* Executes what is to change one row. */
static int change_one(struct journal *journal, sqlite3_stmt *statement,
		      const struct cycle_move *move, struct err *err)
{
	if (journal_execute(journal, statement, err) != 0)
		return -1;
	if (sqlite3_changes(journal->db) == 1)
		return 0;
	return err_set(err, ERR_DAMAGED,
		       "%s: cycle %lld: its record, or that of step %d, is missing", journal->path,
		       (long long)move->cycle, move->step);
}

static int write_move(struct journal *journal, const struct cycle_move *move, int64_t at,
		      struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_MOVE, move->cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 2, at);
	bind_text(s, 3, fsm_state_name(move->from));
	bind_text(s, 4, fsm_event_name(move->event));
	bind_text(s, 5, fsm_state_name(move->to));
	sqlite3_bind_int(s, 6, move->step);
	bind_usage(s, 7, move->used);
	return journal_execute(journal, s, err);
}

static int write_cycle(struct journal *journal, const struct cycle_move *move, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_CYCLE_MOVE, move->cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, fsm_state_name(move->to));
	sqlite3_bind_int(s, 3, move->step);
	bind_usage(s, 4, move->used);
	return change_one(journal, s, move, err);
}

static int write_begin(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_CYCLE_BEGIN, move->cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, note->plan);
	bind_text(s, 3, note->title);
	sqlite3_bind_int64(s, 4, note->terms->budget);
	sqlite3_bind_int(s, 5, note->terms->threshold);
	bind_text(s, 6, fsm_state_name(move->to));
	sqlite3_bind_int64(s, 7, note->at);
	return journal_execute(journal, s, err);
}

static int write_start(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_STEP_START, move->cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int(s, 2, move->step);
	sqlite3_bind_int(s, 3, note->attempt);
	bind_text(s, 4, note->title);
	sqlite3_bind_int64(s, 5, note->at);
	return journal_execute(journal, s, err);
}

static int write_agent(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_STEP_AGENT, move->cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, note->agent);
	bind_text(s, 3, note->session);
	bind_text(s, 4, note->failure);
	if (note->resets_at)
		sqlite3_bind_int64(s, 5, note->resets_at);
	return change_one(journal, s, move, err);
}

static int write_end(struct journal *journal, const struct cycle_move *move,
		     const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_STEP_END, move->cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, fsm_event_name(move->event));
	bind_usage(s, 3, note->own);
	bind_usage(s, 4, move->used);
	sqlite3_bind_int(s, 5, note->estimated);
	bind_text(s, 6, note->why);
	sqlite3_bind_int64(s, 7, note->at);
	bind_text(s, 8, note->title);
	if (change_one(journal, s, move, err) != 0)
		return -1;
	return note->agent || note->failure ? write_agent(journal, move, note, err) : 0;
}

static int write_receipt(struct journal *journal, const struct cycle_move *move, struct err *err)
{
	const struct receipt_facts *facts = move->receipt;
	sqlite3_stmt *s = about(journal, JOURNAL_STEP_SAVE, move->cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, receipt_name(facts->result));
	bind_text(s, 3, or_null(facts->commit));
	bind_text(s, 4, or_null(facts->ref));
	bind_text(s, 5, or_null(facts->upstream));
	bind_text(s, 6, or_null(facts->why));
	bind_text(s, 7, or_null(receipt_way_name(facts->way)));
	bind_text(s, 8, or_null(facts->held));
	return change_one(journal, s, move, err);
}

static int write_told(struct journal *journal, const struct cycle_move *move,
		      const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_STEP_TELL, move->cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int(s, 2, note->ok);
	bind_text(s, 3, note->action);
	if (change_one(journal, s, move, err) != 0)
		return -1;
	if (!note->dealt_with)
		return 0;
	s = about(journal, JOURNAL_DEALT_WITH, move->cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 2, note->at);
	return change_one(journal, s, move, err);
}

static int write_close(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_CYCLE_CLOSE, move->cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 2, note->at);
	bind_text(s, 3, line_cause(move->event));
	bind_text(s, 4, note->reason);
	return change_one(journal, s, move, err);
}

static int write_event(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, struct err *err)
{
	switch (fsm_event_kind(move->event)) {
	case FSM_KIND_OPENS:
		return write_begin(journal, move, note, err);
	case FSM_KIND_PASSES:
		return write_start(journal, move, note, err);
	case FSM_KIND_ENDS:
		return write_end(journal, move, note, err);
	case FSM_KIND_SAVES:
		return write_receipt(journal, move, err);
	case FSM_KIND_TELLS:
		return write_told(journal, move, note, err);
	case FSM_KIND_CLOSES:
		return write_close(journal, move, note, err);
	case FSM_KIND_REPEATS:
		break;
	}
	return 0;
}

int journal_message(struct journal *journal, int64_t cycle, const char *kind, const char *text,
		    int64_t at, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_MESSAGE, cycle, err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 2, at);
	bind_text(s, 3, kind);
	bind_text(s, 4, text);
	return journal_execute(journal, s, err);
}

static int write_outbox(struct journal *journal, int64_t cycle, const struct journal_report *report,
			struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_OUTBOX_ADD, cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, report->reporter);
	bind_text(s, 3, report->line);
	return journal_execute(journal, s, err);
}

int journal_outbox_add(struct journal *journal, int64_t cycle, const struct journal_report *report,
		       struct err *err)
{
	return write_outbox(journal, cycle, report, err);
}

int journal_outbox_remove(struct journal *journal, int64_t id, struct err *err)
{
	return journal_execute(journal, about(journal, JOURNAL_OUTBOX_REMOVE, id, err), err);
}

/* Turns waiting for the disk off and on: for what only a death needs, and a power cut may forget.
 */
static int wait_for_disk(struct journal *journal, bool wait, struct err *err)
{
	return journal_run(journal,
			   wait ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
}

static int execute_lazily(struct journal *journal, sqlite3_stmt *statement, struct err *err)
{
	if (!statement || wait_for_disk(journal, false, err) != 0)
		return -1;
	const int failed = journal_execute(journal, statement, err);
	return wait_for_disk(journal, true, failed ? NULL : err) != 0 ? -1 : failed;
}

int journal_sample(struct journal *journal, int64_t cycle, struct usage own, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_SAMPLE, cycle, err);
	if (s)
		bind_usage(s, 2, own);
	return execute_lazily(journal, s, err);
}

int journal_process(struct journal *journal, int64_t cycle, const char *process, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_PROCESS, cycle, err);
	if (s)
		bind_text(s, 2, process);
	return execute_lazily(journal, s, err);
}

int journal_repository(struct journal *journal, int64_t cycle, const char *text, struct err *err)
{
	sqlite3_stmt *s = about(journal, JOURNAL_REPOSITORY, cycle, err);
	if (!s)
		return -1;
	bind_text(s, 2, text);
	return journal_execute(journal, s, err);
}

int journal_finished(struct journal *journal, int64_t cycle, struct err *err)
{
	return journal_execute(journal, about(journal, JOURNAL_FINISHED, cycle, err), err);
}

static int write_all(struct journal *journal, const struct cycle_move *move,
		     const struct journal_note *note, struct err *err)
{
	/* The cycle's row comes first where it is new: the move refers to it. */
	if (write_event(journal, move, note, err) != 0 ||
	    write_move(journal, move, note->at, err) != 0 || write_cycle(journal, move, err) != 0)
		return -1;
	for (size_t i = 0; i < note->noutbox; i++)
		if (write_outbox(journal, move->cycle, &note->outbox[i], err) != 0)
			return -1;
	if (note->message)
		return journal_message(journal, move->cycle, "report", note->message, note->at,
				       err);
	return 0;
}

int journal_begin(struct journal *journal, struct err *err)
{
	/* What a SAVED or UNSAVED left open goes on. */
	if (!sqlite3_get_autocommit(journal->db))
		return 0;
	return journal_execute(journal, journal_prepare(journal, JOURNAL_BEGIN, err), err);
}

int journal_end(struct journal *journal, bool well, struct err *err)
{
	if (well &&
	    journal_execute(journal, journal_prepare(journal, JOURNAL_COMMIT, err), err) == 0) {
		journal->saved.cycle = 0;
		return 0;
	}
	/* The words of what went wrong are kept: a rollback's own trouble would say less. */
	if (!sqlite3_get_autocommit(journal->db))
		journal_execute(journal, journal_prepare(journal, JOURNAL_ROLLBACK, NULL), NULL);
	return -1;
}

static void remember_saved(struct journal *journal, const struct cycle_move *move, int64_t at)
{
	journal->saved = *move;
	journal->saved_facts = *move->receipt;
	journal->saved.receipt = &journal->saved_facts;
	journal->saved_at = at;
}

/* Whether the receipt that `move` tells of was rolled back with a try before this one. */
static bool is_saved_lost(const struct journal *journal, const struct cycle_move *move)
{
	return journal->saved.cycle == move->cycle &&
	       fsm_event_kind(move->event) == FSM_KIND_TELLS && sqlite3_get_autocommit(journal->db);
}

/* In a transaction, which it ends but for a SAVED or UNSAVED. */
static int move_within(struct journal *journal, const struct cycle_move *move,
		       const struct journal_note *note, bool again, struct err *err)
{
	const struct journal_note plain = {.at = journal->saved_at};
	const bool well = (!again || write_all(journal, &journal->saved, &plain, err) == 0) &&
			  write_all(journal, move, note, err) == 0;
	if (!well || fsm_event_kind(move->event) != FSM_KIND_SAVES)
		return journal_end(journal, well, err);
	remember_saved(journal, move, note->at);
	return 0;
}

/*
 * Not every move stands for an action of its own, and each wait for the disk is dear:
 *
 * - SAVED and UNSAVED stay in an open transaction, which TOLD ends: nothing is done between the
 *   two. A death there leaves COMMIT, and the commit is found again by its trailers.
 * - AGAIN is committed without waiting for the disk. A power cut may forget it; then the budget is
 *   checked once more, to the same end, and the next PASS waits for both.
 */
int journal_move(struct journal *journal, const struct cycle_move *move,
		 const struct journal_note *note, struct err *err)
{
	const enum fsm_kind kind = fsm_event_kind(move->event);
	const bool lazy = kind == FSM_KIND_REPEATS && sqlite3_get_autocommit(journal->db);
	const bool again = is_saved_lost(journal, move);
	if (lazy && wait_for_disk(journal, false, err) != 0)
		return -1;
	int failed = journal_begin(journal, err);
	if (!failed)
		failed = move_within(journal, move, note, again, err);
	if (lazy && wait_for_disk(journal, true, failed ? NULL : err) != 0)
		failed = -1;
	return failed;
}
