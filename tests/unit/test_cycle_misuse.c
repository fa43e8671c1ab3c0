/* The cycle, misused: every wrong order, and every proof that is not good, ends the process. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cycle_helpers.h"
#include "tests/unit/suite.h"

static void end_out_of_time(void)
{
	struct cycle *cycle = in_precheck();
	cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(0));
}

static void end_twice(void)
{
	struct work *work;
	cycle_end_step(in_commit(&work), FSM_EV_DONE, USAGE_KNOWN(0));
}

static void end_with_no_end(void)
{
	cycle_end_step(in_step(), FSM_EV_SAVED, USAGE_KNOWN(0));
}

static void begin_twice(void)
{
	cycle_begin(in_precheck());
}

static void begin_a_closed_one(void)
{
	cycle_begin(in_closed());
}

static void pass_while_idle(void)
{
	enum gate_answer answer;
	cycle_pass_gate(new_cycle(), 1, &answer);
}

static void pass_while_closed(void)
{
	enum gate_answer answer;
	cycle_pass_gate(in_closed(), 1, &answer);
}

static void pass_in_postcheck(void)
{
	enum gate_answer answer;
	struct told *told;
	cycle_pass_gate(in_postcheck(&told), 2, &answer);
}

static void pass_for_no_step(void)
{
	enum gate_answer answer;
	cycle_pass_gate(in_precheck(), 0, &answer);
}

static void start_without_a_pass(void)
{
	cycle_start_step(in_precheck(), NULL);
}

static void start_twice_on_one_pass(void)
{
	struct cycle *cycle = in_precheck();
	struct gate_pass *pass = pass_for(cycle, 1);
	cycle_start_step(cycle, pass);
	cycle_start_step(cycle, pass);
}

static void start_on_the_pass_of_the_last_step(void)
{
	struct cycle *cycle = in_precheck();
	struct gate_pass *pass = pass_for(cycle, 1);
	cycle_start_step(cycle, pass);
	struct work *work = cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(0));
	cycle_check(cycle, cycle_tell(cycle, cycle_save(cycle, work, &pushed)), FSM_EV_AGAIN);
	cycle_start_step(cycle, pass);
}

static void start_on_the_pass_of_another_cycle(void)
{
	struct cycle *other = in_precheck();
	cycle_start_step(in_precheck(), pass_for(other, 1));
}

static void start_on_a_pass_voided_by_the_close(void)
{
	struct cycle *cycle = in_precheck();
	struct gate_pass *pass = pass_for(cycle, 1);
	cycle_close(cycle, FSM_EV_USER);
	cycle_start_step(cycle, pass);
}

static void save_without_work(void)
{
	struct work *work;
	cycle_save(in_commit(&work), NULL, &pushed);
}

static void save_twice(void)
{
	struct work *work;
	struct cycle *cycle = in_commit(&work);
	cycle_save(cycle, work, &pushed);
	cycle_save(cycle, work, &pushed);
}

static void save_the_work_of_another_cycle(void)
{
	struct work *work, *others;
	struct cycle *cycle = in_commit(&work);
	in_commit(&others);
	cycle_save(cycle, others, &pushed);
}

static void tell_without_a_receipt(void)
{
	struct receipt *receipt;
	cycle_tell(in_report(&receipt), NULL);
}

static void tell_twice(void)
{
	struct receipt *receipt;
	struct cycle *cycle = in_report(&receipt);
	cycle_tell(cycle, receipt);
	cycle_tell(cycle, receipt);
}

static void tell_the_receipt_of_another_cycle(void)
{
	struct receipt *receipt, *others;
	struct cycle *cycle = in_report(&receipt);
	in_report(&others);
	cycle_tell(cycle, others);
}

/* The receipt of step 1, offered when step 2 is to be reported. */
static void tell_the_receipt_of_another_step(void)
{
	struct receipt *receipt;
	struct cycle *cycle = in_report(&receipt);
	cycle_check(cycle, cycle_tell(cycle, receipt), FSM_EV_AGAIN);
	cycle_start_step(cycle, pass_for(cycle, 2));
	cycle_end_step(cycle, FSM_EV_DONE, USAGE_KNOWN(0));
	cycle_tell(cycle, receipt);
}

static void check_without_told(void)
{
	struct told *told;
	cycle_check(in_postcheck(&told), NULL, FSM_EV_AGAIN);
}

static void check_twice(void)
{
	struct told *told;
	struct cycle *cycle = in_postcheck(&told);
	cycle_check(cycle, told, FSM_EV_AGAIN);
	cycle_check(cycle, told, FSM_EV_AGAIN);
}

static void check_with_the_told_of_another_cycle(void)
{
	struct told *told, *others;
	struct cycle *cycle = in_postcheck(&told);
	in_postcheck(&others);
	cycle_check(cycle, others, FSM_EV_AGAIN);
}

static void check_with_a_wish_that_is_none(void)
{
	struct told *told;
	struct cycle *cycle = in_postcheck(&told);
	cycle_check(cycle, told, FSM_EV_PASS);
}

static void close_while_idle(void)
{
	cycle_close(new_cycle(), FSM_EV_USER);
}

static void close_with_a_step_under_way(void)
{
	cycle_close(in_step(), FSM_EV_USER);
}

static void close_with_work_unsaved(void)
{
	struct work *work;
	cycle_close(in_commit(&work), FSM_EV_ERROR);
}

static void close_before_the_report(void)
{
	struct receipt *receipt;
	cycle_close(in_report(&receipt), FSM_EV_ERROR);
}

static void close_twice(void)
{
	cycle_close(in_closed(), FSM_EV_USER);
}

static void close_on_the_threshold_with_the_gate_open(void)
{
	cycle_close(in_precheck(), FSM_EV_THRESHOLD);
}

static void close_with_no_reason(void)
{
	cycle_close(in_precheck(), FSM_EV_AGAIN);
}

static void tell_usage_while_a_step_runs(void)
{
	cycle_set_used(in_step(), USAGE_KNOWN(5));
}

static void a_cycle_without_a_number(void)
{
	cycle_new(0, &terms, NULL, NULL);
}

static void a_cycle_without_a_budget(void)
{
	const struct gate_terms none = {.budget = 0, .threshold = 35};
	cycle_new(1, &none, NULL, NULL);
}

static void (*const misuses[])(void) = {
	end_out_of_time,
	end_twice,
	end_with_no_end,
	begin_twice,
	begin_a_closed_one,
	pass_while_idle,
	pass_while_closed,
	pass_in_postcheck,
	pass_for_no_step,
	start_without_a_pass,
	start_twice_on_one_pass,
	start_on_the_pass_of_the_last_step,
	start_on_the_pass_of_another_cycle,
	start_on_a_pass_voided_by_the_close,
	save_without_work,
	save_twice,
	save_the_work_of_another_cycle,
	tell_without_a_receipt,
	tell_twice,
	tell_the_receipt_of_another_cycle,
	tell_the_receipt_of_another_step,
	check_without_told,
	check_twice,
	check_with_the_told_of_another_cycle,
	check_with_a_wish_that_is_none,
	close_while_idle,
	close_with_a_step_under_way,
	close_with_work_unsaved,
	close_before_the_report,
	close_twice,
	close_on_the_threshold_with_the_gate_open,
	close_with_no_reason,
	tell_usage_while_a_step_runs,
	a_cycle_without_a_number,
	a_cycle_without_a_budget,
};

START_TEST(misuse_ends_the_process)
{
	misuses[_i]();
}
END_TEST

START_TEST(the_bug_is_told_with_its_place)
{
	int ends[2];
	char words[256] = "";
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	const pid_t child = check_fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		start_without_a_pass();
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_gt(read(ends[0], words, sizeof(words) - 1), 0);
	ck_assert_ptr_eq(strstr(words, "stepgate: fsm/cycle.c:"), words);
	ck_assert_ptr_nonnull(strstr(words, ": BUG: "));
	close(ends[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cycle misuse");
	TCase *misuse = tcase_create("misuse");
	tcase_add_loop_test_raise_signal(misuse, misuse_ends_the_process, SIGABRT, 0,
					 COUNT(misuses));
	tcase_add_test(misuse, the_bug_is_told_with_its_place);
	suite_add_tcase(suite, misuse);
	return run_suite(suite);
}
