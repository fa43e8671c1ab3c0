/*
 * The picture of a repository as it is now: what `stepgate monitor` and `stepgate top` show.
 * Whether a cycle runs is told by no file, but by the lock and the process that holds it; who knows
 * these is asked through struct hands.
 */
#ifndef STATUS_NOW_H
#define STATUS_NOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/err.h"
#include "status/journal.h"
#include "status/step_files.h"

/* Who has the repository. */
struct now_holder {
	enum now_hold {
		NOW_FREE,   /* no one */
		NOW_HELD,   /* a process that lives, beyond doubt */
		NOW_UNSEEN, /* somebody who can't be seen from here */
	} hold;
	pid_t pid;       /* NOW_HELD */
	int64_t cycle;   /* that it says to work on, or 0 */
	char words[512]; /* "host H, pid 12, since TIME, cycle 3" */
};

/* A config that may be run. */
struct now_config {
	const char *title;
	const char *path; /* absolute */
	const char *plan; /* its name in the journal */
	int threshold;    /* percent; 0 where the file does not say */
	int64_t budget;   /* tokens; 0 where the file does not say */
};

/* What is shown of the outside, and done to it. */
struct hands {
	/* Who has the repository in a folder. Never waits. */
	void (*look)(const char *folder, struct now_holder *holder);
	/* Starts a run of a config as a process of its own, which outlives this one; what it prints
	 * goes to *log[size] (a path). *pid is to be reaped. 0, or -1 and *err. */
	int (*start)(const char *folder, const struct now_config *config, pid_t *pid, char *log,
		     size_t size, struct err *err);
	/* Asks the run in a folder to close after the step under way, or at once. 0, or -1 and
	 * *err.
	 */
	int (*stop)(const char *folder, bool at_once, struct err *err);
};

/* name, word, what it means */
#define NOW_LIVES(X)                                                                             \
	X(NONE, "none", "no cycle yet")                                                          \
	X(BUSY, "busy", "a process has the repository, and no cycle is open")                    \
	X(RUNNING, "running", "a process is at work on the cycle")                               \
	X(AGENT, "agent", "an agent drives the cycle")                                           \
	X(CUT_OFF, "cut off", "not running: the cycle is open, and nothing is at work on it")    \
	X(ELSEWHERE, "elsewhere", "the cycle is held by a process that can't be seen from here") \
	X(CLOSED, "closed", "the cycle is closed")                                               \
	X(UNREADABLE, "unreadable", "what goes on can't be told: the journal can't be read")

enum now_life {
#define X(name, word, words) NOW_LIFE_##name,
	NOW_LIVES(X)
#undef X
};
const char *now_life_word(enum now_life life);
const char *now_life_words(enum now_life life);

#define NOW_LINES 12

struct now {
	enum now_life life;
	bool has_cycle;
	struct journal_cycle cycle; /* the newest one */
	struct usage used;          /* of the cycle, what the step under way has used among it */
	int64_t step_started_at;    /* of the newest step; 0: none */
	int64_t heard_at;           /* the last move, message or output; 0: never */
	int steps_known;            /* steps of its plan; 0: it has none */
	struct gate_terms next;     /* status/ee_config.json, else the defaults */
	struct now_holder holder;
	char lines[NOW_LINES][STEP_LINE_SIZE]; /* the last ones that the newest step printed */
	size_t nlines;
	char trouble[512]; /* why not all could be read, or "" */
};

/* Looks. `journal` may be NULL where there is none. 0 and *now (now_release), or -1 and *err. */
int now_look(struct now *now, const char *folder, const struct hands *hands,
	     struct journal *journal, struct err *err);
void now_release(struct now *now);

#endif
