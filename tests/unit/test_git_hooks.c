/* The repository's hooks, as `git commit` and `git push` run them: where, with what, in which
 * order, for how long, and what becomes of a commit that one of them refuses. */
#include "tests/unit/git_helpers.h"

static void hook(const char *name, const char *script)
{
	sh("cat >work/.git/hooks/%s <<'END'\n#!/bin/sh\n%s\nEND\nchmod +x work/.git/hooks/%s", name,
	   script, name);
}

static void open_hooked(void)
{
	reopen_work();
	sh("echo x >>work/x");
}

START_TEST(test_all_of_them_in_order)
{
	static const char *const all[] = {"pre-commit", "prepare-commit-msg", "commit-msg",
					  "post-commit", "pre-push"};
	open_work();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		hook(all[i], "echo \"${0##*/} $# ${2-} in $PWD with ${GIT_INDEX_FILE##*/} "
			     "${GIT_EDITOR-}\" >>\"$HOME/ran\"; echo said by ${0##*/}; echo loud "
			     ">&2");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_int_eq(facts.way, RECEIPT_WAY_PROGRAM);
	ck_assert_str_eq(sh("sed \"s#$HOME##\" ran"), "pre-commit 0  in /work with index :\n"
						      "prepare-commit-msg 2 message in /work with "
						      "index :\n"
						      "commit-msg 1  in /work with index :\n"
						      "post-commit 0  in /work with index :\n"
						      "pre-push 2 ../up.git in /work with  :");
	ck_assert_has(git_log(git), "said by pre-commit\nloud\n");
	ck_assert_has(git_log(git), "said by post-commit\nloud\n");
	ck_assert_has(git_log(git), "said by pre-push\n");
	const struct receipt_facts nothing = save_all(git, "x");
	ck_assert_result(nothing, RECEIPT_NOTHING);
	git_free(git);
}
END_TEST

/* Each hook that can refuse, and what the receipt then says. */
static const struct {
	const char *name, *words;
	enum receipt_result result;
} refusals[] = {
	{"pre-commit", "hook pre-commit refused: no: [31mred", RECEIPT_HOOK},
	{"prepare-commit-msg", "hook prepare-commit-msg refused: no: [31mred", RECEIPT_HOOK},
	{"commit-msg", "hook commit-msg refused: no: [31mred", RECEIPT_HOOK},
	{"pre-push", "hook pre-push refused: no: [31mred", RECEIPT_PUSH_HOOK},
};

START_TEST(test_refusals)
{
	open_work();
	hook(refusals[_i].name, "echo; printf 'no: \\033[31mred\\n'; echo more; exit 3");
	open_hooked();
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, refusals[_i].result);
	ck_assert_has(facts.why, "refused: no: ");
	ck_assert_ptr_null(strchr(facts.why, '\033'));
	ck_assert_int_eq(
		strncmp(facts.why, refusals[_i].words, strcspn(refusals[_i].words, ":") + 5), 0);
	ck_assert_has(git_log(git), "more");
	ck_assert_str_eq(sh("git -C up.git log --format=%%s"), "first");
	ck_assert_str_eq(sh("ls work/.git | grep -c lock || true"), "0");
	sh("rm work/.git/hooks/%s", refusals[_i].name);
	reopen_work();
	facts = save_all(git, "x");
	ck_assert_msg(facts.result == RECEIPT_PUSHED || facts.result == RECEIPT_NOTHING, "%s",
		      facts.why);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s"), "x\nfirst");
	git_free(git);
}
END_TEST

/* The first line is that of the hook which refused, not of one before it. */
START_TEST(test_whose_line_it_is)
{
	open_work();
	hook("pre-commit", "echo all is well");
	hook("commit-msg", "echo a bad message; exit 1");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_HOOK);
	ck_assert_str_eq(facts.why, "hook commit-msg refused: a bad message");
	git_free(git);
}
END_TEST

/* It is run again to be told that nothing came of it, and takes that well. */
START_TEST(test_reference_transaction_that_refuses)
{
	open_work();
	hook("reference-transaction",
	     "[ \"$1\" != prepared ] || { echo no refs today >&2; exit 1; }");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_HOOK);
	ck_assert_str_eq(facts.why, "hook reference-transaction refused: no refs today");
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "first");
	git_free(git);
}
END_TEST

START_TEST(test_silent_refusal)
{
	open_work();
	hook("pre-commit", "exit 1");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_HOOK);
	ck_assert_str_eq(facts.why, "hook pre-commit refused");
	git_free(git);
}
END_TEST

START_TEST(test_hook_that_does_not_end)
{
	open_work();
	hook("pre-commit", "echo $$ >\"$HOME/pid\"; exec sleep 1000");
	struct conf_repository *conf = conf_of("work");
	conf->hook_timeout_ms = 300;
	git_free(git);
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_HOOK);
	ck_assert_has(facts.why, "hook pre-commit: ended after its timeout of ");
	ck_assert(!is_running((int)number(sh("cat pid"))));
	ck_assert_str_eq(sh("ls work/.git | grep -c lock || true"), "0");
	git_free(git);
}
END_TEST

START_TEST(test_pre_push_that_does_not_end)
{
	open_work();
	hook("pre-push", "echo $$ >\"$HOME/pid\"; exec sleep 1000");
	struct conf_repository *conf = conf_of("work");
	conf->push_timeout_ms = 500;
	conf->push_retries = 3;
	git_free(git);
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSH_HOOK);
	ck_assert_has(facts.why, "hook pre-push: ended after its timeout of ");
	ck_assert(!is_running((int)number(sh("cat pid"))));
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(sh("git -C up.git log --format=%%s"), "first");
	git_free(git);
}
END_TEST

/* The commit is there when post-commit runs. */
START_TEST(test_post_commit_that_does_not_end)
{
	open_work();
	hook("post-commit", "exec sleep 1000");
	struct conf_repository *conf = conf_of("work");
	conf->hook_timeout_ms = 1500;
	git_free(git);
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	ck_assert_has(facts.why, "hook post-commit: ended after its timeout of ");
	git_free(git);
}
END_TEST

/* It has no say any more: the commit is there, and goes on. */
START_TEST(test_post_commit_that_fails)
{
	open_work();
	hook("post-commit", "echo told nobody; exit 7");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_has(git_log(git), "told nobody\n");
	git_free(git);
}
END_TEST

/* A process that a hook leaves behind, with git's pipes open, holds nothing up, and ends. */
START_TEST(test_hook_that_leaves_a_process)
{
	static const char *const names[] = {"pre-commit", "post-commit", "pre-push"};
	open_work();
	hook(names[_i], "(echo $BASHPID; exec sleep 1000) & echo $! >\"$HOME/pid\"");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert(!is_running((int)number(sh("cat pid"))));
	git_free(git);
}
END_TEST

/* As githooks(5) has it: what is pushed on stdin, "LOCAL-REF ID REMOTE-REF ID" a line. */
START_TEST(test_what_pre_push_is_told)
{
	open_work();
	hook("pre-push", "cat >\"$HOME/lines\"");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("cat lines"),
			 sh("cd work; echo refs/heads/main $(git rev-parse HEAD) refs/heads/main "
			    "$(git rev-parse HEAD~1)"));
	git_free(git);
}
END_TEST

/* What hooks make of the message is what git makes of it. */
START_TEST(test_hooks_that_change_the_message)
{
	open_work();
	hook("prepare-commit-msg",
	     "sed -i '1s/^/[JIRA-1] /' \"$1\"; printf '\\n# a comment\\n' >>\"$1\"");
	hook("commit-msg", "printf 'Reviewed-by: Bob   \\n\\n\\n' >>\"$1\"");
	open_hooked();
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(
		sh("git -C work log -1 --format=%%B"),
		sh("git clone -q up.git twin; cp work/.git/hooks/*-msg twin/.git/hooks/; cd "
		   "twin; git commit -q --allow-empty -m x; git log -1 --format=%%B"));
	/* One that leaves nothing of it. */
	hook("commit-msg", ": >\"$1\"");
	open_hooked();
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMIT_ERROR);
	ck_assert_str_eq(facts.why, "Aborting commit due to empty commit message.");
	git_free(git);
}
END_TEST

START_TEST(test_hook_that_changes_the_index)
{
	open_work();
	hook("pre-commit",
	     "tr a-z A-Z <x >x.new && mv x.new x && echo made >made && git add x made");
	open_hooked();
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git show main:x main:made"), "X\nmade");
	git_free(git);
}
END_TEST

START_TEST(test_hooks_folder_of_the_config)
{
	open_work();
	sh("cd work; mkdir -p own; printf '#!/bin/sh\\necho ran >>\"$HOME/ran\"\\n' "
	   ">own/pre-commit;"
	   "chmod +x own/pre-commit; git config core.hooksPath own");
	open_hooked();
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("cat ran"), "ran");
	git_free(git);
}
END_TEST

START_TEST(test_hooks_turned_off)
{
	static const char *const all[] = {"pre-commit", "commit-msg", "post-commit", "pre-push",
					  "reference-transaction"};
	open_work();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		hook(all[i], ": >\"$HOME/ran\"; exit 1");
	struct conf_repository *conf = conf_of("work");
	conf->hooks = false;
	for (int program = 0; program < 2; program++) {
		if (program)
			setenv("GIT_COMMITTER_DATE", "2026-02-07T15:27:14Z", 1);
		git_free(git);
		git = open_git(conf);
		sh("echo %d >work/x", program);
		const struct receipt_facts facts = save_all(git, "x");
		assert_pushed(&facts);
		ck_assert_int_eq(facts.way, program ? RECEIPT_WAY_PROGRAM : RECEIPT_WAY_ENGINE);
		ck_assert_int_ne(access("ran", F_OK), 0);
	}
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const each[] = {test_refusals}, *const leaving[] = {
							     test_hook_that_leaves_a_process};
	const TTest *const tests[] = {
		test_all_of_them_in_order,
		test_whose_line_it_is,
		test_silent_refusal,
		test_reference_transaction_that_refuses,
		test_hook_that_does_not_end,
		test_pre_push_that_does_not_end,
		test_post_commit_that_does_not_end,
		test_post_commit_that_fails,
		test_what_pre_push_is_told,
		test_hooks_that_change_the_message,
		test_hook_that_changes_the_index,
		test_hooks_folder_of_the_config,
		test_hooks_turned_off,
	};
	int failed = run_tests_of("git hooks", each, 1, 4);
	failed |= run_tests_of("git hooks", leaving, 1, 3);
	failed |= run_tests("git hooks", tests, sizeof(tests) / sizeof(tests[0]));
	return failed;
}
