/* OpenCode's database, as another program keeps it: read and never written, also while that one is
 * at work on it, or was killed over it. By recordings of 1.18.33. */
#ifndef PLUGINS_OPENCODE_DB_H
#define PLUGINS_OPENCODE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/usage.h"

/* A reply of a model. */
struct opencode_reply {
	const char *id, *session, *model;
	bool main;       /* of a session that is no sub-agent's */
	bool summary;    /* it sums up the conversation */
	bool failed;     /* with an error: it used nothing */
	bool ended;      /* it says when */
	bool steps;      /* the sum of the steps of one that was told before */
	int64_t created; /* ms since 1970 */
	struct usage input, output, reasoning, cache_read, cache_write;
};

struct opencode_look {
	/* This session and those of its sub-agents; NULL: all there are. */
	const char *session;
	/* Called with each reply, those of a session in the order of time and of sub-agents after
	 * the others; the texts are good while it runs. */
	void (*reply)(void *context, const struct opencode_reply *reply);
	void *context;
};

struct opencode_found {
	int64_t sessions; /* that are no sub-agents' */
	int64_t prompts;  /* messages of the user in these */
	/* A session whose title was made by a call of its own, which is told of nowhere: when it
	 * was made, ms since 1970; 0: there is none. */
	int64_t titled_at;
	bool stale; /* what was last written could not be read */
};

/* 0 and *found, or -1 where there is no database that can be read. */
int opencode_db_read(const char *path, const struct opencode_look *look,
		     struct opencode_found *found);

#endif
