/*
 * New objects: held in memory, then written beside the repository's own under names that nobody
 * reads (few as loose files, many as one pack), and put in their places once they are on the disk.
 * So what is of a commit that is not made leaves no trace, and no object has its name before its
 * content is safe.
 */
#ifndef RUNNER_HELPER_STAGE_OBJECTS_H
#define RUNNER_HELPER_STAGE_OBJECTS_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OBJECTS_ONE_MOST (8U << 20) /* bytes; larger ones go from file to file */

enum objects_type {
	OBJECTS_COMMIT = 1,
	OBJECTS_TREE = 2,
	OBJECTS_BLOB = 3,
};

struct objects;

/* Puts them before the repository's own, which owns them from then on. 0, or -1
 * (git_error_last says why). */
int objects_put_before(struct objects **objects, git_repository *repository);
/* What comes now belongs to one commit, and is deflated at this level of zlib's, -1 to 9. */
void objects_begin(struct objects *objects, int level);

/* Whether the object is held, or in the repository as far as that is known: packs that came since
 * objects_begin are not looked for. One that is there is marked as used today, so that no
 * housekeeping takes it away. A loose one that can't be read, or is something else, is taken away
 * and not had: nobody would write it anew while it is there. (Of one of more than 64 MB only the
 * beginning is read.) */
bool objects_have(struct objects *objects, const unsigned char id[20]);
/* How many were taken away so since this was last asked. */
size_t objects_mended(struct objects *objects);

/* The id of a content. 0, or -1 where libgit2 refuses it (git_error_last says why). */
int objects_id(enum objects_type type, const void *bytes, size_t length, unsigned char id[20]);

/* Of what is in an open file. */
int objects_file_id(int fd, unsigned char id[20]);

/* Holds an object and gives its id. 0, or -1 where memory is short. This, objects_have and
 * objects_hold may be called from several threads at the same time. */
int objects_add(struct objects *objects, enum objects_type type, const void *bytes, size_t length,
		unsigned char id[20]);
/* The same where the id is known. `bytes` (malloc) are taken over, or freed, in any case. */
int objects_hold(struct objects *objects, enum objects_type type, void *bytes, size_t length,
		 const unsigned char id[20]);
/* Writes what is held so far where that has become much. 0, or -1 and errno. */
int objects_relieve(struct objects *objects);
/* The blob of the first `size` bytes of an open file, however many, written at once. 1 where its
 * content is not that of the id. */
int objects_hold_file(struct objects *objects, int fd, off_t size, const unsigned char id[20]);

/* Writes what is held. 0, or -1 and errno. */
int objects_write(struct objects *objects);
/* Gives what was written and has been synced its names. 0, or -1 and errno. */
int objects_place(struct objects *objects);
/* Forgets what is held, and takes away what is written and not placed. */
void objects_drop(struct objects *objects);

#endif
