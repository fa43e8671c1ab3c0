/* Any bytes, however they are cut, give the same values. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
	"type", "a", "message.usage.input_tokens", "m.*.x", "messages.*.id", "messages.*"};
enum { NPATHS = sizeof(paths) / sizeof(paths[0]) };

/* All that was found, as one number. */
struct found {
	struct scan *scan;
	uint64_t hash;
	int64_t records;
};

static void mix(struct found *found, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		found->hash = (found->hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void take(struct found *found, int path, const char *key, const struct scan_value *value)
{
	if (value->length >= SCAN_TEXT || value->number < 0 ||
	    strlen(value->text) > value->length || value->whole < value->length)
		abort();
	mix(found, &path, sizeof(path));
	mix(found, key, strlen(key));
	mix(found, &value->type, sizeof(value->type));
	mix(found, value->text, value->length);
	mix(found, &value->number, sizeof(value->number));
}

static void on_star(void *context, int path, const char *key, const struct scan_value *value)
{
	take(context, path, key, value);
}

static void on_record(void *context)
{
	struct found *found = context;
	struct scan_value value;
	found->records++;
	for (int path = 0; path < 3; path++)
		if (scan_get(found->scan, path, &value) != SCAN_ABSENT)
			take(found, path, "", &value);
}

static const struct scan_spec spec = {
	.paths = paths, .npaths = NPATHS, .star = on_star, .record = on_record};

static struct found scan_all(const char *bytes, size_t size, size_t piece)
{
	struct found found = {.hash = 1};
	found.scan = scan_new(&spec, &found);
	if (!found.scan)
		abort();
	for (size_t at = 0; at < size; at += piece)
		scan_feed(found.scan, bytes + at, size - at < piece ? size - at : piece);
	scan_end(found.scan);
	const int64_t broken = scan_broken(found.scan);
	mix(&found, &broken, sizeof(broken));
	scan_free(found.scan);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const char *bytes = (const char *)data + 1;
	const struct found whole = scan_all(bytes, size - 1, size - 1);
	const struct found cut = scan_all(bytes, size - 1, (size_t)data[0] + 1);
	const struct found single = scan_all(bytes, size - 1, 1);
	if (whole.hash != cut.hash || whole.records != cut.records || whole.hash != single.hash)
		abort();
	return 0;
}
