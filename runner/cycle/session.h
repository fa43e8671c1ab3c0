/* All that a cycle needs at hand: what is open on its repository, and what is known of the step
 * under way. Both ways to drive the machine, `run` and `step begin` / `step done`, work on one of
 * these. */
#ifndef RUNNER_CYCLE_SESSION_H
#define RUNNER_CYCLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/cycle.h"
#include "plugins/usage.h"
#include "runner/helper/git.h"
#include "runner/plan/plan.h"
#include "runner/process/child.h"
#include "runner/process/lock.h"
#include "status/document.h"
#include "status/journal.h"

/* The step under way, or the last one. */
struct session_step {
	int number; /* in the plan, from 1 */
	char *title;
	const struct conf_step *conf; /* NULL for an agent's own step */
	int attempt;                  /* in this cycle, from 1 */
	enum fsm_event how;           /* once it has ended */
	struct usage own;
	bool estimated;
	bool ok;
	bool synced;       /* what its worker left is on the disk */
	bool done;         /* an agent's own step is never asked for again; a plan's may be */
	char why[512];     /* how the worker ended, or why its usage is unknown; or "" */
	char failure[24];  /* the same, typed: a failure of status/ended.h; or
			    "" */
	char doubt[256];   /* why `own` is an estimate, or which of its sources differ; or "" */
	int64_t resets_at; /* when an agent's usage limit ends: seconds since 1970; 0: not told */
	char agent_session[SESSION_NAME]; /* by which its agent can go on; or "" */
};

/* Why `run` begins nothing beside the cycle, by its number, of an agent that drives itself. */
#define SESSION_AGENTS_CYCLE                                                                 \
	"cycle %lld is open: an agent drives it by `stepgate start`: end it with `stepgate " \
	"update --cycle-end user`"

struct session {
	const struct conf *conf; /* borrowed; a tracker's has no steps */
	const char *folder;      /* of the repository: conf->repository.path */
	char *plan_name;         /* "" for a tracker */
	char *foreign_plan;      /* that of a cycle taken up that belongs to another one; or NULL */
	struct lock lock;
	struct journal *journal;
	struct document *doc;
	char *settings;  /* of the repository, as recorded with the cycle; NULL: not yet */
	struct git *git; /* NULL where committing is turned off */
	struct plan plan;
	struct cycle *cycle; /* NULL between cycles */
	struct cycle_proofs proofs;
	struct session_step step;
	struct journal_note note;      /* what the next move brings along */
	struct journal_report *outbox; /* the reports in it (runner/cycle/outbox.h) */
	size_t noutbox;
	struct outbox
		*round;     /* what this run knows of its reporters; NULL before the first report */
	struct err err;     /* why a move was not let through */
	bool progress;      /* stderr is a terminal: show what goes on */
	bool quiet;         /* stdout has only what is not as it should be */
	bool foreign;       /* the cycle taken up belongs to another plan … */
	bool foreign_agent; /* … that of an agent which drives itself */
	enum fsm_event closed_on;       /* once the cycle is CLOSED */
	char veto[256];                 /* VETOED: the whole reason, with the gate's own words */
	struct child_identity leftover; /* the worker of a step taken up; pid 0: none is known */
	int64_t newest_known;           /* a cycle that git's history tells of; 0: none */
	bool full;                      /* the disk is, and what was kept back is used up */
	bool ousted;        /* a worker took the lock away, and another run has it now */
	int64_t started_at; /* of a cycle taken up: microseconds since 1970 */
	bool again;         /* the next save may have been made by a process that died */
	bool unsaved_close; /* the closing words did not reach the remote */
	bool warned;        /* the cycle's usage reached `warn`, and that was told */
};

/* What a session needs of git. */
enum session_git {
	SESSION_NO_GIT,
	SESSION_GIT,       /* the commit helper, unless the config turns committing off */
	SESSION_GIT_READY, /* the same, and the repository must be able to take the work */
};

/* Takes the lock and opens everything, telling on stderr of what had to be mended. Nothing is
 * written before the repository is known to be one. 0, or -1 and *err. session_close releases all,
 * also after a failure. It gives `code`, which is what became of it all: a command's exit code, or
 * -1 and *err; or, where that was none but something failed in the closing, -1 and *err. */
int session_open(struct session *session, const struct conf *conf, enum session_git need,
		 struct err *err);
int session_close(struct session *session, int code, struct err *err);

/* The commit helper for a session that was opened without, unless the config turns committing off.
 * 0, or -1 and *err. */
int session_open_git(struct session *session, struct err *err);

/* Begins the document of the session's cycle, in memory. 0, or -1 when memory is short. */
int session_begin_document(struct session *session, int64_t started_at);

/* Replaces the status document; where the disk is full, with the room that was kept back. 0, or -1
 * with session->err. */
int session_save_document(struct session *session);

/* The name of the plan that the cycle belongs to; "" for an agent's. */
const char *session_cycle_plan(const struct session *session);

/* Whether it is one of an agent that drives its own cycle: there is no plan. */
bool session_is_agents(const struct session *session);

/* What a cycle of this session may use: command line (0: not said), then config, then
 * status/ee_config.json, then the defaults. 0, or -1 and *err. */
int session_terms(const struct conf *conf, int64_t budget, int threshold, bool mend,
		  struct gate_terms *terms, struct err *err);

/* The session's cycle_before_move: writes the journal, with session->note. */
int session_before_move(void *context, const struct cycle_move *move);

/* Makes session->cycle a new one, in IDLE, with the next free number. 0, or -1 and *err. */
int session_new_cycle(struct session *session, const struct gate_terms *terms, struct err *err);

/* Takes up the journal's newest cycle where it is not closed, or its closing words were cut off.
 * Its usage is the larger of what the journal has and what `told` (may be NULL) answers for it. 1:
 * it is session->cycle; 0: there is none; -1 and *err. */
typedef struct usage session_told(const struct session *session, int64_t number);
int session_resume(struct session *session, session_told *told, struct err *err);

/* Makes `title` (copied) the step under way. 0, or -1 with session->err. */
int session_set_step(struct session *session, int number, const char *title,
		     const struct conf_step *conf);

/* Whether the last step ended at its agent's usage limit; *resets_at (may be NULL): when that ends,
 * in seconds since 1970, or 0 where the agent did not say. */
bool session_limited(const struct session *session, int64_t *resets_at);

/* Whether a step that ended so is passed over, as its config has it: it failed, and is not to be
 * run again. */
bool session_passes_over(const struct session *session, enum fsm_event how);

/* The index in the plan of the step under way; -1 where it has none, as in a cycle of another plan,
 * whose titles are its own. */
int session_plan_index(const struct session *session);

/* A line of the product, on stdout at once. */
void session_say(const char *line);
/* The same; but a line that tells of what is as it should be is left out where the user wants none.
 */
void session_tell(const struct session *session, bool good, const char *line);
/* A line of talk, on stderr, cleaned. */
void session_talk(const char *text);
/* The same, also among the journal's messages. */
void session_warn(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
