/* What the commit helper commits, with the git program as the judge. */
#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "tests/unit/git_helpers.h"

START_TEST(test_commits_and_pushes)
{
	open_work();
	sh("cd work; echo two >two; echo more >>one; mkdir -p a/b; echo x >a/b/c");
	const char *const trailers[] = {"Stepgate-Cycle: 4", "Stepgate-Step: 3", NULL};
	const struct git_request request = {.subject = "Step 3: Do it", .trailers = trailers};
	struct receipt_facts facts;
	git_save(git, &request, &facts);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git log -1 --format='%%an <%%ae>|%%cn <%%ce>|%%B' main"),
			 "Ada <ada@example.org>|Ada <ada@example.org>|Step 3: Do it\n\n"
			 "Stepgate-Cycle: 4\nStepgate-Step: 3\n");
	ck_assert_str_eq(sh("git -C up.git ls-tree -r --name-only main"), "a/b/c\none\ntwo");
	ck_assert_str_eq(sh("git -C up.git show main:one"), "one\nmore");
	git_free(git);
}
END_TEST

START_TEST(test_every_kind_of_change)
{
	open_work();
	sh("cd work; mkdir d; echo 1 >d/x; echo 2 >gone; echo 3 >tool; ln -s one link; echo 4 "
	   ">turns;"
	   "mkdir becomes; echo 5 >becomes/f; echo 6 >'a b'; printf 7 >\"$(printf "
	   "'n\\303\\244m\\351')\"");
	struct receipt_facts facts = save_all(git, "one");
	assert_pushed(&facts);
	sh("cd work; rm gone; chmod +x tool; ln -sf two link; rm turns; ln -s x turns; rm -r d; "
	   "echo f >d;"
	   "rm -r becomes; mv 'a b' becomes; : >one; mkfifo pipe; mkdir empty");
	facts = save_all(git, "two");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree -r main | cut -c1-6,53- | LC_ALL=C sort"),
			 "100644\t\"n\\303\\244m\\351\"\n100644\tbecomes\n100644\td\n"
			 "100644\tone\n100755\ttool\n120000\tlink\n120000\tturns");
	git_free(git);
}
END_TEST

/* Most repositories need the git program for the push alone. */
START_TEST(test_commits_without_the_git_program)
{
	char path[BOX];
	if (by_program)
		return;
	make_repository();
	snprintf(path, sizeof(path), "%s", getenv("PATH"));
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	setenv("PATH", "/nowhere", 1);
	git = open_git(conf);
	setenv("PATH", path, 1);
	sh("echo x >work/x; mkdir work/status; echo s >work/status/s");
	struct receipt_facts facts = save_as(git, "x", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	conf->push = true;
	git_free(git);
	setenv("PATH", "/nowhere", 1);
	git = open_git(conf);
	setenv("PATH", path, 1);
	sh("echo y >work/y");
	facts = save_all(git, "y");
	ck_assert_result(facts, RECEIPT_PUSH_ERROR);
	ck_assert_has(facts.why, "git: can't be started: No such file or directory");
	git_free(git);
}
END_TEST

START_TEST(test_ignored_files_stay_out)
{
	open_work();
	sh("cd work; echo '*.log' >.gitignore; echo x >a.log; mkdir .stepgate; echo '*' "
	   ">.stepgate/.gitignore; echo x >.stepgate/state.db; echo x >b.txt");
	struct receipt_facts facts = save_all(git, "one");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree -r --name-only main"), ".gitignore\nb.txt\none");
	/* The rules are read anew at each commit; what is tracked stays tracked. */
	sh("cd work; echo '*.txt' >.gitignore; echo y >>b.txt; echo x >c.txt");
	facts = save_all(git, "two");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree -r --name-only main"),
			 ".gitignore\na.log\nb.txt\none");
	git_free(git);
}
END_TEST

START_TEST(test_what_was_staged_goes_along)
{
	open_work();
	sh("cd work; echo staged >s; git add s; git mv one uno");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree -r --name-only main"), "s\nuno");
	git_free(git);
}
END_TEST

START_TEST(test_staged_and_taken_back)
{
	open_work();
	sh("cd work; echo staged >s; git add s; rm s; echo x >>one; git add one; git cat-file blob "
	   "HEAD:one >one");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	git_free(git);
}
END_TEST

START_TEST(test_first_commit_of_all)
{
	make_world();
	sh("git init -q --bare up.git; git init -q work; cd work; git remote add origin ../up.git;"
	   "git config branch.main.remote origin; git config branch.main.merge refs/heads/main;"
	   "echo x >x");
	git = open_git(conf_of("work"));
	struct git_view view;
	struct err err;
	ck_assert_int_eq(git_view(git, &view, &err), 0);
	ck_assert_str_eq(view.head, "");
	ck_assert_str_eq(view.branch, "main");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work log --format=%%s; git -C work reflog --format=%%gs"),
			 "x\nstepgate (initial): x");
	git_free(git);
}
END_TEST

START_TEST(test_nothing_in_an_empty_repository)
{
	make_world();
	sh("git init -q work");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.commit, "");
	ck_assert_str_eq(sh("git -C work for-each-ref"), "");
	git_free(git);
}
END_TEST

START_TEST(test_nothing_to_commit)
{
	open_work();
	const char *const head = sh("git -C work rev-parse HEAD");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.commit, head);
	ck_assert_str_eq(facts.upstream, "origin refs/heads/main");
	ck_assert_str_eq(sh("git -C work rev-parse HEAD"), head);
	git_free(git);
}
END_TEST

START_TEST(test_nothing_to_commit_pushes_what_was_not)
{
	open_work();
	sh("cd work; echo x >x; git add x; git commit -qm x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	git_free(git);
}
END_TEST

START_TEST(test_pushing_turned_off)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts.upstream, "");
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "first");
	git_free(git);
}
END_TEST

START_TEST(test_committing_turned_off)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->commit = false;
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_OFF);
	ck_assert_str_eq(sh("git -C work status --porcelain"), "?? x");
	git_free(git);
}
END_TEST

START_TEST(test_trailers_of_the_config_come_last)
{
	make_repository();
	const char *const trailers[] = {"Co-Authored-By: A <a@b>", "X: y\nz\033[31m", NULL};
	struct conf_repository *conf = conf_of("work");
	conf->trailers = trailers;
	git = open_git(conf);
	sh("echo x >work/x");
	const char *const own[] = {"Stepgate-Cycle: 1", NULL};
	const struct git_request request = {.subject = "# two\nlines", .trailers = own};
	struct receipt_facts facts;
	git_save(git, &request, &facts);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work log -1 --format=%%B"),
			 "# two lines\n\nStepgate-Cycle: 1\nCo-Authored-By: A <a@b>\nX: y z\n");
	git_free(git);
}
END_TEST

/* Who a commit is by that is made now, as "AUTHOR MAIL, COMMITTER MAIL". */
static const char *people_of_save(const struct conf_repository *conf)
{
	git = open_git(conf);
	sh("echo x >>work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
	return sh("git -C work log -1 --format='%%an %%ae, %%cn %%ce'");
}

/* For where git would know none, and for each of the two. */
START_TEST(test_identity_of_the_config)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->identity_name = "Bot";
	conf->identity_email = "b@x";
	sh("git config --global --unset user.name; git config --global user.email u@x");
	ck_assert_str_eq(people_of_save(conf), "Bot b@x, Bot b@x");
	sh("git -C work config committer.name Carl");
	ck_assert_str_eq(people_of_save(conf), "Bot b@x, Carl u@x");
	sh("git config --global user.name User");
	ck_assert_str_eq(people_of_save(conf), "User u@x, Carl u@x");
	setenv("GIT_AUTHOR_NAME", "Env", 1);
	ck_assert_str_eq(people_of_save(conf), "Env u@x, Carl u@x");
}
END_TEST

START_TEST(test_identity_as_git_finds_it)
{
	make_repository();
	setenv("GIT_AUTHOR_NAME", "Env", 1);
	sh("cd work; git config committer.email c@example.org; echo x >x");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	sh("cd work; echo y >y; git add y; git commit -qm y");
	ck_assert_str_eq(sh("git -C work log -1 --format='%%an %%ae %%cn %%ce'"),
			 sh("git -C work log -1 --format='%%an %%ae %%cn %%ce' HEAD^"));
	git_free(git);
}
END_TEST

START_TEST(test_status_scope)
{
	open_work();
	sh("cd work; mkdir status; echo 1 >status/EE_CYCLE_STATUS.json");
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	sh("cd work; echo 2 >status/EE_CYCLE_STATUS.json; echo new >status/n; echo w >w; echo s >s;"
	   "git add s; echo t >>one");
	facts = save_as(git, "Cycle 1 closed", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C up.git diff --name-status main^ main"),
			 "M\tstatus/EE_CYCLE_STATUS.json\nA\tstatus/n");
	ck_assert_str_eq(sh("git -C work status --porcelain"), " M one\nA  s\n?? w");
	facts = save_as(git, "Cycle 1 closed", GIT_STATUS, NULL);
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(sh("git -C work status --porcelain"), " M one\nA  s\n?? w");
	git_free(git);
}
END_TEST

START_TEST(test_salvage)
{
	open_work();
	sh("cd work; echo bad >>one; echo new >n; echo s >s; git add s");
	const char *const before = sh("git -C work status --porcelain; git -C work rev-parse HEAD;"
				      "sha1sum work/.git/index; ls work/.git");
	const char *const ref = "refs/stepgate/salvage/4-3";
	struct receipt_facts facts = save_as(git, "Step 3: Failed", GIT_ALL, ref);
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_str_eq(facts.why, "");
	ck_assert_str_eq(facts.ref, ref);
	ck_assert_str_eq(facts.upstream, "origin refs/stepgate/salvage/4-3");
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse %s", ref));
	ck_assert_str_eq(sh("git -C work diff --name-status HEAD %s", ref), "A\tn\nM\tone\nA\ts");
	ck_assert_str_eq(sh("git -C work status --porcelain; git -C work rev-parse HEAD;"
			    "sha1sum work/.git/index; ls work/.git"),
			 before);
	/* The same again is the same commit; more of it has the first as a parent. */
	const struct receipt_facts again = save_as(git, "Step 3: Failed", GIT_ALL, ref);
	ck_assert_result(again, RECEIPT_SALVAGED);
	ck_assert_str_eq(again.commit, facts.commit);
	sh("echo worse >>work/one");
	const struct receipt_facts more = save_as(git, "Step 3: Failed", GIT_ALL, ref);
	ck_assert_result(more, RECEIPT_SALVAGED);
	ck_assert_str_eq(sh("git -C up.git rev-parse %s^1 %s^2 | tr '\\n' ' '", ref, ref),
			 sh("echo $(git -C work rev-parse HEAD) %s ''", facts.commit));
	git_free(git);
}
END_TEST

START_TEST(test_salvage_nothing_and_unpushed)
{
	open_work();
	struct receipt_facts facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_NOTHING);
	sh("mv up.git away.git; echo x >work/x");
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_has(facts.why, "not pushed: the remote could not be reached: ");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse refs/stepgate/salvage/1-1"));
	ck_assert_str_eq(facts.upstream, "");
	git_free(git);
}
END_TEST

START_TEST(test_linked_work_tree)
{
	open_work();
	git_free(git);
	sh("cd work; git worktree add -q -b side ../side; cd ../side; git push -q -u origin side "
	   "2>&1;"
	   "echo x >x");
	git = open_git(conf_of("side"));
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.ref, "refs/heads/side");
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse side"));
	ck_assert_str_eq(sh("git -C side status --porcelain; git -C work status --porcelain"), "");
	git_free(git);
}
END_TEST

START_TEST(test_view)
{
	open_work();
	struct git_view view;
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(git_view(git, &view, &err), 0);
	ck_assert_str_eq(view.workdir, sh("git -C work rev-parse --show-toplevel"));
	ck_assert_str_eq(view.branch, "main");
	ck_assert_str_eq(view.head, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(view.upstream, "origin refs/heads/main");
	ck_assert_str_eq(view.identity, "Ada <ada@example.org>");
	ck_assert_int_eq(view.problem, RECEIPT_PUSHED);
	ck_assert_str_eq(view.why, "");
	sh("git -C work branch --unset-upstream");
	ck_assert_int_eq(git_view(git, &view, &err), 0);
	ck_assert_int_eq(view.problem, RECEIPT_NO_UPSTREAM);
	ck_assert_str_eq(view.upstream, "");
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_commits_and_pushes,
		test_every_kind_of_change,
		test_commits_without_the_git_program,
		test_ignored_files_stay_out,
		test_what_was_staged_goes_along,
		test_staged_and_taken_back,
		test_first_commit_of_all,
		test_nothing_in_an_empty_repository,
		test_nothing_to_commit,
		test_nothing_to_commit_pushes_what_was_not,
		test_pushing_turned_off,
		test_committing_turned_off,
		test_trailers_of_the_config_come_last,
		test_identity_of_the_config,
		test_identity_as_git_finds_it,
		test_status_scope,
		test_salvage,
		test_salvage_nothing_and_unpushed,
		test_linked_work_tree,
		test_view,
	};
	return run_tests_by_both("git", tests, sizeof(tests) / sizeof(tests[0]));
}
