/*
 * SHA-1 (RFC 3174), for the sums at the end of git's own files. The ids of objects are libgit2's
 * business, whose implementation knows of collisions.
 */
#ifndef RUNNER_HELPER_STAGE_SHA1_H
#define RUNNER_HELPER_STAGE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20

struct sha1 {
	uint32_t state[5];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha1_init(struct sha1 *sum);
void sha1_add(struct sha1 *sum, const void *bytes, size_t length);
/* After it only sha1_init. */
void sha1_end(struct sha1 *sum, unsigned char id[SHA1_SIZE]);

#endif
