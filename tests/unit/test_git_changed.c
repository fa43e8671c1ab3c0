/* A repository that is not what it was when the cycle began: nothing is committed or pushed, and
 * the receipt tells what it is. */
#include <signal.h>

#include "tests/unit/git_helpers.h"

static const struct {
	const char *how, *what;
} changes[] = {
	{"git init -q --bare ../else.git; git remote set-url origin ../else.git",
	 "the remote's address: nothing is committed until the next cycle"},
	{"git remote set-url --push origin ../else.git", "the remote's address: "},
	{"git config url.$HOME/else.insteadOf ../up", "the remote's address: "},
	{"git config branch.main.merge refs/heads/other", "the remote's address: "},
	{"git config core.hooksPath ../hooks", "core.hooksPath: "},
	{"git config core.sshCommand evil", "core.sshCommand: "},
	{"git config core.fsmonitor evil", "core.fsmonitor: "},
	{"git config filter.x.clean evil", "a filter.* setting: "},
	{"printf '#!/bin/sh\\n: >../ran\\n' >.git/hooks/pre-push; chmod +x .git/hooks/pre-push",
	 "the repository's hooks: "},
	{"git config credential.helper '!touch ../ran'", "a credential.* setting: "},
	{"git config gpg.program ../evil; git config commit.gpgSign true",
	 "how commits are signed: "},
	{"git config http.proxy http://127.0.0.1:1", "how remotes are reached: "},
	{"git config remote.origin.receivepack ../evil", "the remote's address: "},
	{"git config merge.x.driver evil", "a setting that names a program: "},
	{"printf '[core]\\n\\thooksPath = ../hooks\\n' >../more; git config include.path "
	 "\"$HOME/more\"",
	 "core.hooksPath: "},
	{"printf '[lfs]\\n\\turl = http://127.0.0.1:1\\n' >.lfsconfig",
	 "where git-lfs takes files: "},
	/* As large and as old as what was there. */
	{"printf '#!/bin/sh\\n: >../ran\\n' >.git/hooks/pre-push; chmod +x .git/hooks/pre-push; "
	 "touch "
	 "-r .git/hooks/pre-commit.sample .git/hooks/pre-push",
	 "the repository's hooks: "},
	{"git switch -q -c other", "the branch that HEAD is on: "},
	/* It goes elsewhere, too, but that is not what was changed. */
	{"git push -q -u origin HEAD:refs/heads/other; git switch -q other",
	 "the branch that HEAD is on: "},
	{"cp -a .git ../moved; rm -r .git; echo 'gitdir: ../moved' >.git", "the git folder: "},
	/* Settings that libgit2 would not see by itself: of a file that is new, or by an include
	 * that it does not understand. */
	{"mkdir -p \"$HOME/.config/git\"; git config -f \"$HOME/.config/git/config\" "
	 "core.hooksPath ../hooks",
	 "core.hooksPath: "},
	{"git config -f ../more core.hooksPath ../hooks; git config "
	 "'includeIf.hasconfig:remote.*.url:**.path' \"$HOME/more\"",
	 "core.hooksPath: "},
	{"git config -f ../more core.hooksPath ../hooks; git config include.path "
	 "\"~$(id -un)/../$HOME/more\"",
	 "core.hooksPath: "},
	{"git config extensions.worktreeConfig true; git config --worktree core.hooksPath ../hooks",
	 "core.hooksPath: "},
	{"git config include.path ../none", "which files of settings are read: "},
	{"git config includeIf.onbranch:other.path ../none", "which files of settings are read: "},
	{"cp -a .git ../moved; echo \"$HOME/moved\" >.git/commondir", "the git folder: "},
	{"mv .git ../moved; ln -s ../moved .git", "the git folder: "},
	{"cd ..; mv work away; mkdir work; mv away/.git away/* work",
	 "the folder of the work tree: "},
	/* What is missing would be fetched, by a program of the worker's or from elsewhere. */
	{"git config remote.e.promisor true; git config remote.e.uploadpack ../evil",
	 "how objects are stored and fetched: "},
	{"git config extensions.partialClone e; git config remote.e.url ../else.git",
	 "how objects are stored and fetched: "},
	{"git config push.pushOption evil", "how remotes are reached: "},
	{"git config push.followTags true", "how remotes are reached: "},
	{"mkdir \"$HOME/.ssh\"; echo 'ProxyCommand ../evil' >\"$HOME/.ssh/config\"",
	 "the settings of ssh: "},
	{"git commit -q --amend -m rewritten", "HEAD does not have commit "},
	/* A history that only looks like the old one. */
	{"old=$(git rev-parse HEAD); git reset -q --soft $(git commit-tree -m lost HEAD^{tree}); "
	 "git "
	 "replace --graft HEAD $old",
	 "HEAD does not have commit "},
	{"old=$(git rev-parse HEAD); git reset -q --soft $(git commit-tree -m lost HEAD^{tree}); "
	 "echo $(git rev-parse HEAD) $old >.git/info/grafts",
	 "HEAD does not have commit "},
	{"git reset -q --hard $(git commit-tree -m lost HEAD^{tree})",
	 "HEAD does not have commit "},
};

#define CHANGES (int)(sizeof(changes) / sizeof(changes[0]))

static void commit_nothing(const char *what)
{
	const char *refs = sh("git -C work for-each-ref; git -C up.git for-each-ref");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	ck_assert_has(facts.why, what);
	ck_assert_str_eq(facts.commit, "");
	ck_assert_str_eq(sh("git -C work for-each-ref; git -C up.git for-each-ref"), refs);
	ck_assert_int_ne(access("ran", F_OK), 0);
	ck_assert_str_eq(sh("cat work/x"), "x");
}

START_TEST(test_changed)
{
	open_work();
	sh("cd work; echo x >x; %s", changes[_i].how);
	commit_nothing(changes[_i].what);
	git_free(git);
}
END_TEST

/* A helper that comes after another knows how things were: every other one. */
START_TEST(test_changed_and_the_helper_killed)
{
	const size_t other = 2 * (size_t)_i;
	open_work();
	sh("cd work; echo x >x; %s; kill -9 $(ps -o pid=,comm= --ppid %d | awk \'/stepgate-git/ "
	   "{print $1}\')",
	   changes[other].how, getpid());
	commit_nothing(changes[other].what);
	git_free(git);
}
END_TEST

/* The folder of a linked work tree, and how git finds it: a file that is easily replaced. */
static const char *const links[] = {
	"git clone -q --bare . ../evil.git; git --git-dir=../evil.git config core.bare false; git "
	"--git-dir=../evil.git config remote.origin.url ../else.git; echo 'gitdir: ../evil.git' "
	">.git",
	"cp -a \"$(git rev-parse --git-dir)\" ../moved; git rev-parse --path-format=absolute "
	"--git-common-dir >../moved/commondir; echo 'gitdir: ../moved' >.git",
	"cp -a \"$(git rev-parse --git-common-dir)\" ../moved; echo \"$HOME/moved\" >\"$(git "
	"rev-parse "
	"--git-dir)/commondir\"",
};

START_TEST(test_linked_work_tree)
{
	make_repository();
	sh("git init -q --bare else.git; cd work; git worktree add -q ../linked 2>&1; cd "
	   "../linked; git "
	   "push -q -u origin linked 2>&1");
	git = open_git(conf_of("linked"));
	sh("cd linked; %s; echo x >x", links[_i]);
	const char *refs = sh("git -C work for-each-ref; git -C up.git for-each-ref");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	ck_assert_has(facts.why, "the git folder: ");
	ck_assert_str_eq(sh("git -C work for-each-ref; git -C up.git for-each-ref"), refs);
	ck_assert_str_eq(sh("git -C else.git for-each-ref"), "");
	git_free(git);
}
END_TEST

/* What would be waited for without an end. */
START_TEST(test_fifo_in_the_place_of_a_file)
{
	static const char *const files[] = {".git/HEAD", ".git/index", ".git/packed-refs",
					    ".gitmodules"};
	open_work();
	sh("cd work; echo x >x; git pack-refs --all; : >.gitmodules");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		sh("cd work; mv %s ../kept; mkfifo %s", files[i], files[i]);
		const struct receipt_facts facts = save_all(git, "x");
		ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
		ck_assert_has(facts.why, files[i]);
		ck_assert_has(facts.why, ": not a regular file: put it right");
		sh("cd work; rm %s; mv ../kept %s", files[i], files[i]);
	}
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* A remote is not made to lose what it has by a history that only looks like the old one. */
START_TEST(test_history_in_disguise)
{
	open_work();
	sh("git clone -q up.git rival; cd rival; git commit -q --allow-empty -m theirs; git push "
	   "-q; "
	   "cd ../work; git fetch -q; git replace --graft HEAD origin/main; echo x >x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "theirs\nfirst");
	git_free(git);
}
END_TEST

/* What a worker may well do. */
START_TEST(test_not_changed)
{
	open_work();
	sh("cd work; git config user.name Bob; git remote add fork ../fork.git; git branch b; git "
	   "tag t;"
	   "git commit -q --allow-empty -m own; echo x >x; git config alias.x status");
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s"), "x\nown\nfirst");
	/* Its own commits are its own to rewrite. */
	sh("cd work; git commit -q --allow-empty -m own; git commit -q --amend --allow-empty -m "
	   "other; echo y >y");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* Beside the branch it is no matter where that stands; where the remote is, is. */
START_TEST(test_salvage_of_a_changed_one)
{
	open_work();
	sh("cd work; echo x >x; git switch -q -c other");
	struct receipt_facts facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	sh("cd work; git switch -q main; git remote set-url origin ../else.git; echo y >x");
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	git_free(git);
}
END_TEST

/* Where the config allows it, what a worker sets up holds, is told once, and runs. */
START_TEST(test_allowed)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->allow_settings_change = true;
	git = open_git(conf);
	sh("cd work; mkdir .husky; printf '#!/bin/sh\\necho ran >>\"$HOME/ran\"\\n' "
	   ">.husky/pre-commit; chmod +x .husky/pre-commit; git config core.hooksPath .husky");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.why, "repository settings changed by the worker: core.hooksPath: "
				    "allowed by the config");
	ck_assert_str_eq(sh("cat ran"), "ran");
	sh("echo y >work/y");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	/* The branch and the places are nobody's to change. */
	sh("cd work; git switch -qc other; echo z >z");
	facts = save_all(git, "z");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	git_free(git);
}
END_TEST

/* What a process that goes on with the cycle is told counts, and not what it finds. */
START_TEST(test_changed_between_processes)
{
	char settings[GIT_SETTINGS];
	open_work();
	git_settings(git, settings);
	git_free(git);
	sh("cd work; echo x >x; git config core.sshCommand evil");
	git = open_git(conf_of("work"));
	git_expect(git, settings);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	ck_assert_has(facts.why, "core.sshCommand: ");
	git_expect(git, "of another version");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	sh("git -C work config --unset core.sshCommand");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const each[] = {test_changed}, *const killed[] = {
							    test_changed_and_the_helper_killed};
	const TTest *const linked[] = {test_linked_work_tree};
	const TTest *const tests[] = {test_not_changed,
				      test_salvage_of_a_changed_one,
				      test_allowed,
				      test_changed_between_processes,
				      test_history_in_disguise,
				      test_fifo_in_the_place_of_a_file};
	int failed = run_tests_of("git changed", each, 1, CHANGES);
	failed |= run_tests_of("git changed", killed, 1, CHANGES / 2);
	failed |= run_tests_of("git changed", linked, 1, (int)(sizeof(links) / sizeof(links[0])));
	failed |= run_tests_by_both("git changed", tests, 6);
	return failed;
}
