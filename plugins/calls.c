#include "plugins/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/text.h"

struct entry {
	uint64_t id; /* 0: free */
	struct call call;
};

struct calls_table {
	size_t size; /* a power of two, at most half full */
	size_t used;
	struct entry entries[];
};

enum { TABLE_FIRST = 256 };

static int64_t add(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

struct call call_of(struct usage input, struct usage cache_read, struct usage cache_write,
		    struct usage output)
{
	return (struct call){{
		[TOKENS_INPUT] = input.known ? input.tokens : 0,
		[TOKENS_CACHE_READ] = cache_read.known ? cache_read.tokens : 0,
		[TOKENS_CACHE_WRITE] = cache_write.known ? cache_write.tokens : 0,
		[TOKENS_OUTPUT] = output.known ? output.tokens : 0,
	}};
}

struct call call_disjoint(struct usage input, struct usage cache_read, struct usage cache_write,
			  struct usage output)
{
	struct call call = call_of(input, cache_read, cache_write, output);
	const int64_t within = add(call.part[TOKENS_CACHE_READ], call.part[TOKENS_CACHE_WRITE]);
	int64_t *uncached = &call.part[TOKENS_INPUT];
	*uncached = *uncached > within ? *uncached - within : 0;
	return call;
}

struct call call_of_total(struct usage prompt, struct usage cached, struct usage total)
{
	const struct usage none = USAGE_UNKNOWN;
	struct call call = call_disjoint(prompt, cached, none, none);
	const int64_t asked = prompt.known ? prompt.tokens : 0;
	if (total.known && total.tokens > asked)
		call.part[TOKENS_OUTPUT] = total.tokens - asked;
	return call;
}

struct call call_put_out(struct call call, struct usage more)
{
	if (more.known)
		call.part[TOKENS_OUTPUT] = add(call.part[TOKENS_OUTPUT], more.tokens);
	return call;
}

struct tokens call_tokens(const struct call *call)
{
	struct tokens tokens;
	for (int i = 0; i < NTOKENS; i++)
		tokens.of[i] = USAGE_KNOWN(call->part[i]);
	return tokens;
}

int64_t call_prompt(const struct call *call)
{
	return add(add(call->part[TOKENS_INPUT], call->part[TOKENS_CACHE_READ]),
		   call->part[TOKENS_CACHE_WRITE]);
}

int64_t call_all(const struct call *call)
{
	return add(call_prompt(call), call->part[TOKENS_OUTPUT]);
}

struct call call_sum(const struct call *a, const struct call *b)
{
	struct call sum;
	for (int i = 0; i < NTOKENS; i++)
		sum.part[i] = add(a->part[i], b->part[i]);
	return sum;
}

struct call call_less(const struct call *a, const struct call *b)
{
	struct call less;
	for (int i = 0; i < NTOKENS; i++)
		less.part[i] = a->part[i] > b->part[i] ? a->part[i] - b->part[i] : 0;
	return less;
}

struct call call_max(const struct call *a, const struct call *b)
{
	struct call max;
	for (int i = 0; i < NTOKENS; i++)
		max.part[i] = a->part[i] > b->part[i] ? a->part[i] : b->part[i];
	return max;
}

void calls_init(struct calls *calls)
{
	memset(calls, 0, sizeof(*calls));
}

void calls_release(struct calls *calls)
{
	free(calls->young);
	free(calls->old);
	calls_init(calls);
}

void calls_clear(struct calls *calls)
{
	calls_release(calls);
}

static struct entry *slot_of(struct calls_table *table, uint64_t id)
{
	size_t at = (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->size - 1);
	while (table->entries[at].id != 0 && table->entries[at].id != id)
		at = (at + 1) & (table->size - 1);
	return &table->entries[at];
}

static struct calls_table *table_new(size_t size)
{
	struct calls_table *table = calloc(1, sizeof(*table) + size * sizeof(struct entry));
	if (table)
		table->size = size;
	return table;
}

/* The same entries with twice the room; NULL where memory is short. */
static struct calls_table *table_grown(struct calls_table *from)
{
	struct calls_table *table = table_new(from->size * 2);
	if (!table)
		return NULL;
	for (size_t i = 0; i < from->size; i++)
		if (from->entries[i].id != 0)
			*slot_of(table, from->entries[i].id) = from->entries[i];
	table->used = from->used;
	free(from);
	return table;
}

/* Room for one more in the young table. False where memory is short. */
static bool make_room(struct calls *calls)
{
	struct calls_table *young = calls->young;
	if (young && young->used >= CALLS_KNOWN) {
		free(calls->old);
		calls->old = young;
		calls->young = young = NULL;
	}
	if (!young)
		calls->young = table_new(TABLE_FIRST);
	else if (young->used * 2 >= young->size && (young = table_grown(young)) != NULL)
		calls->young = young;
	return calls->young && calls->young->used * 2 < calls->young->size;
}

static struct entry *known(struct calls_table *table, uint64_t id)
{
	struct entry *entry = table ? slot_of(table, id) : NULL;
	return entry && entry->id == id ? entry : NULL;
}

/* What is known of a call by that id, with room for it; NULL where it is to count as a new one. */
static struct entry *find(struct calls *calls, uint64_t id)
{
	struct entry *entry = known(calls->young, id);
	if (!entry)
		entry = known(calls->old, id);
	if (entry || !make_room(calls))
		return entry;
	entry = slot_of(calls->young, id);
	entry->id = id;
	calls->young->used++;
	calls->count++;
	return entry;
}

static struct model_usage *model_named(struct calls *calls, const char *model)
{
	char name[MODEL_NAME];
	/* Most names are clean as they stand. */
	for (int i = 0; i < calls->nmodels; i++)
		if (strcmp(calls->models[i].name, model) == 0)
			return &calls->models[i];
	text_clean(model, strlen(model), name, sizeof(name));
	for (int i = 0; i < calls->nmodels; i++)
		if (strcmp(calls->models[i].name, name) == 0)
			return &calls->models[i];
	if (calls->nmodels == READING_MODELS)
		return &calls->models[READING_MODELS - 1];
	struct model_usage *usage = &calls->models[calls->nmodels++];
	snprintf(usage->name, sizeof(usage->name), "%s",
		 calls->nmodels == READING_MODELS ? "other" : name);
	usage->used = tokens_none;
	return usage;
}

void calls_add(struct calls *calls, const char *model, const struct call *call)
{
	calls->sum = call_sum(&calls->sum, call);
	if (!model[0])
		return;
	struct model_usage *usage = model_named(calls, model);
	usage->used = tokens_add(usage->used, call_tokens(call));
}

void calls_put(struct calls *calls, const char *id, const char *model, const struct call *call)
{
	struct entry *entry = id[0] ? find(calls, text_hash(TEXT_HASH, id) | 1) : NULL;
	if (!entry) {
		calls->count++;
		calls_add(calls, model, call);
		return;
	}
	const struct call larger = call_max(&entry->call, call);
	const struct call more = call_less(&larger, &entry->call);
	entry->call = larger;
	calls_add(calls, model, &more);
}

struct tokens calls_total(const struct calls *calls)
{
	return call_tokens(&calls->sum);
}

void calls_models(const struct calls *calls, struct reading *reading)
{
	memcpy(reading->models, calls->models, sizeof(reading->models));
	reading->nmodels = calls->nmodels;
}

void *model_row(void *rows, size_t size, int *count, int room, const char *model, bool *shared)
{
	char *row = rows;
	int at = 0;
	while (at < *count && strncmp(row + (size_t)at * size, model, MODEL_NAME - 1) != 0)
		at++;
	if (shared)
		*shared = at == room;
	if (at == room)
		at--;
	row += (size_t)at * size;
	if (at == *count) {
		memset(row, 0, size);
		snprintf(row, MODEL_NAME, "%s", model);
		++*count;
	}
	return row;
}
