/* What libgit2 would not do as git does it is left to git, with the same receipts. */
#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "tests/unit/git_helpers.h"

START_TEST(test_nested_repositories)
{
	open_work();
	sh("cd work; git init -q with; cd with; echo x >x; git add x; git commit -qm x");
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree main with | cut -c1-6"), "160000");
	sh("git init -q work/without; echo y >work/y");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REFUSED_PATH);
	ck_assert_has(facts.why, "without/");
	sh("cd work; echo /without >.gitignore");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_hooks_of_the_repository_run)
{
	open_work();
	sh("cd work; printf '#!/bin/sh\\necho hooked >>\"$1\"\\n' >.git/hooks/commit-msg;"
	   "chmod +x .git/hooks/commit-msg; echo x >x; mkdir status; echo s >status/s");
	reopen_work();
	struct receipt_facts facts = save_as(git, "status", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C up.git show --format=%%B --name-only main"),
			 "status\nhooked\n\n\nstatus/s");
	facts = save_all(git, "Subject");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%B main"), "Subject\nhooked\n");
	facts = save_all(git, "Subject");
	ck_assert_result(facts, RECEIPT_NOTHING);
	facts = save_as(git, "status", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_NOTHING);
	sh("cd work; mv .git/hooks/commit-msg .git/hooks/pre-commit;"
	   "printf '#!/bin/sh\\necho lint: bad >&2\\nexit 1\\n' >.git/hooks/pre-commit; echo y >y");
	reopen_work();
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_HOOK);
	ck_assert_str_eq(facts.why, "hook pre-commit refused: lint: bad");
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_str_eq(sh("git -C up.git diff --name-only main refs/stepgate/salvage/1-1"), "y");
	git_free(git);
}
END_TEST

START_TEST(test_filters_and_conversions)
{
	open_work();
	sh("cd work; git config filter.up.clean 'tr a-z A-Z'; git config filter.up.smudge 'tr A-Z "
	   "a-z';"
	   "printf '*.up filter=up\\n*.txt text\\n' >.gitattributes; echo abc >a.up;"
	   "printf 'a\\r\\nb\\r\\n' >b.txt; printf 'a\\r\\n' >c.bin");
	reopen_work();
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git show main:a.up main:b.txt"), "ABC\na\nb");
	ck_assert_str_eq(sh("git -C up.git show main:c.bin"), "a\r");
	sh("cd work; : >b.txt");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* Our own documents are no part of what a sparse checkout has; a step's new files have to be. */
START_TEST(test_sparse_checkout)
{
	open_work();
	sh("cd work; mkdir a b; echo a >a/a; echo b >b/b; git add .; git commit -qm folders; git "
	   "sparse-checkout set a; mkdir status; echo 1 >status/one; echo x >a/x");
	reopen_work();
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git show --format= --name-only main"), "a/x\nstatus/one");
	sh("cd work; echo 2 >status/one; echo y >a/y");
	facts = save_as(git, "status", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C up.git show --format= --name-only main"), "status/one");
	sh("cd work; echo 3 >status/one");
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_str_eq(sh("git -C up.git diff --name-only main refs/stepgate/salvage/1-1"),
			 "a/y\nstatus/one");
	/* A folder that git ignores stays out, and is in nobody's way. */
	sh("cd work; git rm -qr --cached --sparse status; echo /status >>.git/info/exclude");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree --name-only main"), "a\nb\none");
	sh("cd work; mkdir c; echo c >c/c");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REFUSED_PATH);
	ck_assert_str_eq(facts.why,
			 "outside of the sparse checkout: c/c: see `git sparse-checkout add`");
	git_free(git);
}
END_TEST

START_TEST(test_sha256)
{
	make_world();
	sh("git init -q --bare --object-format=sha256 up.git; git init -q --object-format=sha256 "
	   "work;"
	   "cd work; echo x >x; git add x; git commit -qm x; git remote add origin ../up.git;"
	   "git push -q -u origin main; echo y >y");
	git = open_git(conf_of("work"));
	struct receipt_facts facts = save_all(git, "y");
	assert_pushed(&facts);
	ck_assert_uint_eq(strlen(facts.commit), 64);
	facts = save_all(git, "y");
	ck_assert_result(facts, RECEIPT_NOTHING);
	git_free(git);
}
END_TEST

START_TEST(test_first_commit_by_the_program)
{
	make_world();
	setenv("GIT_COMMITTER_DATE", "2026-02-07T15:27:14Z", 1);
	sh("git init -q work");
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	sh("mkdir work/status; echo s >work/status/s; echo y >work/y");
	facts = save_as(git, "x", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(sh("git -C work show --format=%%cI --name-only"),
			 "2026-02-07T15:27:14+00:00\n\nstatus/s");
	git_free(git);
}
END_TEST

START_TEST(test_locks_by_the_program)
{
	open_work();
	setenv("GIT_COMMITTER_DATE", "2026-02-07T15:27:14Z", 1);
	git_free(git);
	git = open_git(conf_of("work"));
	sh("echo x >work/x; echo theirs >work/.git/index.lock");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	ck_assert_str_eq(sh("cat work/.git/index.lock"), "theirs");
	sh("rm work/.git/index.lock");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_nested_repositories,     test_hooks_of_the_repository_run,
		test_filters_and_conversions, test_sha256,
		test_sparse_checkout,         test_first_commit_by_the_program,
		test_locks_by_the_program,
	};
	return run_tests("git program", tests, sizeof(tests) / sizeof(tests[0]));
}
