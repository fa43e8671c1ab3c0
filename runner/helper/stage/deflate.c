/* The one place for zlib, which takes files piece by piece, and for libdeflate, which makes the
 * same streams of what is whole in memory, in a third of the time. */
#include <errno.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "runner/helper/stage/deposit.h"
#include "runner/helper/stage/sha1.h"

#define PIECE       65536U
#define GATHER      (1U << 20) /* written at once */
#define USUAL_LEVEL 6          /* what zlib takes -1 for */

static size_t loose_header(const struct deposit_object *object, char header[40])
{
	static const char *const names[] = {"", "commit", "tree", "blob"};
	return (size_t)snprintf(header, 40, "%s %llu", names[object->type],
				(unsigned long long)object->size) +
	       1;
}

/* Kind and size: four bits of the size in the first byte, seven in each after it. */
static size_t packed_header(const struct deposit_object *object, unsigned char *header)
{
	uint64_t size = object->size;
	size_t length = 0;
	unsigned char byte = (unsigned char)(object->type << 4 | (size & 15));
	for (size >>= 4; size; size >>= 7) {
		header[length++] = byte | 0x80;
		byte = size & 0x7f;
	}
	header[length++] = byte;
	return length;
}

/* Takes `length` bytes into the stream, which appends what comes out. */
static int take(z_stream *stream, const void *bytes, size_t length, int flush, struct bytes *out)
{
	stream->next_in = (unsigned char *)(uintptr_t)bytes;
	stream->avail_in = (uInt)length;
	do {
		stream->next_out = bytes_room(out, PIECE);
		if (!stream->next_out)
			return -1;
		stream->avail_out = PIECE;
		if (deflate(stream, flush) == Z_STREAM_ERROR)
			return -1;
		out->length += PIECE - stream->avail_out;
	} while (stream->avail_out == 0);
	stream->next_in = NULL;
	return 0;
}

/* One of libdeflate's, under a name that says nothing of it. */
struct deflater {
	struct libdeflate_compressor *compressor;
};

struct deflater *deflater_new(int level)
{
	struct deflater *deflater = malloc(sizeof(*deflater));
	if (!deflater)
		return NULL;
	deflater->compressor = libdeflate_alloc_compressor(level < 0 ? USUAL_LEVEL : level);
	if (deflater->compressor)
		return deflater;
	free(deflater);
	return NULL;
}

void deflater_free(struct deflater *deflater)
{
	if (deflater)
		libdeflate_free_compressor(deflater->compressor);
	free(deflater);
}

static int deflate_whole(struct deflater *deflater, const void *bytes, size_t length,
			 struct bytes *out)
{
	const size_t most = libdeflate_zlib_compress_bound(deflater->compressor, length);
	void *to = bytes_room(out, most);
	const size_t made =
		to ? libdeflate_zlib_compress(deflater->compressor, bytes, length, to, most) : 0;
	out->length += made;
	bytes_fit(out); /* hundreds are made before the first one is written */
	return made && !out->broken ? 0 : -1;
}

/* Header and content are one stream. */
static int deflate_loose(struct deflater *deflater, const struct deposit_object *object,
			 struct bytes *out)
{
	char header[40];
	struct bytes whole = {.at = NULL};
	const size_t length = loose_header(object, header);
	if (!bytes_room(&whole, length + object->size))
		return -1;
	bytes_add(&whole, header, length);
	bytes_add(&whole, object->bytes, object->size);
	const int failed = deflate_whole(deflater, whole.at, whole.length, out);
	bytes_release(&whole);
	return failed;
}

int deposit_deflate(struct deflater *deflater, const struct deposit_object *object, bool packed,
		    struct bytes *out)
{
	unsigned char header[16];
	if (!packed)
		return deflate_loose(deflater, object, out);
	bytes_add(out, header, packed_header(object, header));
	return deflate_whole(deflater, object->bytes, object->size, out);
}

static int write_out(int fd, struct bytes *out)
{
	for (size_t done = 0; done < out->length;) {
		const ssize_t n = write(fd, out->at + done, out->length - done);
		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	out->length = 0;
	return 0;
}

/* The content, piece by piece. 1 where the file ends too early. */
static int pass_content(z_stream *stream, const struct deposit_object *object, int to,
			struct sha1 *sum, struct bytes *out)
{
	static _Thread_local unsigned char piece[PIECE];
	for (uint64_t done = 0; done < object->size;) {
		const uint64_t left = object->size - done;
		const ssize_t n =
			pread(object->fd, piece, left < PIECE ? (size_t)left : PIECE, (off_t)done);
		if (n <= 0)
			return n < 0 ? -1 : 1;
		sha1_add(sum, piece, (size_t)n);
		done += (uint64_t)n;
		if (take(stream, piece, (size_t)n, Z_NO_FLUSH, out) != 0)
			return -1;
		if (out->length >= GATHER && write_out(to, out) != 0)
			return -1;
	}
	return 0;
}

int deposit_pass(const struct deposit_object *object, int to, int level)
{
	char header[40];
	const size_t length = loose_header(object, header);
	z_stream stream = {.zalloc = NULL};
	struct bytes out = {.at = NULL};
	struct sha1 sum;
	unsigned char id[SHA1_SIZE];
	if (deflateInit(&stream, level) != Z_OK) {
		errno = ENOMEM;
		return -1;
	}
	sha1_init(&sum);
	sha1_add(&sum, header, length);
	int failed = take(&stream, header, length, Z_NO_FLUSH, &out);
	if (!failed)
		failed = pass_content(&stream, object, to, &sum, &out);
	if (!failed && (take(&stream, "", 0, Z_FINISH, &out) != 0 || write_out(to, &out) != 0))
		failed = -1;
	const int error = out.broken ? ENOMEM : errno;
	deflateEnd(&stream);
	bytes_release(&out);
	sha1_end(&sum, id);
	errno = error;
	return failed ? failed : memcmp(id, object->id, sizeof(id)) != 0;
}

uint32_t deposit_crc(const void *bytes, size_t length)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, length);
}
