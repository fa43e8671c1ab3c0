#include "conf/nearest.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 64 /* longer names get no hint */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int fold(char c)
{
	return tolower((unsigned char)c);
}

/* Optimal string alignment distance, three rows at a time. */
static size_t distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][LONGEST + 1];
	for (size_t j = 0; j <= blen; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *now = rows[i % 3];
		const size_t *last = rows[(i - 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			const size_t differs = fold(a[i - 1]) != fold(b[j - 1]);
			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + differs);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				now[j] = least(now[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[alen % 3][blen];
}

const char *nearest_name(const char *given, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t best_distance = LONGEST;
	const size_t length = strlen(given);
	for (size_t i = 0; i < count && length <= LONGEST; i++) {
		const size_t name_length = strlen(names[i]);
		if (name_length > LONGEST)
			continue;
		const size_t most = name_length < 6 ? 1 + name_length / 4 : name_length / 3;
		const size_t d = distance(given, length, names[i], name_length);
		if (d <= most && d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
