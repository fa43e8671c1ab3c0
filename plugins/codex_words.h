/*
 * Codex's words: as `codex exec --json` prints them, and as it writes them into the rollouts of
 * ~/.codex/sessions, a file for each thread. One reader for both. By recordings of 0.125, 0.150 and
 * 0.169.
 */
#ifndef PLUGINS_CODEX_WORDS_H
#define PLUGINS_CODEX_WORDS_H

#include "plugins/agent_meter.h"

struct codex_words {
	struct scan *scan;
	/* Of a rollout, from where what is charged begins. */
	int64_t skip_turns; /* so many of its own turns are not */
	int64_t from_ms;    /* nor those that began before this time; 0: none */

	int64_t records; /* that are of Codex */
	enum ended ended;
	int64_t resets_at;
	char limit[SCAN_TEXT];      /* what it says of a usage limit */
	char session[SESSION_NAME]; /* the thread */

	/* printed */
	int64_t turns_started;
	bool turn_open;      /* the last one has no end */
	bool completed;      /* a turn.completed was there: */
	struct call total;   /* of the whole thread, when the last one ended */
	struct call earlier; /* of threads that were printed before this one */
	bool several;        /* there were such */
	bool sub_agents;     /* it had some, which are not in `total` */

	/* written */
	bool rollout;
	char root[SESSION_NAME];   /* the thread that all of the session belong to, or "" */
	char parent[SESSION_NAME]; /* whose sub-agent or fork it is, or "" */
	bool sub_agent;
	bool metas;       /* its own session_meta was read */
	int64_t turns;    /* of its own */
	int64_t begun_ms; /* when the first one that is charged began */
	bool begun;
	bool in_flight; /* a prompt was sent, and no answer to it is there */
	bool aborted;
	struct calls calls; /* token_usage_record; of 0.169 */
	struct call most;   /* token_count: the largest total so far … */
	struct call before; /* … and what that was when what is charged began */
	bool counted;       /* a token_count came since */
	struct call last;   /* the last call */
	int64_t window;
	char model[MODEL_NAME];
};

int codex_words_init(struct codex_words *words); /* -1: memory */
void codex_words_release(struct codex_words *words);
/* Begins anew, but for skip_turns and from_ms. */
void codex_words_again(struct codex_words *words);

/* What a rollout says that was used in what is charged. */
struct call codex_words_used(const struct codex_words *words);

/* The time within a UUID of version 7 (RFC 9562, 5.7), ms since 1970; 0 where it is none. */
int64_t codex_id_time(const char *id);

#endif
