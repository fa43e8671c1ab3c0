#include "runner/rebuild.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/child.h"
#include "status/clock.h"
#include "status/file.h"
#include "status/text.h"

#define COMMITS    "5000" /* how far back the history is read */
#define TIMEOUT_MS 60000
#define LARGEST    (8 << 20)

#define IS_REBUILT \
	"the journal was rebuilt from git's history" /* begins the message that says so */

/* One line a commit, newest first: subject, cycle, step, status. */
#define FIELD         "\x1f"
#define TRAILER(name) "%(trailers:key=" name ",valueonly,separator=%x2C)"
#define FORMAT                                                                       \
	"--format=%s" FIELD TRAILER("Stepgate-Cycle") FIELD TRAILER("Stepgate-Step") \
		FIELD TRAILER("Stepgate-Status")

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

static int read_history(const struct session *session, struct text *text, struct err *err)
{
	const char *const argv[] = {"git", "log", "--first-parent", "-n", COMMITS, FORMAT, NULL};
	char **environment = child_environment(NULL, NULL);
	struct child_result result;
	if (!environment)
		return err_set(err, ERR_INTERNAL, "out of memory");
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environment,
		.cwd = session->folder,
		.on_output = keep,
		.context = text,
		.timeout_ms = TIMEOUT_MS,
		.stop_fd = -1,
	};
	const int failed = child_run(&spec, &result, err);
	free(environment);
	if (failed != 0)
		return -1;
	if (result.exit_code != 0 || text->failed)
		return err_set(err, ERR_SYSTEM, "git's history can't be read");
	return 0;
}

/* What the history tells. */
struct found {
	int64_t cycle; /* the newest */
	size_t steps;  /* of this plan, marked as done */
	bool told;     /* a rebuilding before this one was told: nothing is marked any more */
};

static const struct conf_step *find_step(const struct conf *conf, const char *subject)
{
	char title[600];
	const char *colon = strstr(subject, ": ");
	for (size_t i = 0; colon && i < conf->nsteps; i++) {
		const char *own = conf->steps[i].title;
		text_clean(own, strlen(own), title, sizeof(title));
		if (strcmp(title, colon + 2) == 0)
			return &conf->steps[i];
	}
	return NULL;
}

/* One commit, by its fields. 1: it ends the round that is under way; 0; or -1 and *err. */
static int take_commit(struct session *session, char *const field[4], struct found *found,
		       struct err *err)
{
	const int64_t cycle = strtoll(field[1], NULL, 10);
	const int64_t number = strtoll(field[2], NULL, 10);
	if (cycle > found->cycle)
		found->cycle = cycle;
	if (session->conf->when_complete == CONF_COMPLETE_RESTART && cycle > 0 &&
	    strstr(field[0], " closed: All work completed"))
		return 1;
	const struct conf_step *step = find_step(session->conf, field[0]);
	if (!step || found->told || cycle < 1 || number < 1 || number > INT32_MAX ||
	    strcmp(field[3], "NOK") == 0)
		return 0;
	found->steps++;
	return journal_plan_mark(session->journal, session->plan_name, step->title, cycle,
				 (int)number, clock_now(), err);
}

static int take_history(struct session *session, char *text, struct found *found, struct err *err)
{
	int ended = 0;
	for (char *line = text; line && *line && !ended;) {
		char *next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		char *field[4] = {line, "", "", ""};
		for (int i = 1; i < 4; i++) {
			char *end = strchr(field[i - 1], FIELD[0]);
			if (!end)
				break;
			*end = '\0';
			field[i] = end + 1;
		}
		ended = take_commit(session, field, found, err);
		line = next;
	}
	return ended < 0 ? -1 : 0;
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

bool rebuild_is_due(struct session *session)
{
	char path[PATH_MAX];
	struct journal_cycle last;
	const int found = journal_last_cycle(session->journal, &last, NULL);
	if (found > 0)
		journal_cycle_release(&last);
	return found == 0 &&
	       snprintf(path, sizeof(path), "%s/" JOURNAL_PATH, session->folder) <
		       (int)sizeof(path) &&
	       file_was_set_aside(path);
}

int rebuild_journal(struct session *session, struct err *err)
{
	struct text text = {.bytes = NULL};
	struct found found = {.told = is_told(session)};
	struct err why = {.code = ERR_NONE};
	if (!session->conf->repository.commit)
		return 0;
	if (read_history(session, &text, &why) != 0) {
		free(text.bytes);
		session_warn(session, "the journal could not be rebuilt: %s", why.text);
		return 0;
	}
	const int failed = text.bytes ? take_history(session, text.bytes, &found, err) : 0;
	free(text.bytes);
	session->newest_known = found.cycle;
	if (!failed && !found.told)
		session_warn(session,
			     IS_REBUILT ": the newest cycle in it is %lld, and %zu of the plan's "
					"%zu steps are done",
			     (long long)found.cycle, found.steps, session->conf->nsteps);
	return failed;
}
