/* Any bytes, however they are cut, give one and the same answer. */
#include <stdlib.h>

#include "plugins/meter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct usage feed(const char *bytes, size_t size, size_t piece, int64_t *bad)
{
	struct meter_lines *lines = meter_lines_new();
	if (!lines)
		abort();
	for (size_t at = 0; at < size; at += piece)
		meter_lines_feed(lines, bytes + at, size - at < piece ? size - at : piece);
	meter_lines_end(lines);
	const struct usage usage = meter_lines_usage(lines, bad);
	meter_lines_free(lines);
	return usage;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t bad_whole, bad_cut;
	if (size < 2)
		return 0;
	const char *bytes = (const char *)data + 1;
	const struct usage whole = feed(bytes, size - 1, size - 1, &bad_whole);
	const struct usage cut = feed(bytes, size - 1, (size_t)data[0] + 1, &bad_cut);
	if (bad_whole != bad_cut || whole.known != cut.known || whole.tokens != cut.tokens)
		abort();
	if ((whole.known && whole.tokens < 0) || (whole.known && bad_whole))
		abort();
	return 0;
}
