/*
 * Where new objects are written before they have their names: loose files, and a pack. The formats
 * are git's (Documentation/gitformat-pack.txt, and gitformat-index's sister for loose objects:
 * zlib's stream of "TYPE SIZE", NUL, content).
 */
#ifndef RUNNER_HELPER_STAGE_DEPOSIT_H
#define RUNNER_HELPER_STAGE_DEPOSIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/objects.h"

/* An object on its way, its content in memory or in a file. */
struct deposit_object {
	enum objects_type type;
	unsigned char id[20];
	const void *bytes; /* NULL: `size` bytes from the beginning of fd */
	int fd;
	uint64_t size;
};

/* What deflates one object after another; of each thread its own. */
struct deflater;
/* zlib's level, -1 to 9. NULL when memory is short. */
struct deflater *deflater_new(int level);
void deflater_free(struct deflater *deflater);
/* Deflates in memory what is to be written: for a pack its entry whole, for a loose file all of it.
 * 0, or -1 where memory is short. */
int deposit_deflate(struct deflater *deflater, const struct deposit_object *object, bool packed,
		    struct bytes *out);

/* From the object's file to another one, piece by piece, as a loose file. 1 where the content is
 * not that of the id; -1 and errno. */
int deposit_pass(const struct deposit_object *object, int to, int level);
/* The CRC-32 that a pack's index has of an entry. */
uint32_t deposit_crc(const void *bytes, size_t length);

/* A pack that grows. */
struct pack;
/* In the folder of packs. NULL and errno. */
struct pack *pack_new(const char *folder);
/* Appends an entry, deflated as above. 0, or -1 and errno; so do the next. */
int pack_add(struct pack *pack, const unsigned char id[20], const struct bytes *entry);
/* Completes it, with its index. After it only the next two. */
int pack_end(struct pack *pack);
/* Gives both files their names, the pack first. */
int pack_place(struct pack *pack);
/* Takes away what is not placed. */
void pack_free(struct pack *pack);

struct deposit;

/* `folder` is that of the repository's objects. NULL when memory is short. */
struct deposit *deposit_new(const char *folder);
/* Takes away what is not placed. */
void deposit_free(struct deposit *deposit);

/* Each gives 0, or -1 and errno. What was deflated as above; */
int deposit_loose(struct deposit *deposit, const unsigned char id[20], const struct bytes *whole);
int deposit_packed(struct deposit *deposit, const unsigned char id[20], const struct bytes *entry);
/* from a file, to a loose file; 1 where the content is not that of the id. */
int deposit_file(struct deposit *deposit, const struct deposit_object *object, int level);
/* Ends the pack, if there is one. */
int deposit_end(struct deposit *deposit);
/* Gives them their names. */
int deposit_place(struct deposit *deposit);

#endif
