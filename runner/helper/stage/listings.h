/*
 * What folders were found to hold, kept from one scan to the next: a folder whose own state is the
 * same holds the same names, and need not be read and sorted again. Only for folders on file
 * systems of which it is known that each name that comes, goes or changes its kind gives the folder
 * another time (POSIX asks for that, and network file systems may be late with it), and only where
 * the folder was left alone for some seconds before it was read: a clock that ticks slowly may else
 * hide a change.
 */
#ifndef RUNNER_HELPER_STAGE_LISTINGS_H
#define RUNNER_HELPER_STAGE_LISTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "runner/helper/stage/scan_folder.h"

#define LISTINGS_REST_S 2 /* seconds for which a folder was left alone */

struct listings;
struct listing {
	struct listing *next;
	size_t count; /* of names */

	/* Of listings.c alone. */
	struct stat state;
	size_t size; /* bytes of all */
	bool used, outdated;
	const char *path; /* behind it the names, sorted: a byte of their kind, the text, NUL */
};

/* NULL where memory is short; free(NULL) is fine. */
struct listings *listings_new(void);
void listings_free(struct listings *listings);

/* Before a scan of the tree that `root` has open: nothing is found or made where its file system is
 * not one of those. */
void listings_begin(struct listings *listings, int root);
/* What the folder at `path` (from the root, "" or with a slash at its end) held, if its state is as
 * it was; or NULL. In any thread, but each path in one only, until listings_end. */
const struct listing *listings_find(const struct listings *listings, const char *path,
				    const struct stat *state);
/* Fills *names with what it held, as scan_names_read does; the texts live as long as the listing.
 * 0, or -1 and errno. */
int listing_names(const struct listing *listing, struct scan_names *names);
/* A copy of the names that were just read; `state` is from before they were. NULL where that may
 * not be kept, or memory is short. In any thread; it is the caller's until listings_keep. */
struct listing *listings_make(const struct listings *listings, const char *path,
			      const struct stat *state, const struct scan_names *names);
/* After a scan: takes over a list of such. */
void listings_keep(struct listings *listings, struct listing *made);
/* At last. `whole`: what was not found this time is of no use any more. */
void listings_end(struct listings *listings, bool whole);

#endif
