/* The contents of changed files, read and made objects. */
#ifndef RUNNER_HELPER_STAGE_CONTENTS_H
#define RUNNER_HELPER_STAGE_CONTENTS_H

#include <stddef.h>

#include "conf/conf.h"
#include "runner/helper/stage/attributes.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/objects.h"
#include "runner/helper/stage/scan.h"

enum content_outcome {
	CONTENT_SAME,  /* the entry's content and mode are right; only `stat` is new */
	CONTENT_TAKEN, /* the object is among the objects */
	CONTENT_GONE,  /* there is no such file any more */
	CONTENT_HELD,  /* a likely secret: `secret` says what makes it one */
};

/* What became of an item of the scan. */
struct content {
	enum content_outcome outcome;
	unsigned char id[INDEX_ID];
	uint32_t mode;
	struct index_stat stat;
	const char *secret;
};

struct contents_order {
	const struct scan *scan;
	struct objects *objects;
	const struct attributes *attributes;
	const struct conf_secrets *secrets;
};

/* Fills contents[scan->count]. 0; 1 and *doubt where git has to do it; or -1 and errno, and *doubt
 * the path, where an object can't be had. */
int contents_take(const struct contents_order *order, struct content *contents, const char **doubt);

#endif
