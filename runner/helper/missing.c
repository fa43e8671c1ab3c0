#include "runner/helper/missing.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "runner/helper/stage/deposit.h"
#include "runner/helper/stage/sha1.h"

#define PARENTS 16  /* of a merge that are looked at; what only others have is sent */
#define DEPTH   256 /* folders in folders */
#define LEVEL   1   /* zlib's: the bytes go through a pipe, and are unpacked behind it */

struct search {
	git_repository *repository;
	git_odb *objects;
	git_oid found[MISSING_MOST];
	size_t count;
	uint64_t bytes;
	enum missing state;
};

/* False where it was found before, or the search is over. */
static bool find(struct search *search, const git_oid *id)
{
	size_t length;
	git_object_t type;
	for (size_t i = 0; i < search->count; i++)
		if (git_oid_equal(&search->found[i], id))
			return false;
	if (search->state != MISSING_PACKED)
		return false;
	if (git_odb_read_header(&length, &type, search->objects, id) != 0)
		search->state = MISSING_FAILED;
	else if (search->count + 1 == MISSING_MOST || (search->bytes += length) > MISSING_BYTES)
		search->state = MISSING_MUCH;
	else
		git_oid_cpy(&search->found[search->count++], id);
	return search->state == MISSING_PACKED;
}

/* What is there in the same place: the trees of all parents. */
struct known {
	git_tree *trees[PARENTS];
	size_t count;
};

static void known_add(struct search *search, struct known *known, const git_oid *id)
{
	if (known->count == PARENTS)
		return;
	if (git_tree_lookup(&known->trees[known->count], search->repository, id) == 0)
		known->count++;
	else
		search->state = MISSING_FAILED;
}

static void known_release(struct known *known)
{
	while (known->count)
		git_tree_free(known->trees[--known->count]);
}

/* By the same name, or by another one in the same folder. */
static bool known_has(const struct known *known, const git_tree_entry *entry)
{
	const char *name = git_tree_entry_name(entry);
	const git_oid *id = git_tree_entry_id(entry);
	for (size_t i = 0; i < known->count; i++) {
		const git_tree_entry *same = git_tree_entry_byname(known->trees[i], name);
		if (same && git_oid_equal(git_tree_entry_id(same), id))
			return true;
	}
	for (size_t i = 0; i < known->count; i++)
		if (git_tree_entry_byid(known->trees[i], id))
			return true;
	return false;
}

static void find_tree(struct search *search, const git_oid *id, struct known *known, int depth);

/* The folder of that name in each. */
static void find_below(struct search *search, const git_tree_entry *entry,
		       const struct known *known, int depth)
{
	struct known below = {.count = 0};
	for (size_t i = 0; i < known->count; i++) {
		const git_tree_entry *same =
			git_tree_entry_byname(known->trees[i], git_tree_entry_name(entry));
		if (same && git_tree_entry_type(same) == GIT_OBJECT_TREE)
			known_add(search, &below, git_tree_entry_id(same));
	}
	find_tree(search, git_tree_entry_id(entry), &below, depth);
	known_release(&below);
}

static void find_tree(struct search *search, const git_oid *id, struct known *known, int depth)
{
	git_tree *tree = NULL;
	if (!find(search, id))
		return;
	if (depth > DEPTH || git_tree_lookup(&tree, search->repository, id) != 0)
		search->state = MISSING_FAILED;
	const size_t count = tree ? git_tree_entrycount(tree) : 0;
	for (size_t i = 0; i < count && search->state == MISSING_PACKED; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		if (known_has(known, entry))
			continue;
		/* A submodule's commit is in its own repository. */
		if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB)
			find(search, git_tree_entry_id(entry));
		else if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
			find_below(search, entry, known, depth + 1);
	}
	git_tree_free(tree);
}

static bool is_tree_of(const struct known *known, const git_oid *id)
{
	for (size_t i = 0; i < known->count; i++)
		if (git_oid_equal(git_tree_id(known->trees[i]), id))
			return true;
	return false;
}

static void find_commit(struct search *search, const git_oid *id)
{
	struct known known = {.count = 0};
	git_commit *commit = NULL, *parent = NULL;
	if (!find(search, id))
		return;
	if (git_commit_lookup(&commit, search->repository, id) != 0) {
		search->state = MISSING_FAILED;
		return;
	}
	for (unsigned i = 0; i < git_commit_parentcount(commit); i++) {
		if (git_commit_parent(&parent, commit, i) == 0)
			known_add(search, &known, git_commit_tree_id(parent));
		else
			search->state = MISSING_FAILED;
		git_commit_free(parent);
		parent = NULL;
	}
	if (search->state == MISSING_PACKED && !is_tree_of(&known, git_commit_tree_id(commit)))
		find_tree(search, git_commit_tree_id(commit), &known, 0);
	known_release(&known);
	git_commit_free(commit);
}

/* A tip that is not here, or no commit, says nothing about what need not be sent. Packs are not
 * looked through again for each. */
static void hide(git_revwalk *walk, const struct search *search, const char *tip)
{
	git_oid id;
	if (git_oid_fromstr(&id, tip) == 0 &&
	    git_odb_exists_ext(search->objects, &id, GIT_ODB_LOOKUP_NO_REFRESH))
		git_revwalk_hide(walk, &id);
	git_error_clear();
}

static void search_all(struct search *search, const git_oid *commit, char (*tips)[41], size_t count)
{
	git_revwalk *walk = NULL;
	git_oid id;
	int found = GIT_ERROR;
	if (git_revwalk_new(&walk, search->repository) == 0 &&
	    git_revwalk_push(walk, commit) == 0) {
		for (size_t i = 0; i < count; i++)
			hide(walk, search, tips[i]);
		while (search->state == MISSING_PACKED &&
		       (found = git_revwalk_next(&id, walk)) == 0)
			find_commit(search, &id);
	}
	if (search->state == MISSING_PACKED && found != GIT_ITEROVER)
		search->state = MISSING_FAILED;
	git_revwalk_free(walk);
}

/* libgit2's numbers for the types are git's own, which packs have. */
static int add_object(struct search *search, struct deflater *deflater, const git_oid *id,
		      struct bytes *pack)
{
	git_odb_object *object = NULL;
	struct bytes entry = {.at = NULL};
	if (git_odb_read(&object, search->objects, id) != 0)
		return -1;
	const struct deposit_object what = {
		.type = (enum objects_type)git_odb_object_type(object),
		.bytes = git_odb_object_data(object),
		.fd = -1,
		.size = git_odb_object_size(object),
	};
	const int failed = deposit_deflate(deflater, &what, true, &entry);
	bytes_add(pack, entry.at, entry.length);
	bytes_release(&entry);
	git_odb_object_free(object);
	return failed || pack->broken ? -1 : 0;
}

static int write_pack(struct search *search, struct bytes *pack)
{
	const size_t begin = pack->length;
	const uint32_t header[2] = {htobe32(2), htobe32((uint32_t)search->count)};
	unsigned char id[SHA1_SIZE];
	struct sha1 sum;
	int failed = 0;
	struct deflater *deflater = deflater_new(LEVEL);
	bytes_add(pack, "PACK", 4);
	bytes_add(pack, header, sizeof(header));
	for (size_t i = 0; deflater && !failed && i < search->count; i++)
		failed = add_object(search, deflater, &search->found[i], pack);
	deflater_free(deflater);
	if (failed || !deflater)
		return -1;
	sha1_init(&sum);
	sha1_add(&sum, pack->at + begin, pack->length - begin);
	sha1_end(&sum, id);
	bytes_add(pack, id, sizeof(id));
	return pack->broken ? -1 : 0;
}

enum missing missing_pack(git_repository *repository, const git_oid *commit, char (*tips)[41],
			  size_t count, struct bytes *pack)
{
	struct search search = {.repository = repository};
	if (git_repository_odb(&search.objects, repository) != 0)
		return MISSING_FAILED;
	search_all(&search, commit, tips, count);
	if (search.state == MISSING_PACKED && write_pack(&search, pack) != 0)
		search.state = MISSING_FAILED;
	git_odb_free(search.objects);
	return search.state;
}
