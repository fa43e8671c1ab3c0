#include "runner/cycle/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "runner/cycle/host.h"
#include "runner/cycle/sender.h"
#include "status/clock.h"

#define KEEP_US         INT64_C(604800000000) /* a week */
#define RETRY_MS        1000                  /* after a first failure; doubled for each after it */
#define RETRY_MOST_MS   60000
#define NOT_IN_THIS_RUN INT64_MAX

/* A letter that the sender has. */
struct handed {
	int64_t id;
	const struct conf_report *to;
};

/* How it goes with a reporter in this run. */
struct standing {
	int failures;       /* one after another */
	int64_t not_before; /* clock_monotonic_ms */
	bool warned;        /* of this row of failures */
};

struct outbox {
	struct sender sender;
	bool broken;        /* the sender is not to be had in this run */
	bool beside_worker; /* a sender started now would end with the worker */
	struct handed *handed;
	size_t nhanded, room;
	int64_t newest;       /* the newest id that was handed over */
	size_t kept;          /* reports that wait for the next run */
	int64_t since, until; /* clock_monotonic_ms: from when to when letters are waited for */
	struct standing *standings; /* one for each reporter of the config */
};

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
	if (!report->used.known)
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
		.key = strdup(row->key),
		.at = row->at,
	};
	copies->failed |= !copy.reporter || !copy.line || !copy.key;
	copies->rows[copies->count++] = copy;
}

static void warn_of(struct session *session, const struct conf_report *to, const char *why,
		    const char *then)
{
	struct standing *standing = &session->round->standings[to - session->conf->reports];
	if (!standing->warned)
		session_warn(session, "report \"%s\" failed: %s: %s", to->title, why, then);
	standing->warned = true;
}

static void take_out(struct session *session, int64_t id)
{
	struct err err = {.code = ERR_NONE};
	if (journal_outbox_remove(session->journal, id, &err) != 0)
		session_warn(session, "a report that was delivered may be delivered again: %s",
			     err.text);
}

/* One that took all its time is not waited for again in this run. */
static void put_off(struct standing *standing, const struct conf_report *to, int64_t began)
{
	const int64_t now = clock_monotonic_ms();
	standing->failures++;
	standing->not_before =
		now - began >= to->timeout_ms && to->type != CONF_REPORT_FILE
			? NOT_IN_THIS_RUN
			: now + clock_backoff(RETRY_MS, RETRY_MOST_MS, standing->failures);
}

static void deliver(struct session *session, const struct conf_report *to,
		    const struct journal_report *row)
{
	struct err err = {.code = ERR_NONE};
	struct host host;
	struct standing *standing = &session->round->standings[to - session->conf->reports];
	const struct reporter_mail mail = {.line = row->line, .key = row->key};
	const int64_t began = clock_monotonic_ms();
	if (began < standing->not_before)
		return;
	host_init(&host);
	host.context = session;
	if (reporter_deliver(to, &mail, &host, &err) == 0) {
		*standing = (struct standing){.failures = 0};
		take_out(session, row->id);
		return;
	}
	put_off(standing, to, began);
	warn_of(session, to, err.text, "it is kept, and tried again");
}

static void lose_sender(struct session *session, const struct err *err)
{
	struct outbox *round = session->round;
	round->broken = true;
	round->nhanded = 0;
	session_warn(session, "reports to web servers are kept for the next run: %s", err->text);
}

static int hand_over(struct session *session, const struct conf_report *to,
		     const struct journal_report *row, struct err *err)
{
	struct outbox *round = session->round;
	const struct reporter_mail mail = {.line = row->line, .key = row->key};
	char *body;
	if (round->nhanded == round->room) {
		const size_t room = round->room ? 2 * round->room : 8;
		struct handed *more = realloc(round->handed, room * sizeof(*more));
		if (!more)
			return err_set(err, ERR_INTERNAL, "out of memory");
		round->handed = more;
		round->room = room;
	}
	if (reporter_request(to, &mail, &body, err) != 0)
		return -1;
	const struct letter letter = {
		.id = row->id,
		.reporter = to->title,
		.key = row->key,
		.url = to->url,
		.signing_key = to->signing_key,
		.body = body,
		.timeout_ms = to->timeout_ms,
	};
	const int result = sender_hand(&round->sender, &letter, err);
	free(body);
	if (result == 0)
		round->handed[round->nhanded++] = (struct handed){.id = row->id, .to = to};
	round->newest = row->id;
	return result;
}

static void send_off(struct session *session, const struct conf_report *to,
		     const struct journal_report *row)
{
	struct err err = {.code = ERR_NONE};
	if (session->round->broken || row->id <= session->round->newest)
		return;
	if (session->round->beside_worker && session->round->sender.companion.pid == 0)
		return;
	if (hand_over(session, to, row, &err) != 0)
		lose_sender(session, &err);
}

static void move_on(struct session *session, const struct journal_report *row)
{
	const struct conf_report *to = find_reporter(session->conf, row->reporter);
	if (clock_now() - row->at > KEEP_US) {
		session_warn(session,
			     "a report to \"%s\" could not be delivered for a week, and is "
			     "given up: %s",
			     row->reporter, row->line);
		take_out(session, row->id);
	} else if (!to) {
		return; /* one of another config in the same repository is left for a run of that */
	} else if (reporter_is_remote(to)) {
		send_off(session, to, row);
	} else {
		deliver(session, to, row);
	}
}

/* Until when the letters that are out may be waited for: each for the timeout of its reporter, so
 * that one that is dead is not waited for as long as another one that was slow might have been. */
static int64_t waited_until(const struct outbox *round)
{
	int64_t most = 0;
	for (size_t i = 0; i < round->nhanded; i++)
		if (round->handed[i].to->timeout_ms > most)
			most = round->handed[i].to->timeout_ms;
	return round->since + most;
}

static void take_answer(struct session *session, const struct letter_answer *answer)
{
	struct outbox *round = session->round;
	size_t i = 0;
	while (i < round->nhanded && round->handed[i].id != answer->id)
		i++;
	if (i == round->nhanded)
		return;
	const struct conf_report *to = round->handed[i].to;
	if (answer->end == LETTER_FAILED) {
		warn_of(session, to, answer->why, "it is kept, and tried again");
		return;
	}
	round->handed[i] = round->handed[--round->nhanded];
	if (answer->end == LETTER_REFUSED) {
		warn_of(session, to, answer->why, "it is kept for the next run");
		round->kept++;
		return;
	}
	round->standings[to - session->conf->reports].warned = false;
	take_out(session, answer->id);
}

static void on_answer(void *context, const struct letter_answer *answer)
{
	struct session *session = context;
	take_answer(session, answer);
	if (session->round->since)
		session->round->until = waited_until(session->round);
}

/* What is there is taken in any case; until round->until what comes is waited for. */
static void collect(struct session *session)
{
	struct err err = {.code = ERR_NONE};
	struct outbox *round = session->round;
	if (sender_collect(&round->sender, &round->until, on_answer, session, &err) != 0)
		lose_sender(session, &err);
}

/* What this run knows of its reporters, made when the first report is on its way. */
static int begin_round(struct session *session)
{
	struct outbox *round = calloc(1, sizeof(*round));
	struct standing *standings = calloc(session->conf->nreports, sizeof(*standings));
	if (!round || !standings) {
		free(round);
		free(standings);
		return -1;
	}
	sender_init(&round->sender);
	round->standings = standings;
	session->round = round;
	return 0;
}

void outbox_deliver(struct session *session)
{
	struct copies copies = {.rows = NULL};
	struct err err = {.code = ERR_NONE};
	outbox_forget(session);
	if (session->conf->nreports == 0)
		return;
	copies.failed = !session->round && begin_round(session) != 0;
	if (copies.failed || journal_outbox(session->journal, copy_row, &copies, &err) != 0 ||
	    copies.failed)
		session_warn(session, "reports are kept for the next run: %s",
			     err.code != ERR_NONE ? err.text : "out of memory");
	for (size_t i = 0; i < copies.count; i++) {
		const struct journal_report *row = &copies.rows[i];
		if (!copies.failed)
			move_on(session, row);
		free((char *)(uintptr_t)row->reporter);
		free((char *)(uintptr_t)row->line);
		free((char *)(uintptr_t)row->key);
	}
	free(copies.rows);
	if (session->round)
		collect(session);
}

void outbox_finish(struct session *session)
{
	struct outbox *round = session->round;
	if (!round)
		return;
	round->since = clock_monotonic_ms();
	round->until = waited_until(round);
	collect(session);
	if (round->nhanded + round->kept > 0)
		session_warn(session,
			     "reports that did not arrive, and are kept for the next run: %zu",
			     round->nhanded + round->kept);
	sender_release(&round->sender);
	free(round->handed);
	free(round->standings);
	free(round);
	session->round = NULL;
}

/* Whether a web server is to be told should this cycle's usage reach `warn`. */
static bool may_warn(const struct session *session)
{
	const struct conf *conf = session->conf;
	const struct report warning = {.on = CONF_ON_WARN};
	for (size_t i = 0; i < conf->nreports && conf->warn > 0 && !session->warned; i++)
		if (reporter_is_remote(&conf->reports[i]) &&
		    reporter_wants(&conf->reports[i], &warning))
			return true;
	return false;
}

void outbox_ready(struct session *session)
{
	struct err err = {.code = ERR_NONE};
	if (!may_warn(session) || (session->round && session->round->broken))
		return;
	if (!session->round && begin_round(session) != 0)
		session_warn(session, "reports are kept for the next run: out of memory");
	else if (sender_start(&session->round->sender, &err) != 0)
		lose_sender(session, &err);
}

static int put_in(struct session *session, struct report *report, struct err *err)
{
	if (outbox_fill(session, report) != 0) {
		*err = session->err;
		session->err.code = ERR_NONE;
		return -1;
	}
	session->note = (struct journal_note){.at = 0};
	for (size_t i = 0; i < session->noutbox; i++)
		if (journal_outbox_add(session->journal, report->cycle, &session->outbox[i], err) !=
		    0)
			return -1;
	return !session->round && session->conf->nreports > 0 && begin_round(session) != 0
		       ? err_set(err, ERR_INTERNAL, "out of memory")
		       : 0;
}

void outbox_send_now(struct session *session, struct report *report)
{
	struct err err = {.code = ERR_NONE};
	if (put_in(session, report, &err) != 0)
		session_warn(session, "a report is lost: %s: %s", report->text, err.text);
	if (session->round)
		session->round->beside_worker = true;
	outbox_deliver(session);
	if (session->round)
		session->round->beside_worker = false;
}
