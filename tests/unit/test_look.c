/* What follows from a repository's settings: who commits, where a push goes, which engine. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runner/helper/features.h"
#include "runner/helper/look.h"
#include "tests/unit/suite.h"

#define MOST 16

/* Settings and refs as a test gives them: KEY, VALUE, …, NULL. */
static const char *const *settings;
static const char *const *refs;

static const char *find(const char *const *list, const char *key)
{
	for (; list && list[0]; list += 2)
		if (strcmp(list[0], key) == 0)
			return list[1];
	return NULL;
}

static const char *get_setting(void *context, const char *key)
{
	(void)context;
	return find(settings, key);
}

static int get_ref(void *context, const char *name, char *id)
{
	const char *found = find(refs, name);
	(void)context;
	if (!found)
		return -1;
	snprintf(id, 65, "%s", found);
	return 0;
}

static void each_setting(void *context, look_take *take, void *to)
{
	(void)context;
	for (const char *const *at = settings; at && at[0]; at += 2)
		take(to, at[0], at[1]);
}

static const struct look_source source = {get_setting, get_ref, each_setting, NULL};
static struct conf_repository conf;
static struct look look;

#define SETTINGS(...)                        \
	settings = (const char *const[MOST]) \
	{                                    \
		__VA_ARGS__, NULL            \
	}
#define REFS(...)                        \
	refs = (const char *const[MOST]) \
	{                                \
		__VA_ARGS__, NULL        \
	}

static void setup(void)
{
	static const char *const none[] = {NULL};
	static const char *const variables[] = {
		"GIT_AUTHOR_NAME",
		"GIT_AUTHOR_EMAIL",
		"GIT_COMMITTER_NAME",
		"GIT_COMMITTER_EMAIL",
		"EMAIL",
		"GIT_SSH_COMMAND",
		"GIT_SSH",
		"GIT_CONFIG_GLOBAL",
	};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	settings = refs = NULL;
	conf = (struct conf_repository){
		.push = true,
		.hooks = true,
		.remote = "",
		.branch = "",
		.identity_name = "",
		.identity_email = "",
		.trailers = none,
	};
	memset(&look, 0, sizeof(look));
	ck_assert_ptr_nonnull(getcwd(look.gitdir, sizeof(look.gitdir)));
	memcpy(look.workdir, look.gitdir, sizeof(look.workdir));
	memcpy(look.commondir, look.gitdir, sizeof(look.gitdir));
	memcpy(look.branch, "main", 5);
}

static void fill(void)
{
	look_fill(&look, &conf, &source, false);
}

static void assert_target(const char *remote, const char *ref)
{
	fill();
	ck_assert_str_eq(look.remote, remote);
	ck_assert_str_eq(look.ref, ref);
	ck_assert_int_eq(look.push_problem, RECEIPT_PUSHED);
}

#define BRANCH   "branch.main.remote", "origin", "branch.main.merge", "refs/heads/trunk"
#define UPSTREAM BRANCH, "push.default", "upstream"
#define ORIGIN   "remote.origin.url", "x"
#define FORK     "remote.fork.url", "y"

START_TEST(test_target_is_the_upstream)
{
	SETTINGS(UPSTREAM, ORIGIN);
	assert_target("origin", "refs/heads/trunk");
}
END_TEST

START_TEST(test_target_of_the_config)
{
	SETTINGS(UPSTREAM, ORIGIN, FORK);
	conf.remote = "fork";
	assert_target("fork", "refs/heads/main");
	conf.branch = "nightly";
	assert_target("fork", "refs/heads/nightly");
	conf.branch = "refs/for/main";
	assert_target("fork", "refs/for/main");
	conf.remote = "";
	assert_target("origin", "refs/for/main");
	conf.remote = "origin";
	conf.branch = "";
	assert_target("origin", "refs/heads/trunk");
}
END_TEST

START_TEST(test_target_without_an_upstream)
{
	SETTINGS(ORIGIN);
	conf.remote = "origin";
	assert_target("origin", "refs/heads/main");
	conf.remote = "../up.git";
	assert_target("../up.git", "refs/heads/main");
	conf.remote = "https://h/x";
	assert_target("https://h/x", "refs/heads/main");
}
END_TEST

/* As `git push` has it: on a remote that is not the upstream's, the branch's own name. */
START_TEST(test_target_where_one_pushes_elsewhere)
{
	SETTINGS(BRANCH, ORIGIN, FORK, "remote.pushdefault", "fork");
	assert_target("fork", "refs/heads/main");
	SETTINGS(UPSTREAM, ORIGIN, FORK, "remote.pushdefault", "fork", "branch.main.pushremote",
		 "origin");
	assert_target("origin", "refs/heads/trunk");
}
END_TEST

static void assert_no_target(enum receipt_result problem, const char *words)
{
	fill();
	ck_assert_int_eq(look.push_problem, problem);
	ck_assert_str_eq(look.push_why, words);
}

START_TEST(test_no_target)
{
	const char *const advice = "set one with `git push -u origin main`, or with repository { "
				   "remote branch }; or push nothing: repository { push = false }";
	assert_no_target(RECEIPT_NO_UPSTREAM, advice);
	SETTINGS("branch.main.remote", "origin", ORIGIN);
	assert_no_target(RECEIPT_NO_UPSTREAM, advice);
	conf.branch = "nightly";
	settings = NULL;
	assert_no_target(RECEIPT_NO_UPSTREAM, advice);
	SETTINGS(UPSTREAM);
	assert_no_target(RECEIPT_NO_REMOTE, "add it with `git remote add origin URL`");
	conf.push = false;
	fill();
	ck_assert_int_eq(look.push_problem, RECEIPT_PUSHED);
	ck_assert_str_eq(look.ref, "");
}
END_TEST

START_TEST(test_names_too_long_are_none)
{
	char name[600];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	conf.remote = name;
	fill();
	ck_assert_int_eq(look.push_problem, RECEIPT_NO_UPSTREAM);
	conf.identity_name = name;
	conf.identity_email = "a@b";
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_NO_IDENTITY);
}
END_TEST

START_TEST(test_what_the_remote_is_known_to_have)
{
	SETTINGS(UPSTREAM, ORIGIN, "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
	REFS("refs/remotes/origin/trunk", "1234");
	fill();
	ck_assert(look_is_pushed(&look, "1234"));
	ck_assert(!look_is_pushed(&look, "5678"));
	REFS("refs/remotes/origin/main", "1234");
	fill();
	ck_assert(!look_is_pushed(&look, "1234"));
	/* Another mapping: what is there may stand for something else. */
	SETTINGS(UPSTREAM, ORIGIN, "remote.origin.fetch",
		 "+refs/heads/x:refs/remotes/origin/trunk");
	REFS("refs/remotes/origin/trunk", "1234");
	fill();
	ck_assert(!look_is_pushed(&look, "1234"));
	ck_assert(!look_is_pushed(&look, ""));
}
END_TEST

static void assert_people(const char *author, const char *committer)
{
	char text[2 * LOOK_NAME + 8];
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_PUSHED);
	snprintf(text, sizeof(text), "%s <%s>", look.author.name, look.author.email);
	ck_assert_str_eq(text, author);
	snprintf(text, sizeof(text), "%s <%s>", look.committer.name, look.committer.email);
	ck_assert_str_eq(text, committer);
}

START_TEST(test_identity)
{
	SETTINGS("user.name", "U", "user.email", "u@x");
	assert_people("U <u@x>", "U <u@x>");
	SETTINGS("user.name", "U", "user.email", "u@x", "author.name", "A", "committer.email",
		 "c@x");
	assert_people("A <u@x>", "U <c@x>");
	setenv("GIT_AUTHOR_EMAIL", "e@x", 1);
	setenv("GIT_COMMITTER_NAME", "E", 1);
	assert_people("A <e@x>", "E <c@x>");
	/* As git cleans it: no line of a commit's own can come of a name. */
	setenv("GIT_COMMITTER_NAME", " .E\nparent <F>, ", 1);
	assert_people("A <e@x>", "Eparent F <c@x>");
	setenv("GIT_COMMITTER_NAME", "E", 1);
	conf.identity_name = "Bot";
	conf.identity_email = "bot@x";
	assert_people("A <e@x>", "E <c@x>");
	/* It is for where git finds none, and then as a whole. */
	SETTINGS("user.name", "U");
	assert_people("U <e@x>", "E <bot@x>");
	unsetenv("GIT_AUTHOR_EMAIL");
	unsetenv("GIT_COMMITTER_NAME");
	assert_people("Bot <bot@x>", "Bot <bot@x>");
}
END_TEST

START_TEST(test_identity_that_is_not_whole)
{
	SETTINGS("user.name", "U");
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_NO_IDENTITY);
	ck_assert_str_eq(look.commit_why,
			 "set one with `git config user.name NAME` and `git config user.email "
			 "MAIL`, or with repository { identity }");
	setenv("EMAIL", "env@x", 1);
	assert_people("U <env@x>", "U <env@x>");
	SETTINGS("user.name", "", "user.email", "u@x");
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_NO_IDENTITY);
	/* Nothing of it remains; and a variable that is empty is not passed over. */
	SETTINGS("user.name", ";.", "user.email", "u@x");
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_NO_IDENTITY);
	SETTINGS("user.name", "U", "user.email", "u@x");
	setenv("GIT_COMMITTER_NAME", "", 1);
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_NO_IDENTITY);
}
END_TEST

static void make(const char *name)
{
	const int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(test_operations)
{
	static const char *const operations[][2] = {
		{"MERGE_HEAD", "a merge: "},          {"CHERRY_PICK_HEAD", "a cherry-pick: "},
		{"REVERT_HEAD", "a revert: "},        {"rebase-merge", "a rebase: "},
		{"rebase-apply", "a rebase or am: "}, {"sequencer", "a sequence of "},
	};
	SETTINGS("user.name", "U", "user.email", "u@x");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		make(operations[i][0]);
		fill();
		ck_assert_int_eq(look.commit_problem, RECEIPT_MID_OPERATION);
		ck_assert_ptr_eq(strstr(look.commit_why, operations[i][1]), look.commit_why);
		unlink(operations[i][0]);
	}
	look.branch[0] = '\0';
	fill();
	ck_assert_int_eq(look.commit_problem, RECEIPT_DETACHED);
}
END_TEST

static void assert_needs(const char *what)
{
	fill();
	const char *need = look_needs_program(&look);
	if (what) {
		ck_assert_ptr_nonnull(need);
		ck_assert_str_eq(need, what);
	} else {
		ck_assert_msg(!need, "%s", need);
	}
}

#define PERSON "user.name", "U", "user.email", "u@x"

static const char *const foreign[] = {
	"GIT_AUTHOR_DATE",   "GIT_COMMITTER_DATE", "GIT_CONFIG_COUNT",  "GIT_CONFIG_PARAMETERS",
	"GIT_ATTR_NOSYSTEM", "GIT_DEFAULT_HASH",   "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
};

START_TEST(test_what_needs_the_program)
{
	SETTINGS(PERSON);
	assert_needs(NULL);
	SETTINGS(PERSON, "core.autocrlf", "false", "commit.gpgsign", "no", "i18n.commitencoding",
		 "UTF-8", "core.splitindex", "0", "index.sparse", "");
	assert_needs(NULL);
	SETTINGS(PERSON, "core.autocrlf", "input");
	assert_needs("core.autocrlf");
	SETTINGS(PERSON, "core.sparsecheckout", "true");
	assert_needs("sparse checkout");
	SETTINGS(PERSON, "core.symlinks", "false");
	assert_needs("core.symlinks");
	SETTINGS(PERSON, "core.protectntfs", "0", "core.symlinks", "true");
	assert_needs("core.protectNTFS");
	SETTINGS(PERSON, "core.protecthfs", "yes", "core.protectntfs", "yes");
	assert_needs("core.protectHFS");
	SETTINGS(PERSON, "core.safecrlf", "warn", "core.protecthfs", "no");
	assert_needs(NULL);
	SETTINGS(PERSON, "core.safecrlf", "true");
	assert_needs("core.safecrlf");
	SETTINGS(PERSON, "commit.cleanup", "default", "include.path", "~/more",
		 "includeif.gitdir:~/x/.path", "/more", "includeif.onbranch:main.path", "more");
	assert_needs(NULL);
	SETTINGS(PERSON, "commit.cleanup", "strip");
	assert_needs("commit.cleanup");
	SETTINGS(PERSON, "include.path", "%(prefix)/more");
	assert_needs("included settings");
	SETTINGS(PERSON, "include.path", "~user/more");
	assert_needs("included settings");
	SETTINGS(PERSON, "includeif.gitdir:~user/.path", "/more");
	assert_needs("included settings");
	SETTINGS(PERSON, "includeif.hasconfig:remote.*.url:**.path", "/more");
	assert_needs("included settings");
	SETTINGS("user.name", "\303", "user.email", "u@x");
	assert_needs("identity");
	SETTINGS(PERSON, "core.ignorestat", "true");
	assert_needs("core.ignoreStat");
	SETTINGS(PERSON, "extensions.objectformat", "sha256");
	assert_needs("object format");
	SETTINGS(PERSON, "core.hookspath", "%(prefix)/hooks");
	assert_needs("core.hooksPath");
	SETTINGS(PERSON);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	assert_needs(NULL);
	unsetenv("GIT_CONFIG_GLOBAL");
	/* git reads more of its surroundings than libgit2: with any of these it is asked for all.
	 */
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		setenv(foreign[i], "/a/file", 1);
		assert_needs(foreign[i]);
		ck_assert(look.features.blind);
		unsetenv(foreign[i]);
	}
}
END_TEST

/* The words of the feature of that name; NULL where it was not found or is served otherwise. */
static const char *feature(const char *name, enum git_way way)
{
	fill();
	for (size_t i = 0; i < look.features.count; i++)
		if (strcmp(look.features.of[i].name, name) == 0)
			return look.features.of[i].way == way ? look.features.of[i].words
							      : "(another way)";
	return "(not found)";
}

START_TEST(test_hooks_that_can_run)
{
	SETTINGS(PERSON);
	ck_assert_int_eq(mkdir("hooks", 0755), 0);
	make("hooks/pre-commit.sample");
	make("hooks/pre-commit");
	assert_needs(NULL);
	ck_assert_str_eq(feature("pre-commit hook", GIT_WAY_OFF),
			 "ignored, since it is not executable");
	ck_assert_int_eq(chmod("hooks/pre-commit", 0755), 0);
	assert_needs("pre-commit hook");
	ck_assert_str_eq(feature("pre-commit hook", GIT_WAY_PROGRAM), "run");
	conf.hooks = false;
	assert_needs(NULL);
	ck_assert_str_eq(feature("pre-commit hook", GIT_WAY_OFF), "turned off (hooks = false)");
	conf.hooks = true;
	SETTINGS(PERSON, "core.hookspath", "elsewhere"); /* in the work tree */
	assert_needs(NULL);
	SETTINGS(PERSON, "core.hookspath", "hooks");
	assert_needs("pre-commit hook");
	unlink("hooks/pre-commit");
	make("hooks/pre-push"); /* runs with the push, which is git's anyway */
	ck_assert_int_eq(chmod("hooks/pre-push", 0755), 0);
	assert_needs(NULL);
	ck_assert_str_eq(feature("pre-push hook", GIT_WAY_PUSH), "run");
	unlink("hooks/pre-push");
}
END_TEST

static void assert_refused(const char *name, const char *words)
{
	ck_assert_str_eq(feature(name, GIT_WAY_REFUSED), words);
	ck_assert_int_eq(look.commit_problem,
			 strcmp(name, "identity") == 0 ? RECEIPT_NO_IDENTITY : RECEIPT_UNSERVED);
}

START_TEST(test_identity_is_a_feature)
{
	assert_refused("identity", "missing (set repository.identity)");
	SETTINGS(PERSON);
	ck_assert_str_eq(feature("identity", GIT_WAY_ENGINE), "U <u@x>");
}
END_TEST

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(test_filters_that_are_asked_for)
{
	SETTINGS(PERSON, "filter.lfs.clean", "no-such-program clean -- %f");
	write_file(".gitattributes", "# *.x filter=no\n*.txt text\n");
	ck_assert_str_eq(feature("filter lfs", GIT_WAY_REFUSED), "(not found)");
	write_file(".gitattributes",
		   "*.psd filter=lfs diff=lfs -text\n*.up filter=up\n*.o filter=o");
	assert_refused("filter lfs", "no-such-program is not there: install it");
	SETTINGS(PERSON);
	assert_refused("filter lfs", "not set up, and the attributes ask for it: `git lfs "
				     "install`");
	SETTINGS(PERSON, "filter.lfs.process", "cat -", "filter.up.clean", "tr a-z A-Z");
	ck_assert_str_eq(feature("filter lfs", GIT_WAY_PROGRAM), "cat");
	ck_assert_str_eq(feature("filter up", GIT_WAY_PROGRAM), "tr");
	ck_assert_str_eq(feature("filter o", GIT_WAY_PROGRAM), "(not found)");
	write_file(".gitattributes", "*.up filter=up\n");
	SETTINGS(PERSON, "filter.up.clean", "$HOME/up");
	ck_assert_str_eq(feature("filter up", GIT_WAY_PROGRAM), "run");
	SETTINGS(PERSON, "filter.up.clean", "no-such-program");
	ck_assert_str_eq(feature("filter up", GIT_WAY_PROGRAM),
			 "no-such-program is not there: git commits such files as they are");
	SETTINGS(PERSON, "filter.up.clean", "no-such-program", "filter.up.required", "true");
	assert_refused("filter up", "no-such-program is not there: install it");
	SETTINGS(PERSON, "filter.up.required", "true");
	assert_refused("filter up", "required, and without a command: set filter.up.clean");
	unlink(".gitattributes");
}
END_TEST

#define SIGNED PERSON, "commit.gpgsign", "true"
#define SSH    SIGNED, "gpg.format", "ssh", "gpg.ssh.program", "cat"

START_TEST(test_signing)
{
	SETTINGS(SIGNED, "gpg.program", "cat");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "openpgp, cat");
	SETTINGS(SIGNED, "gpg.format", "x509", "gpg.x509.program", "/no/gpgsm");
	assert_refused("signing", "x509, and /no/gpgsm is not there: install it, or set "
				  "gpg.x509.program");
	SETTINGS(SIGNED, "gpg.format", "new");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "new");
	SETTINGS(SSH);
	assert_refused("signing", "ssh, without a key: set user.signingKey");
	SETTINGS(SSH, "gpg.ssh.defaultkeycommand", "give");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "ssh, key by give");
	SETTINGS(SSH, "user.signingkey", "key");
	assert_refused("signing", "ssh, and the key key can't be read: see user.signingKey");
	make("key");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "ssh, key key");
}
END_TEST

/* A public key alone, or its text, has its private half in an agent. */
START_TEST(test_signing_by_an_agent)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "agent"};
	const char *const missing = "ssh, and no agent can be reached: start one and set "
				    "SSH_AUTH_SOCK, or set user.signingKey to the file of a "
				    "private key";
	unsetenv("SSH_AUTH_SOCK");
	make("other.pub");
	SETTINGS(SSH, "user.signingkey", "other.pub");
	assert_refused("signing", missing);
	setenv("SSH_AUTH_SOCK", "agent", 1);
	SETTINGS(SSH, "user.signingkey", "key::ssh-ed25519 AAAA");
	assert_refused("signing", missing);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "ssh, agent reachable");
	SETTINGS(SSH, "user.signingkey", "other.pub");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "ssh, agent reachable");
	make("other");
	ck_assert_str_eq(feature("signing", GIT_WAY_PROGRAM), "ssh, key other.pub");
	close(fd);
}
END_TEST

/* Of more than there is room for those that refuse are told. */
START_TEST(test_too_many_features)
{
	char text[4096] = "";
	SETTINGS(PERSON, "filter.lfs.clean", "no-such-program", "core.autocrlf", "true");
	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "*.%d filter=f%d\n", i,
			 i);
	write_file(".gitattributes", text);
	assert_needs("core.autocrlf");
	struct finding finding = {&look, &conf, &source, false, &look.features};
	for (int i = 0; i < 40; i++)
		features_tell(&finding, GIT_WAY_PROGRAM, "x", "%d", i);
	ck_assert_uint_eq(look.features.count, GIT_FEATURES);
	features_tell(&finding, GIT_WAY_REFUSED, "y", "no\x1b[31m");
	const struct git_feature *refused = features_first(&look.features, GIT_WAY_REFUSED);
	ck_assert_ptr_nonnull(refused);
	ck_assert_ptr_null(strchr(refused->words, '\x1b'));
	unlink(".gitattributes");
}
END_TEST

START_TEST(test_how_ssh_is_run)
{
	fill();
	ck_assert(!look.own_ssh);
	SETTINGS("core.sshcommand", "ssh -x");
	fill();
	ck_assert(look.own_ssh);
	settings = NULL;
	setenv("GIT_SSH_COMMAND", "ssh -y", 1);
	fill();
	ck_assert(look.own_ssh);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_target_is_the_upstream,
		test_target_of_the_config,
		test_target_without_an_upstream,
		test_target_where_one_pushes_elsewhere,
		test_no_target,
		test_names_too_long_are_none,
		test_what_the_remote_is_known_to_have,
		test_identity,
		test_identity_that_is_not_whole,
		test_operations,
		test_what_needs_the_program,
		test_hooks_that_can_run,
		test_identity_is_a_feature,
		test_filters_that_are_asked_for,
		test_signing,
		test_signing_by_an_agent,
		test_too_many_features,
		test_how_ssh_is_run,
	};
	Suite *suite = suite_create("look");
	TCase *tcase = tcase_create("look");
	tcase_add_checked_fixture(tcase, setup, NULL);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
