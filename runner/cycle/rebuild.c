#include "runner/cycle/rebuild.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cycle/trailers.h"
#include "runner/process/child.h"
#include "runner/process/stuck.h"
#include "status/clock.h"
#include "status/file.h"
#include "status/text.h"

#define COMMITS    "5000" /* how far back the history is read */
#define TIMEOUT_MS 60000
#define LARGEST    (8 << 20)

#define IS_REBUILT "the journal was rebuilt from " /* begins the message that says so */

/* One line a commit, oldest first. */
#define SEPARATOR      '\x1f'
#define VALUES         "\x1e" /* between those of one trailer */
#define TRAILER(name)  "%x1f%(trailers:key=" name ",valueonly,separator=%x1e)"
#define FIELDS(X)      X(CYCLE) X(STEP) X(STATUS) X(PLAN) X(ROUND) X(PASSED)
#define FORMAT_OF(key) TRAILER(TRAILER_##key)
#define FORMAT         "--format=%s" FIELDS(FORMAT_OF)

enum field {
	SUBJECT,
#define X(key) key,
	FIELDS(X)
#undef X
		NFIELDS
};

struct text {
	char *bytes;
	size_t length;
	bool failed; /* memory ran out, or it is too much */
};

static void keep(void *context, const char *bytes, size_t length)
{
	struct text *text = context;
	char *more = text->failed || text->length + length > LARGEST
			     ? NULL
			     : realloc(text->bytes, text->length + length + 1);
	if (!more) {
		text->failed = true;
		return;
	}
	memcpy(more + text->length, bytes, length);
	text->bytes = more;
	text->length += length;
	text->bytes[text->length] = '\0';
}

/* A call of git while it runs. */
struct call {
	struct text *text;
	struct stuck_watch watch;
	bool stuck; /* it waits for a FIFO: it is asked to end */
};

static void on_output(void *context, const char *bytes, size_t length)
{
	keep(((struct call *)context)->text, bytes, length);
}

static void on_tick(void *context)
{
	struct call *call = context;
	call->stuck |= stuck_watch(&call->watch, getpid());
}

static int tell_end(const struct call *call, const struct child_result *result, struct err *err)
{
	char words[128];
	if (call->stuck)
		return err_set(err, ERR_CONFIG, "%s: " STUCK_WORDS, call->watch.path);
	return err_set(err, ERR_SYSTEM, "git's history can't be read: git %s",
		       child_words(result, words, sizeof(words)));
}

/* Runs git to its end; its exit code, or -1 and *err. */
static int ask_git(const char *folder, const char *const *argv, struct text *text, struct err *err)
{
	char **environment = child_environment(NULL, NULL);
	struct child_result result;
	struct call call = {.text = text};
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environment,
		.cwd = folder,
		.on_output = on_output,
		.on_tick = on_tick,
		.tick_ms = STUCK_EVERY_MS,
		.end_now = &call.stuck,
		.context = &call,
		.timeout_ms = TIMEOUT_MS,
		.stop_fd = -1,
		.death_signal = SIGKILL, /* it only reads */
	};
	const int failed = child_run(&spec, &result, err);
	free(environment);
	if (failed)
		return -1;
	return result.end == CHILD_EXITED ? result.exit_code : tell_end(&call, &result, err);
}

/* A branch that was not born has no history, and a folder that is no repository either. */
static bool has_history(const char *folder)
{
	static const char *const argv[] = {"git", "rev-parse", "--verify", "-q", "HEAD", NULL};
	struct text text = {.bytes = NULL};
	const int code = ask_git(folder, argv, &text, NULL);
	free(text.bytes);
	return code == 0;
}

static int read_history(const char *folder, struct text *text, struct err *err)
{
	static const char *const argv[] = {"git",       "log", "--no-mailmap", "--first-parent",
					   "--reverse", "-n",  COMMITS,        FORMAT,
					   NULL};
	const int code = ask_git(folder, argv, text, err);
	if (code < 0)
		return -1;
	if (text->failed || (code != 0 && has_history(folder)))
		return err_set(err, ERR_SYSTEM, "git's history can't be read");
	return 0;
}

/* The reading of it. */
struct reader {
	const struct conf *conf;
	const char *plan;       /* how commits name it; "": none */
	struct rebuilt rebuilt; /* done: as many as there are steps, cycle 0 where one is not */
	bool named;             /* commits name their plans from here on */
	bool complete;          /* the plan was, once, before they did */
};

static int find_step(const struct conf *conf, const char *subject)
{
	char title[600];
	const char *colon = strstr(subject, ": ");
	for (size_t i = 0; colon && i < conf->nsteps; i++) {
		const char *own = conf->steps[i].title;
		text_clean(own, strlen(own), title, sizeof(title));
		if (strcmp(title, colon + 2) == 0)
			return (int)i;
	}
	return -1;
}

static void begin_round(struct reader *reader, int64_t round)
{
	for (size_t i = 0; i < reader->conf->nsteps; i++)
		reader->rebuilt.done[i].cycle = 0;
	reader->rebuilt.round = round;
	reader->complete = false;
}

/* Whether a commit that names no plan is to be taken for one of this. */
static bool is_of_old(const struct reader *reader, char *const field[NFIELDS])
{
	return !reader->named && reader->plan[0] && !field[PLAN][0];
}

/* A step that is dealt with. `subject`: "Step N: TITLE". */
static void take_step(struct reader *reader, const char *subject, int64_t cycle, int64_t number)
{
	const int at = find_step(reader->conf, subject);
	if (at < 0 || cycle < 1 || number < 1 || number > INT32_MAX)
		return;
	struct journal_plan_done *done = &reader->rebuilt.done[at];
	if (reader->complete && done->cycle)
		begin_round(reader, reader->rebuilt.round + 1);
	done->cycle = cycle;
	done->step = (int)number;
}

static void take_passed(struct reader *reader, char *values, int64_t cycle)
{
	static const char step[] = "Step ";
	char *rest = NULL;
	for (char *one = strtok_r(values, VALUES, &rest); one; one = strtok_r(NULL, VALUES, &rest))
		if (strncmp(one, step, strlen(step)) == 0)
			take_step(reader, one, cycle, strtoll(one + strlen(step), NULL, 10));
}

/* A commit with a cycle's trailer. */
static void take_commit(struct reader *reader, char *const field[NFIELDS])
{
	const bool old = is_of_old(reader, field);
	const int64_t cycle = strtoll(field[CYCLE], NULL, 10);
	const int64_t round = strtoll(field[ROUND], NULL, 10);
	if (cycle > reader->rebuilt.cycle)
		reader->rebuilt.cycle = cycle;
	reader->named |= field[PLAN][0] != '\0';
	if (!old && (!reader->plan[0] || strcmp(field[PLAN], reader->plan) != 0))
		return;
	if (round > reader->rebuilt.round)
		begin_round(reader, round);
	reader->complete |= old && strstr(field[SUBJECT], " closed: All work completed");
	if (strcmp(field[STATUS], "NOK") != 0)
		take_step(reader, field[SUBJECT], cycle, strtoll(field[STEP], NULL, 10));
	take_passed(reader, field[PASSED], cycle);
}

static void take_history(struct reader *reader, char *text)
{
	for (char *line = text; line && *line;) {
		char *next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		char *field[NFIELDS];
		for (int i = 0; i < NFIELDS; i++) {
			char *end = strchr(line, SEPARATOR);
			field[i] = line;
			line = end ? end + 1 : line + strlen(line);
			if (end)
				*end = '\0';
		}
		if (field[CYCLE][0])
			take_commit(reader, field);
		line = next;
	}
}

static void take_row(void *context, const char *title, int step)
{
	struct reader *reader = context;
	for (size_t i = 0; i < reader->conf->nsteps; i++)
		if (strcmp(reader->conf->steps[i].title, title) == 0) {
			reader->rebuilt.done[i].cycle = reader->rebuilt.cycle;
			reader->rebuilt.done[i].step = step;
		}
}

/* A document that is of no commit can't say more than the disk had. */
static void take_document(struct reader *reader, const char *name, const struct document *doc)
{
	struct document_view view;
	document_view(doc, &view);
	if (view.cycle < 1)
		return;
	reader->rebuilt.cycle = view.cycle;
	if (!view.plan || strcmp(view.plan, name) == 0)
		document_each_done(doc, take_row, reader);
}

/* Only the steps that are done are left in the list. */
static void pack(struct reader *reader)
{
	struct rebuilt *rebuilt = &reader->rebuilt;
	for (size_t i = 0; i < reader->conf->nsteps; i++)
		if (rebuilt->done[i].cycle > 0) {
			rebuilt->done[rebuilt->count] = rebuilt->done[i];
			rebuilt->done[rebuilt->count++].title = reader->conf->steps[i].title;
		}
}

int rebuilt_read(const struct conf *conf, const char *name, const struct document *doc,
		 struct rebuilt *rebuilt, struct err *err)
{
	char plan[TRAILER_TEXT];
	struct text text = {.bytes = NULL};
	trailers_plan(name, plan);
	struct reader reader = {
		.conf = conf,
		.plan = plan + strlen(TRAILER_PLAN ": "),
		.rebuilt = {.round = 1, .done = calloc(conf->nsteps + 1, sizeof(*rebuilt->done))},
	};
	int failed = 0;
	if (!reader.rebuilt.done)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (conf->repository.commit)
		failed = read_history(conf->repository.path, &text, err);
	else if (doc)
		take_document(&reader, name, doc);
	if (!failed)
		take_history(&reader, text.bytes);
	free(text.bytes);
	pack(&reader);
	if (failed)
		rebuilt_release(&reader.rebuilt);
	else
		*rebuilt = reader.rebuilt;
	return failed;
}

void rebuilt_release(struct rebuilt *rebuilt)
{
	free(rebuilt->done);
	*rebuilt = (struct rebuilt){.done = NULL};
}

static void find_sign(void *context, const struct journal_line *line)
{
	if (strcmp(line->kind, "warning") == 0 &&
	    strncmp(line->text, IS_REBUILT, strlen(IS_REBUILT)) == 0)
		*(bool *)context = true;
}

static bool is_told(struct session *session)
{
	bool told = false;
	journal_messages(session->journal, 0, INT_MAX, find_sign, &told, NULL);
	return told;
}

int rebuild_is_due(struct journal *journal, struct err *err)
{
	struct journal_cycle last;
	const int found = journal ? journal_last_cycle(journal, &last, err) : 0;
	if (found > 0)
		journal_cycle_release(&last);
	return found < 0 ? -1 : !found;
}

static bool was_set_aside(const struct session *session)
{
	char path[PATH_MAX];
	return snprintf(path, sizeof(path), "%s/" JOURNAL_PATH, session->folder) <
		       (int)sizeof(path) &&
	       file_was_set_aside(path);
}

static void tell(struct session *session, const struct rebuilt *rebuilt)
{
	char steps[160] = "";
	const size_t all = session->conf->nsteps;
	if (all)
		snprintf(steps, sizeof(steps), ", and %zu of the plan's %zu steps are done%s",
			 rebuilt->count, all,
			 rebuilt->count ? " (`stepgate run --restart` does them anew)" : "");
	session_warn(session, IS_REBUILT "%s%s: the newest cycle in it is %lld%s",
		     session->conf->repository.commit ? "git's history" : "the status document",
		     was_set_aside(session) ? "" : ", as there was none", (long long)rebuilt->cycle,
		     steps);
}

int rebuild_journal(struct session *session, struct err *err)
{
	struct rebuilt rebuilt;
	struct err why = {.code = ERR_NONE};
	if (rebuilt_read(session->conf, session->plan_name, session->doc, &rebuilt, &why) != 0) {
		session_warn(session, "the journal could not be rebuilt: %s", why.text);
		return 0;
	}
	const bool tells = !is_told(session) && (rebuilt.cycle || was_set_aside(session));
	int failed = 0;
	session->newest_known = rebuilt.cycle;
	if (tells && session->plan_name[0])
		failed = journal_plan_restore(session->journal, session->plan_name, rebuilt.round,
					      rebuilt.done, rebuilt.count, clock_now(), err);
	if (tells && !failed)
		tell(session, &rebuilt);
	rebuilt_release(&rebuilt);
	return failed;
}
