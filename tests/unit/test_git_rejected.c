/* A remote that has commits which are not here: what `on_rejected` makes of it, also beside a rival
 * that pushes at the same moment, and when the helper is killed on the way. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/git_helpers.h"

static const char *const trailers[] = {"Stepgate-Cycle: 1", "Stepgate-Step: 1", NULL};

static struct receipt_facts save_step(const char *subject, bool again)
{
	struct receipt_facts facts;
	const struct git_request request = {
		.subject = subject,
		.trailers = trailers,
		.again = again,
		.aside = "refs/heads/stepgate/1-1",
	};
	git_save(git, &request, &facts);
	return facts;
}

/* up.git has a commit "theirs" that work/ does not know; and work/ has something to commit. */
static void open_behind(enum conf_on_rejected on_rejected)
{
	make_repository();
	sh("git clone -q up.git rival; cd rival; echo theirs >theirs; git add -A; git commit -qm "
	   "theirs; git push -q");
	struct conf_repository *conf = conf_of("work");
	conf->on_rejected = on_rejected;
	git = open_git(conf);
	sh("echo x >work/x");
}

START_TEST(test_fail)
{
	open_behind(CONF_REJECTED_FAIL);
	const struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "theirs\nfirst");
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "ours\nfirst");
	git_free(git);
}
END_TEST

START_TEST(test_branch)
{
	open_behind(CONF_REJECTED_BRANCH);
	struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_BRANCHED);
	ck_assert_str_eq(facts.upstream, "origin refs/heads/stepgate/1-1");
	ck_assert_str_eq(facts.why,
			 "pushed to refs/heads/stepgate/1-1 instead: [rejected] (fetch first)");
	ck_assert_str_eq(sh("git -C up.git rev-parse stepgate/1-1"), facts.commit);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "theirs\nfirst");
	/* The branch of that name is not ours: it is left as it is. */
	sh("git -C up.git update-ref refs/heads/stepgate/1-1 main; echo y >work/y");
	facts = save_step("more", false);
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_has(facts.why, "refs/heads/stepgate/1-1: ");
	git_free(git);
}
END_TEST

static void assert_rebased(const struct receipt_facts *facts, const char *log)
{
	ck_assert_result(*facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts->commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts->commit, sh("git -C up.git rev-parse main"));
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), log);
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	ck_assert_str_eq(sh("git -C work symbolic-ref HEAD"), "refs/heads/main");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
}

START_TEST(test_rebase)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("cd work; echo local >local; git add local; GIT_AUTHOR_NAME=Bob "
	   "GIT_AUTHOR_DATE='2020-01-02 "
	   "03:04:05 +0600' git commit -qm local; printf '#!/bin/sh\\n' >run; chmod +x run");
	const struct receipt_facts facts = save_step("ours", false);
	assert_rebased(&facts, "ours\nlocal\ntheirs\nfirst");
	ck_assert_str_eq(sh("git -C up.git log -1 --format='%%an %%ad %%cn' main~1"),
			 "Bob Thu Jan 2 03:04:05 2020 +0600 Ada");
	ck_assert_str_eq(
		sh("git -C up.git log -1 --format='%%(trailers:key=Stepgate-Step,separator=%%x2C)' "
		   "main"),
		"Stepgate-Step: 1");
	ck_assert_str_eq(sh("cat work/theirs work/x work/local; test -x work/run"),
			 "theirs\nx\nlocal");
	ck_assert_str_eq(sh("git -C work reflog -1 --format=%%gs"),
			 sh("echo stepgate: rebase: updating HEAD"));
	/* What is here goes on as usual. */
	sh("echo y >work/y");
	const struct receipt_facts next = save_all(git, "next");
	assert_rebased(&next, "next\nours\nlocal\ntheirs\nfirst");
	git_free(git);
}
END_TEST

START_TEST(test_rebase_with_conflicts)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("echo ours >work/theirs");
	const struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(facts.why, "there are conflicts with what the remote has: theirs");
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "theirs\nfirst");
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "ours\nfirst");
	ck_assert_str_eq(sh("cd work; git status --porcelain; cat theirs"), "ours");
	git_free(git);
}
END_TEST

START_TEST(test_rebase_of_merges)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("cd work; git switch -qc side; git commit -q --allow-empty -m side; git switch -q main;"
	   "git commit -q --allow-empty -m main; git merge -q side -m merged");
	const struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_has(facts.why, "there are merges among the commits here");
	git_free(git);
}
END_TEST

/* A file that is held back stands where theirs would come: it stays, and so does the branch. */
START_TEST(test_rebase_that_the_work_tree_can_not_follow)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("cd rival; echo theirs >.env; git add .env; git commit -qm env; git push -q");
	sh("echo mine >work/.env");
	struct conf_repository *conf = conf_of("work");
	conf->on_rejected = CONF_REJECTED_REBASE;
	conf->secrets = conf_secrets_default;
	git_free(git);
	git = open_git(conf);
	struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_has(facts.why, "but the branch here could not follow: ");
	ck_assert_str_eq(sh("cat work/.env"), "mine");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "ours\nenv\ntheirs\nfirst");
	/* Once it is out of the way all is well, and nothing is there twice. */
	sh("rm work/.env");
	facts = save_step("ours", true);
	assert_rebased(&facts, "ours\nenv\ntheirs\nfirst");
	git_free(git);
}
END_TEST

/* A rebase of the user's is refused before anything is done, and not touched. */
START_TEST(test_rebase_of_the_user)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("cd work; rm x; echo a >f; git add f; git commit -qm a; echo b >f; git commit -qam b;"
	   "GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' git rebase -q -i HEAD~1 2>&1; "
	   "find .git/rebase-merge -type f | sort | xargs sha256sum >../before; echo x >x");
	const struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_MID_OPERATION);
	sh("cd work; find .git/rebase-merge -type f | sort | xargs sha256sum | cmp - ../before");
	git_free(git);
}
END_TEST

/* The helper is killed when the remote has the new commit and the branch here does not. */
START_TEST(test_killed_before_the_branch_follows)
{
	open_behind(CONF_REJECTED_REBASE);
	sh("printf '#!/bin/sh\\n[ -e ../killed ] && exit 0\\n: >../killed\\nkill -9 $(cat "
	   "../helper)\\n' >up.git/hooks/post-receive; chmod +x up.git/hooks/post-receive");
	sh("ps -o pid=,comm= --ppid %d | awk '/stepgate-git/ {print $1}' >helper", getpid());
	const struct receipt_facts facts = save_step("ours", false);
	ck_assert_int_eq(access("killed", F_OK), 0);
	assert_rebased(&facts, "ours\ntheirs\nfirst");
	git_free(git);
}
END_TEST

/* Somebody who pushes something of their own at each moment when we do. */
static pid_t start_rival(int count)
{
	sh("git clone -q up.git rival; cat >rival.sh <<'END'\n"
	   "cd rival\nfor i in $(seq $1); do until [ -e ../work/o$i ]; do command -p sleep 0.01; "
	   "done; echo $i >r$i; git add r$i; git commit -qm \"rival "
	   "$i\"\n"
	   "until git push -q 2>/dev/null; do git pull -q --rebase; done; done\nEND");
	char most[16];
	snprintf(most, sizeof(most), "%d", count);
	const pid_t pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "rival.sh", most, (char *)NULL);
		_exit(127);
	}
	return pid;
}

START_TEST(test_rivals)
{
	const int count = getenv("SOAK") ? 500 : 10;
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->on_rejected = CONF_REJECTED_REBASE;
	conf->push_timeout_ms =
		600000; /* a rival may be faster often, and time is the only bound */
	git = open_git(conf);
	const pid_t rival = start_rival(count);
	for (int i = 1; i <= count; i++) {
		char subject[32];
		sh("echo %d >work/o%d", i, i);
		snprintf(subject, sizeof(subject), "ours %d", i);
		const struct receipt_facts facts = save_all(git, subject);
		ck_assert_result(facts, RECEIPT_PUSHED);
	}
	int status;
	ck_assert_int_eq(waitpid(rival, &status, 0), rival);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(number(sh("git -C up.git log --format=%%s main | sort -u | wc -l")),
			 2 * count + 1);
	ck_assert_int_eq(number(sh("git -C up.git log --format=%%s main | wc -l")), 2 * count + 1);
	ck_assert_int_eq(number(sh("git -C up.git ls-tree main | wc -l")), 2 * count + 1);
	/* They did get into each other's way. */
	const long rebased = number(sh("git -C work reflog | grep -c 'stepgate: rebase' || true"));
	fprintf(stderr, "%d pushes beside a rival, %ld of them rejected at first\n", count,
		rebased);
	ck_assert(count < 100 || rebased > 0);
	git_free(git);
}
END_TEST

/* A lock that somebody left on the remote: told as such, and all is well once it is gone. */
START_TEST(test_lock_on_the_remote)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	git = open_git(conf);
	sh("echo x >work/x; : >up.git/refs/heads/main.lock");
	struct receipt_facts facts = save_step("ours", false);
	ck_assert_result(facts, RECEIPT_REMOTE_LOCKED);
	ck_assert_has(facts.why, "main.lock': File exists");
	conf->push_retries = 5;
	git_free(git);
	git = open_git(conf);
	const pid_t pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 500);
		unlink("up.git/refs/heads/main.lock");
		_exit(0);
	}
	facts = save_step("ours", true);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_msg(facts.result == RECEIPT_PUSHED || facts.result == RECEIPT_NOTHING, "%s",
		      facts.why);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main"), "ours\nfirst");
	git_free(git);
}
END_TEST

START_TEST(test_submodules)
{
	open_work();
	sh("git init -q --bare sub.git; git clone -q sub.git seed 2>&1; cd seed; echo s >s; git "
	   "add s;"
	   "git commit -qm s; git push -q origin HEAD:main; git -C ../sub.git symbolic-ref HEAD "
	   "refs/heads/main; cd ../work; git -c protocol.file.allow=always submodule add -q "
	   "../sub.git sub 2>&1");
	struct receipt_facts facts = save_all(git, "with");
	assert_pushed(&facts);
	/* Its commit is nowhere else: the remote would have what nobody can check out. */
	sh("cd work/sub; echo t >t; git add t; git commit -qm t; echo more >more");
	facts = save_all(git, "changed");
	ck_assert_result(facts, RECEIPT_SUBMODULE);
	ck_assert_has(facts.why, "submodule sub has uncommitted work, which is not part of the "
				 "commit");
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%s main"), "with");
	sh("cd work/sub; rm more; git push -q origin HEAD:main");
	facts = save_all(git, "changed");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.why, "");
	ck_assert_str_eq(sh("git -C up.git log -1 --format=%%s main"), "changed");
	/* Who does not want it to be asked is not asked. */
	sh("cd work; git config push.recurseSubmodules no; cd sub; echo u >u; git add u; git "
	   "commit -qm u");
	reopen_work();
	facts = save_all(git, "unasked");
	assert_pushed(&facts);
	/* Nothing that a submodule's own settings name is run. */
	sh("cd work/sub; git config core.fsmonitor \"touch $HOME/ran; false\"; git config "
	   "filter.x.clean 'touch $HOME/ran'; echo '* filter=x' >.git/info/attributes 2>/dev/null "
	   "|| "
	   "echo '* filter=x' >../.git/modules/sub/info/attributes; echo other >s; echo z >../z");
	facts = save_all(git, "z");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	ck_assert_has(facts.why, "a submodule's settings");
	ck_assert_int_ne(access("ran", F_OK), 0);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_fail,
		test_branch,
		test_rebase,
		test_rebase_with_conflicts,
		test_rebase_of_merges,
		test_rebase_that_the_work_tree_can_not_follow,
		test_rebase_of_the_user,
		test_killed_before_the_branch_follows,
		test_rivals,
		test_lock_on_the_remote,
		test_submodules,
	};
	return run_tests("git rejected", tests, sizeof(tests) / sizeof(tests[0]));
}
