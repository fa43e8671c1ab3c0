/* A commit helper that dies, hangs or talks nonsense: another takes its place, or there is a typed
 * receipt and the next request works. */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "runner/process/stuck.h"
#include "status/clock.h"
#include "tests/unit/git_helpers.h"

#define PATIENCE_MS 30000

/* The helper's process: our only child while nothing else runs. */
static pid_t helper_pid(void)
{
	return (pid_t)number(sh("ps -o pid=,comm= --ppid %d | grep stepgate-git", getpid()));
}

/* In another process: waits until `file` is there, then kills the helper, and runs a script. */
static void kill_when(const char *file, const char *then)
{
	const pid_t victim = helper_pid();
	ck_assert_int_gt(victim, 1);
	if (fork() != 0)
		return;
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	while (access(file, F_OK) != 0 && clock_monotonic_ms() < deadline)
		poll(NULL, 0, 1);
	kill(victim, SIGKILL);
	sh("%s", then);
	_exit(0);
}

/* The same for each helper that comes, until the file "killing" is taken away. */
static pid_t kill_all_when(const char *file, const char *then)
{
	const pid_t client = getpid();
	sh(": >killing");
	const pid_t killer = fork();
	if (killer != 0)
		return killer;
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	while (access("killing", F_OK) == 0 && clock_monotonic_ms() < deadline)
		if (access(file, F_OK) == 0)
			sh("ps -o pid=,comm= --ppid %d | sed -n 's/stepgate-git.*//p' |"
			   " xargs -r kill -9 2>/dev/null || true; %s",
			   client, then);
	_exit(0);
}

static void end_killing(pid_t killer)
{
	sh("rm killing");
	ck_assert_int_eq(waitpid(killer, NULL, 0), killer);
}

static struct receipt_facts save_step(const char *salvage_ref)
{
	static const char *const trailers[] = {"Stepgate-Cycle: 4", "Stepgate-Step: 3", NULL};
	struct receipt_facts facts;
	const struct git_request request = {
		.subject = "x",
		.trailers = trailers,
		.salvage_ref = salvage_ref,
	};
	git_save(git, &request, &facts);
	return facts;
}

START_TEST(test_killed_while_it_commits)
{
	open_work();
	sh("cd work; truncate -s 2G big; echo x >x");
	kill_when("work/.git/index.lock", "rm work/big");
	struct receipt_facts facts = save_step(NULL);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree --name-only main"), "one\nx");
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "x\nfirst");
	git_free(git);
}
END_TEST

START_TEST(test_killed_twice_while_it_commits)
{
	open_work();
	sh("cd work; truncate -s 2G big; echo x >x");
	const pid_t killer = kill_all_when("work/.git/index.lock", ":");
	struct receipt_facts facts = save_all(git, "x");
	end_killing(killer);
	ck_assert_result(facts, RECEIPT_DIED);
	ck_assert_has(facts.why, "killed by signal 9 (Killed)");
	ck_assert_str_eq(facts.commit, "");
	ck_assert_str_eq(sh("cat work/.git/index.lock"), "stepgate-git");
	ck_assert_str_eq(sh("git -C work log --format=%%s; cat work/x"), "first\nx");
	sh("rm work/big");
	facts = save_all(git, "y");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C up.git ls-tree --name-only main"), "one\nx");
	git_free(git);
}
END_TEST

START_TEST(test_killed_while_git_commits_for_it)
{
	make_repository();
	sh("cd work; printf '#!/bin/sh\\n[ -e hooked ] && exit\\n: >hooked\\nexec tail -f "
	   "/dev/null\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo hooked "
	   ">.gitignore; echo x >x");
	git = open_git(conf_of("work"));
	kill_when("work/hooked", ":");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "x\nfirst");
	git_free(git);
}
END_TEST

/* The remote hangs at the first push, and takes the second one. */
static void hang_once(void)
{
	sh("printf '#!/bin/sh\\n[ -e pid ] && exit\\necho $$ >pid\\nexec tail -f /dev/null\\n' "
	   ">up.git/hooks/pre-receive;"
	   "chmod +x up.git/hooks/pre-receive; echo x >work/x");
}

#define UNHANG "until [ -s up.git/pid ]; do :; done; kill $(cat up.git/pid) 2>/dev/null || true"

/* The commit of the one that died is found by its trailers, also where its push did not end. */
START_TEST(test_killed_while_it_pushes)
{
	open_work();
	hang_once();
	kill_when("up.git/pid", UNHANG);
	const struct receipt_facts facts = save_step(NULL);
	assert_pushed(&facts);
	ck_assert_str_eq(sh("git -C work log --format=%%s"), "x\nfirst");
	git_free(git);
}
END_TEST

/* What a second helper can't do takes nothing back of what the first one did. */
START_TEST(test_killed_while_it_pushes_and_again)
{
	open_work();
	sh("printf '#!/bin/sh\\necho $$ >pid\\nexec tail -f /dev/null\\n' "
	   ">up.git/hooks/pre-receive;"
	   "chmod +x up.git/hooks/pre-receive; echo x >work/x");
	const pid_t killer = kill_all_when("up.git/pid", UNHANG "; rm -f up.git/pid");
	struct receipt_facts facts = save_step(NULL);
	end_killing(killer);
	ck_assert_result(facts, RECEIPT_PUSH_DIED);
	ck_assert_has(facts.why, "killed by signal 9 (Killed)");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	ck_assert_str_eq(facts.ref, "refs/heads/main");
	ck_assert_str_eq(facts.upstream, "");
	/* The work is committed, so the next request only has to push it. */
	sh("rm up.git/hooks/pre-receive");
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	git_free(git);
}
END_TEST

START_TEST(test_killed_while_it_pushes_a_salvage)
{
	open_work();
	hang_once();
	kill_when("up.git/pid", UNHANG);
	const struct receipt_facts facts = save_step("refs/stepgate/salvage/4-3");
	ck_assert_result(facts, RECEIPT_SALVAGED);
	ck_assert_str_eq(facts.why, "");
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse refs/stepgate/salvage/4-3"));
	ck_assert_str_eq(sh("git -C work log --format=%%s refs/stepgate/salvage/4-3"), "x\nfirst");
	git_free(git);
}
END_TEST

START_TEST(test_killed_between_requests)
{
	open_work();
	kill(helper_pid(), SIGKILL);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* What ends stepgate must not keep the helper from saving the work. */
START_TEST(test_ends_with_its_client_and_not_before)
{
	open_work();
	const pid_t pid = helper_pid();
	ck_assert_int_eq(getpgid(pid), pid);
	kill(pid, SIGTERM);
	kill(pid, SIGINT);
	kill(pid, SIGHUP);
	sh("echo x >work/x");
	const struct receipt_facts facts = save_all(git, "x");
	assert_pushed(&facts);
	ck_assert_int_eq(helper_pid(), pid);
	git_free(git);
	ck_assert_int_eq(kill(pid, 0), -1); /* ended and reaped */
}
END_TEST

START_TEST(test_dies_with_a_client_that_is_killed)
{
	make_repository();
	const struct conf_repository *conf = conf_of("work");
	int told[2];
	ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
	const pid_t client = fork();
	if (client == 0) {
		git = open_git(conf);
		const pid_t pid = helper_pid();
		if (write(told[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
			_exit(1);
		pause();
		_exit(1);
	}
	pid_t pid = 0;
	ck_assert_int_eq(read(told[0], &pid, sizeof(pid)), sizeof(pid));
	kill(client, SIGKILL);
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	while (is_running(pid) && clock_monotonic_ms() < deadline)
		poll(NULL, 0, 5);
	ck_assert(!is_running(pid));
}
END_TEST

/* A client in a process of its own that gets caught in a FIFO where `place` is, and is killed then:
 * its helper, and the git that this runs, are not caught for good. */
static void dies_where_it_waits(const char *place, bool by_git)
{
	char path[BOX];
	const struct conf_repository *conf = conf_of("work");
	const int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	const pid_t client = fork();
	if (client == 0) {
		struct err err;
		if (git_new(conf, &git, &err) == 0)
			save_all(git, "x");
		_exit(1);
	}
	pid_t pid = 0, below = 0;
	while (clock_monotonic_ms() < deadline &&
	       (pid <= 0 || stuck_look(pid, path, sizeof(path)) != STUCK_FIFO))
		pid = (pid_t)number(
			sh("ps -o pid=,comm= --ppid %d | sed -n 's/stepgate-git.*//p' | head -1",
			   client));
	ck_assert_has(path, place);
	below = (pid_t)number(sh("ps -o pid=,comm= --ppid %d | sed -n 's/ git$//p'", pid));
	ck_assert(!by_git || below > 1);
	kill(client, SIGKILL);
	while ((is_running(pid) || (below && is_running(below))) && clock_monotonic_ms() < deadline)
		poll(NULL, 0, 5);
	ck_assert(!is_running(pid) && (!below || !is_running(below)));
	ck_assert_int_eq(waitpid(client, NULL, 0), client);
}

START_TEST(test_dies_where_it_looks)
{
	make_repository();
	sh("rm work/.git/refs/heads/main; mkfifo work/.git/refs/heads/main");
	dies_where_it_waits("/work/.git/refs/heads/main", false);
}
END_TEST

START_TEST(test_dies_where_it_commits)
{
	make_repository();
	sh("mkfifo work/.gitattributes; echo x >work/x");
	dies_where_it_waits("/work/.gitattributes", false);
}
END_TEST

START_TEST(test_dies_where_git_commits_for_it)
{
	make_repository();
	sh("git -C work config index.sparse true; mkfifo work/.gitattributes; echo x >work/x");
	dies_where_it_waits("/work/.gitattributes", true);
}
END_TEST

/* Whom it waits for is told, and not waited for to the end of the time. */
START_TEST(test_fifo_while_it_looks)
{
	struct err err = {.code = ERR_NONE};
	struct git_view view;
	open_work();
	sh("rm work/.git/refs/heads/main; mkfifo work/.git/refs/heads/main");
	ck_assert_int_eq(git_view(git, &view, &err), -1);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_has(err.text, "/work/.git/refs/heads/main: not a regular file: put it right");
	ck_assert_int_eq(git_view(git, &view, &err), -1);
	sh("rm work/.git/refs/heads/main; git -C up.git rev-parse main "
	   ">work/.git/refs/heads/main");
	ck_assert_int_eq(git_view(git, &view, &err), 0);
	git_free(git);
}
END_TEST

START_TEST(test_fifo_while_it_commits)
{
	open_work();
	sh("mkfifo work/.gitattributes; echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_COMMIT_ERROR);
	ck_assert_has(facts.why, "/work/.gitattributes: not a regular file: put it right");
	ck_assert_str_eq(sh("git -C work log --format=%%s; cat work/x"), "first\nx");
	sh("rm work/.gitattributes");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

/* Only a push reads it: the commit stands. */
START_TEST(test_fifo_while_it_pushes)
{
	open_work();
	sh("mkfifo work/.git/shallow; echo x >work/x");
	struct receipt_facts facts = save_all(git, "x");
	sh("rm work/.git/shallow");
	ck_assert_result(facts, RECEIPT_PUSH_ERROR);
	ck_assert_has(facts.why, "/work/.git/shallow: not a regular file: put it right");
	ck_assert_str_eq(facts.commit, sh("git -C work rev-parse HEAD"));
	facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_NOTHING);
	ck_assert_str_eq(facts.commit, sh("git -C up.git rev-parse main"));
	git_free(git);
}
END_TEST

START_TEST(test_no_descriptor_leaks)
{
	make_repository();
	const int leak = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	ck_assert_int_ge(leak, 3);
	git = open_git(conf_of("work"));
	ck_assert_str_eq(
		sh("ls -l /proc/%d/fd | sed -n 's/.* \\([0-9]*\\) -> \\([a-z/]*\\).*/\\1 \\2/p'"
		   " | grep -v '^2 '",
		   helper_pid()),
		"0 /dev/null\n1 /dev/null\n3 socket");
	git_free(git);
}
END_TEST

/* A stand-in for the helper: a script, which has the socket as descriptor 3, and then listens to it
 * until it is closed. */
static void fake(const char *script)
{
	char path[BOX];
	snprintf(path, sizeof(path), "%s/fake", getenv("HOME"));
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\n%s\nexec cat <&3 >/dev/null\n", script);
	fclose(file);
	chmod(path, 0755);
	setenv(GIT_HELPER_VARIABLE, path, 1);
}

static void refuse(const char *words)
{
	struct err err = {.code = ERR_NONE};
	struct git *const untouched = (struct git *)&err;
	struct git *made = untouched;
	ck_assert_int_eq(git_new(conf_of("work"), &made, &err), -1);
	ck_assert_has(err.text, words);
	ck_assert_ptr_eq(made, untouched);
}

START_TEST(test_helpers_that_are_none)
{
	make_repository();
	fake("exit 7");
	refuse("/work: the commit helper died: exit status 7");
	fake("printf 'this is not a frame at all' >&3");
	refuse("/work: the commit helper died: its answer can't be read");
	fake("printf 'SGW1\\377\\377\\377\\377' >&3");
	refuse("/work: the commit helper died: its answer can't be read");
	fake("printf 'SGW1\\012\\000\\000\\000\\377\\000\\000\\000\\000\\000\\000\\000\\000\\000' "
	     ">&3");
	refuse("/work: the commit helper died: its answer can't be read");
	fake("printf 'SGW1\\000\\000\\000\\000' >&3");
	refuse("the commit helper gave an answer that can't be read");
	setenv(GIT_HELPER_VARIABLE, "/nowhere/helper", 1);
	refuse("/nowhere/helper: can't be run as the commit helper: No such file or directory");
	unsetenv(GIT_HELPER_VARIABLE);
	refuse("the commit helper stepgate-git is neither here nor in ../libexec/stepgate");
}
END_TEST

/* Changes the helper under a client that has a good one. */
START_TEST(test_good_helper_then_bad_ones)
{
	open_work();
	char good[BOX];
	snprintf(good, sizeof(good), "%s", getenv(GIT_HELPER_VARIABLE));
	kill(helper_pid(), SIGKILL);
	fake("exit 3");
	struct receipt_facts facts = save_all(git, "x");
	ck_assert_result(facts, RECEIPT_DIED);
	ck_assert_has(facts.why, "the commit helper died: exit status 3");
	struct git_view view;
	struct err err;
	ck_assert_int_eq(git_view(git, &view, &err), -1);
	ck_assert_has(err.text, "the commit helper died: exit status 3");
	setenv(GIT_HELPER_VARIABLE, good, 1);
	sh("echo x >work/x");
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_request_that_is_too_long)
{
	open_work();
	char *subject = malloc(2U << 20);
	ck_assert_ptr_nonnull(subject);
	memset(subject, 'x', (2U << 20) - 1);
	subject[(2U << 20) - 1] = '\0';
	sh("echo x >work/x");
	struct receipt_facts facts = save_all(git, subject);
	ck_assert_result(facts, RECEIPT_COMMIT_ERROR);
	ck_assert_str_eq(facts.why, "the commit message is too long");
	free(subject);
	facts = save_all(git, "x");
	assert_pushed(&facts);
	git_free(git);
}
END_TEST

START_TEST(test_helper_alone_says_what_it_is)
{
	make_world();
	ck_assert_str_eq(sh("\"$" GIT_HELPER_VARIABLE "\" 2>&1 || echo $?"),
			 "stepgate-git: the commit helper of stepgate, which starts it\n2");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_killed_while_it_commits,
		test_killed_twice_while_it_commits,
		test_killed_while_git_commits_for_it,
		test_killed_while_it_pushes,
		test_killed_while_it_pushes_and_again,
		test_killed_while_it_pushes_a_salvage,
		test_killed_between_requests,
		test_ends_with_its_client_and_not_before,
		test_dies_with_a_client_that_is_killed,
		test_dies_where_it_looks,
		test_dies_where_it_commits,
		test_dies_where_git_commits_for_it,
		test_fifo_while_it_looks,
		test_fifo_while_it_commits,
		test_fifo_while_it_pushes,
		test_no_descriptor_leaks,
		test_helpers_that_are_none,
		test_good_helper_then_bad_ones,
		test_request_that_is_too_long,
		test_helper_alone_says_what_it_is,
	};
	return run_tests("git death", tests, sizeof(tests) / sizeof(tests[0]));
}
