/* What the commit helper says where it can't commit, and that it leaves things as they were. */
#include <poll.h>
#include <signal.h>
#include <sys/file.h>

#include "tests/unit/git_helpers.h"

START_TEST(test_no_identity)
{
	open_work();
	sh("git config --global --unset user.email; echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_IDENTITY);
	ck_assert_has(facts.why, "git config user.email");
	ck_assert_str_eq(facts.commit, "");
	sh("git config --global user.email a@b");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_lock_is_waited_for_and_never_deleted)
{
	open_work();
	sh("echo x >work/x; echo theirs >work/.git/index.lock");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	ck_assert_has(facts.why, "work/.git/index.lock: waited 2000 ms for it");
	ck_assert_str_eq(sh("cat work/.git/index.lock"), "theirs");
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "first");
	sh("rm work/.git/index.lock");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_lock_that_is_given_up_in_time)
{
	open_work();
	struct receipt_facts facts;
	sh("echo x >work/x; : >work/.git/index.lock");
	const pid_t pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 300);
		unlink("work/.git/index.lock");
		_exit(0);
	}
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_lock_of_a_helper_that_was_killed_is_taken_over)
{
	open_work();
	sh("echo x >work/x; echo stepgate-git >work/.git/index.lock;"
	   "echo junk >work/.git/index.stepgate; : >work/.git/index.stepgate.lock");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_lock_of_a_helper_that_lives_is_not)
{
	open_work();
	sh("echo x >work/x; echo stepgate-git >work/.git/index.lock");
	const int fd = open("work/.git/index.lock", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	close(fd);
	git_free(git);
}
END_TEST

START_TEST(test_lock_of_the_branch)
{
	open_work();
	sh("echo x >work/x; : >work/.git/refs/heads/main.lock");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	ck_assert_str_eq(sh("ls work/.git/refs/heads"), "main\nmain.lock");
	sh("rm work/.git/refs/heads/main.lock");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

static void assert_gone(const char *path)
{
	ck_assert_msg(access(path, F_OK) != 0, "%s is still there", path);
}

/* Who held them died with the machine. */
START_TEST(test_locks_from_before_this_boot)
{
	open_work();
	sh("cd work/.git; touch -d 2001-02-03 index.lock HEAD.lock packed-refs.lock config.lock "
	   "refs/heads/main.lock; mkdir refs/heads/a; touch -d 2001-02-03 refs/heads/a/b.lock;"
	   "echo x >../x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_has(facts.why, "/index.lock: removed: a lock from before this boot");
	assert_gone("work/.git/refs/heads/a/b.lock");
	ck_assert_str_eq(sh("ls work/.git | grep lock || true"), "");
	sh("echo y >work/x");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* However old: somebody has it open. */
START_TEST(test_old_lock_that_is_open)
{
	open_work();
	sh("cd work/.git; touch -d 2001-02-03 refs/heads/main.lock; echo x >../x");
	const int fd = open("work/.git/refs/heads/main.lock", O_RDONLY | O_CLOEXEC);
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	ck_assert_int_eq(access("work/.git/refs/heads/main.lock", F_OK), 0);
	close(fd);
	git_free(git);
}
END_TEST

/* The mark of a helper that was killed tells which lock is its own. */
START_TEST(test_ref_lock_of_a_helper_that_was_killed)
{
	open_work();
	sh("cd work/.git; printf \"$PWD/refs/heads/main.lock\" >ref.stepgate.1; : "
	   ">index.stepgate.1;"
	   ": >refs/heads/main.lock; echo x >../x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_has(facts.why, "main.lock: removed: its holder, a commit helper, was killed");
	ck_assert_str_eq(sh("ls work/.git | grep -e lock -e stepgate || true"), "");
	git_free(git);
}
END_TEST

/* A lock that was there before the mark is another's, and so is one whose marker lives. */
START_TEST(test_ref_lock_of_somebody_else)
{
	open_work();
	sh("cd work/.git; : >refs/heads/main.lock; touch -d '1 hour ago' refs/heads/main.lock;"
	   "printf \"$PWD/refs/heads/main.lock\" >ref.stepgate.1; echo x >../x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	git_free(git);
	git = open_git(conf_of("work"));
	sh("cd work/.git; printf \"$PWD/refs/heads/main.lock\" >ref.stepgate.1;"
	   "touch refs/heads/main.lock");
	const int fd = open("work/.git/ref.stepgate.1", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	close(fd);
	git_free(git);
}
END_TEST

START_TEST(test_temporary_files)
{
	make_repository();
	sh("cd work/.git/objects; mkdir -p ab; : >ab/tmp_obj_x; : >ab/tmp_object_git2_x; cd pack;"
	   ": >tmp_pack_x; : >tmp_idx_x; : >pack_git2_x; : >tmp_pack_open; : >pack-1.keep");
	const int fd = open("work/.git/objects/pack/tmp_pack_open", O_RDONLY | O_CLOEXEC);
	git = open_git(conf_of("work"));
	sh("touch -d '1 day' work/.git/objects/pack/tmp_pack_new; echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	assert_gone("work/.git/objects/ab/tmp_obj_x");
	assert_gone("work/.git/objects/ab/tmp_object_git2_x");
	ck_assert_str_eq(sh("ls work/.git/objects/pack"),
			 "pack-1.keep\ntmp_pack_new\ntmp_pack_open");
	close(fd);
	git_free(git);
}
END_TEST

/* What another helper has half made is not what a dead one left. */
START_TEST(test_temporary_files_of_a_helper_at_work)
{
	make_repository();
	sh("echo stepgate-git >work/.git/index.lock; mkdir -p work/.git/objects/ab;"
	   ": >work/.git/objects/ab/tmp_obj_x; echo x >work/x");
	const int fd = open("work/.git/index.lock", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	struct conf_repository *conf = conf_of("work");
	conf->lock_timeout_ms = 100;
	git = open_git(conf);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_LOCKED);
	ck_assert_str_eq(sh("ls work/.git/objects/ab"), "tmp_obj_x");
	git_free(git);
	close(fd);
	git = open_git(conf);
	facts = save_all(git, "x");
	assert_pushed(&facts);
	assert_gone("work/.git/objects/ab/tmp_obj_x");
	git_free(git);
}
END_TEST

START_TEST(test_detached)
{
	open_work();
	sh("cd work; git checkout -q --detach; echo x >x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_DETACHED);
	ck_assert_has(facts.why, "git switch");
	git_free(git);
}
END_TEST

START_TEST(test_mid_operation)
{
	open_work();
	sh("cd work; git switch -qc other; echo o >o; git add o; git commit -qm o; git switch -q "
	   "main;"
	   "echo m >m; git add m; git commit -qm m; git merge -q --no-commit other");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_MID_OPERATION);
	ck_assert_has(facts.why, "a merge: ");
	sh("cd work; git merge --abort; git cherry-pick --no-commit other; echo 1 "
	   ">.git/CHERRY_PICK_HEAD");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_MID_OPERATION);
	ck_assert_has(facts.why, "a cherry-pick: ");
	git_free(git);
}
END_TEST

START_TEST(test_conflicted)
{
	open_work();
	sh("cd work; git switch -qc other; echo o >one; git commit -qam o; git switch -q main;"
	   "echo m >one; git commit -qam m; git merge -q other >/dev/null 2>&1 || rm "
	   ".git/MERGE_HEAD");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_CONFLICTED);
	ck_assert_str_eq(sh("git -C work ls-files -u | wc -l"), "3");
	git_free(git);
}
END_TEST

static void refuse(const struct conf_repository *conf, const char *words)
{
	struct git *const untouched = (struct git *)&git;
	struct git *made = untouched;
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(git_new(conf, &made, &err), -1);
	ck_assert_msg(err.code == ERR_CONFIG, "%d: %s", err.code, err.text);
	ck_assert_has(err.text, words);
	ck_assert_ptr_eq(made, untouched);
}

START_TEST(test_bad_surroundings)
{
	make_repository();
	sh("mkdir plain work/sub; git init -q broken; rm broken/.git/HEAD");
	setenv("GIT_CEILING_DIRECTORIES", getenv("HOME"), 1);
	refuse(conf_of("plain"), "/plain: not a git repository: run `git init` there");
	refuse(conf_of("work/sub"), "/work/sub: not the root of a repository: its work tree is /");
	refuse(conf_of("up.git"), "/up.git: a bare repository");
	refuse(conf_of("broken"), "/broken: not a git repository");
	refuse(conf_of("nowhere"), "/nowhere: ");
	sh("cd work; git config core.repositoryFormatVersion 1; git config extensions.fromLater x");
	refuse(conf_of("work"), "/work: the repository can't be used: fatal: unknown repository "
				"extension found: fromlater");
}
END_TEST

START_TEST(test_repository_disappears)
{
	open_work();
	sh("mv work/.git git");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_REPOSITORY);
	sh("mv git work/.git; echo x >work/x");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	/* Another repository in its place is seen to be another one. */
	sh("rm -rf work/.git; git init -q work");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	reopen_work();
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_UPSTREAM);
	ck_assert_str_eq(sh("git -C work log --format=%%s; git -C work status --porcelain"), "x");
	git_free(git);
}
END_TEST

/* Kept, and built anew from HEAD: a file that is tracked though it is ignored stays. */
static void damage_index(const char *how)
{
	sh("cd work; echo '*.log' >.gitignore; echo l >a.log; git add -f .gitignore a.log;"
	   "git commit -qm log; git push -q");
	git = open_git(conf_of("work"));
	sh("cd work; echo x >x; %s", how);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C up.git ls-tree --name-only main"), ".gitignore\na.log\none\nx");
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	if (strcmp(how, "rm .git/index") != 0) {
		ck_assert_has(facts.why, "the index was damaged: built anew from HEAD, kept as ");
		ck_assert_str_eq(sh("ls work/.git/index.damaged-* | wc -l"), "1");
	}
	sh("echo y >work/x");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	git_free(git);
}

static const char *const damages[] = {
	"printf garbage >.git/index",
	": >.git/index",
	"rm .git/index",
	"truncate -s 20 .git/index",
	"truncate -s -30 .git/index",
	"printf X | dd of=.git/index bs=1 seek=80 conv=notrunc 2>/dev/null",
};

START_TEST(test_damaged_index)
{
	make_repository();
	damage_index(damages[_i]);
}
END_TEST

/* git itself does not look at the sum: it sees only the first ones. */
START_TEST(test_damaged_index_by_the_program)
{
	make_repository();
	sh("git config --global index.sparse true");
	damage_index(damages[_i]);
}
END_TEST

START_TEST(test_salvage_with_a_damaged_index)
{
	open_work();
	sh("cd work; echo x >x; printf garbage >.git/index");
	const struct receipt_facts facts = save_as(git, "x", GIT_ALL, "refs/stepgate/salvage/1-1");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_str_eq(sh("git -C up.git ls-tree --name-only refs/stepgate/salvage/1-1"),
			 "one\nx");
	ck_assert_str_eq(sh("cat work/.git/index"), "garbage");
	git_free(git);
}
END_TEST

START_TEST(test_damaged_head)
{
	open_work();
	sh("echo x >work/x; echo 0123456789012345678901234567890123456789 "
	   ">work/.git/refs/heads/main");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_REPOSITORY_CHANGED);
	ck_assert_has(facts.why, " any more");
	git_free(git);
}
END_TEST

START_TEST(test_surroundings_of_another_repository)
{
	make_repository();
	sh("git init -q other");
	char other[BOX];
	snprintf(other, sizeof(other), "%s/other/.git", getenv("HOME"));
	setenv("GIT_DIR", other, 1);
	setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
	git = open_git(conf_of("work"));
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_no_identity,
		test_lock_is_waited_for_and_never_deleted,
		test_lock_that_is_given_up_in_time,
		test_lock_of_a_helper_that_was_killed_is_taken_over,
		test_lock_of_a_helper_that_lives_is_not,
		test_lock_of_the_branch,
		test_locks_from_before_this_boot,
		test_old_lock_that_is_open,
		test_ref_lock_of_a_helper_that_was_killed,
		test_ref_lock_of_somebody_else,
		test_temporary_files,
		test_temporary_files_of_a_helper_at_work,
		test_detached,
		test_mid_operation,
		test_conflicted,
		test_bad_surroundings,
		test_repository_disappears,
		test_damaged_head,
		test_surroundings_of_another_repository,
	};
	const TTest *const damaged[] = {test_damaged_index};
	const TTest *const seen_by_git[] = {test_damaged_index_by_the_program};
	const TTest *const by_libgit2[] = {test_salvage_with_a_damaged_index};
	int failed = run_tests_by_both("git trouble", tests, sizeof(tests) / sizeof(tests[0]));
	failed |= run_tests_of("git trouble", damaged, 1, 6);
	failed |= run_tests_of("git trouble", seen_by_git, 1, 4);
	failed |= run_tests("git trouble", by_libgit2, 1);
	return failed;
}
