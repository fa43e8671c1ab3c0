/* Contained children: nothing that comes of one outlives it, nor us; and it has no more than its
 * limits. Each way out is tried with the cgroup and, as far as it goes, without. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/cgroup.h"
#include "runner/process/child.h"
#include "runner/process/descendants.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

#define NOBODY 65534

/* What a test and the process that it kills have in common. */
static struct shared {
	struct child_identity identity;
	char output[4096];
	size_t length;
} * shared;

static void on_output(void *context, const char *bytes, size_t length)
{
	(void)context;
	const size_t room = sizeof(shared->output) - 1 - shared->length;
	if (length > room)
		length = room;
	memcpy(shared->output + shared->length, bytes, length);
	shared->length += length;
}

static void on_start(void *context, const struct child_identity *identity)
{
	(void)context;
	shared->identity = *identity;
}

static void setup(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static struct child_spec spec_of(const char *const *argv)
{
	static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	return (struct child_spec){
		.argv = argv,
		.environment = environment,
		.on_output = on_output,
		.on_start = on_start,
		.timeout_ms = 10000,
		.grace_ms = 100,
		.stop_fd = -1,
		.contained = true,
	};
}

static struct child_result run_script(const char *script, void change(struct child_spec *spec))
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct child_spec spec = spec_of(argv);
	struct child_result result;
	struct err err = {.code = ERR_NONE};
	if (change)
		change(&spec);
	ck_assert_msg(child_run(&spec, &result, &err) == 0, "%s", err.text);
	return result;
}

static bool alive(pid_t pid)
{
	bool lives = false;
	return process_start_time(pid, &lives) != 0 && lives;
}

/* Each number that the script printed is that of a process which is gone. */
static void all_gone(int count)
{
	char *at = shared->output;
	for (int i = 0; i < count; i++) {
		const long pid = strtol(at, &at, 10);
		ck_assert_msg(pid > 1, "%d numbers in: %s", count, shared->output);
		ck_assert_msg(!alive((pid_t)pid), "process %ld is alive", pid);
	}
}

static void only_the_watcher_is_left(void)
{
	struct spared children;
	ck_assert_int_eq(spared_init(&children), 0);
	ck_assert_uint_eq(children.count, 1);
	spared_release(&children);
}

static bool has_cgroups(void)
{
	char notice[64] = "";
	struct cgroup cgroup;
	cgroup_make(&cgroup, 0, 0, notice, sizeof(notice));
	const bool made = cgroup.folder[CGROUP_UNIFIED] >= 0;
	ck_assert(cgroup_remove(&cgroup));
	return made;
}

/* Whoever is not allowed to make cgroups has to do without. */
static void as_nobody(void)
{
	if (geteuid() == 0) {
		ck_assert_int_eq(setgid(NOBODY), 0);
		ck_assert_int_eq(setuid(NOBODY), 0);
	}
}

/* Processes that tell their number and stay, each getting away in its own way. */
#define TELL " | { read x; echo $x; }"
static const char *const escapes[] = {
	"sleep 1000 & echo $!",
	"(setsid sh -c 'echo $$; exec sleep 1000' &)" TELL,
	"(setsid sh -c 'echo $$; sleep 1000; :' &)" TELL,
	"(setsid sh -c 'exec <&- >&- 2>&- 3>&-; sleep 1000' & echo $!)",
	"setsid sh -c '(setsid sleep 1000 & echo $!)'; :",
	"(setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 100; done' &)" TELL,
	"(setsid sh -c 'echo $$; kill -STOP $$' &)" TELL,
};

static void try_escapes(void)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		memset(shared, 0, sizeof(*shared));
		const struct child_result result = run_script(escapes[i], NULL);
		ck_assert_int_eq(result.end, CHILD_EXITED);
		ck_assert_str_eq(result.notice, "");
		all_gone(1);
		only_the_watcher_is_left();
	}
}

START_TEST(nothing_gets_away)
{
	try_escapes();
}
END_TEST

START_TEST(nothing_gets_away_without_a_cgroup)
{
	as_nobody();
	ck_assert(!has_cgroups());
	try_escapes();
	ck_assert_str_eq(shared->identity.cgroup, "");
}
END_TEST

START_TEST(what_was_there_before_is_left_alone)
{
	const pid_t other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	run_script("(setsid sleep 1000 & echo $!)", NULL);
	all_gone(1);
	ck_assert(alive(other));
	kill(other, SIGKILL);
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	int reaper = 1;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	ck_assert_int_eq(reaper, 0);
}
END_TEST

START_TEST(its_cgroup_is_gone_after_it)
{
	if (!has_cgroups())
		return;
	run_script("grep -o 'stepgate-.*' /proc/self/cgroup | head -1", NULL);
	ck_assert_ptr_nonnull(strstr(shared->output, "stepgate-"));
	ck_assert_ptr_nonnull(strstr(shared->identity.cgroup, "/stepgate-"));
	ck_assert_int_ne(access(shared->identity.cgroup, F_OK), 0);
}
END_TEST

/* A worker with the rights for it makes cgroups of its own, and goes there. */
START_TEST(cgroups_within_are_ended_too)
{
	if (!has_cgroups() || geteuid() != 0)
		return;
	run_script("at=$(mount -t cgroup2 | sed -n '1s/.* on \\(.*\\) type .*/\\1/p')"
		   "$(sed -n 's/^0:://p' /proc/self/cgroup); mkdir -p $at/a/b;"
		   "(echo 0 > $at/a/b/cgroup.procs; setsid sleep 1000 & echo $!)",
		   NULL);
	all_gone(1);
	ck_assert_int_ne(access(shared->identity.cgroup, F_OK), 0);
}
END_TEST

START_TEST(who_it_is)
{
	char own[64];
	run_script("cut -d' ' -f1,22 /proc/$$/stat; cat /proc/sys/kernel/random/boot_id", NULL);
	snprintf(own, sizeof(own), "%ld %llu\n", (long)shared->identity.pid,
		 (unsigned long long)shared->identity.start_time);
	ck_assert_msg(strncmp(shared->output, own, strlen(own)) == 0, "%s is not %s",
		      shared->output, own);
	ck_assert_ptr_nonnull(strstr(shared->output, shared->identity.boot_id));
	ck_assert_uint_eq(strlen(shared->identity.boot_id), 36);
}
END_TEST

static void short_silence(struct child_spec *spec)
{
	spec->idle_ms = 300;
}

START_TEST(silence_ends_it)
{
	char words[128];
	const struct child_result result = run_script("echo once; sleep 1000", short_silence);
	ck_assert_int_eq(result.end, CHILD_IDLE);
	ck_assert_int_eq(result.limit_ms, 300);
	ck_assert_int_ge(result.elapsed_ms, 300);
	ck_assert_str_eq(child_words(&(struct child_result){.end = CHILD_IDLE, .limit_ms = 600000},
				     words, sizeof(words)),
			 "ended after 10 min of silence");
}
END_TEST

START_TEST(who_speaks_is_not_silent)
{
	const struct child_result result =
		run_script("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done", short_silence);
	ck_assert_int_eq(result.end, CHILD_EXITED);
}
END_TEST

static void few_processes(struct child_spec *spec)
{
	spec->max_processes = 4;
}

static void little_memory(struct child_spec *spec)
{
	spec->max_memory = 32 << 20;
}

START_TEST(limits_are_held_where_they_can_be)
{
	if (geteuid() != 0 || !has_cgroups())
		return;
	struct child_result result = run_script(
		"sleep 9 & sleep 9 & sleep 9 & sleep 9 & sleep 9 & echo all", few_processes);
	if (!strstr(result.notice, "can't be held")) {
		ck_assert_str_eq(result.notice,
				 "max_processes was reached: it could not start all it wanted");
		ck_assert_ptr_null(strstr(shared->output, "all"));
	}
	result = run_script("head -c 100000000 /dev/zero | tail | wc -c", little_memory);
	if (!strstr(result.notice, "can't be held"))
		ck_assert_str_eq(result.notice,
				 "max_memory was reached: the kernel killed some of it");
}
END_TEST

static void both_limits(struct child_spec *spec)
{
	few_processes(spec);
	little_memory(spec);
}

START_TEST(limits_that_can_not_be_held_are_named)
{
	as_nobody();
	const struct child_result result = run_script("exit 3", both_limits);
	ck_assert_int_eq(result.exit_code, 3);
	ck_assert_str_eq(result.notice,
			 "max_memory and max_processes can't be held here: no cgroup "
			 "can be made for it");
}
END_TEST

/* Runs the script in a process that is killed as soon as its output ends with a full stop. */
static void kill_the_runner_of(const char *script, void change(struct child_spec *spec))
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct child_spec spec = spec_of(argv);
	struct child_result result;
	struct err err;
	const int64_t deadline = clock_monotonic_ms() + 10000;
	if (change)
		change(&spec);
	const pid_t runner = fork();
	if (runner == 0) {
		child_run(&spec, &result, &err);
		_exit(0);
	}
	while (!strchr(shared->output, '.') && clock_monotonic_ms() < deadline)
		usleep(1000);
	ck_assert(alive(runner));
	kill(runner, SIGKILL);
	ck_assert_int_eq(waitpid(runner, NULL, 0), runner);
}

static void kill_the_runner(const char *script)
{
	kill_the_runner_of(script, NULL);
}

static void gone_within(pid_t pid, int64_t ms)
{
	const int64_t deadline = clock_monotonic_ms() + ms;
	while (alive(pid) && clock_monotonic_ms() < deadline)
		usleep(1000);
	ck_assert_msg(!alive(pid), "process %ld outlives us", (long)pid);
}

START_TEST(it_dies_with_us)
{
	kill_the_runner("trap '' TERM HUP; echo $$.; while :; do sleep 100; done");
	gone_within(shared->identity.pid, 1000);
}
END_TEST

START_TEST(it_dies_with_us_without_a_cgroup)
{
	as_nobody();
	kill_the_runner("trap '' TERM HUP; sleep 1000 & echo $!.; while :; do sleep 100; done");
	gone_within(shared->identity.pid, 1000);
	gone_within((pid_t)strtol(shared->output, NULL, 10), 1000);
}
END_TEST

/* What runs beside it for a while, as a meter does. */
static void run_beside(void *context)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo $$.; exec sleep 1000", NULL};
	struct child_spec spec = spec_of(argv);
	struct child_result result;
	struct err err;
	(void)context;
	child_run(&spec, &result, &err);
}

static void with_another(struct child_spec *spec)
{
	spec->on_tick = run_beside;
	spec->tick_ms = 10;
}

START_TEST(what_runs_beside_it_dies_with_us)
{
	kill_the_runner_of("sleep 1000", with_another);
	gone_within((pid_t)strtol(shared->output, NULL, 10), 1000);
}
END_TEST

/* A daemon that has become the runner's own child, so that nothing leads from the worker to it:
 * only the cgroup tells whose it is, and its environment. */
#define DAEMON(how)                                                                        \
	"runner=$(cut -d' ' -f4 /proc/$$/stat); export runner; (setsid " how               \
	" sh -c 'until grep -q \"^PPid:.$runner$\" /proc/$$/status; do sleep 0.01; done; " \
	"echo $$.; exec sleep 1000' &); sleep 1000"

START_TEST(its_daemons_die_with_us)
{
	if (!has_cgroups())
		return;
	kill_the_runner(DAEMON("env -i runner=$runner PATH=$PATH"));
	gone_within((pid_t)strtol(shared->output, NULL, 10), 1000);
	const int64_t deadline = clock_monotonic_ms() + 1000;
	while (access(shared->identity.cgroup, F_OK) == 0 && clock_monotonic_ms() < deadline)
		usleep(1000);
	ck_assert_int_ne(access(shared->identity.cgroup, F_OK), 0);
}
END_TEST

START_TEST(its_daemons_die_with_us_without_a_cgroup)
{
	as_nobody();
	kill_the_runner(DAEMON(""));
	gone_within((pid_t)strtol(shared->output, NULL, 10), 1000);
}
END_TEST

/* A process in a session of its own that sleeps, as an earlier stepgate would have left it. */
static pid_t leave_process(struct child_identity *identity)
{
	int ends[2];
	pid_t pid = 0;
	ck_assert_int_eq(pipe(ends), 0);
	if (fork() == 0) {
		pid = fork();
		if (pid == 0) {
			setsid();
			pid = getpid();
			if (write(ends[1], &pid, sizeof(pid)) > 0)
				pause();
		}
		_exit(0);
	}
	ck_assert_int_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	ck_assert_int_gt(wait(NULL), 0);
	*identity = shared->identity;
	identity->pid = pid;
	identity->start_time = process_start_time(pid, NULL);
	return pid;
}

START_TEST(leftovers_are_ended)
{
	struct child_identity identity;
	run_script(":", NULL);
	const pid_t pid = leave_process(&identity);
	struct child_identity other = identity;
	other.start_time++;
	ck_assert_int_eq(child_end_leftover(&other), 0);
	ck_assert(alive(pid));
	other = identity;
	other.boot_id[0] ^= 1;
	ck_assert_int_eq(child_end_leftover(&other), 0);
	ck_assert(alive(pid));
	other = identity;
	/* Not the next number: that may be somebody's who began in the same tick of the clock. */
	other.pid = getppid();
	mark_make(&other.mark);
	ck_assert_uint_ne(process_start_time(other.pid, NULL), other.start_time);
	ck_assert_int_eq(child_end_leftover(&other), 0);
	ck_assert(alive(pid));
	ck_assert_int_eq(child_end_leftover(&identity), 0);
	ck_assert(!alive(pid));
	ck_assert_int_eq(child_end_leftover(&identity), 0);
	ck_assert_int_eq(child_end_leftover(&(struct child_identity){.pid = 0}), 0);
}
END_TEST

START_TEST(a_folder_that_is_no_cgroup_of_ours_is_not_touched)
{
	static const char *const paths[] = {
		"/", "/sys/fs/cgroup", "/tmp/stepgate-1-1", "/sys/fs/cgroup/stepgate-1/../x", "x",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct cgroup cgroup;
		char asked[CGROUP_NKINDS][CGROUP_PATH] = {""};
		snprintf(asked[CGROUP_UNIFIED], CGROUP_PATH, "%s", paths[i]);
		cgroup_open(&cgroup, asked);
		ck_assert_msg(cgroup.folder[CGROUP_UNIFIED] == -1, "%s", paths[i]);
	}
}
END_TEST

START_TEST(cgroups_of_dead_runs_are_removed)
{
	char notice[64], dead[CGROUP_PATH];
	struct cgroup left, live;
	if (!has_cgroups())
		return;
	cgroup_make(&left, 0, 0, notice, sizeof(notice));
	cgroup_make(&live, 0, 0, notice, sizeof(notice));
	memcpy(dead, left.path[CGROUP_UNIFIED], sizeof(dead));
	const pid_t pid = fork();
	if (pid == 0) {
		if (cgroup_join(&left, true) != 0)
			_exit(1);
		cgroup_forget(&left);
		cgroup_forget(&live);
		pause();
	}
	const int64_t deadline = clock_monotonic_ms() + 5000;
	char events[128] = "";
	while (!strstr(events, "populated 1") && clock_monotonic_ms() < deadline) {
		const int fd = openat(left.folder[CGROUP_UNIFIED], "cgroup.events", O_RDONLY);
		const ssize_t got = read(fd, events, sizeof(events) - 1);
		events[got > 0 ? got : 0] = '\0';
		close(fd);
	}
	cgroup_forget(&left);
	/* Until it has let go of the lock as well. */
	while (access(dead, F_OK) == 0 && clock_monotonic_ms() < deadline)
		cgroup_end_leftovers();
	ck_assert_int_ne(access(dead, F_OK), 0);
	ck_assert_int_eq(access(live.path[CGROUP_UNIFIED], F_OK), 0);
	ck_assert(cgroup_remove(&live));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contained");
	TCase *life = tcase_create("life");
	tcase_set_timeout(life, 60);
	tcase_add_checked_fixture(life, setup, NULL);
	tcase_add_test(life, nothing_gets_away);
	tcase_add_test(life, nothing_gets_away_without_a_cgroup);
	tcase_add_test(life, what_was_there_before_is_left_alone);
	tcase_add_test(life, its_cgroup_is_gone_after_it);
	tcase_add_test(life, cgroups_within_are_ended_too);
	tcase_add_test(life, who_it_is);
	tcase_add_test(life, silence_ends_it);
	tcase_add_test(life, who_speaks_is_not_silent);
	tcase_add_test(life, limits_are_held_where_they_can_be);
	tcase_add_test(life, limits_that_can_not_be_held_are_named);
	tcase_add_test(life, it_dies_with_us);
	tcase_add_test(life, it_dies_with_us_without_a_cgroup);
	tcase_add_test(life, what_runs_beside_it_dies_with_us);
	tcase_add_test(life, leftovers_are_ended);
	tcase_add_test(life, a_folder_that_is_no_cgroup_of_ours_is_not_touched);
	tcase_add_test(life, cgroups_of_dead_runs_are_removed);
	/* By themselves: tests/whole/without.sh picks them. */
	TCase *daemons = tcase_create("daemons");
	tcase_set_timeout(daemons, 60);
	tcase_add_checked_fixture(daemons, setup, NULL);
	tcase_add_test(daemons, its_daemons_die_with_us);
	tcase_add_test(daemons, its_daemons_die_with_us_without_a_cgroup);
	suite_add_tcase(suite, life);
	suite_add_tcase(suite, daemons);
	return run_suite(suite);
}
