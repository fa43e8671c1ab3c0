/* Which objects the packs have: what git put there, as it comes and goes; what can't be read is
 * left to others. */
#include <git2.h>

#include "runner/helper/stage/packs.h"
#include "tests/unit/git_helpers.h"

static struct packs *packs;

static void setup(void)
{
	make_world();
	sh("git init -q work; git config --global core.fsync none");
	packs = packs_new("work/.git/objects");
	ck_assert_ptr_nonnull(packs);
}

static void teardown(void)
{
	packs_free(packs);
	packs_free(NULL);
}

/* A pack of the blobs of the numbers from a to b. */
static void make_pack(int a, int b)
{
	sh("cd work; mkdir -p n; for i in $(seq %d %d); do echo $i >n/$i; done;"
	   "seq -f n/%%g %d %d | git hash-object -w --stdin-paths |"
	   "git pack-objects -q .git/objects/pack/pack >/dev/null; git prune-packed",
	   a, b, a, b);
}

static bool has_number(int i)
{
	char text[32];
	git_oid id;
	const int length = snprintf(text, sizeof(text), "%d\n", i);
	ck_assert_int_eq(git_odb_hash(&id, text, (size_t)length, GIT_OBJECT_BLOB), 0);
	return packs_have(packs, id.id);
}

START_TEST(test_each_object_of_each_pack)
{
	ck_assert(packs_look(packs));
	ck_assert(!has_number(1));
	make_pack(1, 700);
	make_pack(701, 710);
	sh("echo 711 | git -C work hash-object -w --stdin");
	ck_assert(packs_look(packs));
	for (int i = 1; i <= 710; i++)
		ck_assert_int_eq(has_number(i), true);
	packs_rest(packs); /* it says the same afterwards */
	ck_assert(has_number(1) && has_number(710));
	for (int i = 711; i < 760; i++) /* the first one is a loose file */
		ck_assert(!has_number(i));
	unsigned char id[20] = {0};
	ck_assert(!packs_have(packs, id));
	memset(id, 0xff, sizeof(id));
	ck_assert(!packs_have(packs, id));
}
END_TEST

START_TEST(test_packs_come_and_go)
{
	make_pack(1, 3);
	ck_assert(packs_look(packs));
	make_pack(4, 6);
	ck_assert(!has_number(4)); /* as of the last look */
	ck_assert(packs_look(packs));
	ck_assert(has_number(1) && has_number(4));
	ck_assert(packs_look(packs));
	ck_assert(has_number(1) && has_number(4));
	sh("rm -f work/.git/objects/pack/*");
	ck_assert(packs_look(packs));
	ck_assert(!has_number(1) && !has_number(4));
	make_pack(1, 2);
	sh("rm -f work/.git/objects/pack/*.pack"); /* as when it is taken away just now */
	ck_assert(packs_look(packs));
	ck_assert(!has_number(1));
}
END_TEST

START_TEST(test_many_ids_that_begin_alike)
{
	make_pack(1, 1200);
	sh("cd work; git multi-pack-index write 2>/dev/null");
	ck_assert(packs_look(packs));
	for (int i = 1150; i < 1250; i++)
		ck_assert_int_eq(has_number(i), i <= 1200);
}
END_TEST

/* What is done to the index of a pack. */
static const char *const harms[] = {
	": >$x",
	"echo nothing >$x",
	"head -c 1071 $x >y; cp y $x",
	"head -c 1100 $x >y; cp y $x",
	"p=${x%idx}pack; rm -f $x; git -C work index-pack --index-version=1 ../$p >/dev/null",
	"printf '\\377\\377\\377\\377' | dd of=$x bs=1 seek=8 conv=notrunc 2>/dev/null",
	"printf '\\177\\377\\377\\377' | dd of=$x bs=1 seek=1028 conv=notrunc 2>/dev/null",
	"rm $x; mkdir $x",
	"mv $x y; ln -s $PWD/y $x",
};

START_TEST(test_what_can_not_be_read_is_left_to_others)
{
	make_pack(1, 20);
	sh("touch work/.git/objects/pack/x.pack; x=$(ls -t work/.git/objects/pack/*.idx | head -1);"
	   "mv $x work/.git/objects/pack/x.idx; cp ${x%%idx}pack work/.git/objects/pack/x.pack;"
	   "x=work/.git/objects/pack/x.idx; chmod u+w $x; %s",
	   harms[_i]);
	ck_assert(!packs_look(packs));
	ck_assert(!packs_look(packs)); /* and that is not forgotten */
	sh("rm -rf work/.git/objects/pack/x.*");
	ck_assert(packs_look(packs));
}
END_TEST

START_TEST(test_other_repositories_objects)
{
	make_pack(1, 3);
	sh("git clone -q --shared work other 2>&1");
	packs_free(packs);
	packs = packs_new("other/.git/objects");
	ck_assert(!packs_look(packs));
	packs_free(packs);
	packs = packs_new("nowhere");
	ck_assert(!packs_look(packs));
}
END_TEST

int main(void)
{
	git_libgit2_init();
	Suite *suite = suite_create("packs");
	TCase *tcase = tcase_create("packs");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_each_object_of_each_pack);
	tcase_add_test(tcase, test_packs_come_and_go);
	tcase_add_test(tcase, test_many_ids_that_begin_alike);
	tcase_add_loop_test(tcase, test_what_can_not_be_read_is_left_to_others, 0,
			    sizeof(harms) / sizeof(harms[0]));
	tcase_add_test(tcase, test_other_repositories_objects);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
