/* What the tests of the commit helper share: real repositories, with the git program as the judge.
 */
#ifndef TESTS_UNIT_GIT_HELPERS_H
#define TESTS_UNIT_GIT_HELPERS_H

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/helper/git.h"
#include "runner/process/child.h"
#include "runner/process/companion.h"
#include "tests/unit/suite.h"

#define BOX 4096

static const char *const no_trailers[] = {NULL};

static inline void keep_output(void *context, const char *bytes, size_t length)
{
	char *kept = context;
	const size_t used = strlen(kept);
	if (length > 65535 - used)
		length = 65535 - used;
	memcpy(kept + used, bytes, length);
	kept[used + length] = '\0';
}

/* Runs a script in the current folder; it must go well. What it printed, without the last newline,
 * good until the next call but three. */
__attribute__((format(printf, 1, 2))) static inline const char *sh(const char *format, ...)
{
	static char outputs[4][65536];
	static int turn;
	char script[8192];
	va_list args;
	va_start(args, format);
	vsnprintf(script, sizeof(script), format, args);
	va_end(args);
	char *output = outputs[turn++ % 4];
	output[0] = '\0';
	const char *const argv[] = {"/bin/sh", "-ec", script, NULL};
	struct child_result result;
	struct err err = {.code = ERR_NONE};
	const struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environ,
		.on_output = keep_output,
		.context = output,
		.timeout_ms = 60000,
		.stop_fd = -1,
	};
	ck_assert_msg(child_run(&spec, &result, &err) == 0, "%s", err.text);
	ck_assert_msg(result.exit_code == 0, "%s\nexit status %d:\n%s", script, result.exit_code,
		      output);
	const size_t length = strlen(output);
	if (length && output[length - 1] == '\n')
		output[length - 1] = '\0';
	return output;
}

static inline long number(const char *text)
{
	return strtol(text, NULL, 10);
}

/* Whether the tests run with the engine that is the git program, whatever the repository is like.
 */
static bool by_program;

static inline void use_program(void)
{
	by_program = true;
}

/* A world of its own in the folder that the harness gives: HOME, no settings of the machine, the
 * helper of this build. */
static inline void make_world(void)
{
	char here[BOX], own[BOX], name[] = "world-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(name));
	ck_assert_int_eq(chdir(name), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	setenv("HOME", here, 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("LC_ALL", "C", 1);
	/* libgit2 1.5 leaks when it looks for extensions, of which sha256 is one. */
	sh("echo leak:libpcre2 >suppressions");
	setenv("LSAN_OPTIONS", "suppressions=suppressions:print_suppressions=0", 0);
	const ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 64);
	ck_assert_int_gt(length, 0);
	own[length] = '\0';
	*strrchr(own, '/') = '\0'; /* unit/test_x */
	snprintf(strrchr(own, '/'), 64, "/stepgate-git");
	if (!getenv(GIT_HELPER_VARIABLE))
		setenv(GIT_HELPER_VARIABLE, own, 1);
	sh("git config --global user.name Ada; git config --global user.email ada@example.org;"
	   "git config --global init.defaultBranch main;"
	   "git config --global advice.detachedHead false");
	if (by_program) /* a setting that libgit2 does not know, and that has no effect here */
		sh("git config --global index.sparse true");
}

/* work/ with one commit, pushed to the bare up.git. */
static inline void make_repository(void)
{
	make_world();
	sh("git init -q --bare up.git; git init -q work; cd work; echo one >one; git add one;"
	   "git commit -qm first; git remote add origin ../up.git; git push -q -u origin main "
	   "2>&1");
}

/* The config of work/; good until the test ends. */
static inline struct conf_repository *conf_of(const char *folder)
{
	static struct conf_repository conf;
	static char path[BOX];
	char here[BOX / 2];
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/%s", here, folder);
	conf = (struct conf_repository){
		.path = path,
		.commit = true,
		.push = true,
		.remote = "",
		.branch = "",
		.identity_name = "",
		.identity_email = "",
		.trailers = no_trailers,
		.hooks = true,
		.hook_timeout_ms = 60000,
		.lock_timeout_ms = 2000,
		.push_timeout_ms = 20000,
	};
	return &conf;
}

static inline struct git *open_git(const struct conf_repository *conf)
{
	struct git *git = NULL;
	struct err err = {.code = ERR_NONE};
	ck_assert_msg(git_new(conf, &git, &err) == 0, "%s", err.text);
	return git;
}

static inline struct receipt_facts save_as(struct git *git, const char *subject,
					   enum git_scope scope, const char *salvage_ref)
{
	struct receipt_facts facts;
	const struct git_request request = {.subject = subject,
					    .trailers = no_trailers,
					    .scope = scope,
					    .salvage_ref = salvage_ref};
	memset(&facts, 0x5a, sizeof(facts));
	git_save(git, &request, &facts);
	return facts;
}

static inline struct receipt_facts save_all(struct git *git, const char *subject)
{
	return save_as(git, subject, GIT_ALL, NULL);
}

#define ck_assert_result(facts, expected)                             \
	ck_assert_msg((facts).result == (expected), "%s, not %s: %s", \
		      receipt_name((facts).result), receipt_name(expected), (facts).why)
#define ck_assert_has(text, words) \
	ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in: %s", words, text)

/* The repository of most tests: work/, with up.git as its remote. */
static struct git *git;

static inline void open_work(void)
{
	make_repository();
	git = open_git(conf_of("work"));
}

/* As the next cycle sees it. */
static inline void reopen_work(void)
{
	git_free(git);
	git = open_git(conf_of("work"));
}

/* Everything is committed, in the way that git itself agrees with, and the remote has it. */
static inline void assert_pushed(const struct receipt_facts *facts)
{
	ck_assert_result(*facts, RECEIPT_PUSHED);
	ck_assert_str_eq(facts->commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts->commit, sh("git -C up.git rev-parse main"));
	ck_assert_str_eq(facts->ref, "refs/heads/main");
	ck_assert_str_eq(facts->upstream, "origin refs/heads/main");
	ck_assert_str_eq(facts->why, "");
	ck_assert_str_eq(sh("git -C work status --porcelain"), "");
	ck_assert_str_eq(sh("git -C work fsck --strict --no-dangling 2>&1"), "");
	ck_assert_str_eq(sh("ls work/.git | grep -c -e lock -e stepgate -e salvage || true"), "0");
}

/* Whether a process is there and no mere zombie that nobody reaps. */
static inline bool is_running(int pid)
{
	return strcmp(sh("ps -o stat= -p %d | grep -vc '^Z' || true", pid), "0") != 0;
}

/* ONLY=NAME in the environment picks a test. */
static inline bool is_wanted(const TTest *test)
{
	const char *only = getenv("ONLY");
	return !only || strcmp(only, test->name) == 0;
}

static inline void add_tests(Suite *suite, const char *name, const TTest *const *tests,
			     size_t count, SFun setup)
{
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, getenv("SOAK") ? 1200 : 120);
	tcase_add_checked_fixture(tcase, setup, NULL);
	for (size_t i = 0; i < count; i++)
		if (is_wanted(tests[i]))
			tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
}

/* Each runs the tests and gives the exit code of the program; the second one with either engine,
 * for both have to give the same receipts. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	add_tests(suite, name, tests, count, NULL);
	return run_suite(suite);
}

static inline int run_tests_by_both(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	add_tests(suite, "libgit2", tests, count, NULL);
	add_tests(suite, "program", tests, count, use_program);
	return run_suite(suite);
}

/* Each test as often as there are `ways`; _i tells which. */
static inline int run_tests_of(const char *name, const TTest *const *tests, size_t count, int ways)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, getenv("SOAK") ? 1200 : 120);
	for (size_t i = 0; i < count; i++)
		if (is_wanted(tests[i]))
			tcase_add_loop_test(tcase, tests[i], 0, ways);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

#endif
