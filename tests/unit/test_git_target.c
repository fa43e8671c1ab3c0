/* Where a push goes, with `git push --dry-run` as the judge: settings by chance, and those that git
 * would not push by, or would push more than the branch by, which are told before anything starts.
 */
#include "tests/unit/git_helpers.h"

#define CASES      40
#define CASES_SOAK 2000

struct choice {
	const char *setting; /* of git config; NULL: see value */
	const char *values[12];
};

static const struct choice choices[] = {
	{"push.default",
	 {"", "", "simple", "upstream", "tracking", "current", "matching", "nothing", NULL}},
	{"push.autoSetupRemote", {"", "", "", "true", NULL}},
	{"branch.topic.remote", {"", "origin", "origin", "fork", ".", NULL}},
	{"branch.topic.merge",
	 {"", "refs/heads/topic", "refs/heads/topic", "refs/heads/main", NULL}},
	{"branch.topic.pushRemote", {"", "", "", "origin", "fork", NULL}},
	{"remote.pushDefault", {"", "", "", "origin", "fork", NULL}},
	{"remote.origin.push",
	 {"", "", "", "", "refs/heads/*:refs/heads/wip/*", "+refs/heads/t*c:refs/x/*/y",
	  "HEAD:refs/for/main", "topic", "main:other", "heads/topic:moved", ":", NULL}},
	{"remote.fork.push",
	 {"", "", "", "HEAD", "refs/heads/*", "^refs/heads/topic", "@:refs/heads/at", NULL}},
};

/* Both remotes have both branches, which `matching` asks about. */
static void make_remotes(void)
{
	make_repository();
	sh("cd work; git branch -q topic; git push -q origin topic; cp -a ../up.git ../fork.git;"
	   "git remote add fork ../fork.git; git switch -q topic; git config --remove-section "
	   "branch.main; cp .git/config ../config");
}

static unsigned seed;

static unsigned chance(unsigned most)
{
	seed = seed * 1103515245U + 12345U;
	return (seed >> 16) % most;
}

static const char *pick(const struct choice *choice)
{
	unsigned count = 1;
	while (choice->values[count])
		count++;
	return choice->values[chance(count)];
}

/* What git would do, as "PATH REF" for each place where the branch would go; "" nowhere. */
static const char *ask_git(void)
{
	return sh("cd work; git push --dry-run --porcelain 2>/dev/null | awk '"
		  "/^To / { to = substr($0, 4) } { split($0, part, \"\\t\"); "
		  "n = index(part[2], \":\"); from = substr(part[2], 1, n - 1) } "
		  "from == \"refs/heads/topic\" || from == \"HEAD\" "
		  "{ print \"[\" to \" \" substr(part[2], n + 1) \"]\" }'");
}

static void try_case(void)
{
	char script[4096] = "", wanted[1024];
	const unsigned before = seed;
	struct git_view view;
	struct err err;
	size_t used = 0;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const char *value = pick(&choices[i]);
		if (*value)
			used += (size_t)snprintf(script + used, sizeof(script) - used,
						 "git config %s '%s'; ", choices[i].setting, value);
	}
	sh("cd work; cp ../config .git/config; %s:", script);
	const char *places = ask_git();
	git = open_git(conf_of("work"));
	ck_assert_int_eq(git_view(git, &view, &err), 0);
	git_free(git);
	const char *space = strchr(view.upstream, ' ');
	snprintf(wanted, sizeof(wanted), "[%s %s]",
		 strncmp(view.upstream, "origin", 6) == 0 ? "../up.git"
		 : *view.upstream == '.'                  ? "."
							  : "../fork.git",
		 space ? space + 1 : "");
	if (!*places)
		ck_assert_msg(view.problem == RECEIPT_NO_UPSTREAM,
			      "seed %u: %s: goes to %s: git pushes nothing", before, script,
			      view.upstream);
	else
		ck_assert_msg(view.problem == RECEIPT_PUSHED && strstr(places, wanted),
			      "seed %u: %s: goes to %s (%s): git pushes to %s", before, script,
			      view.upstream, view.why, places);
}

START_TEST(test_as_git_pushes)
{
	const char *given = getenv("SEED");
	seed = given ? (unsigned)number(given) : 1;
	make_remotes();
	for (int i = 0; i < (getenv("SOAK") ? CASES_SOAK : CASES); i++)
		try_case();
}
END_TEST

#define BY_NAME ": say where it goes: repository { branch = \"NAME\" }"

static const struct {
	const char *settings, *why;
} refused[] = {
	{"git config branch.topic.remote origin; git config branch.topic.merge refs/heads/main",
	 "`git push` would push nothing, since the upstream of topic has another name, "
	 "refs/heads/main: `git config push.default upstream`, or say where it goes: repository { "
	 "branch = \"NAME\" }"},
	{"git config push.default nothing",
	 "push.default = nothing" BY_NAME "; or push nothing: repository { push = false }"},
	{"git config branch.topic.remote origin; git config branch.topic.merge refs/heads/topic; "
	 "git config remote.pushDefault fork; git config push.default upstream",
	 "push.default = upstream, and fork is not the remote of its upstream" BY_NAME},
	{"git config remote.origin.push main; git config branch.topic.remote origin",
	 "remote.origin.push sends the branch topic nowhere: add it there, or say where it goes: "
	 "repository { branch = \"NAME\" }"},
	{"git config remote.origin.mirror true; git config branch.topic.remote origin",
	 "remote.origin.mirror: git would push all refs, and delete others there: unset it, or "
	 "name "
	 "another remote: repository { remote }"},
};

#define REFUSED (int)(sizeof(refused) / sizeof(refused[0]))

/* A step's work is committed, and goes nowhere; the config's own words settle it, but for a mirror.
 */
START_TEST(test_what_git_would_not_push)
{
	make_remotes();
	sh("cd work; git remote set-head fork -d 2>/dev/null || true; "
	   "git config push.default simple; %s; echo x >x",
	   refused[_i].settings);
	struct conf_repository *conf = conf_of("work");
	conf->remote = strstr(refused[_i].settings, "nothing") ? "origin" : "";
	git = open_git(conf);
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NO_UPSTREAM);
	ck_assert_str_eq(facts.why, refused[_i].why);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s topic; git -C up.git log --format=%%s "
			    "main"),
			 "first\nfirst");
	git_free(git);
	conf->remote = "fork";
	conf->branch = "nightly";
	git = open_git(conf);
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.upstream, "fork refs/heads/nightly");
	git_free(git);
}
END_TEST

/* The branch goes where remote.NAME.push sends it, and nothing there is overwritten for a "+". */
START_TEST(test_mapped)
{
	make_remotes();
	sh("cd work; git config branch.topic.remote origin; git config branch.topic.merge "
	   "refs/heads/topic; git config remote.origin.push +refs/heads/*:refs/heads/wip/*;"
	   "echo x >x");
	git = open_git(conf_of("work"));
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts.upstream, "origin refs/heads/wip/topic");
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse wip/topic"));
	sh("git -C up.git update-ref refs/heads/wip/topic $(git -C up.git commit-tree -m rival "
	   "topic^{tree}); echo y >work/y");
	facts = save_all(git, "y");
	ck_assert_result(facts, RECEIPT_NON_FAST_FORWARD);
	ck_assert_str_eq(sh("git -C up.git log --format=%%s wip/topic"), "rival");
	git_free(git);
}
END_TEST

static const struct {
	const char *address, *told;
} addresses[] = {
	{"http://ada:secret@127.0.0.1:1/x.git", "http://127.0.0.1:1/x.git refs/heads/topic"},
	{"https://token@127.0.0.1:1/x@y.git", "https://127.0.0.1:1/x@y.git refs/heads/topic"},
	{"ssh://git@forge/x.git", "ssh://git@forge/x.git refs/heads/topic"},
	{"git@forge:x.git", "git@forge:x.git refs/heads/topic"},
	{"../up.git", "../up.git refs/heads/topic"},
};

/* What plan shows, and what is in a receipt, which the repository itself gets to keep. */
START_TEST(test_no_password_is_told)
{
	struct git_view view;
	struct err err;
	make_remotes();
	struct conf_repository *conf = conf_of("work");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		conf->remote = addresses[i].address;
		git = open_git(conf);
		ck_assert_int_eq(git_view(git, &view, &err), 0);
		ck_assert_str_eq(view.upstream, addresses[i].told);
		git_free(git);
	}
	sh("printf '#!/bin/sh\nfor last; do :; done; exec sh -c \"$last\"\n' >ssh; chmod +x ssh;"
	   "git -C work config core.sshCommand $HOME/ssh; echo x >work/x");
	char address[BOX];
	snprintf(address, sizeof(address), "ssh://ada:secret@forge%s/up.git", getenv("HOME"));
	conf->remote = address;
	git = open_git(conf);
	const struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_PUSHED);
	ck_assert_has(facts.upstream, "ssh://forge/");
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse topic"));
	git_free(git);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_as_git_pushes, test_mapped, test_no_password_is_told};
	const TTest *const each[] = {test_what_git_would_not_push};
	const int failed = run_tests_of("git target", each, 1, REFUSED);
	return run_tests("git target", tests, 3) | failed;
}
