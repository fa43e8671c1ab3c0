/* What a power cut or a kill leaves among the objects of a repository is not built upon. */
#include "tests/unit/git_helpers.h"

/* Puts an object where git will look for the blob "x": `how` is a shell command that prints it. */
static void leave_object(const char *how)
{
	sh("cd work; id=$(echo x | git hash-object --stdin);"
	   "mkdir -p .git/objects/$(echo $id | cut -c1-2);"
	   "{ %s; } >.git/objects/$(echo $id | sed 's,^..,&/,')",
	   how);
}

static void assert_sound(void)
{
	ck_assert_str_eq(sh("git -C work cat-file blob HEAD:x"), "x");
	ck_assert_str_eq(sh("git -C up.git cat-file blob main:x"), "x");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	ck_assert_str_eq(sh("git -C up.git fsck --strict --no-dangling 2>&1"), "");
}

/* Its name came to the disk and its bytes did not. */
START_TEST(test_empty_object)
{
	make_repository();
	leave_object("true");
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_has(facts.why, ": removed: an object that is empty, as a power cut leaves them");
	assert_sound();
	git_free(git);
}
END_TEST

/* Some of its bytes did, or another block's. */
START_TEST(test_damaged_object)
{
	static const char *const ways[] = {
		"head -c 40 /dev/zero",
		"head -c 40 /dev/urandom",
		"git hash-object -w --stdin <.git/config >/dev/null;"
		"cat $(git hash-object --stdin <.git/config | sed 's,^..,.git/objects/&/,')",
		"git -C ../up.git hash-object -w --stdin <../x >/dev/null;"
		"head -c 9 $(git hash-object --stdin <../x | sed 's,^..,../up.git/objects/&/,')",
	};
	make_repository();
	sh("echo x >x");
	leave_object(ways[_i]);
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_has(facts.why, "objects that were damaged, and are written anew: 1");
	assert_sound();
	sh("echo y >work/y");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* A sound one that is there is left as it is. */
START_TEST(test_object_that_is_there)
{
	make_repository();
	sh("cd work; echo x | git hash-object -w --stdin; find .git/objects -type f -printf "
	   "'%%i\\n' |"
	   "sort >../before");
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	assert_sound();
	ck_assert_str_eq(sh("find work/.git/objects -type f -printf '%%i\\n' | sort |"
			    "comm -23 before -"),
			 "");
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_empty_object, test_object_that_is_there};
	const TTest *const damaged[] = {test_damaged_object};
	int failed = run_tests_by_both("git objects", tests, sizeof(tests) / sizeof(tests[0]));
	failed |= run_tests_of("git objects", damaged, 1, 4);
	return failed;
}
