/*
 * What a worker has used, in the one form that every meter gives: four figures that share no token,
 * each known or unknown, and what a meter knows beside them.
 */
#ifndef PLUGINS_USAGE_H
#define PLUGINS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fsm/gate.h"
#include "status/ended.h"

/* The four figures. A token of a prompt is in one of the first three, whatever the agent's own
 * words count twice. */
#define TOKENS_LIST(X)                                                                         \
	X(TOKENS_INPUT, "input") /* of prompts, neither read from nor written to a cache */    \
	X(TOKENS_CACHE_READ, "cache_read")                                                     \
	X(TOKENS_CACHE_WRITE, "cache_write") /* where an agent doesn't tell, they are input */ \
	X(TOKENS_OUTPUT, "output")           /* completions, reasoning among them */
enum tokens_part {
#define X(part, name) part,
	TOKENS_LIST(X)
#undef X
		NTOKENS
};

struct tokens {
	struct usage of[NTOKENS];
};

/* Known zeros. (A struct of zeros is unknown in each part.) */
extern const struct tokens tokens_none;

const char *tokens_part_name(enum tokens_part part);

/* Part by part. Sums stick at INT64_MAX and are unknown where a part of either is. */
struct tokens tokens_add(struct tokens a, struct tokens b);
/* The larger of each; a known one where the other is unknown. */
struct tokens tokens_max(struct tokens a, struct tokens b);
/* a without b, never below 0; unknown where a part of either is. */
struct tokens tokens_minus(struct tokens a, struct tokens b);
bool tokens_equal(const struct tokens *a, const struct tokens *b);

/* Each token that was worked on in any call: the sum of all four. */
struct usage tokens_all(const struct tokens *tokens);
/* Each token once, when it was new: input + cache_write + output. */
struct usage tokens_fresh(const struct tokens *tokens);

/* How far a reading can be trusted: 0 is "nothing is known". */
#define QUALITY_LIST(X)                                                                     \
	X(QUALITY_UNKNOWN, "unknown")                                                       \
	X(QUALITY_ESTIMATED, "estimated") /* calls may be missing, or counted that were not \
					     finished */                                    \
	X(QUALITY_EXACT, "exact")
enum quality {
#define X(value, name) value,
	QUALITY_LIST(X)
#undef X
};

/* Where the figures are from. */
#define SOURCE_LIST(X)                                                   \
	X(SOURCE_NONE, "none")                                           \
	X(SOURCE_STDOUT, "stdout") /* what the worker printed */         \
	X(SOURCE_FILES, "files")   /* what its agent wrote for itself */ \
	X(SOURCE_BOTH, "both")     /* the two agree, or the larger counts */
enum source {
#define X(value, name) value,
	SOURCE_LIST(X)
#undef X
};

const char *quality_name(enum quality quality);
const char *source_name(enum source source);

enum {
	READING_MODELS = 16,
	MODEL_NAME = 96,
	SESSION_NAME = 96,
};

struct model_usage {
	char name[MODEL_NAME]; /* cut to fit, cleaned; "other" for the rest of them */
	struct tokens used;
};

/* A meter's answer. All zeros: nothing is known. */
struct reading {
	/* A worker that tells one figure and no parts has it here, and `used` is unknown. */
	struct usage total;
	struct tokens used;
	struct usage context; /* the prompt of the last call of the main conversation */
	struct usage window;  /* what the model takes at most */
	enum quality quality;
	enum source source;
	enum ended ended;
	int64_t resets_at; /* USAGE_LIMIT: seconds since 1970; 0: not told */
	/* Where both sources had a figure and they differ by more than 1 %: `used` is the larger
	 * one. */
	bool disagree;
	struct usage stdout_all, files_all;
	char agent[16];             /* "claude"; "" for a plain worker */
	char session[SESSION_NAME]; /* the agent's own name of its session, by which it can be
				       resumed; "" where it told none */
	struct model_usage models[READING_MODELS]; /* as far as they are told apart */
	int nmodels;
	char why[256]; /* why the usage is unknown, or not exact; cleaned; or "" */
};

/*
 * The one figure that counts against the budget. A single figure counts as it stands, whatever the
 * measure. With CONTEXT it is what the context holds, not what was used: a cycle's figure is then
 * the largest context of its steps, not their sum.
 */
struct usage reading_measure(const struct reading *reading, enum conf_measure measure);

#endif
