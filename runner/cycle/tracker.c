#include "runner/cycle/tracker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cycle/recovery.h"

#include "runner/process/stop.h"

#define LOCK_TIMEOUT_MS 30000
#define HOOK_TIMEOUT_MS 600000
#define PUSH_RETRIES    3
#define PUSH_TIMEOUT_MS 120000

int tracker_folder(char *folder, size_t size, struct err *err)
{
	char here[4000], at[4096 + 8];
	if (!getcwd(here, sizeof(here)))
		return err_errno(err, "the current folder can't be read");
	size_t length = strlen(here);
	while (length > 0) {
		snprintf(at, sizeof(at), "%.*s/.git", (int)length, here);
		if (access(at, F_OK) == 0)
			break;
		do
			length--;
		while (length > 0 && here[length] != '/');
	}
	snprintf(folder, size, "%.*s", length > 0 ? (int)length : (int)strlen(here), here);
	return 0;
}

static void defaults(struct tracker *tracker, bool push)
{
	static const char *const none[] = {NULL};
	tracker->conf = (struct conf){
		.path = "",
		.folder = tracker->folder,
		.title = "agent",
		.on_unknown = CONF_UNKNOWN_ERROR,
		.repository =
			{
				.path = tracker->folder,
				.commit = true,
				.commit_close = true,
				.push = push,
				.remote = "",
				.branch = "",
				.identity_name = "",
				.identity_email = "",
				.trailers = none,
				.hooks = true,
				.push_retries = PUSH_RETRIES,
				.hook_timeout_ms = HOOK_TIMEOUT_MS,
				.lock_timeout_ms = LOCK_TIMEOUT_MS,
				.push_timeout_ms = PUSH_TIMEOUT_MS,
				.secrets = conf_secrets_default,
			},
	};
}

static int settings(struct tracker *tracker, const char *config, bool push, struct err *err)
{
	if (!config) {
		if (tracker_folder(tracker->folder, sizeof(tracker->folder), err) != 0)
			return -1;
		defaults(tracker, push);
		return 0;
	}
	if (conf_load(config, &tracker->loaded, err) != 0)
		return -1;
	tracker->conf = *tracker->loaded;
	tracker->conf.steps = NULL; /* the agent brings its own */
	tracker->conf.nsteps = 0;
	tracker->conf.checklist = NULL;
	tracker->conf.repository.push &= push;
	return 0;
}

static int refuse_run(const struct session *session, struct err *err)
{
	return err_set(err, ERR_REFUSED,
		       "cycle %lld was cut off in a `stepgate run`: run that again, and it goes on",
		       (long long)cycle_number(session->cycle));
}

/* What was told by `update` counts too: the larger figure, so that the gate never knows less than
 * the document says. */
static struct usage told_usage(const struct session *session, int64_t number)
{
	struct document_view view;
	document_view(session->doc, &view);
	return view.cycle == number ? view.used : USAGE_KNOWN(0);
}

/* What a process that died left behind. An agent's step under way is the agent's: it is not
 * touched. */
static int go_on(struct session *session, struct err *err)
{
	const enum fsm_state state = cycle_state(session->cycle);
	const bool at_rest = state == FSM_STEP || state == FSM_PRECHECK;
	if (!at_rest && session_open_git(session, err) != 0)
		return -1;
	if ((at_rest ? recover_surroundings(session) : recover(session)) != 0) {
		*err = session->err;
		return -1;
	}
	if (cycle_state(session->cycle) != FSM_CLOSED)
		return 0;
	cycle_free(session->cycle);
	session->cycle = NULL;
	return 0;
}

int64_t tracker_wait_ms;

static int open_session(struct session *session, const struct conf *conf, enum session_git need,
			struct err *err)
{
	struct patience patience;
	patience_init(&patience, tracker_wait_ms, false);
	while (session_open(session, conf, need, err) != 0) {
		if (!patience_again(&patience, session->folder, err))
			return -1;
		session_close(session, -1, NULL);
	}
	return 0;
}

int tracker_open(struct tracker *tracker, const char *config, bool push, enum session_git need,
		 struct err *err)
{
	struct session *session = &tracker->session;
	*tracker = (struct tracker){.session = {.lock = {.fd = -1}}};
	if (stop_install(err) != 0 || settings(tracker, config, push, err) != 0 ||
	    open_session(session, &tracker->conf, need, err) != 0)
		return -1;
	const int found = session_resume(session, told_usage, err);
	if (found < 0)
		return -1;
	if (found && session->foreign)
		return refuse_run(session, err);
	return found ? go_on(session, err) : 0;
}

int tracker_close(struct tracker *tracker, int code, struct err *err)
{
	code = session_close(&tracker->session, code, err);
	conf_free(tracker->loaded);
	return code;
}

int tracker_allows(const struct tracker *tracker, enum fsm_event event, const char *what,
		   struct err *err)
{
	const struct session *session = &tracker->session;
	if (!session->cycle)
		return err_set(err, ERR_REFUSED,
			       "%s: no cycle is open: begin one with `stepgate start --task T`",
			       what);
	const enum fsm_state state = cycle_state(session->cycle);
	const char *refusal = fsm_refusal(state, event);
	if (!refusal)
		return 0;
	return err_set(err, ERR_REFUSED, "%s: cycle %lld is in %s: %s", what,
		       (long long)cycle_number(session->cycle), fsm_state_name(state), refusal);
}
