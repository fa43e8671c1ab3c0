/* The same work tree, committed by the helper and by `git add -A && git commit`: the same tree,
 * over many random changes. And the helper beside other git programs. */
#include <poll.h>
#include <sys/wait.h>

#include "tests/unit/git_helpers.h"
#include "tests/unit/suite.h"

#define ROUNDS 40
#define SEEDS  3
#define SOAK   60 /* seeds where SOAK is set */
#define NAMES  12

static unsigned seed;

/* A generator of our own: the same numbers everywhere. */
static unsigned pick(unsigned most)
{
	seed = seed * 1103515245U + 12345U;
	return (seed >> 16) % most;
}

static const char *name(void)
{
	static const char *const names[NAMES] = {
		"a",        "b",     "d/a",   "d/b",      "d/e/c",   "a/x",
		"with gap", "-dash", "x.log", "keep.log", "\\*star", "caf\xc3\xa9",
	};
	return names[pick(NAMES)];
}

/* One random change, as a line of shell; $n is the name and may be a folder or below a file. */
static const char *change(void)
{
	static const char *const changes[] = {
		"rm -rf -- \"./$n\"",
		"mk; echo $r >\"./$n\"",
		"mk; echo $r >>\"./$n\"",
		"mk; : >\"./$n\"",
		"mk; ln -sf target$r \"./$n\"",
		"mk; echo $r >\"./$n\"; chmod +x \"./$n\"",
		"test ! -f \"./$n\" || chmod -x \"./$n\"",
		"mk; mkdir -p \"./$n\"; echo $r >\"./$n/inner\"",
		"mk; mkdir -p \"./$n\"",
		"printf '*.log\\n!keep.log\\n' >.gitignore",
		"printf 'd/\\n' >.gitignore",
		"printf '/d/*\\n!/d/a\\n' >d.ignore; test ! -d d || mv d.ignore d/.gitignore",
		"rm -f .gitignore d/.gitignore",
		"touch -- \"./$n\" 2>/dev/null || true",
		"test ! -e \"./$n\" || git add -f -- \"./$n\" 2>/dev/null || true",
		"git rm -q -r -f --cached --ignore-unmatch -- \"./$n\"",
		"test ! -f \"./$n\" || git add -N -- \"./$n\" 2>/dev/null || true",
	};
	return changes[pick(sizeof(changes) / sizeof(changes[0]))];
}

/* Changes work/ and other/ alike. */
static void change_both(void)
{
	const char *const n = name();
	const unsigned r = pick(5);
	const char *const what = change();
	for (int side = 0; side < 2; side++)
		sh("cd %s; n='%s'; r=%u;"
		   "mk() { test ! -d \"./$n\" || rm -rf -- \"./$n\";"
		   " p=$(dirname -- \"./$n\"); test ! -f \"$p\" -a ! -L \"$p\" || rm -f -- \"$p\";"
		   " mkdir -p -- \"$p\"; rm -f -- \"./$n\"; }\n%s",
		   side ? "other" : "work", n, r, what);
}

static void round_of(int number)
{
	const unsigned before = seed;
	const unsigned changes = 1 + pick(4);
	for (unsigned i = 0; i < changes; i++)
		change_both();
	const struct receipt_facts facts = save_all(git, "x");
	sh("cd other; git add -A; git commit -qm x || true");
	ck_assert_msg(facts.result == RECEIPT_COMMITTED || facts.result == RECEIPT_NOTHING,
		      "round %d, seed %u: %s: %s", number, before, receipt_name(facts.result),
		      facts.why);
	const char *const trees = sh("git -C work rev-parse HEAD^{tree}");
	ck_assert_msg(strcmp(trees, sh("git -C other rev-parse HEAD^{tree}")) == 0,
		      "round %d, seed %u:\n%s", number, before,
		      sh("git -C work ls-tree -r HEAD; echo; git -C other ls-tree -r HEAD"));
	ck_assert_str_eq(sh("git -C work status --porcelain"),
			 sh("git -C other status --porcelain"));
}

static void compare_from(unsigned start)
{
	seed = start;
	make_repository();
	sh("cp -a work other");
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	for (int i = 0; i < ROUNDS; i++)
		round_of(i);
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	git_free(git);
}

START_TEST(test_same_as_git)
{
	compare_from((unsigned)_i * 7919U + 1U);
}
END_TEST

/* Somebody else's git works on the same index all the time. */
START_TEST(test_beside_other_git_programs)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	conf->lock_timeout_ms = 30000;
	git = open_git(conf);
	const pid_t rival = fork();
	if (rival == 0) {
		const char *const argv[] = {
			"sh", "-c",
			"cd work; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do"
			" echo $i >rival$i; until git add rival$i 2>/dev/null; do :; done; done",
			NULL};
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	int status = -1;
	for (int i = 0; waitpid(rival, &status, WNOHANG) == 0; i++) {
		sh("echo %d >work/ours", i);
		const struct receipt_facts facts = save_all(git, "x");
		ck_assert_result(facts, RECEIPT_COMMITTED);
	}
	ck_assert_int_eq(status, 0);
	save_all(git, "last");
	ck_assert_str_eq(sh("git -C work ls-tree --name-only HEAD | grep -c rival"), "20");
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	git_free(git);
}
END_TEST

/* Somebody who moves the branch without a look at the index, and only from where it stands. */
static pid_t start_mover(int count)
{
	char script[512];
	snprintf(script, sizeof(script),
		 "cd work; i=0; while [ $i -lt %d ]; do old=$(git rev-parse main); new=$(git "
		 "commit-tree -p $old -m mover$i $old^{tree}); git update-ref refs/heads/main $new "
		 "$old 2>/dev/null && i=$((i + 1)); done",
		 count);
	const char *const argv[] = {"sh", "-c", script, NULL};
	const pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

#define MOVES 12

/* What it put on the branch stays there, and so does what we put there. */
START_TEST(test_beside_a_branch_that_moves)
{
	int made = 0, status = -1;
	by_program = _i > 0;
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	conf->lock_timeout_ms = 60000;
	git = open_git(conf);
	const pid_t mover = start_mover(MOVES);
	while (waitpid(mover, &status, WNOHANG) == 0) {
		sh("echo %d >work/ours", ++made);
		const struct receipt_facts facts = save_all(git, "ours");
		ck_assert_result(facts, RECEIPT_COMMITTED);
	}
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(number(sh("git -C work log --format=%%s | grep -c mover")), MOVES);
	ck_assert_int_eq(number(sh("git -C work log --format=%%s | grep -c ours || true")), made);
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	git_free(git);
}
END_TEST

/* Two helpers on one repository, which stepgate's own lock forbids: still no damage. */
START_TEST(test_two_helpers)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	conf->lock_timeout_ms = 30000;
	const pid_t rival = fork();
	git = open_git(conf);
	for (int i = 0; i < 40; i++) {
		char path[32];
		snprintf(path, sizeof(path), "work/%s%d", rival ? "a" : "b", i);
		FILE *file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		fclose(file);
		const struct receipt_facts facts = save_all(git, "x");
		if (!rival && receipt_place(facts.result) != RECEIPT_REACHED) {
			fprintf(stderr, "rival: %s: %s\n", receipt_name(facts.result), facts.why);
			_exit(1);
		}
		ck_assert_msg(receipt_place(facts.result) == RECEIPT_REACHED, "%s: %s",
			      receipt_name(facts.result), facts.why);
	}
	git_free(git);
	if (!rival)
		_exit(0);
	int status = -1;
	ck_assert_int_eq(waitpid(rival, &status, 0), rival);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(sh("git -C work ls-tree --name-only HEAD | wc -l"), "81");
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("git same");
	TCase *tcase = tcase_create("git same");
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_same_as_git, 0, getenv("SOAK") ? SOAK : SEEDS);
	tcase_add_test(tcase, test_beside_other_git_programs);
	tcase_add_loop_test(tcase, test_beside_a_branch_that_moves, 0, 2);
	tcase_add_test(tcase, test_two_helpers);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
