#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/stage/bytes.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/sha1.h"

#define PIECE (1U << 20) /* written at once */

/* Where it goes. */
struct writer {
	int fd;
	struct bytes bytes; /* not written yet */
	struct sha1 sum;
	int error; /* errno of what failed */
};

static void put32(unsigned char *at, uint32_t word)
{
	word = htobe32(word);
	memcpy(at, &word, 4);
}

static void put16(unsigned char *at, uint32_t word)
{
	at[0] = (unsigned char)(word >> 8);
	at[1] = (unsigned char)word;
}

static void write_out(struct writer *writer)
{
	size_t done = 0;
	sha1_add(&writer->sum, writer->bytes.at, writer->bytes.length);
	while (!writer->error && done < writer->bytes.length) {
		const ssize_t n =
			write(writer->fd, writer->bytes.at + done, writer->bytes.length - done);
		if (n < 0 && errno != EINTR)
			writer->error = errno;
		done += n > 0 ? (size_t)n : 0;
	}
	writer->bytes.length = 0;
}

static void write_header(struct writer *writer, uint32_t version, size_t count)
{
	unsigned char header[12] = {'D', 'I', 'R', 'C'};
	put32(header + 4, version);
	put32(header + 8, (uint32_t)count);
	bytes_add(&writer->bytes, header, sizeof(header));
}

/* The fixed part. Gives its length, 62 or 64. */
static size_t make_fixed(unsigned char *at, const struct index_entry *entry)
{
	const struct index_stat *stat = &entry->stat;
	const uint32_t words[10] = {stat->ctime_s, stat->ctime_n, stat->mtime_s, stat->mtime_n,
				    stat->dev,     stat->ino,     entry->mode,   stat->uid,
				    stat->gid,     stat->size};
	const uint32_t more = (entry->flags & INDEX_SKIP_WORKTREE ? 0x4000U : 0) |
			      (entry->flags & INDEX_INTENT_TO_ADD ? 0x2000U : 0);
	for (size_t i = 0; i < 10; i++)
		put32(at + 4 * i, words[i]);
	memcpy(at + 40, entry->id, INDEX_ID);
	put16(at + 60, (entry->flags & INDEX_ASSUME_VALID ? 0x8000U : 0) | (more ? 0x4000U : 0) |
			       (uint32_t)entry->stage << 12 |
			       (entry->length < 0xfff ? entry->length : 0xfff));
	if (!more)
		return 62;
	put16(at + 62, more);
	return 64;
}

/* The number of version 4, see index_read.c. */
static void add_number(struct bytes *bytes, size_t number)
{
	unsigned char digits[10];
	size_t at = sizeof(digits) - 1;
	digits[at] = number & 0x7f;
	while (number >>= 7)
		digits[--at] = (unsigned char)(0x80 | (--number & 0x7f));
	bytes_add(bytes, digits + at, sizeof(digits) - at);
}

static void write_entry(struct writer *writer, const struct index_entry *entry,
			const struct index_entry *before, uint32_t version)
{
	static const unsigned char nuls[8];
	struct bytes *bytes = &writer->bytes;
	unsigned char *at = bytes_room(bytes, 64);
	if (!at)
		return;
	const size_t fixed = make_fixed(at, entry);
	bytes->length += fixed;
	if (version != 4) {
		bytes_add(bytes, entry->path, entry->length);
		bytes_add(bytes, nuls, 8 - (fixed + entry->length) % 8);
		return;
	}
	size_t same = 0;
	while (before && same < before->length && same < entry->length &&
	       before->path[same] == entry->path[same])
		same++;
	add_number(bytes, before ? before->length - same : 0);
	bytes_add(bytes, entry->path + same, entry->length - same + 1);
}

static void write_extension(struct writer *writer, const char *name, const void *content,
			    size_t size)
{
	unsigned char length[4];
	put32(length, (uint32_t)size);
	bytes_add(&writer->bytes, name, 4);
	bytes_add(&writer->bytes, length, 4);
	bytes_add(&writer->bytes, content, size);
}

static void write_trees(struct writer *writer, const struct trees *trees)
{
	struct bytes content = {.at = NULL};
	if (trees_write(trees, &content) == 0)
		write_extension(writer, "TREE", content.at, content.length);
	bytes_release(&content);
}

/* The version that the entries need, from 2 up; what was 4 stays 4. */
static uint32_t version_for(const struct index *index)
{
	if (index->version == 4)
		return 4;
	for (size_t i = 0; i < index->count; i++)
		if (index->entries[i].flags & (INDEX_SKIP_WORKTREE | INDEX_INTENT_TO_ADD))
			return 3;
	return 2;
}

static void write_all(struct writer *writer, const struct index *index)
{
	const uint32_t version = version_for(index);
	write_header(writer, version, index->count);
	for (size_t i = 0; index->entries && i < index->count; i++) {
		write_entry(writer, &index->entries[i], i ? &index->entries[i - 1] : NULL, version);
		if (writer->bytes.length >= PIECE)
			write_out(writer);
	}
	write_trees(writer, index->trees);
	if (index->undo)
		write_extension(writer, "REUC", index->undo, index->undo_size);
	write_out(writer);
	unsigned char id[SHA1_SIZE];
	sha1_end(&writer->sum, id);
	bytes_add(&writer->bytes, id, SHA1_SIZE);
	write_out(writer);
}

/* By the file's own clock, should that be behind ours. Where the time can't be set it is that of
 * the writing, which is what git has. */
static void set_stamp(int fd, const struct timespec *stamp)
{
	struct stat state;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *stamp};
	if (stamp->tv_sec && fstat(fd, &state) == 0 &&
	    (state.st_mtim.tv_sec > stamp->tv_sec ||
	     (state.st_mtim.tv_sec == stamp->tv_sec && state.st_mtim.tv_nsec > stamp->tv_nsec)))
		futimens(fd, times);
}

int index_write(const struct index *index, const char *path)
{
	struct writer writer = {
		.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666),
	};
	if (writer.fd < 0)
		return -1;
	sha1_init(&writer.sum);
	if (bytes_room(&writer.bytes, PIECE + PIECE / 8))
		write_all(&writer, index);
	if (writer.bytes.broken)
		writer.error = ENOMEM;
	set_stamp(writer.fd, &index->stamp);
	if (close(writer.fd) != 0 && !writer.error)
		writer.error = errno;
	bytes_release(&writer.bytes);
	if (!writer.error)
		return 0;
	unlink(path);
	errno = writer.error;
	return -1;
}
