/* The direct way of a push to a repository of this machine: when it is taken, what it leaves behind
 * in both repositories, and all that can become of it. What `git push` makes of the same stands
 * beside it where that can be had. */
#include <signal.h>

#include "tests/unit/git_helpers.h"

/* work/ and up.git as they were before the last case. */
static void make_repository_again(void)
{
	static bool made;
	if (!made)
		make_repository();
	made = true;
	sh("if [ -e kept ]; then rm -rf work up.git; else mkdir kept; mv work up.git kept; fi;"
	   "cp -r kept/work kept/up.git .");
}

static const char *made_by(void)
{
	return by_program ? "program: sparse index" : "engine";
}

/* Commits one more file, and pushes. */
static struct receipt_facts push_one(void)
{
	static int count;
	sh("echo %d >work/own-%d", count, count);
	count++;
	return save_all(git, "x");
}

START_TEST(test_as_git_push_leaves_it)
{
	open_work();
	for (int i = 0; i < 3; i++) {
		const struct receipt_facts facts = push_one();
		assert_pushed(&facts);
		ck_assert_str_eq(facts.pushed_by, made_by());
		ck_assert_str_eq(sh("git -C work rev-parse origin/main"), facts.commit);
	}
	ck_assert_str_eq(sh("git -C work reflog origin/main --format='%%gs by %%gn'"),
			 "update by push by Ada\nupdate by push by Ada\nupdate by push by Ada\n"
			 "update by push by Ada");
	ck_assert_str_eq(sh("git -C work status -sb | head -1"), "## main...origin/main");
	ck_assert_str_eq(sh("git -C up.git fsck --strict --no-dangling 2>&1"), "");
	ck_assert_str_eq(sh("git -C up.git count-objects | cut -d' ' -f1"),
			 sh("git -C up.git rev-list --objects main | wc -l"));
	git_free(git);
}
END_TEST

/* Each thing that makes more of a push than that, or another one, and what the receipt calls it. */
static const struct {
	const char *how, *by;
} ways[] = {
	{"true", "engine"},
	{"git remote set-url origin $HOME/up.git", "engine"},
	{"git remote set-url origin file://$HOME/up.git", "engine"},
	{"git remote set-url --push origin ../up.git; git remote set-url origin ../none.git",
	 "engine"},
	{"git config push.followTags false; git config push.gpgSign false", "engine"},
	{"git config remote.origin.fetch '+refs/heads/*:refs/remotes/other/*'", "engine"},
	{"git config remote.other.url ../none.git", "engine"},
	{"printf '#!/bin/sh\\n' >.git/hooks/pre-push; chmod +x .git/hooks/pre-push",
	 "program: pre-push hook"},
	{"printf '#!/bin/sh\\n' >.git/hooks/reference-transaction; chmod +x "
	 ".git/hooks/reference-transaction",
	 "program: reference-transaction hook"},
	{"printf '#!/bin/sh\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
	 "program: pre-commit hook"},
	{"git config push.followTags true", "program: push.followTags"},
	{"git config push.gpgSign if-asked", "program: push.gpgSign"},
	{"git config push.pushOption x; git -C ../up.git config receive.advertisePushOptions true",
	 "program: push.pushOption"},
	{"git config protocol.allow always", "program: protocol.allow"},
	{"git config protocol.file.allow always", "program: protocol.allow"},
	{"git config remote.origin.receivepack 'git receive-pack'", "program: remote.receivepack"},
	{"git config remote.other.promisor true", "program: a partial clone"},
	{"git config remote.other.mirror true", "program: remote.mirror"},
	{"git config url.$HOME/up.insteadOf there; git remote set-url origin there.git",
	 "program: not just one address"},
	{"git config url.$HOME/.pushInsteadOf there:; git remote set-url origin there:up.git",
	 "program: not just one address"},
	{"git init -q --bare ../two.git; git remote set-url --add --push origin ../up.git; git "
	 "remote set-url --add --push origin ../two.git",
	 "program: not just one address"},
	{"git remote set-url origin file://$HOME/up%2egit",
	 "program: not a folder of this machine"},
	{"git rev-parse HEAD >.git/shallow", "program: a shallow repository"},
	{"git config core.sharedRepository group", "program: core.sharedRepository"},
	{"touch .gitmodules", "program: submodules"},
	{"git -C ../up.git rev-parse main >../up.git/shallow",
	 "program: a shallow repository there"},
	{"for i in $(seq 120); do echo $i >n$i; done", "program: much to send"},
};

START_TEST(test_which_way)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		make_repository_again();
		sh("cd work; %s", ways[i].how);
		git = open_git(conf_of("work"));
		const struct receipt_facts facts = push_one();
		ck_assert_msg(
			facts.result == RECEIPT_PUSHED && strcmp(facts.pushed_by, ways[i].by) == 0,
			"%s: %s, not %s: %s", ways[i].how, facts.pushed_by, ways[i].by, facts.why);
		ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
		git_free(git);
	}
}
END_TEST

START_TEST(test_variables)
{
	static const char *const names[] = {"GIT_ALLOW_PROTOCOL", "GIT_REF_PARANOIA"};
	for (size_t i = 0; i < 2; i++) {
		char by[64];
		make_repository();
		setenv(names[i], i ? "1" : "file", 1);
		git = open_git(conf_of("work"));
		const struct receipt_facts facts = push_one();
		assert_pushed(&facts);
		snprintf(by, sizeof(by), "program: %s", names[i]);
		ck_assert_str_eq(facts.pushed_by, by);
		git_free(git);
		unsetenv(names[i]);
	}
}
END_TEST

/* Hooks that are turned off here are those of this repository, and not the remote's. */
START_TEST(test_hooks_off)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->hooks = false;
	sh("printf '#!/bin/sh\\ntouch ../ran\\n' >work/.git/hooks/pre-push; chmod +x "
	   "work/.git/hooks/pre-push; printf '#!/bin/sh\\ncat >../told; env | sort >../env; echo "
	   "said\\n' >up.git/hooks/post-receive; chmod +x up.git/hooks/post-receive");
	git = open_git(conf);
	const struct receipt_facts facts = push_one();
	assert_pushed(&facts);
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_int_ne(access("ran", F_OK), 0);
	ck_assert_str_eq(sh("cut -c42- told"),
			 sh("echo $(git -C up.git rev-parse main) refs/heads/main"));
	ck_assert_has(git_log(git), "remote: said");
	/* What the other side is told by its surroundings. */
	ck_assert_str_eq(sh("sed -n 's/^\\(GIT_[A-Z_]*\\)=.*/\\1/p' env | grep -v -e EXEC_PATH -e "
			    "TRACE2 -e PAGER -e EDITOR -e PROMPT -e CONFIG_NOSYSTEM -e "
			    "CONFIG_PARAMETERS -e PROTOCOL -e SSH"),
			 "GIT_DIR\nGIT_PUSH_OPTION_COUNT");
	git_free(git);
}
END_TEST

START_TEST(test_new_branch)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->remote = "origin";
	conf->branch = "nightly";
	git = open_git(conf);
	struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C up.git log --format=%%s nightly"), "x\nfirst");
	/* What is there is not sent again, and not remembered twice. */
	sh("git -C work update-ref -d refs/remotes/origin/nightly");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(sh("git -C work rev-parse origin/nightly"), facts.commit);
	git_free(git);
}
END_TEST

START_TEST(test_empty_remote)
{
	make_repository();
	sh("rm -rf up.git; git init -q --bare up.git");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = push_one();
	assert_pushed(&facts);
	ck_assert_str_eq(facts.pushed_by, made_by());
	git_free(git);
}
END_TEST

/* A ref that was rewound there, or belongs to another history, is not overwritten. */
START_TEST(test_no_fast_forward)
{
	open_work();
	sh("cd work; git commit -q --allow-empty -m ahead; git push -q; git reset -q --hard "
	   "HEAD~1");
	reopen_work();
	const struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(facts.why, "[rejected] (non-fast-forward)");
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%s main"), "ahead");
	git_free(git);
}
END_TEST

/* What the remote's own settings forbid, in the same words by either way. */
static const struct {
	const char *how;
	enum receipt_result result;
	const char *why;
} refusals[] = {
	{"git config receive.maxInputSize 1", RECEIPT_DECLINED,
	 "[remote rejected] (unpacker error): fatal: pack exceeds maximum allowed size"},
	{"git config core.bare false; git symbolic-ref HEAD refs/heads/main", RECEIPT_DECLINED,
	 "[remote rejected] (branch is currently checked out): error: refusing to update checked "
	 "out branch: refs/heads/main"},
	{"git config receive.hideRefs refs/heads/main", RECEIPT_DECLINED,
	 "[remote rejected] (deny updating a hidden ref)"},
	{"printf '#!/bin/sh\\necho >&2; printf \"\\\\033[1mno\\\\n\" >&2; exit 1\\n' "
	 ">hooks/update; "
	 "chmod +x hooks/update",
	 RECEIPT_DECLINED, "[remote rejected] (hook declined): "},
	{"rm -r HEAD", RECEIPT_UNREACHABLE,
	 "fatal: '../up.git' does not appear to be a git repository"},
	{": >refs/heads/main.lock", RECEIPT_REMOTE_LOCKED,
	 "[remote rejected] (failed to update ref): error: cannot lock ref 'refs/heads/main': "},
};

START_TEST(test_refusals)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		make_repository_again();
		git = open_git(conf_of("work"));
		sh("cd up.git; %s", refusals[i].how);
		const struct receipt_facts facts = push_one();
		ck_assert_result(facts, refusals[i].result);
		ck_assert_has(facts.why, refusals[i].why);
		ck_assert_str_eq(facts.upstream, "");
		ck_assert_str_eq(facts.pushed_by, made_by());
		git_free(git);
	}
}
END_TEST

START_TEST(test_somebody_elses_remote)
{
	if (getuid() != 0)
		return;
	open_work();
	sh("chown -R 1234 up.git");
	const struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_UNREACHABLE);
	ck_assert_has(facts.why, "dubious ownership");
	git_free(git);
}
END_TEST

/* A git whose receive-pack is a script of ours; $REAL is the true one. */
static void receive_by(const char *script)
{
	char path[BOX];
	sh("mkdir own; cat >own/git <<'END'\n#!/bin/sh\n"
	   "case \" $* \" in *\" receive-pack \"*) ;; *) exec \"$REAL\" \"$@\";; esac\n"
	   "echo $$ >$HOME/pid\n%s\nEND\nchmod +x own/git",
	   script);
	if (getenv("REAL"))
		return;
	setenv("REAL", sh("command -v git"), 1);
	snprintf(path, sizeof(path), "%s/own:%s", getenv("HOME"), getenv("PATH"));
	setenv("PATH", path, 1);
}

/* All that it says before it would be told something. */
#define REFS "\"$REAL\" \"$@\" </dev/null 2>/dev/null"

static const struct {
	const char *script;
	enum receipt_result result;
	const char *why;
} misdeeds[] = {
	{"exit 0", RECEIPT_UNREACHABLE, "fatal: Could not read from remote repository."},
	{"kill -SEGV $$", RECEIPT_PUSH_ERROR, "git receive-pack: killed by signal 11"},
	{"echo 'Welcome to this host!'; cat >/dev/null", RECEIPT_PUSH_ERROR,
	 "fatal: protocol error: bad line length character: Welc"},
	{"echo 'cannot run' >&2; exit 1", RECEIPT_UNREACHABLE,
	 "fatal: Could not read from remote repository."},
	/* The refs, or a part of them, and no more. */
	{REFS " | head -c 60", RECEIPT_UNREACHABLE,
	 "fatal: Could not read from remote repository."},
	{REFS "; exit 1", RECEIPT_UNREACHABLE, "fatal: the remote end hung up unexpectedly"},
	/* It takes a part of what is sent. */
	{"head -c 400 | \"$REAL\" \"$@\"; exit 1", RECEIPT_DECLINED,
	 "[remote rejected] (unpacker error)"},
	/* A report in a band that there is none of, or of another ref. */
	{REFS "; printf '000fxunpack oops'", RECEIPT_PUSH_ERROR, "fatal: protocol error: bad band"},
	{REFS "; printf '002e\\001000eunpack ok\\n0017no "
	      "refs/heads/main\\n0000'",
	 RECEIPT_UNREACHABLE, "fatal: the remote end hung up unexpectedly"},
};

START_TEST(test_misdeeds)
{
	for (size_t i = 0; i < sizeof(misdeeds) / sizeof(misdeeds[0]); i++) {
		make_repository_again();
		receive_by(misdeeds[i].script);
		git = open_git(conf_of("work"));
		const struct receipt_facts facts = push_one();
		ck_assert_msg(
			facts.result == misdeeds[i].result && strstr(facts.why, misdeeds[i].why),
			"%s: %s: %s", misdeeds[i].script, receipt_name(facts.result), facts.why);
		ck_assert_str_eq(facts.pushed_by, "engine");
		ck_assert_str_eq(facts.upstream, "");
		ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
		ck_assert_str_ne(sh("git -C work rev-parse origin/main"), facts.commit);
		ck_assert_str_eq(sh("git -C up.git fsck --strict --no-dangling 2>&1"), "");
		/* And all is well once it behaves. */
		sh("rm -r own");
		const struct receipt_facts next = push_one();
		assert_pushed(&next);
		git_free(git);
	}
}
END_TEST

/* Says nothing at all, or nothing more, or does not take what is sent. */
START_TEST(test_silence)
{
	static const char *const scripts[] = {
		"exec tail -f /dev/null",
		"\"$REAL\" \"$@\" </dev/null; exec tail -f /dev/null",
		"trap '' TERM; \"$REAL\" \"$@\" </dev/null; while :; do tail -f /dev/null; done",
	};
	make_repository();
	receive_by(scripts[_i]);
	struct conf_repository *conf = conf_of("work");
	conf->push_timeout_ms = 700;
	git = open_git(conf);
	sh("head -c 3000000 /dev/urandom >work/random");
	const struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSH_TIMED_OUT);
	ck_assert_has(facts.why, "git receive-pack: ended after its timeout");
	const int pid = (int)number(sh("cat pid"));
	ck_assert_int_gt(pid, 1);
	ck_assert_msg(!is_running(pid), "it is still running");
	git_free(git);
}
END_TEST

/* A rival between the look at the refs and the order: theirs is kept. */
START_TEST(test_rival_in_between)
{
	make_repository();
	sh("git clone -q up.git rival; cd rival; git commit -q --allow-empty -m rival; git push -q "
	   "origin HEAD:refs/heads/side");
	sh("printf '#!/bin/sh\\nunset GIT_QUARANTINE_PATH\\ngit update-ref refs/heads/main "
	   "refs/heads/side\\n' >up.git/hooks/pre-receive; chmod +x up.git/hooks/pre-receive");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_has(facts.why, " but expected ");
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%s main"), "rival");
	git_free(git);
}
END_TEST

/* A remote that borrows its objects, and one of ours that does. */
START_TEST(test_alternates)
{
	make_repository();
	sh("git clone -q --bare --shared up.git borrows.git; git -C work remote set-url origin "
	   "../borrows.git");
	git = open_git(conf_of("work"));
	struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C borrows.git rev-parse main"), facts.commit);
	git_free(git);
	sh("git clone -q --shared work lent; git -C lent remote set-url origin ../up.git; git -C "
	   "lent config user.name Ada; echo l >lent/l");
	git = open_git(conf_of("lent"));
	facts = save_all(git, "l");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C up.git fsck --strict --no-dangling 2>&1"), "");
	git_free(git);
}
END_TEST

/* Processes that find out what is known, or seldom changes, are spared; but what a remote borrows
 * is looked for, and now and then it is asked whether it is to tidy up. */
START_TEST(test_what_is_spared)
{
	make_repository();
	receive_by("echo \"$@\" >>$HOME/args; exec \"$REAL\" \"$@\"");
	sh("git -C up.git config gc.autoPackLimit 1; git -C up.git config gc.autoDetach false; cd "
	   "work; git -C ../up.git repack -q; git commit -q --allow-empty -m two; git push -q; git "
	   "-C ../up.git repack -q; ls ../up.git/objects/pack/*.pack | grep -c . | grep -qx 2; rm "
	   "-f ../args");
	git = open_git(conf_of("work"));
	for (int i = 0; i < 18; i++) {
		const struct receipt_facts facts = push_one();
		ck_assert_str_eq(facts.pushed_by, "engine");
		ck_assert_result(facts, RECEIPT_PUSHED);
		if (i == 0)
			ck_assert_str_eq(sh("ls up.git/objects/pack/*.pack | grep -c ."), "1");
	}
	ck_assert_str_eq(sh("grep -vn receive.autogc=false args | cut -d: -f1"), "1\n17");
	ck_assert_str_eq(sh("grep -c core.alternateRefsCommand args"), "18");
	git_free(git);
	sh("git clone -q --bare --shared up.git borrows.git; git -C work remote set-url origin "
	   "../borrows.git; rm args");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("grep -c core.alternateRefsCommand args || true"), "0");
	git_free(git);
}
END_TEST

/* A linked work tree remembers what it pushed where all of them do. */
START_TEST(test_linked_work_tree)
{
	make_repository();
	sh("git -C work worktree add -q -b side ../linked; git -C linked push -q -u origin side");
	git = open_git(conf_of("linked"));
	sh("echo l >linked/l");
	const struct receipt_facts facts = save_all(git, "l");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.pushed_by, made_by());
	ck_assert_str_eq(sh("git -C work rev-parse origin/side"), facts.commit);
	git_free(git);
}
END_TEST

/* The ref that remembers may be packed, locked or in another's way: the push is one all the same.
 */
START_TEST(test_tracking_ref)
{
	open_work();
	sh("git -C work pack-refs --all; mkdir -p work/.git/refs/remotes/origin; : "
	   ">work/.git/refs/remotes/origin/main.lock");
	struct receipt_facts facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_ne(sh("git -C work rev-parse origin/main"), facts.commit);
	sh("rm work/.git/refs/remotes/origin/main.lock");
	facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C work rev-parse origin/main"), facts.commit);
	sh("cd work; git config --add remote.origin.fetch ^refs/heads/main");
	reopen_work();
	facts = push_one();
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C work rev-parse origin/main"), facts.commit);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const both[] = {
		test_as_git_push_leaves_it, test_hooks_off,        test_new_branch,
		test_empty_remote,          test_no_fast_forward,  test_refusals,
		test_somebody_elses_remote, test_rival_in_between, test_alternates,
		test_linked_work_tree,      test_tracking_ref,
	};
	const TTest *const alone[] = {test_which_way, test_variables, test_misdeeds,
				      test_what_is_spared};
	Suite *suite = suite_create("git direct");
	add_tests(suite, "direct", both, sizeof(both) / sizeof(both[0]), NULL);
	add_tests(suite, "by git", both, sizeof(both) / sizeof(both[0]), use_program);
	add_tests(suite, "alone", alone, sizeof(alone) / sizeof(alone[0]), NULL);
	TCase *silence = tcase_create("silence");
	tcase_add_loop_test(silence, test_silence, 0, 3);
	suite_add_tcase(suite, silence);
	return run_suite(suite);
}
