/* New objects as files, with git as the judge: each level, each way, sizes around those of blocks.
 */
#include <git2.h>

#include "runner/helper/stage/deposit.h"
#include "tests/unit/git_helpers.h"

#define MOST 300000

static const size_t sizes[] = {0, 1, 15, 16, 2047, 2048, 65535, 65536, MOST};

/* Half of it is easy to deflate. */
static unsigned char *make_content(size_t size)
{
	unsigned char *bytes = malloc(size + 1);
	ck_assert_ptr_nonnull(bytes);
	uint32_t number = 1;
	for (size_t i = 0; i < size; i++) {
		number = number * 1103515245 + 12345;
		bytes[i] = i % 64 < 32 ? 'a' : (unsigned char)(number >> 16);
	}
	return bytes;
}

/* Gives how long it has become. */
static size_t give(struct deposit *deposit, struct deflater *deflater, size_t size, bool packed)
{
	git_oid oid;
	struct bytes made = {.at = NULL};
	unsigned char *bytes = make_content(size);
	ck_assert_int_eq(git_odb_hash(&oid, bytes, size, GIT_OBJECT_BLOB), 0);
	struct deposit_object object = {.type = OBJECTS_BLOB, .bytes = bytes, .size = size};
	memcpy(object.id, oid.id, sizeof(object.id));
	ck_assert_int_eq(deposit_deflate(deflater, &object, packed, &made), 0);
	ck_assert_int_eq((packed ? deposit_packed : deposit_loose)(deposit, object.id, &made), 0);
	const size_t length = made.length;
	bytes_release(&made);
	free(bytes);
	return length;
}

static void make_objects(int level, bool packed)
{
	struct deflater *deflater = deflater_new(level);
	struct deposit *deposit = deposit_new("work/.git/objects");
	ck_assert(deflater && deposit);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (give(deposit, deflater, sizes[i], packed) > MOST * 2 / 3)
			ck_assert_int_eq(level, 0);
	ck_assert_int_eq(deposit_end(deposit), 0);
	ck_assert_int_eq(deposit_place(deposit), 0);
	deposit_free(deposit);
	deflater_free(deflater);
}

static void assert_readable(void)
{
	sh("cd work; git fsck --strict --no-dangling 2>&1");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *bytes = make_content(sizes[i]);
		FILE *file = fopen("content", "w");
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(fwrite(bytes, 1, sizes[i], file), sizes[i]);
		ck_assert_int_eq(fclose(file), 0);
		sh("git -C work cat-file blob $(git hash-object content) | cmp - content");
		free(bytes);
	}
}

static const int levels[] = {-1, 0, 1, 9};

START_TEST(test_every_level_is_read_by_git)
{
	for (int packed = 0; packed < 2; packed++) {
		sh("rm -rf work; git init -q work");
		make_objects(levels[_i], packed);
		assert_readable();
		ck_assert_int_eq(number(sh("ls work/.git/objects/pack | wc -l")), packed ? 2 : 0);
	}
}
END_TEST

START_TEST(test_what_is_not_placed_leaves_nothing)
{
	for (int packed = 0; packed < 2; packed++) {
		struct deflater *deflater = deflater_new(1);
		struct deposit *deposit = deposit_new("work/.git/objects");
		ck_assert(deflater && deposit);
		sh("rm -rf work; git init -q work");
		give(deposit, deflater, 1000, packed);
		if (packed)
			ck_assert_int_eq(deposit_end(deposit), 0);
		ck_assert_str_ne(sh("find work/.git/objects -type f"), "");
		deposit_free(deposit);
		ck_assert_str_eq(sh("find work/.git/objects -type f"), "");
		deflater_free(deflater);
	}
}
END_TEST

START_TEST(test_a_level_that_is_none)
{
	deflater_free(NULL);
	ck_assert_ptr_null(deflater_new(13));
}
END_TEST

int main(void)
{
	git_libgit2_init();
	Suite *suite = suite_create("deposit");
	TCase *tcase = tcase_create("deposit");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, make_world, NULL);
	tcase_add_loop_test(tcase, test_every_level_is_read_by_git, 0, 4);
	tcase_add_test(tcase, test_what_is_not_placed_leaves_nothing);
	tcase_add_test(tcase, test_a_level_that_is_none);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
