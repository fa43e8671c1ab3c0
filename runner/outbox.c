#include "runner/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "runner/host.h"
#include "status/clock.h"

void outbox_forget(struct session *session)
{
	for (size_t i = 0; i < session->noutbox; i++)
		free((char *)(uintptr_t)session->outbox[i].line);
	free(session->outbox);
	session->outbox = NULL;
	session->noutbox = 0;
}

int outbox_fill(struct session *session, struct report *report)
{
	const struct conf *conf = session->conf;
	if (conf->nreports == 0)
		return 0;
	report->at = clock_now();
	report->title = conf->title;
	report->cycle = cycle_number(session->cycle);
	report->used = cycle_used(session->cycle);
	report->terms = *cycle_terms(session->cycle);
	outbox_forget(session);
	session->outbox = calloc(conf->nreports, sizeof(*session->outbox));
	if (!session->outbox)
		return err_set(&session->err, ERR_INTERNAL, "out of memory");
	for (size_t i = 0; i < conf->nreports; i++) {
		if (!reporter_wants(&conf->reports[i], report))
			continue;
		char *line = reporter_json(report);
		if (!line)
			return err_set(&session->err, ERR_INTERNAL, "out of memory");
		session->outbox[session->noutbox++] = (struct journal_report){
			.reporter = conf->reports[i].title,
			.line = line,
		};
	}
	session->note.outbox = session->outbox;
	session->note.noutbox = session->noutbox;
	return 0;
}

static const struct conf_report *find_reporter(const struct conf *conf, const char *title)
{
	for (size_t i = 0; i < conf->nreports; i++)
		if (strcmp(conf->reports[i].title, title) == 0)
			return &conf->reports[i];
	return NULL;
}

/* The journal can't be written while it is read: what is there is copied first. */
struct copies {
	struct journal_report *rows;
	size_t count, room;
	bool failed;
};

static void copy_row(void *context, const struct journal_report *row)
{
	struct copies *copies = context;
	if (copies->count == copies->room) {
		const size_t room = copies->room ? 2 * copies->room : 8;
		struct journal_report *rows = realloc(copies->rows, room * sizeof(*rows));
		if (!rows) {
			copies->failed = true;
			return;
		}
		copies->rows = rows;
		copies->room = room;
	}
	const struct journal_report copy = {
		.id = row->id,
		.reporter = strdup(row->reporter),
		.line = strdup(row->line),
	};
	copies->failed |= !copy.reporter || !copy.line;
	copies->rows[copies->count++] = copy;
}

static void deliver(struct session *session, const struct journal_report *row)
{
	struct err err = {.code = ERR_NONE};
	struct host host;
	const struct conf_report *to = find_reporter(session->conf, row->reporter);
	host_init(&host);
	/* One of another config in the same repository is left for a run of that. */
	if (!to)
		return;
	if (reporter_deliver(to, row->line, &host, &err) != 0)
		session_warn(session, "report \"%s\" failed: %s", to->title, err.text);
	if (journal_outbox_remove(session->journal, row->id, &err) != 0)
		session_warn(session, "report \"%s\": %s", to->title, err.text);
}

void outbox_deliver(struct session *session)
{
	struct copies copies = {.rows = NULL};
	struct err err = {.code = ERR_NONE};
	outbox_forget(session);
	if (session->conf->nreports == 0)
		return;
	if (journal_outbox(session->journal, copy_row, &copies, &err) != 0 || copies.failed)
		session_warn(session, "reports are kept for the next run: %s",
			     copies.failed ? "out of memory" : err.text);
	for (size_t i = 0; i < copies.count; i++) {
		if (!copies.failed)
			deliver(session, &copies.rows[i]);
		free((char *)(uintptr_t)copies.rows[i].reporter);
		free((char *)(uintptr_t)copies.rows[i].line);
	}
	free(copies.rows);
}
