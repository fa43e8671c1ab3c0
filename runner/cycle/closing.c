/* The end of a cycle: the words go into the journal with the move, then into the document, then
 * into git, and are told. */
#include <stdio.h>
#include <string.h>

#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/trailers.h"
#include "status/clock.h"
#include "status/lines.h"

enum {
	LINE = 600,
};

struct words {
	char reason[LINE / 2];
	char line[LINE];
};

static void find_words(const struct session *session, enum fsm_event why, struct words *words)
{
	line_reason(words->reason, sizeof(words->reason), why, cycle_used(session->cycle),
		    cycle_terms(session->cycle)->budget);
	if (why == FSM_EV_VETOED && session->veto[0])
		snprintf(words->reason, sizeof(words->reason), "%s", session->veto);
	line_closed(words->line, sizeof(words->line), cycle_number(session->cycle), words->reason);
}

int closing_note(struct session *session, enum fsm_event why)
{
	static struct words words; /* the note borrows it until the move is made */
	find_words(session, why, &words);
	session->note = (struct journal_note){.message = words.line, .reason = words.reason};
	struct report report = {
		.on = CONF_ON_CLOSED | (why == FSM_EV_THRESHOLD ? (unsigned)CONF_ON_THRESHOLD : 0U),
		.text = words.line,
		.reason = words.reason,
		.cause = line_cause(why),
	};
	return outbox_fill(session, &report);
}

/* What the next one to look at the document should do. */
static void next_action(const struct session *session, char *out, size_t size)
{
	const int next = session->foreign ? -1 : plan_next(&session->plan);
	char from[CLOCK_TEXT + 64] = "", time[CLOCK_TEXT];
	int64_t resets_at = 0;
	if (session_limited(session, &resets_at) && resets_at)
		snprintf(from, sizeof(from), "From %s on, when the usage limit is reset: ",
			 clock_write(resets_at * 1000000, time));
	if (next >= 0)
		snprintf(out, size, "%s%start the next cycle with step %d: %s", from,
			 from[0] ? "s" : "S", session->plan.steps[next].number,
			 session->plan.steps[next].title);
	else if (plan_is(&session->plan) && !session->foreign)
		snprintf(out, size, "Nothing: the plan is done");
	else
		snprintf(out, size, "Start the next cycle");
}

static int write_document(struct session *session, const char *reason, enum fsm_event why)
{
	char next[LINE];
	struct document_view view;
	document_view(session->doc, &view);
	/* A process that died wrote it already, and may have committed it: it stays to the byte. */
	if (session->again && view.cycle == cycle_number(session->cycle) && view.ended_at)
		return 0;
	next_action(session, next, sizeof(next));
	if (document_task(session->doc, NULL, next) != 0 ||
	    document_end(session->doc, clock_now(), reason, line_cause(why)) != 0)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	return session_save_document(session);
}

static void commit_words(struct session *session, const char *line)
{
	struct trailers trailers;
	char aside[96];
	struct receipt_facts facts;
	trailers_fill(&trailers, session, false);
	snprintf(aside, sizeof(aside), "refs/heads/stepgate/%lld-closed",
		 (long long)cycle_number(session->cycle));
	const struct git_request request = {
		.aside = aside,
		.subject = line,
		.trailers = trailers.list,
		.scope = GIT_STATUS,
		.again = session->again,
	};
	git_save(session->git, &request, &facts);
	session->again = false;
	if (receipt_place(facts.result) == RECEIPT_REACHED)
		return;
	session->unsaved_close = true;
	session_warn(session, "the closing words of cycle %lld: %s%s%s",
		     (long long)cycle_number(session->cycle), receipt_words(facts.result),
		     facts.why[0] ? ": " : "", facts.why);
}

int closing_words(struct session *session, enum fsm_event why)
{
	struct words words;
	session->closed_on = why;
	find_words(session, why, &words);
	if (write_document(session, words.reason, why) != 0)
		return -1;
	if (session->git && session->conf->repository.commit_close)
		commit_words(session, words.line);
	session_tell(session, why != FSM_EV_ERROR, words.line);
	outbox_deliver(session);
	/* Words that did not reach the remote are the next run's first work. */
	if (session->unsaved_close)
		return 0;
	return journal_finished(session->journal, cycle_number(session->cycle), &session->err);
}

int close_cycle(struct session *session, enum fsm_event why)
{
	if (closing_note(session, why) != 0 || cycle_close(session->cycle, why) != 0)
		return -1;
	return closing_words(session, why);
}
