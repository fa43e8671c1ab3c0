/* The sender's parts: who is next, what it says to its client, and how it signs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runner/sender/lane.h"
#include "runner/sender/letter.h"
#include "runner/sender/signature.h"
#include "tests/unit/suite.h"

static struct lane *lanes;

static void add(const char *reporter, int64_t id)
{
	struct wire_frame frame;
	struct letter letter = {.id = id,
				.reporter = reporter,
				.key = "k",
				.url = "u",
				.body = "b",
				.timeout_ms = 1};
	wire_init(&frame);
	letter_put(&frame, &letter);
	ck_assert_int_eq(letter_get(&frame, &letter), 0);
	ck_assert_int_eq(lane_add(lane_of(&lanes, reporter), &frame, &letter), 0);
	ck_assert_ptr_null(frame.bytes);
}

static int64_t begin(const char *reporter, int64_t now)
{
	const struct letter *letter = lane_begin(lane_of(&lanes, reporter), now);
	return letter ? letter->id : -1;
}

static void end(const char *reporter, enum letter_end how, int64_t asked_ms, int64_t now)
{
	lane_end(lane_of(&lanes, reporter), how, asked_ms, now);
}

START_TEST(letters_of_one_reporter_go_one_after_another)
{
	add("a", 1);
	add("a", 2);
	add("b", 3);
	ck_assert_int_eq(begin("a", 0), 1);
	ck_assert_int_eq(begin("a", 0), -1);
	ck_assert_int_eq(begin("b", 0), 3);
	ck_assert_int_eq(lanes_due(lanes), -1);
	end("a", LETTER_ARRIVED, 0, 5);
	ck_assert_int_eq(lanes_due(lanes), 5);
	ck_assert_int_eq(begin("a", 5), 2);
	end("a", LETTER_ARRIVED, 0, 6);
	ck_assert_int_eq(begin("a", 6), -1);
	lanes_free(lanes);
}
END_TEST

START_TEST(a_failure_waits_twice_as_long_each_time)
{
	const int64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	int64_t now = 0;
	add("a", 1);
	add("a", 2);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		ck_assert_int_eq(begin("a", now), 1);
		end("a", LETTER_FAILED, 0, now);
		ck_assert_int_eq(begin("a", now + waits[i] - 1), -1);
		now += waits[i];
		ck_assert_int_eq(lanes_due(lanes), now);
	}
	ck_assert_int_eq(begin("a", now), 1);
	end("a", LETTER_ARRIVED, 0, now);
	ck_assert_int_eq(begin("a", now), 2);
	end("a", LETTER_FAILED, 0, now);
	ck_assert_int_eq(lanes_due(lanes), now + 1000);
	lanes_free(lanes);
}
END_TEST

START_TEST(a_server_may_ask_for_more_time_but_not_for_ever)
{
	add("a", 1);
	begin("a", 0);
	end("a", LETTER_FAILED, 30000, 0);
	ck_assert_int_eq(lanes_due(lanes), 30000);
	begin("a", 30000);
	end("a", LETTER_FAILED, 1, 30000);
	ck_assert_int_eq(lanes_due(lanes), 32000);
	begin("a", 32000);
	end("a", LETTER_FAILED, INT64_MAX, 32000);
	ck_assert_int_eq(lanes_due(lanes), 32000 + 3600 * 1000);
	lanes_free(lanes);
}
END_TEST

START_TEST(what_is_refused_is_out_of_the_way)
{
	add("a", 1);
	add("a", 2);
	begin("a", 0);
	end("a", LETTER_REFUSED, 99999, 0);
	ck_assert_int_eq(begin("a", 0), 2);
	lanes_free(lanes);
}
END_TEST

START_TEST(a_letter_and_its_answer_come_as_they_went)
{
	struct wire_frame frame;
	const struct letter went = {.id = 7,
				    .reporter = "r",
				    .key = "k",
				    .url = "https://h/p",
				    .signing_key = "s",
				    .body = "{\"a\":1}",
				    .timeout_ms = 5000};
	struct letter came;
	wire_init(&frame);
	letter_put(&frame, &went);
	ck_assert_int_eq(letter_get(&frame, &came), 0);
	ck_assert_int_eq(came.id, 7);
	ck_assert_str_eq(came.url, "https://h/p");
	ck_assert_str_eq(came.signing_key, "s");
	ck_assert_str_eq(came.body, "{\"a\":1}");
	ck_assert_int_eq(came.timeout_ms, 5000);
	wire_release(&frame);

	const struct letter_answer said = {.id = 7, .end = LETTER_REFUSED, .why = "HTTP 404"};
	struct letter_answer heard;
	wire_init(&frame);
	letter_put_answer(&frame, &said);
	ck_assert_int_eq(letter_get_answer(&frame, &heard), 0);
	ck_assert_int_eq(heard.end, LETTER_REFUSED);
	ck_assert_str_eq(heard.why, "HTTP 404");
	wire_release(&frame);
}
END_TEST

START_TEST(a_letter_with_something_missing_is_none)
{
	static const char *const keys[] = {"id", "reporter", "key", "url", "body", "timeout"};
	for (size_t skip = 0; skip < sizeof(keys) / sizeof(keys[0]); skip++) {
		struct wire_frame frame;
		struct letter letter = {.id = -5};
		wire_init(&frame);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (i != skip)
				wire_put(&frame, keys[i], "3");
		ck_assert_int_eq(letter_get(&frame, &letter), -1);
		ck_assert_int_eq(letter.id, -5);
		wire_release(&frame);
	}
}
END_TEST

START_TEST(an_answer_of_an_unknown_kind_is_none)
{
	struct wire_frame frame;
	struct letter_answer answer;
	wire_init(&frame);
	wire_put(&frame, "id", "1");
	wire_put(&frame, "end", "3");
	ck_assert_int_eq(letter_get_answer(&frame, &answer), -1);
	wire_release(&frame);
}
END_TEST

/* The first is the example of Standard Webhooks' own libraries; the others were made with openssl
 * dgst. */
static const struct {
	const char *signing_key, *key;
	int64_t time;
	const char *body, *signature;
} signatures[] = {
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	 "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	{"plain", "k", 1, "b", "v1,BSP56G/vRn62U8jKD0nk5d9Xgn7kIsPkOCeucuh8m7Q="},
	{"whsec_c2VjcmV0IGtleQ==", "k", 1, "b", "v1,WrpXCsPruBj0/YMxSVi4D27CiNhSwTOq0qp7bEPNjTM="},
};

START_TEST(signatures_are_those_of_the_specification)
{
	char text[SIGNATURE_TEXT];
	ck_assert_int_eq(signature_make(signatures[_i].signing_key, signatures[_i].key,
					signatures[_i].time, signatures[_i].body, text),
			 0);
	ck_assert_str_eq(text, signatures[_i].signature);
}
END_TEST

START_TEST(a_key_that_is_no_base64_makes_none)
{
	char text[SIGNATURE_TEXT] = "untouched";
	ck_assert_int_eq(signature_make("whsec_not base64!", "k", 1, "b", text), -1);
	ck_assert_int_eq(signature_make("whsec_abc", "k", 1, "b", text), -1);
	ck_assert_str_eq(text, "untouched");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sender");
	TCase *tests = tcase_create("sender");
	tcase_add_test(tests, letters_of_one_reporter_go_one_after_another);
	tcase_add_test(tests, a_failure_waits_twice_as_long_each_time);
	tcase_add_test(tests, a_server_may_ask_for_more_time_but_not_for_ever);
	tcase_add_test(tests, what_is_refused_is_out_of_the_way);
	tcase_add_test(tests, a_letter_and_its_answer_come_as_they_went);
	tcase_add_test(tests, a_letter_with_something_missing_is_none);
	tcase_add_test(tests, an_answer_of_an_unknown_kind_is_none);
	tcase_add_loop_test(tests, signatures_are_those_of_the_specification, 0,
			    sizeof(signatures) / sizeof(signatures[0]));
	tcase_add_test(tests, a_key_that_is_no_base64_makes_none);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
