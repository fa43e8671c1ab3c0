/* Any pattern on any words: it is refused, or bounded, and the same however the words are cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/meter_regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct usage feed(const char *pattern, const char *words, size_t size, size_t piece,
			 const char **bad)
{
	struct meter_regex *regex = meter_regex_new(pattern, NULL);
	if (!regex)
		return USAGE_KNOWN(-1);
	for (size_t at = 0; at < size; at += piece)
		meter_regex_feed(regex, words + at, size - at < piece ? size - at : piece);
	meter_regex_end(regex);
	const struct usage usage = meter_regex_usage(regex, bad);
	if (usage.known && usage.tokens < 0)
		abort();
	meter_regex_free(regex);
	return usage;
}

/* The pattern ends at the first NUL; the first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bad_whole = NULL, *bad_cut = NULL;
	const uint8_t *end = size > 2 ? memchr(data + 1, 0, size - 1) : NULL;
	if (!end)
		return 0;
	const char *pattern = (const char *)data + 1, *words = (const char *)end + 1;
	const size_t length = size - (size_t)((const uint8_t *)words - data);
	const struct usage whole = feed(pattern, words, length, length + 1, &bad_whole);
	const struct usage cut = feed(pattern, words, length, (size_t)data[0] + 1, &bad_cut);
	if (whole.known != cut.known || whole.tokens != cut.tokens || bad_whole != bad_cut)
		abort();
	return 0;
}
