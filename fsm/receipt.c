#include "fsm/receipt.h"

#include <string.h>

static const struct {
	const char *name;
	enum receipt_place place;
	const char *words;
} results[RECEIPT_NRESULTS] = {
#define X(name, place, words) [RECEIPT_##name] = {#name, RECEIPT_##place, words},
	RECEIPT_RESULTS(X)
#undef X
};

enum receipt_place receipt_place(enum receipt_result result)
{
	return results[result].place;
}

const char *receipt_name(enum receipt_result result)
{
	return results[result].name;
}

const char *receipt_words(enum receipt_result result)
{
	return results[result].words;
}

const char *receipt_way_name(enum receipt_way way)
{
	static const char *const words[RECEIPT_NWAYS] = {
#define X(name, word) [RECEIPT_WAY_##name] = (word),
		RECEIPT_WAYS(X)
#undef X
	};
	return words[way];
}

int receipt_by_name(const char *name)
{
	for (int i = 0; i < RECEIPT_NRESULTS; i++)
		if (strcmp(results[i].name, name) == 0)
			return i;
	return -1;
}
