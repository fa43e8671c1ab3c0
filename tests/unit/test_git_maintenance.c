/* git's own housekeeping: started once the last commit of a cycle is made, where it is due, by
 * nobody's child, and never within the cycle. */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "status/clock.h"
#include "tests/unit/git_helpers.h"

#define PATIENCE_MS 60000

/* A git that notes when it is asked for housekeeping, and by which process. */
static void open_watched(const char *setting)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	conf->hooks = strcmp(setting, "no hooks") != 0;
	/* Or it would leave a process, and be done before that is. */
	sh("git config --global gc.autoDetach false");
	sh("mkdir bin; real=$(command -v git); cat >bin/git <<END\n"
	   "#!/bin/sh\n"
	   "case \" \\$* \" in *' maintenance run '*)"
	   " echo \"\\$\\$ \\$*\" >$HOME/new && mv $HOME/new $HOME/asked;; esac\n"
	   "exec $real \"\\$@\"\n"
	   "END\n"
	   "chmod +x bin/git");
	const char *path = sh("echo $PWD/bin:$PATH");
	setenv("PATH", path, 1);
	git = open_git(conf);
}

/* One more than gc.autoPackLimit has by default. */
static void make_packs(void)
{
	sh("cd work; for i in $(seq 51); do echo p$i >p$i; git add p$i;"
	   " git rev-parse :p$i | git pack-objects -q .git/objects/pack/pack >/dev/null;"
	   " done; git prune-packed");
	ck_assert_str_eq(sh("ls work/.git/objects/pack/*.pack | wc -l"), "51");
}

static void commit(void)
{
	sh("echo x >>work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMITTED);
	ck_assert_str_eq(sh("ls asked 2>/dev/null || true"), "");
}

static void wait_until_gone(pid_t pid)
{
	const int64_t until = clock_monotonic_ms() + PATIENCE_MS;
	while (is_running(pid)) {
		ck_assert_msg(clock_monotonic_ms() < until, "the housekeeping does not end");
		poll(NULL, 0, 10);
	}
}

static void wait_until_asked(void)
{
	const int64_t until = clock_monotonic_ms() + PATIENCE_MS;
	while (access("asked", F_OK) != 0) {
		ck_assert_msg(clock_monotonic_ms() < until, "git is not asked");
		poll(NULL, 0, 10);
	}
}

START_TEST(test_many_packs_become_one)
{
	open_watched("hooks");
	make_packs();
	commit();
	commit();
	git_free(git);
	wait_until_asked();
	ck_assert_has(sh("cat asked"), " maintenance run --auto --quiet");
	ck_assert_has(sh("cat asked"), "advice.ignoredHook=false");
	wait_until_gone((pid_t)number(sh("cut -d' ' -f1 asked")));
	ck_assert_int_le(number(sh("ls work/.git/objects/pack/*.pack | wc -l")), 2);
	ck_assert_str_eq(sh("git -C work status --porcelain; git -C work fsck --no-dangling 2>&1"),
			 "");
}
END_TEST

/* What nothing refers to may be the work of somebody who is just about to: it stays. */
START_TEST(test_nothing_is_pruned_that_is_young)
{
	open_watched("no hooks");
	make_packs();
	char id[65];
	snprintf(id, sizeof(id), "%s", sh("cd work; echo loose | git hash-object -w --stdin"));
	commit();
	git_free(git);
	wait_until_asked();
	ck_assert_has(sh("cat asked"), "core.hooksPath=/dev/null");
	wait_until_gone((pid_t)number(sh("cut -d' ' -f1 asked")));
	ck_assert_str_eq(sh("git -C work cat-file -t %s", id), "blob");
}
END_TEST

/* Nor by a git that commits for us, which would do so behind each commit. */
START_TEST(test_not_within_the_cycle)
{
	by_program = true;
	open_watched("hooks");
	make_packs();
	commit();
	ck_assert_str_eq(sh("ls work/.git/objects/pack/*.pack | wc -l"), "51");
	git_free(git);
	wait_until_asked();
	wait_until_gone((pid_t)number(sh("cut -d' ' -f1 asked")));
}
END_TEST

/* Who has turned it off for git commit has it off. */
START_TEST(test_not_where_it_is_turned_off)
{
	open_watched("hooks");
	sh("git config --global maintenance.auto false");
	make_packs();
	commit();
	git_free(git);
	ck_assert_str_eq(sh("ls asked 2>/dev/null || true"), "");
}
END_TEST

START_TEST(test_not_where_it_is_not_due)
{
	open_watched("hooks");
	commit();
	git_free(git);
	ck_assert_str_eq(sh("ls asked 2>/dev/null || true"), "");
}
END_TEST

/* A cycle that made no commit has left nothing to be kept. */
START_TEST(test_not_without_a_commit)
{
	open_watched("hooks");
	make_packs();
	sh("cd work; git commit -qm packs");
	reopen_work();
	git_free(git);
	ck_assert_str_eq(sh("ls asked 2>/dev/null || true"), "");
}
END_TEST

/* git would run what the worker has put there. */
START_TEST(test_not_where_a_worker_changed_the_settings)
{
	open_watched("hooks");
	make_packs();
	commit();
	sh("cd work; printf '#!/bin/sh\\n: >%%s/ran\\n' \"$HOME\" >.git/hooks/pre-auto-gc;"
	   "chmod +x .git/hooks/pre-auto-gc");
	git_free(git);
	ck_assert_str_eq(sh("ls asked ran 2>/dev/null || true"), "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_many_packs_become_one,
		test_nothing_is_pruned_that_is_young,
		test_not_within_the_cycle,
		test_not_where_it_is_turned_off,
		test_not_where_it_is_not_due,
		test_not_without_a_commit,
		test_not_where_a_worker_changed_the_settings,
	};
	return run_tests("git maintenance", tests, sizeof(tests) / sizeof(tests[0]));
}
