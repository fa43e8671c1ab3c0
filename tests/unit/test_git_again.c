/* A commit that was made by a process which died: found, not made twice. */
#include "runner/helper/earlier.h"
#include "tests/unit/git_helpers.h"

static const char *const step3[] = {"Stepgate-Cycle: 4", "Stepgate-Step: 3", NULL};
static const char *const closing[] = {"Stepgate-Cycle: 4", NULL};

static struct receipt_facts save_again(const char *const *trailers, const char *salvage_ref,
				       bool again)
{
	struct receipt_facts facts;
	const struct git_request request = {
		.subject = "Step 3: Do it",
		.trailers = trailers,
		.scope = GIT_ALL,
		.salvage_ref = salvage_ref,
		.again = again,
	};
	git_save(git, &request, &facts);
	return facts;
}

START_TEST(test_made_and_pushed)
{
	open_work();
	sh("echo x >work/x");
	const struct receipt_facts first = save_again(step3, NULL, false);
	assert_pushed(&first);
	const struct receipt_facts again = save_again(step3, NULL, true);
	assert_pushed(&again);
	ck_assert_str_eq(again.commit, first.commit);
	git_free(git);
}
END_TEST

START_TEST(test_made_and_not_pushed)
{
	open_work();
	sh("cd work; echo x >x; git add x; git commit -qm 'Step 3: Do it\n\nStepgate-Cycle: "
	   "4\nStepgate-Step: 3\nCo-Authored-By: A <a@b>'; echo later >y");
	const struct receipt_facts facts = save_again(step3, NULL, true);
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	/* What changed since is for the next commit. */
	ck_assert_str_eq(sh("git -C work log --format=%%s; git -C work status --porcelain"),
			 "Step 3: Do it\nfirst\n?? y");
	git_free(git);
}
END_TEST

START_TEST(test_not_made)
{
	open_work();
	sh("echo x >work/x");
	struct receipt_facts facts = save_again(step3, NULL, true);
	assert_pushed(&facts);
	/* The closing words have fewer trailers and are another commit. */
	sh("echo y >work/y");
	facts = save_again(closing, NULL, true);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work rev-list --count HEAD"), "3");
	/* Without trailers of ours nothing is taken for the same. */
	sh("echo z >work/z");
	facts = save_again(no_trailers, NULL, true);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work rev-list --count HEAD"), "4");
	git_free(git);
}
END_TEST

START_TEST(test_not_asked_for)
{
	open_work();
	for (int i = 0; i < 2; i++) {
		sh("echo x >>work/x");
		const struct receipt_facts facts = save_again(step3, NULL, false);
		assert_pushed(&facts);
	}
	ck_assert_str_eq(sh("git -C work rev-list --count HEAD"), "3");
	git_free(git);
}
END_TEST

START_TEST(test_salvaged)
{
	const char *const ref = "refs/stepgate/salvage/4-3";
	open_work();
	sh("echo x >work/x");
	struct receipt_facts facts = save_again(step3, ref, true);
	ck_assert_result(facts, RECEIPT_SALVAGED);
	sh("echo y >work/y");
	const struct receipt_facts again = save_again(step3, ref, true);
	ck_assert_result(again, RECEIPT_SALVAGED);
	ck_assert_str_eq(again.commit, facts.commit);
	ck_assert_str_eq(again.upstream, "origin refs/stepgate/salvage/4-3");
	git_free(git);
}
END_TEST

/* Behind the worker's own commits; not behind `since`, nor behind a lower cycle. */
START_TEST(test_how_far_back)
{
	open_work();
	sh("echo x >work/x");
	const struct receipt_facts first = save_again(step3, NULL, false);
	assert_pushed(&first);
	sh("cd work; for i in 1 2 3; do git commit -q --allow-empty -m own; done; echo y >y");
	const struct receipt_facts found = save_again(step3, NULL, true);
	ck_assert_result(found, RECEIPT_PUSHED);
	ck_assert_str_eq(found.commit, first.commit);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s main | head -1"), "own");
	struct receipt_facts facts;
	struct git_request request = {
		.subject = "s",
		.trailers = step3,
		.again = true,
		.since = first.commit,
	};
	git_save(git, &request, &facts);
	assert_pushed(&facts);
	ck_assert_str_ne(facts.commit, first.commit);
	sh("cd work; git commit -q --allow-empty -m x -m 'Stepgate-Cycle: 3'; echo z >z");
	const struct receipt_facts last = save_again(step3, NULL, true);
	assert_pushed(&last);
	ck_assert_str_ne(last.commit, facts.commit);
	git_free(git);
}
END_TEST

/* What the first one held back is told by the second. */
START_TEST(test_held_back)
{
	make_repository();
	struct conf_repository *conf = conf_of("work");
	conf->secrets = conf_secrets_default;
	sh("cd work; echo KEY=1 >.env; echo x >x;"
	   "echo .ignored >.gitignore; echo KEY=2 >.ignored;"
	   "printf 'ghp_%%036d\n' 1 >>one");
	git = open_git(conf);
	const struct receipt_facts first = save_again(step3, NULL, false);
	const char *const held[] = {".env (its name)", "one (GitHub token)"};
	const struct receipt_facts again = save_again(step3, NULL, true);
	ck_assert_str_eq(again.commit, first.commit);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_nonnull(strstr(first.held, held[i]));
		ck_assert_ptr_nonnull(strstr(again.held, held[i]));
	}
	ck_assert_uint_eq(strlen(again.held), strlen(first.held));
	git_free(git);
}
END_TEST

START_TEST(test_unborn)
{
	make_world();
	sh("git init -q work; echo x >work/x");
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	const struct receipt_facts facts = save_again(step3, NULL, true);
	ck_assert_result(facts, RECEIPT_COMMITTED);
	git_free(git);
}
END_TEST

START_TEST(test_what_is_the_same)
{
	static const struct {
		const char *message;
		bool same;
	} cases[] = {
		{"x\n\nStepgate-Cycle: 4\nStepgate-Step: 3\n", true},
		{"hooked x\n\nStepgate-Step: 3\nStepgate-Cycle: 4\nChange-Id: I1\n", true},
		{"x\n\nStepgate-Cycle: 4\nStepgate-Step: 3", true},
		{"x\n\nStepgate-Cycle: 4\nStepgate-Step: 3\nStepgate-Passed: Step 2: b\n", true},
		{"x\n\nStepgate-Cycle: 4\nStepgate-Passed: Step 3: b\n", false},
		{"x\n\nStepgate-Cycle: 4\n", false},
		{"x\n\nStepgate-Cycle: 4\nStepgate-Step: 33\n", false},
		{"x\n\nStepgate-Cycle: 4\nStepgate-Step: 3\nStepgate-Attempt: 2\n", false},
		{"x\n\n Stepgate-Cycle: 4\n Stepgate-Step: 3\n", false},
		{"x\n", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(earlier_is_same(cases[i].message, step3) == cases[i].same, "%zu", i);
	ck_assert(!earlier_is_same("x\n", no_trailers));
	ck_assert(!earlier_is_same("Stepgate-Cycle: 4\n", no_trailers));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_how_far_back, test_made_and_pushed,  test_made_and_not_pushed,
		test_not_made,     test_not_asked_for,    test_salvaged,
		test_unborn,       test_what_is_the_same, test_held_back,
	};
	return run_tests_by_both("git again", tests, sizeof(tests) / sizeof(tests[0]));
}
