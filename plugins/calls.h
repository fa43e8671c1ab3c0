/*
 * The calls that an agent made to its model, each counted once however often it is told of: by its
 * id, in each part the largest figure. Memory is constant: an id is forgotten when CALLS_KNOWN to
 * twice as many further calls have come since, and would count anew.
 */
#ifndef PLUGINS_CALLS_H
#define PLUGINS_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/usage.h"

enum { CALLS_KNOWN = 32768 };

struct call {
	int64_t part[NTOKENS];
};

struct calls {
	struct calls_table *young, *old; /* of ids */
	struct call sum;                 /* parts stick at INT64_MAX */
	int64_t count;
	struct model_usage models[READING_MODELS];
	int nmodels;
};

void calls_init(struct calls *calls);
void calls_release(struct calls *calls);
/* As it was after calls_init. */
void calls_clear(struct calls *calls);

/* Counts a call. An empty id is a call of its own; an empty model is not told apart. Where memory
 * is short it counts as a new one. */
void calls_put(struct calls *calls, const char *id, const char *model, const struct call *call);

/* Adds without an id, also to what the model is said to have used. */
void calls_add(struct calls *calls, const char *model, const struct call *call);

struct tokens calls_total(const struct calls *calls);

/* Models into a reading. */
void calls_models(const struct calls *calls, struct reading *reading);

/*
 * The row of a model in a table of `room` rows of `size` bytes, *count of which are in use. Each
 * begins with a char[MODEL_NAME], its model's name, cut to fit; a new one is all zero behind it.
 * Models past the last row share that one: *shared (may be NULL) says whether the row is another
 * model's, so that figures are to be added to it.
 */
void *model_row(void *rows, size_t size, int *count, int room, const char *model, bool *shared);

struct call call_of(struct usage input, struct usage cache_read, struct usage cache_write,
		    struct usage output); /* unknown as 0 */
/* Parts that an agent's input has within itself are taken out of it, never below 0. */
struct call call_disjoint(struct usage input, struct usage cache_read, struct usage cache_write,
			  struct usage output);
/* The same where the output is what a total has beyond the prompt. */
struct call call_of_total(struct usage prompt, struct usage cached, struct usage total);
/* With more output. */
struct call call_put_out(struct call call, struct usage more);
struct tokens call_tokens(const struct call *call);
/* input + cache_read + cache_write */
int64_t call_prompt(const struct call *call);
int64_t call_all(const struct call *call);
struct call call_sum(const struct call *a, const struct call *b);
struct call call_less(const struct call *a, const struct call *b); /* never below 0 */
struct call call_max(const struct call *a, const struct call *b);

#endif
