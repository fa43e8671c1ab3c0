/* The pack of what another repository lacks, with git as the judge. */
#include <git2.h>

#include "runner/helper/missing.h"
#include "tests/unit/git_helpers.h"

static git_repository *repository;
static struct bytes pack;

static void open_repository(void)
{
	ck_assert_int_ge(git_libgit2_init(), 1);
	ck_assert_int_eq(git_repository_open(&repository, "work"), 0);
}

static void close_repository(void)
{
	bytes_release(&pack);
	git_repository_free(repository);
	repository = NULL;
	git_libgit2_shutdown();
}

/* Packs HEAD for one that has `have` (revisions; "" nothing). */
static enum missing make_pack(const char *have)
{
	static char tips[16][41];
	git_oid commit;
	size_t count = 0;
	const char *list = *have ? sh("git -C work rev-parse %s", have) : "";
	while (*list && count < 16) {
		snprintf(tips[count++], sizeof(tips[0]), "%.40s", list);
		list += 40 + (list[40] == '\n');
	}
	ck_assert_int_eq(git_oid_fromstr(&commit, sh("git -C work rev-parse HEAD")), 0);
	bytes_release(&pack);
	return missing_pack(repository, &commit, tips, count, &pack);
}

static void write_pack(const char *path)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(pack.at, 1, pack.length, file), pack.length);
	ck_assert_int_eq(fclose(file), 0);
}

/* git takes it, and finds in it what it would send itself. */
static void assert_same_as_git(const char *have)
{
	ck_assert_int_eq(make_pack(have), MISSING_PACKED);
	write_pack("the.pack");
	sh("git -C work index-pack --strict ../the.pack >/dev/null; git show-index <the.idx | cut "
	   "-d' ' -f2 | "
	   "sort >ours;"
	   "git -C work rev-list --objects HEAD --not %s | cut -c1-40 | sort >theirs; diff theirs "
	   "ours; rm the.idx",
	   have);
}

START_TEST(test_one_commit)
{
	make_repository();
	open_repository();
	sh("cd work; mkdir -p a/b/c d; echo x >a/b/c/x; echo y >d/y; ln -s x a/link; git add -A;"
	   "git commit -qm second");
	assert_same_as_git("HEAD~1");
	sh("cd work; echo z >a/b/c/x; rm -r d; git add -A; git commit -qm third");
	assert_same_as_git("HEAD~1");
	assert_same_as_git("HEAD~2");
	assert_same_as_git("");
	assert_same_as_git("HEAD");
	ck_assert_uint_eq(pack.length, 32); /* nothing: a header and its sum */
	close_repository();
}
END_TEST

/* git takes it, and it has all that git would send itself, if more. */
static void assert_enough(const char *have)
{
	ck_assert_int_eq(make_pack(have), MISSING_PACKED);
	write_pack("the.pack");
	sh("git -C work index-pack --strict ../the.pack >/dev/null; git show-index <the.idx | cut "
	   "-d' ' -f2 | sort >ours;"
	   "git -C work rev-list --objects HEAD --not %s | cut -c1-40 | sort >theirs; test -z "
	   "\"$(comm -23 theirs ours)\"; rm the.idx",
	   have);
}

/* A folder becomes a file, a file a folder; contents that are there twice are sent once. */
START_TEST(test_kinds)
{
	make_repository();
	open_repository();
	sh("cd work; mkdir f e; echo f >f/f; echo e >e/1; cp e/1 e/2; cp -r e g; git add -A; git "
	   "commit -qm second; rm -r f one; echo f >f; mkdir one; echo 1 >one/1; chmod +x one/1; "
	   "git add -A; git commit -qm third");
	assert_enough("HEAD~1");
	assert_enough("HEAD~2");
	sh("cd work; git mv e h; git mv f i; git commit -qm moved");
	assert_same_as_git("HEAD~1");
	close_repository();
}
END_TEST

/* What comes by another branch that is there is not sent. */
START_TEST(test_merges)
{
	make_repository();
	open_repository();
	sh("cd work; git switch -qc side; mkdir s; echo s >s/s; git add -A; git commit -qm side;"
	   "git switch -q main; echo m >m; git add -A; git commit -qm main; git merge -q -m merged "
	   "side; git tag v1 -m v1");
	assert_same_as_git("HEAD~1 side");
	assert_same_as_git("HEAD~1");
	assert_same_as_git("HEAD~2");
	/* What is not here, and what is no commit, is passed over. */
	sh("cd work; echo n >n; git add n; git commit -qm n");
	assert_same_as_git("HEAD~1 v1 HEAD~1:m");
	char unknown[1][41] = {"1234567890123456789012345678901234567890"};
	git_oid commit;
	ck_assert_int_eq(git_oid_fromstr(&commit, sh("git -C work rev-parse HEAD")), 0);
	bytes_release(&pack);
	ck_assert_int_eq(missing_pack(repository, &commit, unknown, 1, &pack), MISSING_PACKED);
	write_pack("whole.pack");
	ck_assert_str_eq(sh("git -C work index-pack ../whole.pack >/dev/null; git show-index "
			    "<whole.idx | wc "
			    "-l"),
			 sh("git -C work rev-list --objects HEAD | wc -l"));
	close_repository();
}
END_TEST

START_TEST(test_submodule)
{
	make_repository();
	open_repository();
	sh("cd work; git update-index --add --cacheinfo "
	   "160000,1234567890123456789012345678901234567890,sub; git commit -qm sub");
	assert_same_as_git("HEAD~1");
	close_repository();
}
END_TEST

/* Objects in packs, as deltas, are sent whole. */
START_TEST(test_packed)
{
	make_repository();
	open_repository();
	sh("cd work; seq 2000 >big; git add -A; git commit -qm big; echo more >>big; git add -A;"
	   "git commit -qm more; git gc -q");
	assert_same_as_git("HEAD~1");
	assert_same_as_git("HEAD~2");
	close_repository();
}
END_TEST

START_TEST(test_much)
{
	make_repository();
	open_repository();
	/* With tree and commit there are 99, and one more. */
	sh("cd work; for i in $(seq 97); do echo $i >$i; done; git add -A; git commit -qm many");
	assert_same_as_git("HEAD~1");
	sh("cd work; echo x >x; git add x; git commit -q --amend -m many");
	ck_assert_int_eq(make_pack("HEAD~1"), MISSING_MUCH);
	sh("cd work; head -c 16777216 /dev/zero >large; git add large; git commit -qm large");
	ck_assert_int_eq(make_pack("HEAD~1"), MISSING_MUCH);
	sh("cd work; head -c 16000000 /dev/zero >large; git add large; git commit -qm smaller");
	assert_same_as_git("HEAD~1");
	close_repository();
}
END_TEST

/* Nothing is left out since it can't be read. */
START_TEST(test_broken)
{
	make_repository();
	open_repository();
	sh("cd work; echo x >x; git add x; git commit -qm x; id=$(git rev-parse HEAD:x);"
	   "mv .git/objects/$(echo $id | sed 's,^..,&/,') ../kept");
	ck_assert_int_eq(make_pack("HEAD~1"), MISSING_FAILED);
	sh("cd work; mv ../kept .git/objects/$(git ls-tree HEAD x | cut -c13-52 | sed "
	   "'s,^..,&/,'); id=$(git rev-parse HEAD~1); mv .git/objects/$(echo $id | sed "
	   "'s,^..,&/,') ../kept");
	char none[1][41] = {""};
	git_oid commit;
	ck_assert_int_eq(git_oid_fromstr(&commit, sh("cat work/.git/refs/heads/main")), 0);
	bytes_release(&pack);
	ck_assert_int_eq(missing_pack(repository, &commit, none, 0, &pack), MISSING_FAILED);
	close_repository();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_one_commit, test_kinds, test_merges, test_submodule,
		test_packed,     test_much,  test_broken,
	};
	return run_tests("missing", tests, sizeof(tests) / sizeof(tests[0]));
}
