/* Pushing, to real remotes, well and badly behaved. */
#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "tests/unit/git_helpers.h"

START_TEST(test_no_upstream)
{
	open_work();
	sh("cd work; git branch --unset-upstream; echo x >x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_UPSTREAM);
	ck_assert_has(facts.why, "git push -u origin main");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(sh("git -C work log -1 --format=%%s"), "x");
	git_free(git);
}
END_TEST

START_TEST(test_no_remote)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->remote = "elsewhere";
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_REMOTE);
	ck_assert_has(facts.why, "git remote add elsewhere URL");
	git_free(git);
}
END_TEST

START_TEST(test_remote_and_branch_of_the_config)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	sh("git init -q --bare second.git; git -C work remote add second ../second.git");
	conf->remote = "second";
	conf->branch = "nightly";
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.upstream, "second refs/heads/nightly");
	ck_assert_str_eq(facts.commit, sh("git -C second.git rev-parse nightly"));
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "first");
	git_free(git);
}
END_TEST

START_TEST(test_rival_pushed_first)
{
	open_work();
	sh("git clone -q up.git rival; cd rival; echo r >r; git add r; git commit -qm rival; git "
	   "push -q");
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_has(facts.why, "[rejected] (fetch first)");
	ck_assert_str_eq(facts.upstream, "");
	ck_assert_str_eq(facts.ref, "refs/heads/main");
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%s main"), "rival");
	git_free(git);
}
END_TEST

START_TEST(test_hook_of_the_remote_declines)
{
	open_work();
	sh("printf '#!/bin/sh\\necho not on a friday >&2\\nexit 1\\n' >up.git/hooks/pre-receive;"
	   "chmod +x up.git/hooks/pre-receive; echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_DECLINED);
	ck_assert_str_eq(facts.why,
			 "[remote rejected] (pre-receive hook declined): not on a friday");
	/* The next request brings both. */
	sh("rm up.git/hooks/pre-receive; echo y >work/y");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_remote_is_gone)
{
	open_work();
	sh("mv up.git away.git; echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_UNREACHABLE);
	ck_assert_has(facts.why, "does not appear to be a git repository");
	git_free(git);
}
END_TEST

START_TEST(test_remote_wants_a_password)
{
	open_work();
	sh("mkdir bin; printf '#!/bin/sh\\necho \"git@h: Permission denied (publickey).\" "
	   ">&2\\nexit 255\\n'"
	   " >bin/ssh; chmod +x bin/ssh; cd work; git remote set-url origin ssh://git@h/x;"
	   "git config core.sshCommand ../bin/ssh; echo x >x");
	reopen_work();
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_AUTHENTICATION);
	ck_assert_has(facts.why, "Permission denied (publickey)");
	git_free(git);
}
END_TEST

START_TEST(test_push_takes_too_long)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push_timeout_ms = 700;
	git = open_git(conf);
	sh("printf '#!/bin/sh\\necho $$ >pid\\nexec tail -f /dev/null\\n' "
	   ">up.git/hooks/pre-receive;"
	   "chmod +x up.git/hooks/pre-receive; echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSH_TIMED_OUT);
	ck_assert_has(facts.why, "timeout");
	const int pid = (int)number(sh("cat up.git/pid"));
	ck_assert_int_gt(pid, 1);
	ck_assert_msg(!is_running(pid), "the hook is still running");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	git_free(git);
}
END_TEST

/* A program of that name before the others, which notes what it is told and goes on. */
static void note(const char *name, const char *rest)
{
	char path[BOX];
	sh("mkdir -p notes; printf '#!/bin/sh\\necho \"$* | $GIT_TERMINAL_PROMPT\" "
	   ">>'$HOME'/told\\n"
	   "%s\\n' >notes/%s; chmod +x notes/%s",
	   rest, name, name);
	snprintf(path, sizeof(path), "%s/notes:%s", getenv("HOME"), getenv("PATH"));
	setenv("PATH", path, 1);
}

/* Nobody is there to answer: neither git nor ssh may ask. How the user has ssh run is left alone.
 */
START_TEST(test_nobody_is_asked)
{
	make_repository();
	note("ssh", "for last; do :; done; exec sh -c \"$last\"");
	sh("git -C work remote set-url origin ssh://ada@forge$HOME/up.git; echo x >work/x");
	git = open_git(conf_of("work"));
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_int_ge(number(sh("grep -c '^-oBatchMode=yes .*ada@forge .* | 0$' told")), 2);
	ck_assert_str_eq(sh("grep -vc '^-oBatchMode=yes .* | 0$' told || true"), "0");
	sh("rm told; git -C work config core.sshCommand 'ssh -oUser=ada'; echo y >work/y");
	reopen_work();
	const struct receipt_facts own = save_all(git, "y");
	assert_pushed(&own);
	ck_assert_str_eq(sh("grep -vc '^-oUser=ada .* | 0$' told || true"), "0");
	ck_assert_str_eq(sh("grep -c BatchMode told || true"), "0");
	git_free(git);
}
END_TEST

/* What the remote has is not pushed again; what it has lost is. */
START_TEST(test_what_is_there_already)
{
	make_repository();
	setenv("REAL", sh("command -v git"), 1);
	note("git", "exec \"$REAL\" \"$@\"");
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	sh(": >told");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.upstream, "origin refs/heads/main");
	ck_assert_str_eq(sh("grep -c -e push -e receive-pack told || true"), "0");
	sh("git -C up.git update-ref refs/heads/main main~1");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(sh("git -C up.git rev-parse main"), facts.commit);
	git_free(git);
}
END_TEST

/* A git that says that all went well, and did nothing: neither where it pushes, nor where it
 * receives, which it does somewhere else. */
static void lie(void)
{
	sh("mkdir liar; cat >liar/git <<'END'\n"
	   "#!/bin/sh\n"
	   "case \" $* \" in\n"
	   "*\" push \"*) for ref; do :; done\n"
	   "	printf \"To x\\n*\\t$ref:${ref#*:}\\t[new]\\nDone\\n\";;\n"
	   "*\" receive-pack \"*) rm -rf \"$HOME/elsewhere.git\"\n"
	   "	cp -r \"$HOME/up.git\" \"$HOME/elsewhere.git\"\n"
	   "	exec \"$REAL\" receive-pack \"$HOME/elsewhere.git\";;\n"
	   "*) exec \"$REAL\" \"$@\";;\n"
	   "esac\n"
	   "END\n"
	   "chmod +x liar/git");
	setenv("REAL", sh("command -v git"), 1);
	char path[BOX];
	snprintf(path, sizeof(path), "%s/liar:%s", getenv("HOME"), getenv("PATH"));
	setenv("PATH", path, 1);
}

START_TEST(test_push_that_did_not_happen)
{
	make_repository();
	if (_i) /* asked with ls-remote */
		sh("git -C work remote set-url origin file://$HOME/up%%2egit");
	lie();
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSH_ERROR);
	ck_assert_has(facts.why,
		      "the push seemed to go well, but the remote's refs/heads/main is ");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts.upstream, "");
	/* Nor where it is only said to have been there. */
	sh("git -C work update-ref refs/remotes/origin/main HEAD");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSH_ERROR);
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_NOTHING);
	sh("echo y >work/y");
	facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_has(facts.why, "not pushed: the push failed: the push seemed to go well, but the "
				 "remote has no refs/stepgate/salvage/1-1");
	git_free(git);
}
END_TEST

/* Somebody pushes on top before we look: what we pushed is there all the same. */
START_TEST(test_rival_pushes_on_top)
{
	make_repository();
	sh("git clone -q up.git rival; printf '#!/bin/sh\nunset GIT_DIR; cd ../rival && git pull "
	   "-q "
	   "&& git commit -q --allow-empty -m rival && [ ! -e done ] && : >done && git push -q\n' "
	   ">up.git/hooks/post-update; chmod +x up.git/hooks/post-update");
	if (_i)
		sh("git -C work remote set-url origin file://$HOME/up%%2egit");
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "rival\nx\nfirst");
	ck_assert_str_eq(sh("git -C work for-each-ref --format='%%(refname)'"),
			 "refs/heads/main\nrefs/remotes/origin/main");
	git_free(git);
}
END_TEST

START_TEST(test_remote_that_is_a_mere_address)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->remote = "../up.git";
	conf->branch = "main";
	git = open_git(conf);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	git_free(git);
}
END_TEST

/* An address that another one stands for. */
START_TEST(test_remote_by_another_name)
{
	make_repository();
	sh("cd work; git config url.$HOME/.pushInsteadOf elsewhere:;"
	   "git remote set-url origin elsewhere:up.git");
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_remote_that_is_a_mere_address,
		test_remote_by_another_name,
		test_no_upstream,
		test_no_remote,
		test_remote_and_branch_of_the_config,
		test_rival_pushed_first,
		test_hook_of_the_remote_declines,
		test_remote_is_gone,
		test_remote_wants_a_password,
		test_push_takes_too_long,
		test_nobody_is_asked,
		test_what_is_there_already,
	};
	const TTest *const ways[] = {
		test_push_that_did_not_happen,
		test_rival_pushes_on_top,
	};
	const int failed = run_tests_by_both("git push", tests, sizeof(tests) / sizeof(tests[0]));
	return run_tests_of("git push", ways, sizeof(ways) / sizeof(ways[0]), 2) ? EXIT_FAILURE
										 : failed;
}
