#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/helper/stage/crew.h"
#include "runner/helper/stage/index.h"
#include "runner/helper/stage/sha1.h"

#define HEADER 12
#define BESIDE 131072 /* bytes of a file, for its sum to be worth a thread */
#define FIXED  62     /* bytes of an entry before its path, or before its second flags */

#define FLAG_VALID    0x8000U
#define FLAG_EXTENDED 0x4000U
#define FLAG_STAGE    0x3000U
#define FLAG_LENGTH   0x0fffU
#define MORE_SKIP     0x4000U
#define MORE_INTENT   0x2000U

/* Where the reader is. */
struct reader {
	struct index *index;
	const unsigned char *at, *end; /* the sum at the file's end is behind it */
	size_t names;                  /* bytes used of index->names */
	const char *why;
	bool damaged;
	bool sound; /* its sum is right */
	int failed;
};

static uint32_t get32(const unsigned char *at)
{
	uint32_t word;
	memcpy(&word, at, 4);
	return be32toh(word);
}

static uint32_t get16(const unsigned char *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static int foreign(struct reader *reader, const char *why)
{
	reader->why = why;
	return -1;
}

/* The whole file, and its age. -1 and errno. */
static int load(struct index *index, const char *path)
{
	struct stat state;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int failed = fstat(fd, &state);
	if (!failed) {
		index->stamp = state.st_mtim;
		index->bytes = calloc((size_t)state.st_size + 1, 1);
		failed = !index->bytes;
	}
	for (ssize_t got = 1; !failed && got && index->size < (size_t)state.st_size;) {
		got = read(fd, index->bytes + index->size, (size_t)state.st_size - index->size);
		failed = got < 0;
		index->size += failed ? 0 : (size_t)got;
	}
	const int error = errno;
	close(fd);
	errno = error;
	return failed ? -1 : 0;
}

/* Whether the file's sum is right: git may be told to leave the sum out (index.skipHash), and
 * it is zero then. */
static bool has_sum(const struct index *index)
{
	static const unsigned char none[SHA1_SIZE];
	unsigned char id[SHA1_SIZE];
	struct sha1 sum;
	const unsigned char *found = index->bytes + index->size - SHA1_SIZE;
	if (memcmp(found, none, SHA1_SIZE) == 0)
		return true;
	sha1_init(&sum);
	sha1_add(&sum, index->bytes, index->size - SHA1_SIZE);
	sha1_end(&sum, id);
	return memcmp(found, id, SHA1_SIZE) == 0;
}

static void read_state(struct index_entry *entry, const unsigned char *at)
{
	entry->stat = (struct index_stat){
		.ctime_s = get32(at),
		.ctime_n = get32(at + 4),
		.mtime_s = get32(at + 8),
		.mtime_n = get32(at + 12),
		.dev = get32(at + 16),
		.ino = get32(at + 20),
		.uid = get32(at + 28),
		.gid = get32(at + 32),
		.size = get32(at + 36),
	};
	entry->mode = get32(at + 24);
	memcpy(entry->id, at + 40, INDEX_ID);
}

/* A number as in version 4: seven bits a byte, each further one counting from the next value on. */
static int read_number(struct reader *reader, size_t *number)
{
	size_t value = 0;
	for (unsigned char byte = 0x80; byte & 0x80;) {
		if (reader->at == reader->end || value > SIZE_MAX >> 8)
			return -1;
		byte = *reader->at++;
		value = (value << 7) + (byte & 0x7fU);
		if (byte & 0x80)
			value++;
	}
	*number = value;
	return 0;
}

/* Of version 4: so much of the name before goes, and this comes. */
static int read_cut_name(struct reader *reader, struct index_entry *entry,
			 const struct index_entry *before)
{
	size_t goes;
	const size_t had = before ? before->length : 0;
	if (read_number(reader, &goes) != 0 || goes > had)
		return foreign(reader, "a name that is cut wrongly");
	const unsigned char *nul = memchr(reader->at, 0, (size_t)(reader->end - reader->at));
	if (!nul)
		return foreign(reader, "a name without an end");
	const size_t stays = had - goes, comes = (size_t)(nul - reader->at);
	char *name = reader->index->names + reader->names;
	if (before)
		memcpy(name, before->path, stays);
	memcpy(name + stays, reader->at, comes + 1);
	entry->path = name;
	entry->length = (uint32_t)(stays + comes);
	reader->names += stays + comes + 1;
	reader->at = nul + 1;
	return 0;
}

/* Of versions 2 and 3: the entry is filled up with 1 to 8 NULs to a multiple of eight bytes. */
static int read_whole_name(struct reader *reader, struct index_entry *entry,
			   const unsigned char *begin)
{
	const unsigned char *nul = memchr(reader->at, 0, (size_t)(reader->end - reader->at));
	if (!nul)
		return foreign(reader, "a name without an end");
	entry->path = (const char *)reader->at;
	entry->length = (uint32_t)(nul - reader->at);
	const size_t whole = ((size_t)(nul - begin) + 8) & ~(size_t)7;
	if ((size_t)(reader->end - begin) < whole)
		return foreign(reader, "an entry that is cut short");
	reader->at = begin + whole;
	return 0;
}

static bool is_mode(uint32_t mode)
{
	return mode == INDEX_FILE || mode == INDEX_EXECUTABLE || mode == INDEX_LINK ||
	       mode == INDEX_GITLINK;
}

static int read_flags(struct reader *reader, struct index_entry *entry, uint32_t flags)
{
	uint32_t more = 0;
	if (flags & FLAG_EXTENDED) {
		if (reader->index->version < 3 || reader->end - reader->at < 2)
			return foreign(reader, "flags of a later version");
		more = get16(reader->at);
		reader->at += 2;
		if (more & ~(MORE_SKIP | MORE_INTENT))
			return foreign(reader, "unknown flags");
	}
	entry->stage = (uint8_t)((flags & FLAG_STAGE) >> 12);
	entry->flags = (uint8_t)((flags & FLAG_VALID ? INDEX_ASSUME_VALID : 0) |
				 (more & MORE_SKIP ? INDEX_SKIP_WORKTREE : 0) |
				 (more & MORE_INTENT ? INDEX_INTENT_TO_ADD : 0));
	return 0;
}

static bool is_in_order(const struct index_entry *a, const struct index_entry *b)
{
	const size_t least = a->length < b->length ? a->length : b->length;
	const int order = memcmp(a->path, b->path, least);
	if (order)
		return order < 0;
	return a->length < b->length || (a->length == b->length && a->stage < b->stage);
}

static int read_entry(struct reader *reader, size_t i)
{
	struct index *index = reader->index;
	struct index_entry *entry = &index->entries[i];
	const struct index_entry *before = i ? entry - 1 : NULL;
	const unsigned char *begin = reader->at;
	if (reader->end - begin < FIXED)
		return foreign(reader, "an entry that is cut short");
	read_state(entry, begin);
	reader->at += FIXED;
	if (read_flags(reader, entry, get16(begin + 60)) != 0 ||
	    (index->version == 4 ? read_cut_name(reader, entry, before)
				 : read_whole_name(reader, entry, begin)) != 0)
		return -1;
	if (!is_mode(entry->mode))
		return foreign(reader, "an entry of another kind"); /* a sparse index has folders */
	if (entry->length == 0 || (before && !is_in_order(before, entry)))
		return foreign(reader, "entries out of order");
	index->conflicts |= entry->stage != 0;
	index->gitlinks |= entry->mode == INDEX_GITLINK;
	index->kept |= (entry->flags & INDEX_KEPT) != 0;
	return 0;
}

/* How much the names of version 4 take once they are whole: an entry's own name is never longer
 * than what stands in the file for it and all before it, so this walks them. */
static size_t measure_names(struct reader *reader, size_t count)
{
	const unsigned char *const begin = reader->at;
	size_t had = 0, sum = 0;
	for (size_t i = 0; i < count; i++) {
		size_t goes;
		if (reader->end - reader->at < FIXED + 2)
			break;
		reader->at += FIXED + (get16(reader->at + 60) & FLAG_EXTENDED ? 2 : 0);
		if (read_number(reader, &goes) != 0 || goes > had)
			break;
		const size_t left = (size_t)(reader->end - reader->at);
		const size_t comes = strnlen((const char *)reader->at, left);
		had += comes - goes;
		sum += had + 1;
		reader->at += comes < left ? comes + 1 : comes;
	}
	reader->at = begin;
	return sum + 1;
}

static int read_entries(struct reader *reader, size_t count)
{
	struct index *index = reader->index;
	if (count > (size_t)(reader->end - reader->at) / FIXED)
		return foreign(reader, "more entries than fit");
	index->entries = calloc(count + 1, sizeof(*index->entries));
	index->names = index->version == 4 ? malloc(measure_names(reader, count)) : NULL;
	if (!index->entries || (index->version == 4 && !index->names))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (read_entry(reader, i) != 0)
			return -1;
	index->count = count;
	return 0;
}

/* An extension whose name does not begin with a capital must be understood. */
static int read_extension(struct reader *reader, const unsigned char *bytes, size_t size)
{
	struct index *index = reader->index;
	if (memcmp(reader->at, "TREE", 4) == 0) {
		trees_free(index->trees);
		index->trees = trees_read(bytes, size);
		return index->trees ? 0 : foreign(reader, "trees that can't be read");
	}
	if (memcmp(reader->at, "REUC", 4) == 0) {
		index->undo = bytes;
		index->undo_size = size;
	} else if (memcmp(reader->at, "UNTR", 4) == 0) {
		index->untracked_cache = true;
	} else if (reader->at[0] < 'A' || reader->at[0] > 'Z') {
		return foreign(reader, "an extension that is not known here");
	}
	return 0;
}

static int read_extensions(struct reader *reader)
{
	while (reader->end - reader->at >= 8) {
		const size_t size = get32(reader->at + 4);
		if (size > (size_t)(reader->end - reader->at) - 8)
			return foreign(reader, "an extension that is cut short");
		if (read_extension(reader, reader->at + 8, size) != 0)
			return -1;
		reader->at += 8 + size;
	}
	return reader->at == reader->end ? 0 : foreign(reader, "bytes that belong to nothing");
}

static int read_parts(struct reader *reader)
{
	struct index *index = reader->index;
	index->version = get32(index->bytes + 4);
	if (index->version < 2 || index->version > 4)
		return foreign(reader, "another version");
	reader->at = index->bytes + HEADER;
	reader->end = index->bytes + index->size - SHA1_SIZE;
	if (read_entries(reader, get32(index->bytes + 8)) != 0)
		return -1;
	return read_extensions(reader);
}

static void check_sum(void *context)
{
	struct reader *reader = context;
	reader->sound = has_sum(reader->index);
}

static void take_in(void *context)
{
	struct reader *reader = context;
	reader->failed = read_parts(reader);
}

/* A large file's sum is made while it is read, which any bytes can be: they are all doubted. */
static int read_all(struct reader *reader)
{
	const struct index *index = reader->index;
	const bool is_index =
		index->size >= HEADER + SHA1_SIZE && memcmp(index->bytes, "DIRC", 4) == 0;
	if (is_index && index->size < BESIDE) {
		check_sum(reader);
		if (reader->sound)
			take_in(reader);
	} else if (is_index) {
		crew_both(check_sum, take_in, reader);
	}
	reader->damaged = !reader->sound;
	return reader->damaged ? foreign(reader, "damage") : reader->failed;
}

enum index_outcome index_read(struct index *index, const char *path, const char **why)
{
	struct reader reader = {.index = index};
	*index = (struct index){.version = 2};
	int failed = load(index, path);
	if (failed && errno == ENOENT) {
		index->missing = true;
		failed = 0;
	} else if (!failed) {
		failed = read_all(&reader);
	}
	if (!failed && !index->trees)
		index->trees = trees_new();
	if (!failed && !index->trees)
		failed = -1;
	*why = reader.why;
	if (!failed)
		return INDEX_OK;
	return reader.damaged ? INDEX_DAMAGED : reader.why ? INDEX_FOREIGN : INDEX_FAILED;
}

void index_release(struct index *index)
{
	trees_free(index->trees);
	free(index->entries);
	free(index->added);
	free(index->names);
	free(index->bytes);
	*index = (struct index){.version = 2};
}

void index_stat_of(struct index_stat *out, const struct stat *state)
{
	*out = (struct index_stat){
		.ctime_s = (uint32_t)state->st_ctim.tv_sec,
		.ctime_n = (uint32_t)state->st_ctim.tv_nsec,
		.mtime_s = (uint32_t)state->st_mtim.tv_sec,
		.mtime_n = (uint32_t)state->st_mtim.tv_nsec,
		.dev = (uint32_t)state->st_dev,
		.ino = (uint32_t)state->st_ino,
		.uid = state->st_uid,
		.gid = state->st_gid,
		.size = (uint32_t)state->st_size,
	};
}

uint32_t index_mode_of(const struct stat *state)
{
	if (S_ISLNK(state->st_mode))
		return INDEX_LINK;
	return state->st_mode & 0100U ? INDEX_EXECUTABLE : INDEX_FILE;
}

size_t index_end_of(const struct index *index, size_t from, size_t to, const char *prefix,
		    size_t length)
{
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		const struct index_entry *entry = &index->entries[middle];
		if (entry->length >= length && memcmp(entry->path, prefix, length) == 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct index_entry *index_find(const struct index *index, size_t from, size_t to,
				     const char *path, size_t length)
{
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		const struct index_entry *entry = &index->entries[middle];
		const size_t least = entry->length < length ? entry->length : length;
		int order = memcmp(entry->path, path, least);
		if (order == 0)
			order = (entry->length > length) - (entry->length < length);
		if (order == 0 && entry->stage == 0)
			return entry;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}
