#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/stage/deposit.h"
#include "runner/helper/stage/sha1.h"

#define PATHS   4096
#define GATHER  (1U << 20) /* written at once */
#define FAR_BIT 0x80000000U

struct member {
	unsigned char id[20];
	uint32_t crc;
	uint64_t offset;
};

struct pack {
	char folder[PATHS], path[PATHS + 64], index_path[PATHS + 64];
	unsigned char sum[SHA1_SIZE]; /* of the pack, once it is complete */
	int fd;
	struct bytes gathered; /* not written yet */
	uint64_t length;       /* with what is gathered */
	struct member *members;
	size_t count, room;
};

static int write_all(int fd, const void *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		const ssize_t n = write(fd, (const char *)bytes + done, length - done);
		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int flush(struct pack *pack)
{
	const int failed = write_all(pack->fd, pack->gathered.at, pack->gathered.length);
	pack->gathered.length = 0;
	return failed;
}

static void put32(unsigned char *at, uint64_t number)
{
	const uint32_t word = htobe32((uint32_t)number);
	memcpy(at, &word, 4);
}

static void make_header(const struct pack *pack, unsigned char header[12])
{
	memcpy(header, "PACK", 4);
	put32(header + 4, 2);
	put32(header + 8, pack->count);
}

struct pack *pack_new(const char *folder)
{
	unsigned char header[12];
	struct pack *pack = calloc(1, sizeof(*pack));
	if (!pack)
		return NULL;
	snprintf(pack->folder, sizeof(pack->folder), "%s", folder);
	snprintf(pack->path, sizeof(pack->path), "%s/tmp_pack_XXXXXX", pack->folder);
	if (mkdir(folder, 0777) != 0 && errno != EEXIST)
		pack->fd = -1;
	else
		pack->fd = mkstemp(pack->path);
	if (pack->fd < 0) {
		free(pack);
		return NULL;
	}
	make_header(pack, header);
	bytes_add(&pack->gathered, header, sizeof(header));
	pack->length = sizeof(header);
	return pack;
}

int pack_add(struct pack *pack, const unsigned char id[20], const struct bytes *entry)
{
	if (pack->count == pack->room) {
		const size_t room = pack->room * 2 + 64;
		struct member *members = realloc(pack->members, room * sizeof(*members));
		if (!members)
			return -1;
		pack->members = members;
		pack->room = room;
	}
	struct member *member = &pack->members[pack->count];
	memcpy(member->id, id, sizeof(member->id));
	member->crc = deposit_crc(entry->at, entry->length);
	member->offset = pack->length;
	bytes_add(&pack->gathered, entry->at, entry->length);
	if (pack->gathered.broken)
		return -1;
	pack->count++;
	pack->length += entry->length;
	return pack->gathered.length < GATHER ? 0 : flush(pack);
}

/* The header says how many there are, and the sum at the end begins with it. */
static int complete(struct pack *pack)
{
	unsigned char header[12], *piece = bytes_room(&pack->gathered, GATHER);
	struct sha1 sum;
	if (!piece)
		return -1;
	make_header(pack, header);
	if (pwrite(pack->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return -1;
	sha1_init(&sum);
	for (uint64_t done = 0; done < pack->length;) {
		const ssize_t n = pread(pack->fd, piece, GATHER, (off_t)done);
		if (n <= 0)
			return -1;
		sha1_add(&sum, piece, (size_t)n);
		done += (uint64_t)n;
	}
	sha1_end(&sum, pack->sum);
	return write_all(pack->fd, pack->sum, SHA1_SIZE);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(((const struct member *)a)->id, ((const struct member *)b)->id, 20);
}

static void add32(struct bytes *out, uint64_t number)
{
	unsigned char word[4];
	put32(word, number);
	bytes_add(out, word, 4);
}

/* How many ids begin with each byte or a lesser one. */
static void add_fanout(struct bytes *out, const struct pack *pack)
{
	size_t at = 0;
	for (unsigned byte = 0; byte < 256; byte++) {
		while (at < pack->count && pack->members[at].id[0] <= byte)
			at++;
		add32(out, at);
	}
}

static void add_offsets(struct bytes *out, const struct pack *pack)
{
	uint32_t far = 0;
	for (size_t i = 0; i < pack->count; i++) {
		const uint64_t offset = pack->members[i].offset;
		add32(out, offset < FAR_BIT ? offset : FAR_BIT | far++);
	}
	for (size_t i = 0; i < pack->count; i++)
		if (pack->members[i].offset >= FAR_BIT) {
			add32(out, pack->members[i].offset >> 32);
			add32(out, pack->members[i].offset);
		}
}

static void make_index(struct pack *pack, struct bytes *out)
{
	struct sha1 sum;
	unsigned char id[SHA1_SIZE];
	qsort(pack->members, pack->count, sizeof(*pack->members), by_id);
	bytes_add(out, "\377tOc\0\0\0\2", 8);
	add_fanout(out, pack);
	for (size_t i = 0; i < pack->count; i++)
		bytes_add(out, pack->members[i].id, 20);
	for (size_t i = 0; i < pack->count; i++)
		add32(out, pack->members[i].crc);
	add_offsets(out, pack);
	bytes_add(out, pack->sum, SHA1_SIZE);
	sha1_init(&sum);
	sha1_add(&sum, out->at, out->length);
	sha1_end(&sum, id);
	bytes_add(out, id, SHA1_SIZE);
}

static int write_index(struct pack *pack)
{
	struct bytes out = {.at = NULL};
	make_index(pack, &out);
	snprintf(pack->index_path, sizeof(pack->index_path), "%s/tmp_idx_XXXXXX", pack->folder);
	const int fd = out.broken ? -1 : mkstemp(pack->index_path);
	int failed = fd < 0;
	if (failed)
		pack->index_path[0] = '\0';
	else
		failed = write_all(fd, out.at, out.length) != 0 || fchmod(fd, 0444) != 0;
	if (fd >= 0 && close(fd) != 0)
		failed = 1;
	bytes_release(&out);
	return failed ? -1 : 0;
}

int pack_end(struct pack *pack)
{
	int failed = flush(pack) != 0 || complete(pack) != 0 || fchmod(pack->fd, 0444) != 0;
	if (close(pack->fd) != 0)
		failed = 1;
	pack->fd = -1;
	return failed ? -1 : write_index(pack);
}

int pack_place(struct pack *pack)
{
	static const char digits[] = "0123456789abcdef";
	char name[2 * SHA1_SIZE + 1] = "", to[PATHS + 64];
	for (size_t i = 0; i < SHA1_SIZE; i++) {
		name[2 * i] = digits[pack->sum[i] >> 4];
		name[2 * i + 1] = digits[pack->sum[i] & 15];
	}
	snprintf(to, sizeof(to), "%s/pack-%s.pack", pack->folder, name);
	if (rename(pack->path, to) != 0)
		return -1;
	pack->path[0] = '\0';
	snprintf(to, sizeof(to), "%s/pack-%s.idx", pack->folder, name);
	if (rename(pack->index_path, to) != 0)
		return -1;
	pack->index_path[0] = '\0';
	return 0;
}

void pack_free(struct pack *pack)
{
	if (!pack)
		return;
	if (pack->fd >= 0)
		close(pack->fd);
	if (pack->path[0])
		unlink(pack->path);
	if (pack->index_path[0])
		unlink(pack->index_path);
	bytes_release(&pack->gathered);
	free(pack->members);
	free(pack);
}
