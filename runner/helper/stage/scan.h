/*
 * The work tree against the index: every folder is read once, and the state of every tracked file
 * looked at once, by as many threads as the machine has processors. What differs, or may, is
 * listed; no content is read.
 */
#ifndef RUNNER_HELPER_STAGE_SCAN_H
#define RUNNER_HELPER_STAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/helper/stage/ignore.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/listings.h"

#define SCAN_NEW ((size_t)-1)

/* Of each entry of the index. */
enum scan_state {
	SCAN_UNSEEN, /* outside the folder that was asked for */
	SCAN_SAME,
	SCAN_GONE,
	SCAN_LISTED, /* its content has to be looked at */
};

/* A file or symbolic link whose content has to be looked at. */
struct scan_item {
	size_t at;        /* of its entry; SCAN_NEW: it has none */
	const char *path; /* from the root; lives as long as the scan and the index */
	off_t size;
};

struct scan {
	/* To be filled in. */
	const struct index *index; /* without conflicts */
	int root;                  /* an open folder: the work tree's root */
	const struct ignore
		*ignore; /* the rules that count after all .gitignore files; may be NULL */
	struct listings *listings; /* of earlier scans, which this one adds to; NULL: none */
	bool trust_mode;           /* whether files' own executable bits count (core.fileMode) */
	const char *only;          /* a folder at the root ("status"), or NULL for all */

	/* What scan_run gives. */
	unsigned char *states;   /* of enum scan_state */
	struct scan_item *items; /* sorted by path */
	size_t count;
	const char **
		attributes; /* folders with a .gitattributes, as "" or "a/b/", outer before inner */
	size_t nattributes;
	const char *doubt; /* why git has to do it instead; static text */

	struct scan_private *shared;
};

/* 0; or 1 with scan->doubt where there is something that only git can handle; or -1 and errno where
 * memory is short. To be released in any case. */
int scan_run(struct scan *scan);
void scan_release(struct scan *scan);

/* Whether an entry stands for a file in this state, as far as that can be told without reading it:
 * a file that was changed when the index was written, or later, may have been changed twice. */
bool scan_is_same(const struct index *index, const struct index_entry *entry,
		  const struct stat *state, bool trust_mode);
/* The mode that an entry of the file has; `before` is what it has now, or 0. */
uint32_t scan_mode(const struct stat *state, uint32_t before, bool trust_mode);

#endif
