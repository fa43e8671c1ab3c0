/* The beginning of a cycle: budget and threshold are locked, the document is begun, the word is
 * out. */
#include <stdio.h>
#include <stdlib.h>

#include "runner/cycle/outbox.h"
#include "runner/cycle/phases.h"
#include "runner/cycle/session_settings.h"
#include "status/clock.h"
#include "status/text.h"

static void write_line(const struct session *session, char *line)
{
	char budget[32], limit[32];
	const struct gate_terms *terms = cycle_terms(session->cycle);
	snprintf(line, OPENING_LINE, "Cycle %lld started: %s tokens, limit %s (%d%%)",
		 (long long)cycle_number(session->cycle), text_grouped(terms->budget, budget),
		 text_grouped(gate_limit(terms), limit), terms->threshold);
}

static int begin_document(struct session *session, const char *task)
{
	if (session_begin_document(session, clock_now()) != 0 ||
	    document_task(session->doc, task, NULL) != 0)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	return session_save_document(session);
}

int open_cycle(struct session *session, const struct gate_terms *terms, const char *task,
	       char *line)
{
	if (session_new_cycle(session, terms, &session->err) != 0)
		return -1;
	write_line(session, line);
	session->note = (struct journal_note){
		.plan = session->plan_name,
		.title = session->conf->title,
		.terms = terms,
		.message = line,
	};
	struct report report = {.on = CONF_ON_STARTED, .text = line};
	free(session->settings);
	session->settings = NULL;
	if (outbox_fill(session, &report) != 0 || cycle_begin(session->cycle) != 0 ||
	    session_settings_record(session) != 0 || begin_document(session, task) != 0)
		return -1;
	outbox_deliver(session);
	return 0;
}
