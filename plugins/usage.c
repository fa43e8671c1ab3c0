#include "plugins/usage.h"

const struct tokens tokens_none = {
	{{0, true}, {0, true}, {0, true}, {0, true}},
};
_Static_assert(NTOKENS == 4, "tokens_none has a zero for each");

#define X(value, name) [value] = (name),
static const char *const part_names[] = {TOKENS_LIST(X)};
static const char *const quality_names[] = {QUALITY_LIST(X)};
static const char *const source_names[] = {SOURCE_LIST(X)};
#undef X

const char *tokens_part_name(enum tokens_part part)
{
	return part_names[part];
}

const char *quality_name(enum quality quality)
{
	return quality_names[quality];
}

const char *source_name(enum source source)
{
	return source_names[source];
}

struct tokens tokens_add(struct tokens a, struct tokens b)
{
	for (int i = 0; i < NTOKENS; i++)
		a.of[i] = usage_add(a.of[i], b.of[i]);
	return a;
}

struct tokens tokens_max(struct tokens a, struct tokens b)
{
	for (int i = 0; i < NTOKENS; i++)
		if (!a.of[i].known || (b.of[i].known && b.of[i].tokens > a.of[i].tokens))
			a.of[i] = b.of[i];
	return a;
}

struct tokens tokens_minus(struct tokens a, struct tokens b)
{
	for (int i = 0; i < NTOKENS; i++) {
		if (!a.of[i].known || !b.of[i].known)
			a.of[i] = USAGE_UNKNOWN;
		else if (a.of[i].tokens > b.of[i].tokens)
			a.of[i].tokens -= b.of[i].tokens;
		else
			a.of[i].tokens = 0;
	}
	return a;
}

bool tokens_equal(const struct tokens *a, const struct tokens *b)
{
	for (int i = 0; i < NTOKENS; i++)
		if (a->of[i].known != b->of[i].known ||
		    (a->of[i].known && a->of[i].tokens != b->of[i].tokens))
			return false;
	return true;
}

struct usage tokens_fresh(const struct tokens *tokens)
{
	return usage_add(usage_add(tokens->of[TOKENS_INPUT], tokens->of[TOKENS_CACHE_WRITE]),
			 tokens->of[TOKENS_OUTPUT]);
}

struct usage tokens_all(const struct tokens *tokens)
{
	return usage_add(tokens_fresh(tokens), tokens->of[TOKENS_CACHE_READ]);
}

struct usage reading_measure(const struct reading *reading, enum conf_measure measure)
{
	if (reading->total.known)
		return reading->total;
	switch (measure) {
	case CONF_MEASURE_FRESH:
		return tokens_fresh(&reading->used);
	case CONF_MEASURE_ALL:
		return tokens_all(&reading->used);
	case CONF_MEASURE_CONTEXT:
		break;
	}
	return reading->context;
}
