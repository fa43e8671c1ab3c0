/* The objects of a commit that another repository lacks, as a pack (gitformat-pack(5)). */
#ifndef RUNNER_HELPER_MISSING_H
#define RUNNER_HELPER_MISSING_H

#include <git2.h>
#include <stddef.h>

#include "runner/helper/stage/bytes.h"

/* More is for git, which packs many objects, and large ones, better and in bounded memory. The
 * first is what a git that receives writes one by one by default (receive.unpackLimit). */
#define MISSING_MOST  100         /* objects, which must be less */
#define MISSING_BYTES (16U << 20) /* of their content */

enum missing {
	MISSING_PACKED,
	MISSING_MUCH,   /* more than that */
	MISSING_FAILED, /* something can't be read, or memory is short */
};

/*
 * Appends a pack of what `commit` needs to *pack. Not in it is what can be reached from `tips`, hex
 * ids of what is there; those that are not here are passed over. Of a commit that is sent, what its
 * parents have in the same folder is not sent again: the other side has it, or it is in the pack.
 * What moved from folder to folder is, as by git itself where it looks at changed folders only.
 */
enum missing missing_pack(git_repository *repository, const git_oid *commit, char (*tips)[41],
			  size_t count, struct bytes *pack);

#endif
