/* Child processes: real ones, well and badly behaved. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/process/child.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

struct heard {
	char output[8192], complaint[1024], usage[1024];
	size_t output_length, complaint_length, usage_length;
	size_t total;
	int ticks;
};

static struct heard heard;

static void keep(char *to, size_t *length, size_t size, const char *bytes, size_t count)
{
	const size_t room = size - 1 - *length;
	const size_t fits = count < room ? count : room;
	memcpy(to + *length, bytes, fits);
	*length += fits;
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct heard *h = context;
	h->total += length;
	keep(h->output, &h->output_length, sizeof(h->output), bytes, length);
}

static void on_complaint(void *context, const char *bytes, size_t length)
{
	struct heard *h = context;
	keep(h->complaint, &h->complaint_length, sizeof(h->complaint), bytes, length);
}

static void on_usage(void *context, const char *bytes, size_t length)
{
	struct heard *h = context;
	keep(h->usage, &h->usage_length, sizeof(h->usage), bytes, length);
}

static void on_tick(void *context)
{
	((struct heard *)context)->ticks++;
}

/* Runs `script` with sh; `change` may alter the spec. */
static struct child_result run_script(const char *script, void (*change)(struct child_spec *))
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct child_result result = {.exit_code = -2};
	struct err err = {.code = ERR_NONE};
	char **environment = child_environment(NULL, NULL);
	struct child_spec spec = {
		.argv = argv,
		.environment = (const char *const *)environment,
		.on_output = on_output,
		.on_usage = on_usage,
		.context = &heard,
		.grace_ms = 200,
		.stop_fd = -1,
	};
	memset(&heard, 0, sizeof(heard));
	if (change)
		change(&spec);
	ck_assert_msg(child_run(&spec, &result, &err) == 0, "%s", err.text);
	free(environment);
	return result;
}

static bool alive(long pid)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	fclose(file);
	return state && state != 'Z' && state != 'X';
}

START_TEST(exit_status_is_told)
{
	const struct child_result result = run_script("exit 7", NULL);
	char words[128];
	ck_assert_int_eq(result.end, CHILD_EXITED);
	ck_assert_int_eq(result.exit_code, 7);
	ck_assert_str_eq(child_words(&result, words, sizeof(words)), "exit status 7");
}
END_TEST

START_TEST(a_signal_is_told)
{
	const struct child_result result = run_script("kill -SEGV $$", NULL);
	char words[128];
	ck_assert_int_eq(result.end, CHILD_SIGNALED);
	ck_assert_int_eq(result.signal, SIGSEGV);
	ck_assert_str_eq(child_words(&result, words, sizeof(words)),
			 "killed by signal 11 (Segmentation fault)");
}
END_TEST

START_TEST(both_streams_arrive_in_one_by_default)
{
	run_script("echo out; echo complaint >&2", NULL);
	ck_assert_str_eq(heard.output, "out\ncomplaint\n");
}
END_TEST

static void apart(struct child_spec *spec)
{
	spec->on_complaint = on_complaint;
}

START_TEST(streams_apart_where_asked)
{
	run_script("echo out; echo complaint >&2", apart);
	ck_assert_str_eq(heard.output, "out\n");
	ck_assert_str_eq(heard.complaint, "complaint\n");
}
END_TEST

START_TEST(usage_has_its_own_descriptor)
{
	run_script("echo '{\"tokens\": 5}' >&3; echo out", NULL);
	ck_assert_str_eq(heard.usage, "{\"tokens\": 5}\n");
	ck_assert_str_eq(heard.output, "out\n");
}
END_TEST

START_TEST(nothing_of_ours_leaks_in)
{
	const int leak = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	ck_assert_int_ge(leak, 0);
	ck_assert_int_eq(dup2(leak, 77), 77);
	run_script("ls /proc/self/fd | sort -n | tr '\\n' ' '", NULL);
	ck_assert_ptr_null(strstr(heard.output, "77"));
	ck_assert_int_eq(strncmp(heard.output, "0 1 2 3 ", 8), 0);
	close(leak);
	close(77);
}
END_TEST

START_TEST(stdin_is_empty_by_default)
{
	run_script("wc -c", NULL);
	ck_assert_str_eq(heard.output, "0\n");
}
END_TEST

static char *big;
static void feed_big(struct child_spec *spec)
{
	spec->stdin_bytes = big;
	spec->stdin_length = 3000000;
}

START_TEST(much_input_and_much_output_at_once)
{
	big = malloc(3000000);
	memset(big, 'x', 3000000);
	const struct child_result result = run_script("cat", feed_big);
	ck_assert_int_eq(result.exit_code, 0);
	ck_assert_uint_eq(heard.total, 3000000);
	free(big);
}
END_TEST

/* A talk: what is fed next depends on what was said, and its end comes last. */
static struct child_feed talk;
static void answer(void *context, const char *bytes, size_t length)
{
	static const char *const lines[] = {"one\n", "one\ntwo\n", "one\ntwo\nthree\n"};
	on_output(context, bytes, length);
	int heard_lines = 0;
	for (size_t i = 0; i < heard.output_length; i++)
		heard_lines += heard.output[i] == '\n';
	if (heard_lines >= 1 && heard_lines <= 3)
		talk = (struct child_feed){lines[heard_lines - 1], strlen(lines[heard_lines - 1]),
					   heard_lines == 3};
}

static void feed_talk(struct child_spec *spec)
{
	talk = (struct child_feed){"", 0, false};
	spec->feed = &talk;
	spec->on_output = answer;
}

START_TEST(a_talk)
{
	const struct child_result result = run_script(
		"echo say; while read -r line; do echo got $line; done; echo end", feed_talk);
	ck_assert_int_eq(result.exit_code, 0);
	ck_assert_str_eq(heard.output, "say\ngot one\ngot two\ngot three\nend\n");
}
END_TEST

static void feed_nothing(struct child_spec *spec)
{
	talk = (struct child_feed){"", 0, false};
	spec->feed = &talk;
	spec->timeout_ms = 300;
}

START_TEST(a_talk_without_an_answer)
{
	const struct child_result result = run_script("read -r line; echo $line", feed_nothing);
	ck_assert_int_eq(result.end, CHILD_TIMED_OUT);
	ck_assert_str_eq(heard.output, "");
}
END_TEST

START_TEST(input_that_nobody_reads)
{
	big = malloc(3000000);
	memset(big, 'x', 3000000);
	signal(SIGPIPE, SIG_IGN);
	const struct child_result result = run_script("exec <&-; echo done", feed_big);
	ck_assert_int_eq(result.exit_code, 0);
	ck_assert_str_eq(heard.output, "done\n");
	free(big);
}
END_TEST

START_TEST(signals_are_as_new)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	run_script("grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL);
	ck_assert_str_eq(heard.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(the_umask_is_known)
{
	umask(077);
	run_script("umask", NULL);
	ck_assert_str_eq(heard.output, "0022\n");
}
END_TEST

static void short_time(struct child_spec *spec)
{
	spec->timeout_ms = 200;
}

START_TEST(a_timeout_ends_the_whole_group)
{
	struct child_result result = run_script("trap '' TERM; (trap '' TERM; while :; do "
						"read x </dev/zero; done) & echo $!; wait; "
						"while :; do :; done",
						short_time);
	char words[128];
	ck_assert_int_eq(result.end, CHILD_TIMED_OUT);
	ck_assert_int_eq(result.signal, SIGKILL);
	ck_assert_int_lt(result.elapsed_ms, 5000);
	ck_assert(!alive(strtol(heard.output, NULL, 10)));
	ck_assert_int_eq(result.limit_ms, 200);
	result.limit_ms = 45 * 60000;
	child_words(&result, words, sizeof(words));
	ck_assert_str_eq(words, "ended after its timeout of 45 min");
}
END_TEST

START_TEST(term_comes_first)
{
	const struct child_result result =
		run_script("trap 'echo saved; exit 3' TERM; while :; do :; done", short_time);
	ck_assert_int_eq(result.end, CHILD_TIMED_OUT);
	ck_assert_int_eq(result.exit_code, 3);
	ck_assert_str_eq(heard.output, "saved\n");
}
END_TEST

START_TEST(a_stopped_worker_dies_too)
{
	const struct child_result result = run_script("kill -STOP $$", short_time);
	ck_assert_int_eq(result.end, CHILD_TIMED_OUT);
}
END_TEST

START_TEST(a_background_process_does_not_outlive_it)
{
	run_script("(exec >/dev/null 2>&1 3>&-; while :; do :; done) & echo $!", NULL);
	ck_assert(!alive(strtol(heard.output, NULL, 10)));
}
END_TEST

static void short_drain(struct child_spec *spec)
{
	spec->drain_ms = 100;
}

START_TEST(a_pipe_held_by_another_session_does_not_hang)
{
	const struct child_result result = run_script(
		"setsid sh -c 'echo $$; exec tail -f /dev/null' & read x </dev/null; "
		"until [ -n \"$(pgrep -s 0 tail)\" ] || [ $((n += 1)) -gt 50 ]; do :; done",
		short_drain);
	ck_assert_int_eq(result.end, CHILD_EXITED);
	const long pid = strtol(heard.output, NULL, 10);
	if (pid > 1)
		kill((pid_t)pid, SIGKILL);
}
END_TEST

/* Nothing is waited for that is not there: the best of five, for a busy machine has its whims. */
START_TEST(a_short_life_is_short)
{
	int64_t least = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		const int64_t begin = clock_monotonic_ms();
		run_script(":", NULL);
		const int64_t took = clock_monotonic_ms() - begin;
		least = took < least ? took : least;
	}
	ck_assert_int_lt(least, 300);
}
END_TEST

static int stop_ends[2];
static volatile sig_atomic_t hard;
static void stop_at_once(struct child_spec *spec)
{
	ck_assert_int_eq(pipe(stop_ends), 0);
	ck_assert_int_eq(write(stop_ends[1], "", 1), 1);
	spec->stop_fd = stop_ends[0];
	spec->stop_hard = &hard;
	spec->grace_ms = 60000;
}

START_TEST(a_stop_asks_first)
{
	hard = 0;
	const struct child_result result =
		run_script("trap 'exit 5' TERM; while :; do :; done", stop_at_once);
	char words[128];
	ck_assert_int_eq(result.end, CHILD_STOPPED);
	ck_assert_str_eq(child_words(&result, words, sizeof(words)), "stopped on request");
}
END_TEST

START_TEST(a_hard_stop_does_not_ask)
{
	hard = 1;
	const struct child_result result =
		run_script("trap '' TERM; while :; do :; done", stop_at_once);
	ck_assert_int_eq(result.end, CHILD_STOPPED);
	ck_assert_int_eq(result.signal, SIGKILL);
	ck_assert_int_lt(result.elapsed_ms, 10000);
}
END_TEST

static void tick_often(struct child_spec *spec)
{
	spec->on_tick = on_tick;
	spec->tick_ms = 10;
	spec->timeout_ms = 300;
}

START_TEST(ticks_come)
{
	run_script("while :; do :; done", tick_often);
	ck_assert_int_ge(heard.ticks, 3);
}
END_TEST

/* The error of starting `program` in `cwd` with `input`. */
static struct err start_error(const char *program, const char *cwd, const char *input)
{
	const char *const argv[] = {program, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	const struct child_spec spec = {
		.argv = argv,
		.environment = environment,
		.cwd = cwd,
		.stdin_path = input,
		.stop_fd = -1,
	};
	struct child_result result = {.exit_code = 42};
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(child_run(&spec, &result, &err), -1);
	ck_assert_int_eq(result.exit_code, 42);
	return err;
}

START_TEST(what_can_not_start_is_an_error)
{
	ck_assert_str_eq(start_error("no-such-program", NULL, NULL).text,
			 "no-such-program: can't be started: No such file or directory");
	ck_assert_str_eq(
		start_error("true", "/no/such/folder", NULL).text,
		"/no/such/folder: can't be the folder to run in: No such file or directory");
	ck_assert_str_eq(start_error("true", NULL, "/no/input").text,
			 "/no/input: can't be opened as input: No such file or directory");
	ck_assert_int_eq(start_error("/", NULL, NULL).code, ERR_SYSTEM);
}
END_TEST

START_TEST(no_descriptor_is_lost)
{
	const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	for (int i = 0; i < 20; i++) {
		run_script("echo x", apart);
		start_error("no-such-program", NULL, NULL);
	}
	const int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

START_TEST(environment_is_laid_over_ours)
{
	const char *const first[] = {"A=1", "B=2", NULL};
	const char *const second[] = {"B=3", "C=4", NULL};
	clearenv();
	setenv("A", "0", 1);
	setenv("AB", "kept", 1);
	char **made = child_environment(first, second);
	ck_assert_str_eq(made[0], "A=1");
	ck_assert_str_eq(made[1], "AB=kept");
	ck_assert_str_eq(made[2], "B=3");
	ck_assert_str_eq(made[3], "C=4");
	ck_assert_ptr_null(made[4]);
	free(made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("child");
	TCase *life = tcase_create("life");
	tcase_set_timeout(life, 60);
	tcase_add_test(life, exit_status_is_told);
	tcase_add_test(life, a_signal_is_told);
	tcase_add_test(life, both_streams_arrive_in_one_by_default);
	tcase_add_test(life, streams_apart_where_asked);
	tcase_add_test(life, usage_has_its_own_descriptor);
	tcase_add_test(life, nothing_of_ours_leaks_in);
	tcase_add_test(life, stdin_is_empty_by_default);
	tcase_add_test(life, much_input_and_much_output_at_once);
	tcase_add_test(life, a_talk);
	tcase_add_test(life, a_talk_without_an_answer);
	tcase_add_test(life, input_that_nobody_reads);
	tcase_add_test(life, signals_are_as_new);
	tcase_add_test(life, the_umask_is_known);
	tcase_add_test(life, a_timeout_ends_the_whole_group);
	tcase_add_test(life, term_comes_first);
	tcase_add_test(life, a_stopped_worker_dies_too);
	tcase_add_test(life, a_background_process_does_not_outlive_it);
	tcase_add_test(life, a_pipe_held_by_another_session_does_not_hang);
	tcase_add_test(life, a_short_life_is_short);
	tcase_add_test(life, a_stop_asks_first);
	tcase_add_test(life, a_hard_stop_does_not_ask);
	tcase_add_test(life, ticks_come);
	tcase_add_test(life, what_can_not_start_is_an_error);
	tcase_add_test(life, no_descriptor_is_lost);
	tcase_add_test(life, environment_is_laid_over_ours);
	suite_add_tcase(suite, life);
	return run_suite(suite);
}
