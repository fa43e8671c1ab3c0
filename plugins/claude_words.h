/*
 * Claude Code's words, as `claude -p --output-format stream-json` or `json` prints them and as it
 * writes them into ~/.claude/projects: one reader for both. By recordings of 2.1.197 and 2.1.330.
 */
#ifndef PLUGINS_CLAUDE_WORDS_H
#define PLUGINS_CLAUDE_WORDS_H

#include "plugins/agent_meter.h"

enum {
	CLAUDE_STAMP = 40,
	CLAUDE_ROWS = 16, /* models of one result */
};

struct claude_row {
	char model[MODEL_NAME];
	struct call call;
	int64_t window;
};

/* The models of one object of a record. */
struct claude_table {
	struct claude_row rows[CLAUDE_ROWS];
	int count;
};

struct claude_words {
	struct scan *scan;
	/* From where the process that is charged begins; what comes before is not counted. */
	char from_id[SESSION_NAME];      /* the first call that it printed, or "" */
	int64_t from_ms;                 /* or its time; 0: from the first */
	bool begun;                      /* that place was met */
	char begun_at[CLAUDE_STAMP];     /* the time that stands there */
	struct call before, cost_before; /* what was there before it */

	int64_t records; /* that are of Claude Code */
	struct calls calls;
	struct call last; /* of the main conversation, not broken off */
	char last_model[MODEL_NAME];
	bool side;      /* a sub-agent's file: its calls are not the main conversation's */
	bool in_flight; /* a prompt was sent, and no answer to it is there */
	bool aborted;   /* a call was broken off, and is counted by what was there of it */
	int64_t compactions;
	int64_t compacted; /* tokens of the prompts that were compacted away */
	char stream_id[SESSION_NAME], stream_model[MODEL_NAME]; /* of stream_event */
	struct call stream_call;

	/* result lines */
	int64_t results;
	char result_id[CLAUDE_STAMP];      /* of the last one: one that comes twice counts once */
	struct calls since;                /* their model_usage_since_last_result */
	bool without_since;                /* one of them had none */
	struct claude_table totals;        /* the last one's modelUsage */
	struct call main_usage;            /* the last one's `usage` */
	char result_session[SESSION_NAME]; /* the last one's */
	struct call earlier;               /* of sessions that ended before that one's … */
	bool several;                      /* … of which there were some */
	bool after_result;                 /* words of work came after the last one */
	struct call resulted;              /* the calls that there were when the last one came */
	struct call unfinished;            /* those of other sessions that are in no result */
	bool cut_stream;                   /* one of them ended a call that was under way */
	bool pending; /* sub-agents were at work when the last one was printed */
	int64_t window;

	/* cost-state lines of a transcript */
	bool has_cost;
	int64_t costs;   /* so many: each process writes one at its end */
	int64_t prompts; /* so many were put in its queue */
	struct call cost;

	bool transcript; /* these are an agent's own files */
	char session[SESSION_NAME];
	char first_id[SESSION_NAME];
	char first_stamp[CLAUDE_STAMP];
	enum ended ended;
	int64_t resets_at;
	char limit[SCAN_TEXT];                     /* what it says of a usage limit */
	struct claude_table row_totals, row_since; /* of the record under way */
};

int claude_words_init(struct claude_words *words); /* -1: memory */
void claude_words_release(struct claude_words *words);
/* Begins anew, but for from_id, from_ms and begun_at. */
void claude_words_again(struct claude_words *words);

/* What the last result came to, where it tells of all of its process. */
struct call claude_words_last(const struct claude_words *words);
/* The sum of a table. */
struct call claude_table_sum(const struct claude_table *table);

#endif
