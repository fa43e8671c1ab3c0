/* Who commits, and with which message: as `git commit -m` has it, by whichever engine. */
#include "tests/unit/git_helpers.h"

/* Everything that a commit says, but for its tree, its parents and its times. */
#define WORDS                                                                           \
	"git cat-file commit HEAD | sed -e '/^tree /d' -e '/^parent /d' -e 's/ [0-9]* " \
	"[-+][0-9]*$//' | od -c"

/* What git makes of the same words in the same surroundings, without the runner. */
static void assert_as_git(const struct receipt_facts *facts, const char *subject)
{
	if (sh("cd twin; git commit -q --allow-empty -m \"$(printf '%s')\" >../said 2>&1 && echo "
	       "made "
	       "|| true",
	       subject)[0]) {
		ck_assert_result(*facts, RECEIPT_COMMITTED);
		ck_assert_str_eq(sh("cd work; " WORDS), sh("cd twin; " WORDS));
	} else {
		ck_assert_result(*facts, RECEIPT_NO_IDENTITY);
		ck_assert_str_eq(facts->commit, "");
	}
}

/* Settings and variables, as shell. */
static const char *const people[] = {
	"git config user.name U; git config user.email u@x",
	"git config author.name A; git config committer.email c@x",
	"export GIT_AUTHOR_NAME=E GIT_COMMITTER_EMAIL=e@x; git config author.name A",
	"export GIT_AUTHOR_NAME=E GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=F GIT_COMMITTER_EMAIL=f",
	"export EMAIL=env@x; git config --global --unset user.email || true",
	"git config user.name ' .Ada, <Lovelace>; '; git config user.email ' <ada@x> '",
	"export GIT_AUTHOR_NAME=\"$(printf 'A\\nB')\" GIT_COMMITTER_NAME='\"Q\"'",
	"git config user.name \"$(printf '\\303\\234n \\357')\"",
	"git config user.name ','",
	"export GIT_AUTHOR_NAME=",
	"git config user.name ''",
	"export GIT_AUTHOR_DATE='2005-04-07T22:13:13 +0200'",
	"export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=Zed",
	"export GIT_CONFIG_PARAMETERS=\"'user.name=Zed'\"",
	"git config -f ../other user.name Zed; git config -f ../other user.email z@x; export "
	"GIT_CONFIG_GLOBAL=$HOME/other",
	"git config -f ../other author.name Zed; unset GIT_CONFIG_NOSYSTEM; export "
	"GIT_CONFIG_SYSTEM=$HOME/other",
};

#define AGAIN  4 /* of each list, by the git program whatever the repository is like */
#define PEOPLE (int)(sizeof(people) / sizeof(people[0]))

/* What a script exports is ours from now on. */
static void take_variables(const char *script)
{
	static const char *const names[] = {
		"GIT_AUTHOR_NAME",       "GIT_AUTHOR_EMAIL",    "GIT_AUTHOR_DATE",
		"GIT_COMMITTER_NAME",    "GIT_COMMITTER_EMAIL", "EMAIL",
		"GIT_CONFIG_COUNT",      "GIT_CONFIG_KEY_0",    "GIT_CONFIG_VALUE_0",
		"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL",   "GIT_CONFIG_SYSTEM",
	};
	if (strstr(script, "unset GIT_CONFIG_NOSYSTEM"))
		unsetenv("GIT_CONFIG_NOSYSTEM");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *is_set =
			sh("cd work; { %s; } >/dev/null; echo ${%s+yes}", script, names[i]);
		if (*is_set)
			setenv(names[i],
			       sh("cd work; { %s; } >/dev/null; printf %%s \"$%s\"", script,
				  names[i]),
			       1);
	}
}

static struct receipt_facts commit(const char *setup, const char *subject)
{
	make_repository();
	take_variables(setup);
	sh("cd work; { %s; } >/dev/null; cp -a . ../twin; echo x >x", setup);
	struct conf_repository *conf = conf_of("work");
	conf->push = false;
	git = open_git(conf);
	const struct receipt_facts facts = save_all(git, subject);
	git_free(git);
	return facts;
}

START_TEST(test_people)
{
	by_program = _i >= PEOPLE;
	const struct receipt_facts facts = commit(people[_i % PEOPLE], "x");
	assert_as_git(&facts, "x");
}
END_TEST

/* Both times are those of the surroundings. */
START_TEST(test_dates)
{
	make_repository();
	setenv("GIT_AUTHOR_DATE", "2005-04-07T22:13:13 +0200", 1);
	setenv("GIT_COMMITTER_DATE", "@1700000000 -0330", 1);
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(sh("git -C work log -1 --format='%%ai, %%ci'"),
			 "2005-04-07 22:13:13 +0200, 2023-11-14 18:43:20 -0330");
	git_free(git);
}
END_TEST

/* git takes an address that is empty: here it is one that is missing. */
START_TEST(test_empty_address)
{
	make_repository();
	setenv("GIT_AUTHOR_EMAIL", "", 1);
	git = open_git(conf_of("work"));
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_IDENTITY);
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "first");
	git_free(git);
}
END_TEST

static const struct {
	const char *setup, *subject, *printed;
} messages[] = {
	{"true", "Step 1: x   ", "Step 1: x   "},
	{"true", "# Step 1", "# Step 1"},
	{"true", "#", "#"},
	{"git config core.commentChar ';'", "; x", "; x"},
	{"git config commit.cleanup strip", "x", "x"},
	{"git config commit.cleanup scissors", "# x", "# x"},
	{"git config commit.cleanup verbatim", "x", "x"},
	{"git config commit.cleanup whitespace", "# x ", "# x "},
	{"git config i18n.commitEncoding ISO-8859-1", "\303\234n\303\257", "\\303\\234n\\303\\257"},
	{"git config i18n.commitEncoding utf8", "\303\234n\303\257", "\\303\\234n\\303\\257"},
	{"printf 'template\\n' >t; git config commit.template t; rm t", "x", "x"},
	{"git config commit.verbose true; git config commit.status true", "x", "x"},
};

#define MESSAGES (int)(sizeof(messages) / sizeof(messages[0]))

START_TEST(test_messages)
{
	const int of = _i % MESSAGES;
	by_program = _i >= MESSAGES;
	const struct receipt_facts facts = commit(messages[of].setup, messages[of].subject);
	assert_as_git(&facts, messages[of].printed);
}
END_TEST

int main(void)
{
	const TTest *const who[] = {test_people}, *const what[] = {test_messages};
	const TTest *const single[] = {test_empty_address, test_dates};
	int failed = run_tests("git words", single, 2);
	failed |= run_tests_of("git words", who, 1, PEOPLE + AGAIN);
	return run_tests_of("git words", what, 1, MESSAGES + AGAIN) | failed;
}
