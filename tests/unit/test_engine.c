/* What the engine makes by itself, and that it does: commits whose receipt names it. */
#include <sys/resource.h>

#include "tests/unit/git_helpers.h"

/* A file that would not fit below the bound, and in a soak one whose size has no room in 32 bits.
 */
#define LARGE      "96M"
#define LARGE_SOAK "4100M"
#define BOUND_KIB  49152

static void open_alone(void)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
}

/* Commits what changed; git then finds nothing more to add, and nothing wrong. */
static void commit_by(enum receipt_way way)
{
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), receipt_way_name(way));
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
}

START_TEST(test_few_objects_are_files_and_many_are_a_pack)
{
	open_alone();
	sh("cd work; for i in 1 2 3; do echo $i >f$i; done");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(sh("ls work/.git/objects/pack"), "");
	sh("cd work; mkdir -p d/e; for i in $(seq 40); do echo $i >d/e/$i; done");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(sh("ls work/.git/objects/pack | sed 's/.*\\.//' | sort"), "idx\npack");
	ck_assert_str_eq(sh("cd work; git verify-pack .git/objects/pack/*.idx && echo fine"),
			 "fine");
	ck_assert_str_eq(sh("find work/.git -name 'tmp_*'"), "");
	/* What is there is not written again. */
	sh("cd work; git count-objects -v | grep '^count' >../before; cp -r d/e d/f; git rm -rqf "
	   "d/e");
	commit_by(RECEIPT_WAY_ENGINE);
	sh("cd work; git ls-tree HEAD:d/f | wc -l | grep -x 40");
}
END_TEST

/* Their trees are made by several threads; those of half of them are the same ones. */
START_TEST(test_many_folders_with_changes)
{
	open_alone();
	sh("cd work; for i in $(seq 40); do mkdir -p a/$i/x/y; echo $i >a/$i/x/y/f; echo $i "
	   ">a/$i/f;"
	   "[ $((i %% 2)) = 1 ] || echo >>a/$i/f; done; mkdir b; for i in $(seq 30); do"
	   " cp -r a/7 b/$i; done");
	commit_by(RECEIPT_WAY_ENGINE);
	sh("cd work; rm .git/index;"
	   "git add -A; test $(git write-tree) = $(git rev-parse HEAD:)");
	sh("cd work; for i in $(seq 1 3 40); do echo new >a/$i/x/y/f; done; rm -r a/2 b/3;"
	   "for i in $(seq 4 30); do echo new >b/$i/x/g; done");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_int_eq(
		number(sh("cd work; for i in $(seq 4 30); do git rev-parse HEAD:b/$i; done |"
			  "sort -u | wc -l")),
		1);
}
END_TEST

START_TEST(test_large_files_go_piece_by_piece)
{
	open_alone();
	sh("cd work; head -c 9000000 /dev/urandom >large; truncate -s 40M hole; echo small >small");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(sh("cd work; git rev-parse HEAD:large HEAD:hole HEAD:small"),
			 sh("cd work; git hash-object large hole small"));
	sh("cd work; touch -d 2001-02-03 large hole");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	sh("cd work; git diff-files --quiet"); /* their new state is in the index */
}
END_TEST

/* Of all that has ended so far, of which the helper must be the last. */
static long peak_of_helper(void)
{
	struct rusage used;
	git_free(git);
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
	return used.ru_maxrss;
}

START_TEST(test_memory_is_bounded_whatever_the_size)
{
	const char *const size = getenv("SOAK") ? LARGE_SOAK : LARGE;
	open_alone();
	sh("cd work; truncate -s %s hole; printf end >>hole; stat -c %%s hole >../size", size);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), "engine");
	sh("cd work; touch -d 2001-02-03 hole"); /* and read once more */
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	const long peak = peak_of_helper();
	printf("%s: at most %ld KiB\n", size, peak);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	ck_assert_int_lt(peak, BOUND_KIB);
#endif
	sh("cd work; git cat-file -s HEAD:hole | cmp - ../size");
	ck_assert_str_eq(sh("git -C work rev-parse HEAD:hole"),
			 sh("cd work; { printf 'blob %%s\\0' \"$(cat ../size)\"; cat hole; } | "
			    "sha1sum | cut -c1-40"));
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
}
END_TEST

START_TEST(test_what_the_user_set_aside_stays)
{
	open_alone();
	sh("cd work; echo a >a; echo b >b; echo c >c; git add -A; git commit -qm abc;"
	   "git update-index --assume-unchanged a; git update-index --skip-worktree b c;"
	   "git update-index --index-version 4; echo changed >a; rm b; echo changed >c; echo d >d");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(
		sh("cd work; git ls-tree --name-only HEAD | tr '\\n' ' '; git show HEAD:a HEAD:c"),
		"a b c d one a\nc");
	ck_assert_str_eq(sh("cd work; git ls-files -v"), "h a\nS b\nS c\nH d\nH one");
	ck_assert_str_eq(sh("od -An -j7 -N1 -t u1 work/.git/index | tr -d ' '"), "4");
}
END_TEST

START_TEST(test_submodules)
{
	open_alone();
	sh("git init -q sub; cd sub; echo s >s; git add s; git commit -qm s; cd ../work;"
	   "git -c protocol.file.allow=always submodule --quiet add ../sub sub; git commit -qm "
	   "sub");
	sh("cd work; echo x >x; echo dirty >sub/new");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), "engine");
	ck_assert_str_eq(sh("git -C work rev-parse HEAD:sub"), sh("git -C sub rev-parse HEAD"));
	sh("cd work/sub; git add new; git commit -qm new");
	commit_by(RECEIPT_WAY_PROGRAM);
	ck_assert_str_eq(sh("git -C work rev-parse HEAD:sub"),
			 sh("git -C work/sub rev-parse HEAD"));
}
END_TEST

START_TEST(test_conversions_are_git_s)
{
	open_alone();
	sh("cd work; printf '* text=auto\\n*.png binary\\n' >.gitattributes; printf 'a\\n' >a");
	commit_by(RECEIPT_WAY_ENGINE);
	sh("cd work; printf 'p\\r\\n' >p.png; printf 'n\\0\\r\\n' >n; printf '#!\\n' >x; chmod +x "
	   "x");
	commit_by(RECEIPT_WAY_ENGINE);
	sh("cd work; printf 'c\\r\\n' >c");
	commit_by(RECEIPT_WAY_PROGRAM);
	ck_assert_str_eq(sh("cd work; git cat-file -s HEAD:c; git cat-file -s HEAD:p.png"), "2\n3");
}
END_TEST

/* The level is the user's: 0 stores, and a file of zeros shows it. */
START_TEST(test_compression)
{
	open_alone();
	sh("git -C work config core.looseCompression 0; head -c 20000 /dev/zero >work/zeros");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_int_gt(
		number(sh("cd work; i=$(git rev-parse HEAD:zeros);"
			  "stat -c %%s .git/objects/$(echo $i | cut -c1-2)/$(echo $i | cut -c3-)")),
		20000);
	sh("cd work; git config --unset core.looseCompression; head -c 30000 /dev/zero >zeros");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_int_lt(
		number(sh("cd work; i=$(git rev-parse HEAD:zeros);"
			  "stat -c %%s .git/objects/$(echo $i | cut -c1-2)/$(echo $i | cut -c3-)")),
		1000);
}
END_TEST

/* Ignored folders hide what is new in them, never what is tracked; and files that git has no place
 * for are passed over. */
START_TEST(test_ignored_and_odd)
{
	open_alone();
	sh("cd work; mkdir -p out/d; echo t >out/d/t; git add -f out; git commit -qm out;"
	   "echo out/ >.gitignore; echo changed >out/d/t; echo new >out/d/n; mkfifo pipe; echo x "
	   ">x");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(sh("cd work; git ls-tree -r --name-only HEAD; git show HEAD:out/d/t"),
			 ".gitignore\none\nout/d/t\nx\nchanged");
}
END_TEST

/* Only the folder that was asked for, into HEAD's tree, whatever else is staged. */
START_TEST(test_status_alone)
{
	open_alone();
	sh("cd work; mkdir status; echo 1 >status/s; echo staged >t; git add t; echo free >f;"
	   "echo z >zz; git add zz; git commit -qm zz -- zz");
	struct receipt_facts facts = save_as(git, "s", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), "engine");
	ck_assert_str_eq(sh("cd work; git ls-tree -r --name-only HEAD; git status --porcelain"),
			 "one\nstatus/s\nzz\nA  t\n?? f");
	sh("rm -r work/status");
	facts = save_as(git, "s", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(sh("cd work; git ls-tree -r --name-only HEAD; git fsck --strict "
			    "--no-dangling 2>&1"),
			 "one\nzz");
}
END_TEST

/* A file that was changed within the second in which the index was written, at the same size: by
 * its state it is the same, and only the index's age tells that it need not be. (Without
 * core.trustctime git goes by a time that can be set.) */
static void open_racy(const char *before, const char *after)
{
	open_alone();
	sh("cd work; git config core.trustctime false; mkdir status; echo 1 >status/s;"
	   "printf '%s' >f; touch -d @1500000000 f; git add -A; git commit -qm f;"
	   "touch -d @1500000000 .git/index; printf '%s' >f; touch -d @1500000000 f; echo 2 "
	   ">status/s",
	   before, after);
	ck_assert_has(sh("git --no-optional-locks -C work status --porcelain"), " M f");
}

START_TEST(test_what_was_not_looked_at_stays_in_doubt)
{
	open_racy("aaa", "bbb");
	const struct receipt_facts facts = save_as(git, "s", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), "engine");
	ck_assert_str_eq(sh("git -C work status --porcelain"), " M f");
	commit_by(RECEIPT_WAY_ENGINE);
	ck_assert_str_eq(sh("git -C work show HEAD:f"), "bbb");
}
END_TEST

START_TEST(test_what_was_held_back_stays_changed)
{
	static const char token[] = "ghp"
				    "_0123456789abcdefghijABCDEFGHIJ012345";
	static const char other[] = "xxx"
				    "_0123456789abcdefghijABCDEFGHIJ012345";
	open_racy(other, token);
	git_free(git);
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	conf->secrets = conf_secrets_default;
	git = open_git(conf);
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(receipt_way_name(facts.way), "engine");
	ck_assert_has(facts.held, "f (");
	ck_assert_str_eq(sh("git -C work status --porcelain"), " M f");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_few_objects_are_files_and_many_are_a_pack,
		test_many_folders_with_changes,
		test_large_files_go_piece_by_piece,
		test_memory_is_bounded_whatever_the_size,
		test_what_the_user_set_aside_stays,
		test_submodules,
		test_conversions_are_git_s,
		test_compression,
		test_ignored_and_odd,
		test_status_alone,
		test_what_was_not_looked_at_stays_in_doubt,
		test_what_was_held_back_stays_changed,
	};
	return run_tests("engine", tests, sizeof(tests) / sizeof(tests[0]));
}
