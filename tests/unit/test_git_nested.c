/* Repositories in the repository, where git makes the commit: the same tree as that of `git add
 * -A`, and nothing of what stands in them is run. */
#include "tests/unit/git_helpers.h"

/* Names that git could take for something else, in a file of paths or as a pattern. */
#define ODD "\"$(printf 'o\"d\\\\d\\n*[x')\""

/* What becomes of the repositories in work/ and twin/ alike. */
static const char *const changes[] = {
	"for f in */.git status/x/.git; do git -C \"${f%.git}\" commit -q --allow-empty -m m; done",
	"echo m >nested/n; touch sub/s status/x/n", /* as long as it was */
	"rm -rf nested sub status/x",
	"rm -rf nested/.git; echo more >nested/more",
	"rm -rf nested; echo file >nested",
	"rm -rf nested; mkdir nested",
	"mv nested moved; ln -s moved nested",
	"mkdir in; mv nested in; mv status elsewhere; ln -s elsewhere status",
	"git rm -q --cached nested; echo nested >.gitignore",
	"git -C nested switch -q --orphan none", /* git stays with what it has */
	"git init -q new; git -C new commit -q --allow-empty -m new",
};

#define CHANGES (int)(sizeof(changes) / sizeof(changes[0]))
#define SPLIT   2 /* of these once more with an index that only git reads */

static void make_nested(bool split)
{
	make_repository();
	sh("git init -q --bare sub.git; git clone -q sub.git seed 2>&1; cd seed; echo s >s; git "
	   "add "
	   "s; git commit -qm s; git push -q origin HEAD:main 2>&1; git -C ../sub.git symbolic-ref "
	   "HEAD refs/heads/main; cd ../work; git config advice.addEmbeddedRepo false; git -c "
	   "protocol.file.allow=always submodule add -q ../sub.git sub 2>&1; for f in nested " ODD
	   " status/x; do git init -q \"$f\"; echo n >\"$f/n\"; git -C \"$f\" add n; git -C \"$f\" "
	   "commit -qm n; done; git add -A 2>&1; git commit -qm nested; git push -q 2>&1");
	sh("printf '#!/bin/sh\\n: >>\"%%s/ran\"\\n' \"$HOME\" >run; chmod +x run");
	/* The helper leaves it to git; and an index that it does not read by itself. */
	sh("cd work; git config index.sparse true; %s",
	   split ? "git update-index --split-index" : "true");
}

/* What a worker can write there without the repository around knowing. */
static void plant(void)
{
	sh("cd work; for f in nested " ODD " status/x sub new; do [ -e \"$f/.git\" ] || continue; "
	   "git -C \"$f\" config core.fsmonitor \"$HOME/run\"; git -C \"$f\" config filter.x.clean "
	   "\"$HOME/run\"; git -C \"$f\" config core.hooksPath \"$HOME/hooks\"; "
	   "d=$(cd \"$f\" && git rev-parse --absolute-git-dir); mkdir -p \"$d/info\"; echo '* "
	   "filter=x' "
	   ">\"$d/info/attributes\"; cp ../run \"$d/hooks/post-index-change\"; done; mkdir "
	   "../hooks; "
	   "cp ../run ../hooks/post-index-change");
}

START_TEST(test_same_tree)
{
	make_nested(_i >= CHANGES);
	sh("cp -a work twin; for f in work twin; do (cd $f; export GIT_AUTHOR_DATE=@1700000000 "
	   "GIT_COMMITTER_DATE=@1700000000; %s); done",
	   changes[_i % CHANGES]);
	/* The submodule's settings are watched by themselves. */
	struct conf_repository *conf = conf_of("work");
	conf->allow_settings_change = conf->push = false;
	plant();
	git = open_git(conf);
	struct receipt_facts facts = save_all(git, "x");
	if (facts.result != RECEIPT_NOTHING)
		ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(sh("git -C work rev-parse HEAD^{tree}"),
			 sh("cd twin; git add -A 2>/dev/null; git write-tree"));
	ck_assert_int_ne(number(sh("git -C work ls-tree -r HEAD | grep -c ^160000")), 0);
	ck_assert_int_ne(access("ran", F_OK), 0);
	/* Once more, with what the first one has made of it; and by the other ways. */
	sh("rm -f work/status/x/n; echo y >work/y");
	facts = save_as(git, "y", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_NOTHING);
	facts = save_as(git, "y", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	facts = save_all(git, "y");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_int_ne(access("ran", F_OK), 0);
	git_free(git);
}
END_TEST

/* The canary sings: what is planted would be run by git. */
START_TEST(test_canary)
{
	make_nested(false);
	plant();
	sh("cd work; touch nested/n; git add -A");
	ck_assert_int_eq(access("ran", F_OK), 0);
}
END_TEST

/* Before a push git looks into submodules, and fetches what they lack, as their settings say. */
START_TEST(test_submodule_that_fetches)
{
	make_nested(false);
	sh("cd work/%s; echo t >t; git add t; git commit -qm t; git config remote.e.promisor true; "
	   "git "
	   "config remote.e.url ../..; git config remote.e.uploadpack \"$HOME/run\"; rm -f $(git "
	   "rev-parse --git-path objects/$(git rev-parse HEAD~1 | sed 's,..,&/,'))",
	   _i ? "sub" : "nested");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_has(git_log(git), "a submodule fetches what it lacks: whether its remote has the "
				    "commit that it is at was not asked");
	ck_assert_int_ne(access("ran", F_OK), 0);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const same[] = {test_same_tree}, *const fetches[] = {
							      test_submodule_that_fetches};
	const TTest *const tests[] = {test_canary};
	int failed = run_tests_of("git nested", same, 1, CHANGES + SPLIT);
	failed |= run_tests_of("git nested", fetches, 1, 2);
	failed |= run_tests("git nested", tests, 1);
	return failed;
}
