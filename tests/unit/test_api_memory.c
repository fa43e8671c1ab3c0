/*
 * Memory that runs out while the monitor answers: every allocation of every route fails once, one
 * after another. The answer says so, or is what it would have been, or breaks off; what is asked
 * after that is answered as if nothing had been.
 */
#include "tests/faults/sanitized.h"
#include "tests/unit/status_helpers.h"

#ifndef SANITIZED

#include "tests/faults/failing_malloc.h"
#include "tests/unit/asked.h"

static struct asked asked;

static void set_up(void)
{
	enter_new_folder();
	ck_assert_int_eq(asked_past(), 0);
	ck_assert_int_eq(asked_init(&asked), 0);
	asked_turn(&asked);
}

static void tear_down(void)
{
	asked_end(&asked);
}

static void forget_runs(void)
{
	for (int i = 0; i < MONITOR_RUNS; i++) {
		if (asked.monitor.runs[i].pid && asked.monitor.runs[i].end >= 0)
			close(asked.monitor.runs[i].end);
		asked.monitor.runs[i].pid = 0;
	}
}

static const struct {
	const char *method;
	struct request request;
	long least; /* allocations */
} cases[] = {
	{"GET", {.path = "/api/v1/repositories"}, 50},
	{"GET", {.path = "/api/v1/state"}, 30},
	{"GET", {.path = "/api/v1/cycles"}, 20},
	{"GET", {.path = "/api/v1/cycles", .query = {{"download", "json"}}}, 20},
	{"GET", {.path = "/api/v1/cycles", .query = {{"download", "csv"}}}, 4},
	{"GET", {.path = "/api/v1/steps", .query = {{"cycle", "1"}}}, 20},
	{"GET", {.path = "/api/v1/messages", .query = {{"cycle", "1"}}}, 10},
	{"GET", {.path = "/api/v1/log", .query = {{"cycle", "1"}, {"step", "1"}}}, 3},
	{"GET", {.path = "/api/v1/log/stream", .query = {{"cycle", "1"}, {"step", "1"}}}, 8},
	{"GET", {.path = "/api/v1/events", .headers = {{"Last-Event-ID", "1:1.1"}}}, 30},
	{"GET", {.path = "/api/v1/config"}, 5},
	{"GET", {.path = "/metrics"}, 4},
	{"POST",
	 {.path = "/api/v1/config", .body = "{\"threshold_percent\": 40}", .length = 25},
	 10},
	{"POST", {.path = "/api/v1/start", .body = "{\"config\": 1}", .length = 13}, 3},
	{"POST", {.path = "/api/v1/stop", .body = "{}", .length = 2}, 2},
};

START_TEST(every_allocation_of_an_answer)
{
	long n = 0;
	bool failed;
	do {
		allocations.count = 0;
		allocations.failed = false;
		allocations.failing = ++n;
		struct answer answer =
			ask_route(&asked.monitor, cases[_i].method, &cases[_i].request);
		allocations.failing = 0;
		failed = allocations.failed;
		/* 500 with words, or without where there was no memory for those; or it is fine. Of
		 * a body cJSON does not say whether it is wrong or memory was short. */
		ck_assert_msg(answer.status == 500 || answer.status < 300 ||
				      (answer.status == 400 && cases[_i].request.body),
			      "allocation %ld: %d: %s", n, answer.status, answer.text);
		if (answer.status == 500 && answer.text)
			ck_assert_ptr_nonnull(strstr(answer.text, "\"error\": \""));
		ck_assert_msg(failed || answer.status < 300, "%ld: %s", n, answer.text);
		asked_release(&answer);
		forget_runs();
	} while (failed);
	ck_assert_int_gt(n, cases[_i].least);
	ck_assert_int_eq(asked.monitor.scrapes, 0);
	/* None of it has harmed what comes after. */
	struct answer after =
		ask_route(&asked.monitor, "GET", &(struct request){.path = "/api/v1/repositories"});
	ck_assert_int_eq(after.status, 200);
	cJSON *object = json_parse_object(after.text, after.length);
	ck_assert_ptr_nonnull(object);
	cJSON_Delete(object);
	asked_release(&after);
}
END_TEST

static int turn(void)
{
	asked_turn(&asked);
	return 0;
}

/* A look at the repository: what could not be seen is shown as trouble, and seen by the next look.
 */
START_TEST(every_allocation_of_a_look)
{
	long n = 0;
	bool failed;
	do {
		asked_end(&asked);
		ck_assert_int_eq(asked_init(&asked), 0);
		allocations.count = 0;
		allocations.failed = false;
		allocations.failing = ++n;
		turn();
		allocations.failing = 0;
		failed = allocations.failed;
		turn();
		ck_assert(asked.watch.seen);
		ck_assert_msg(asked.watch.now.trouble[0] == '\0', "allocation %ld: %s", n,
			      asked.watch.now.trouble);
		ck_assert_int_eq(asked.watch.now.life, NOW_LIFE_CUT_OFF);
	} while (failed);
	ck_assert_int_gt(n, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api_memory");
	TCase *test = tcase_create("api_memory");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 120);
	tcase_add_loop_test(test, every_allocation_of_an_answer, 0, COUNT(cases));
	tcase_add_test(test, every_allocation_of_a_look);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}

#endif
