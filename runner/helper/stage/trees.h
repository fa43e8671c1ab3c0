/*
 * The trees of an index's folders: what the TREE extension of the index file knows of them ("cache
 * tree" in Documentation/gitformat-index.txt), kept up to date, so that a commit writes the trees
 * of those folders alone in which something changed.
 */
#ifndef RUNNER_HELPER_STAGE_TREES_H
#define RUNNER_HELPER_STAGE_TREES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct index;
struct objects;

/* A folder. */
struct trees {
	const char *name; /* of the folder, without slash; not ended by NUL */
	uint32_t length;
	int32_t count;        /* entries of the index below it; -1: the tree is not known */
	unsigned char id[20]; /* of the tree where it is known */
	struct trees *folders;
	uint32_t nfolders;
	char *own; /* the name where it is ours to free */
};

/* The root, of which nothing is known. NULL when memory is short. */
struct trees *trees_new(void);
/* The extension as it stands in the file; names stay in bytes. NULL where it is no such thing or
 * memory is short. */
struct trees *trees_read(const unsigned char *bytes, size_t size);
void trees_free(struct trees *trees);

/* Something at `path`, or the path itself, changed, came or went. */
void trees_forget(struct trees *trees, const char *path);

/* Sees to it that the trees of the index's entries [from, to) below a folder are among the objects:
 * `prefix` bytes of their paths are the folder with its slash. 0 and trees->id, or -1 where memory
 * is short or an object can't be had (errno). A folder without an entry has the empty tree. */
int trees_build(struct trees *trees, const struct index *index, size_t from, size_t to,
		size_t prefix, struct objects *objects);

/* Appends the extension's content. 0, or -1. */
struct bytes;
int trees_write(const struct trees *trees, struct bytes *out);

#endif
