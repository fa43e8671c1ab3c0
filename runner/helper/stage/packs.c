#include "runner/helper/stage/packs.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS  4096
#define ID     20
#define HEADER 8    /* magic and version */
#define IDS    1032 /* where they begin, behind the table of how many begin with each byte or less */
#define REST   8    /* of each object, behind its id: sum and place */
#define FIXED  (IDS + 2 * ID)

/* An index, mapped. */
struct pack_index {
	struct pack_index *next;
	const unsigned char *bytes;
	size_t size;
	bool there; /* still, at this look */
	char name[];
};

struct packs {
	char folder[PATHS];
	struct pack_index *first;
	struct stat looked; /* the folder of packs, as it was at the last look */
	bool known;         /* that look went well */
};

struct packs *packs_new(const char *folder)
{
	struct packs *packs = calloc(1, sizeof(*packs));
	if (packs)
		snprintf(packs->folder, sizeof(packs->folder), "%s", folder);
	return packs;
}

static void drop(struct pack_index **place)
{
	struct pack_index *index = *place;
	*place = index->next;
	munmap((void *)(uintptr_t)index->bytes, index->size);
	free(index);
}

void packs_free(struct packs *packs)
{
	while (packs && packs->first)
		drop(&packs->first);
	free(packs);
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t word;
	memcpy(&word, at, 4);
	return be32toh(word);
}

static uint32_t below(const struct pack_index *index, unsigned byte)
{
	return get32(index->bytes + HEADER + 4 * (size_t)byte);
}

/* Whether its tables lead nowhere outside of it. */
static bool is_whole(const struct pack_index *index)
{
	if (memcmp(index->bytes, "\377tOc\0\0\0\2", HEADER) != 0)
		return false;
	for (unsigned byte = 1; byte < 256; byte++)
		if (below(index, byte - 1) > below(index, byte))
			return false;
	return (index->size - FIXED) / (ID + REST) >= below(index, 255);
}

/* Maps what is open; false where it is no index. */
static bool map(struct pack_index *index, int fd)
{
	struct stat state;
	if (fstat(fd, &state) != 0 || !S_ISREG(state.st_mode) || state.st_size < FIXED)
		return false;
	index->size = (size_t)state.st_size;
	void *bytes = mmap(NULL, index->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	index->bytes = bytes;
	if (is_whole(index))
		return true;
	munmap(bytes, index->size);
	return false;
}

static bool add(struct packs *packs, int folder, const char *name)
{
	const size_t length = strlen(name) + 1;
	struct pack_index *index = calloc(1, sizeof(*index) + length);
	const int fd = index ? openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	const bool mapped = fd >= 0 && map(index, fd);
	if (fd >= 0)
		close(fd);
	if (!mapped) {
		free(index);
		return false;
	}
	memcpy(index->name, name, length);
	index->there = true;
	index->next = packs->first;
	packs->first = index;
	return true;
}

/* An index whose pack is gone tells of nothing; that happens while packs are taken away. */
static bool has_pack(int folder, const char *name, size_t length)
{
	char pack[512];
	snprintf(pack, sizeof(pack), "%.*s.pack", (int)(length - 4), name);
	return faccessat(folder, pack, F_OK, 0) == 0;
}

/* A name in the folder: false where it is an index that can't be read. */
static bool take_notice(struct packs *packs, int folder, const char *name)
{
	const size_t length = strlen(name);
	if (length < 4 || length > 255 || name[0] == '.' ||
	    strcmp(name + length - 4, ".idx") != 0 || !has_pack(folder, name, length))
		return true;
	for (struct pack_index *index = packs->first; index; index = index->next)
		if (strcmp(index->name, name) == 0)
			return index->there = true;
	return add(packs, folder, name);
}

static void forget_gone(struct packs *packs)
{
	for (struct pack_index **place = &packs->first; *place;) {
		if ((*place)->there)
			place = &(*place)->next;
		else
			drop(place);
	}
}

/* Reads the folder, which is closed. */
static bool read_folder(struct packs *packs, DIR *folder)
{
	const struct dirent *entry;
	bool known = true;
	for (struct pack_index *index = packs->first; index; index = index->next)
		index->there = false;
	errno = 0;
	while (known && (entry = readdir(folder))) {
		known = take_notice(packs, dirfd(folder), entry->d_name);
		errno = 0;
	}
	known = known && errno == 0;
	closedir(folder);
	forget_gone(packs);
	return known;
}

static bool is_as_looked(const struct packs *packs, const struct stat *now)
{
	const struct stat *then = &packs->looked;
	return packs->known && now->st_dev == then->st_dev && now->st_ino == then->st_ino &&
	       now->st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now->st_mtim.tv_nsec == then->st_mtim.tv_nsec &&
	       now->st_ctim.tv_sec == then->st_ctim.tv_sec &&
	       now->st_ctim.tv_nsec == then->st_ctim.tv_nsec;
}

static bool has_alternates(const struct packs *packs)
{
	char path[PATHS + 32];
	snprintf(path, sizeof(path), "%s/info/alternates", packs->folder);
	return access(path, F_OK) == 0 || errno != ENOENT;
}

bool packs_look(struct packs *packs)
{
	char path[PATHS + 16];
	struct stat state;
	if (has_alternates(packs))
		return false;
	snprintf(path, sizeof(path), "%s/pack", packs->folder);
	if (stat(path, &state) == 0 && is_as_looked(packs, &state))
		return true;
	packs->looked = state;
	DIR *folder = opendir(path);
	packs->known = folder && read_folder(packs, folder);
	return packs->known;
}

static bool has(const struct pack_index *index, const unsigned char *id)
{
	const unsigned char *ids = index->bytes + IDS;
	size_t from = id[0] ? below(index, id[0] - 1U) : 0, to = below(index, id[0]);
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		const int order = memcmp(ids + middle * ID, id, ID);
		if (order == 0)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

bool packs_have(const struct packs *packs, const unsigned char id[20])
{
	for (const struct pack_index *index = packs->first; index; index = index->next)
		if (has(index, id))
			return true;
	return false;
}

void packs_rest(const struct packs *packs)
{
	for (const struct pack_index *index = packs->first; index; index = index->next)
		madvise((void *)(uintptr_t)index->bytes, index->size, MADV_DONTNEED);
}
