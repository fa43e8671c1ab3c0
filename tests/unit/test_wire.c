/* Frames over a socket, and what is made of everything that is none. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/helper/talk.h"
#include "runner/helper/wire.h"
#include "status/clock.h"
#include "tests/unit/suite.h"

static int ends[2];
static struct wire_frame out, in;

static void setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	wire_init(&out);
	wire_init(&in);
}

static void teardown(void)
{
	wire_release(&out);
	wire_release(&in);
	close(ends[0]);
	close(ends[1]);
}

static int64_t in_ms(int64_t ms)
{
	return clock_monotonic_ms() + ms;
}

static void pass(void)
{
	ck_assert_int_eq(wire_send(ends[0], &out, in_ms(5000)), WIRE_OK);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(5000)), WIRE_OK);
}

START_TEST(test_pairs)
{
	const char *list[2] = {NULL, NULL};
	int64_t number = 0;
	wire_put(&out, "a", "one");
	wire_put(&out, "b", "");
	wire_put(&out, "a", "two\n\xff");
	wire_put(&out, "a", "three");
	wire_put(&out, "", "nameless");
	wire_put_number(&out, "n", INT64_MIN);
	pass();
	ck_assert_str_eq(wire_get(&in, "a", NULL), "one");
	ck_assert_str_eq(wire_get(&in, "b", "x"), "");
	ck_assert_str_eq(wire_get(&in, "", "x"), "nameless");
	ck_assert_str_eq(wire_get(&in, "c", "x"), "x");
	ck_assert_ptr_null(wire_get(&in, "c", NULL));
	ck_assert_uint_eq(wire_get_all(&in, "a", list, 2), 3);
	ck_assert_str_eq(list[0], "one");
	ck_assert_str_eq(list[1], "two\n\xff");
	ck_assert_int_eq(wire_get_number(&in, "n", &number), 0);
	ck_assert(number == INT64_MIN);
}
END_TEST

START_TEST(test_numbers_that_are_none)
{
	int64_t number = 7;
	wire_put(&out, "a", "");
	wire_put(&out, "b", "12x");
	wire_put(&out, "c", "99999999999999999999");
	pass();
	ck_assert_int_eq(wire_get_number(&in, "a", &number), -1);
	ck_assert_int_eq(wire_get_number(&in, "b", &number), -1);
	ck_assert_int_eq(wire_get_number(&in, "c", &number), -1);
	ck_assert_int_eq(wire_get_number(&in, "d", &number), -1);
	ck_assert(number == 7);
}
END_TEST

START_TEST(test_empty_frame)
{
	wire_put(&in, "old", "x");
	pass();
	ck_assert_uint_eq(in.length, 0);
	ck_assert_ptr_null(wire_get(&in, "old", NULL));
}
END_TEST

START_TEST(test_too_much)
{
	char *big = malloc(WIRE_MOST);
	ck_assert_ptr_nonnull(big);
	memset(big, 'x', WIRE_MOST - 1);
	big[WIRE_MOST - 1] = '\0';
	wire_put(&out, "a", "fits");
	wire_put(&out, "b", big);
	ck_assert_int_eq(out.broken, 1);
	wire_put(&out, "c", "fits too, but comes too late");
	ck_assert_ptr_null(wire_get(&out, "c", NULL));
	ck_assert_int_eq(wire_send(ends[0], &out, in_ms(100)), WIRE_GARBAGE);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(1)), WIRE_TIMED_OUT);
	/* The largest that does fit. */
	wire_release(&out);
	big[WIRE_MOST - 8 - 2 - 1] = '\0';
	wire_put(&out, "k", big);
	ck_assert_int_eq(out.broken, 0);
	ck_assert_uint_eq(out.length, WIRE_MOST);
	if (fork() == 0)
		_exit(wire_send(ends[0], &out, in_ms(5000)) == WIRE_OK ? 0 : 1);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(5000)), WIRE_OK);
	ck_assert_uint_eq(strlen(wire_get(&in, "k", "")), WIRE_MOST - 11);
	free(big);
}
END_TEST

START_TEST(test_deadlines)
{
	char filler[4096] = "";
	const int64_t start = clock_monotonic_ms();
	ck_assert_int_eq(wire_receive(ends[1], &in, start + 50), WIRE_TIMED_OUT);
	ck_assert_int_ge(clock_monotonic_ms(), start + 50);
	/* Half a frame is none. */
	ck_assert_int_eq(write(ends[0], "SGW1\x01", 5), 5);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(20)), WIRE_TIMED_OUT);
	/* Nobody reads. */
	while (send(ends[0], filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	wire_put(&out, "a", "b");
	ck_assert_int_eq(wire_send(ends[0], &out, in_ms(20)), WIRE_TIMED_OUT);
}
END_TEST

START_TEST(test_other_end_is_gone)
{
	wire_put(&out, "a", "b");
	close(ends[1]);
	ck_assert_int_eq(wire_send(ends[0], &out, in_ms(1000)), WIRE_CLOSED);
	ck_assert_int_eq(wire_receive(ends[0], &in, in_ms(1000)), WIRE_CLOSED);
	ends[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
END_TEST

START_TEST(test_gone_in_the_middle)
{
	ck_assert_int_eq(write(ends[0], "SGW1\x20\0\0\0abc", 11), 11);
	shutdown(ends[0], SHUT_WR);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(1000)), WIRE_CLOSED);
	ck_assert_ptr_null(in.bytes);
}
END_TEST

static enum wire_outcome receive_raw(const void *bytes, size_t length)
{
	const uint32_t size = (uint32_t)length;
	ck_assert_int_eq(write(ends[0], "SGW1", 4), 4);
	ck_assert_int_eq(write(ends[0], &size, 4), 4);
	ck_assert_int_eq(write(ends[0], bytes, length), (ssize_t)length);
	return wire_receive(ends[1], &in, in_ms(1000));
}

START_TEST(test_garbage)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{"x", 1},
		{"\0\0\0\0\0\0\0\0", 8},        /* no room for the two NULs */
		{"\x01\0\0\0\0\0\0\0\0\0", 10}, /* a key longer than what is left */
		{"\0\0\0\0\x01\0\0\0\0\0", 10}, /* a text longer than what is left */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\0\0", 10},
		{"\x01\0\0\0\0\0\0\0ab\0", 11},    /* no NUL behind the key */
		{"\x01\0\0\0\x01\0\0\0a\0bc", 12}, /* no NUL behind the text */
		{"\x02\0\0\0\0\0\0\0a\0\0\0", 12}, /* a NUL in the key */
		{"\0\0\0\0\x02\0\0\0\0\0b\0", 12}, /* a NUL in the text */
		{"\0\0\0\0\0\0\0\0\0\0x", 11},     /* something behind the last pair */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(receive_raw(bad[i].bytes, bad[i].length) == WIRE_GARBAGE, "%zu", i);
		ck_assert_ptr_null(in.bytes);
	}
	ck_assert_int_eq(receive_raw("\0\0\0\0\0\0\0\0\0\0", 10), WIRE_OK);
}
END_TEST

START_TEST(test_headers_that_are_none)
{
	ck_assert_int_eq(write(ends[0], "SGW2\0\0\0\0", 8), 8);
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(1000)), WIRE_GARBAGE);
	ck_assert_int_eq(write(ends[0], "SGW1\x01\0\x10\0", 8), 8); /* one more than the most */
	ck_assert_int_eq(wire_receive(ends[1], &in, in_ms(1000)), WIRE_GARBAGE);
}
END_TEST

/* Every cut and every changed byte of a good frame: an answer, and never a read outside of it. */
START_TEST(test_damaged_frames)
{
	wire_put(&out, "key", "text");
	wire_put(&out, "other", "more of it");
	for (size_t at = 0; at < out.length; at++) {
		receive_raw(out.bytes, at);
		for (int bit = 0; bit < 8; bit++) {
			out.bytes[at] = (char)(out.bytes[at] ^ (1 << bit));
			if (receive_raw(out.bytes, out.length) == WIRE_OK)
				ck_assert_ptr_nonnull(wire_get(&in, "none", "x"));
			out.bytes[at] = (char)(out.bytes[at] ^ (1 << bit));
		}
	}
}
END_TEST

START_TEST(test_talk_repository)
{
	const char *const trailers[] = {"A: b", "C: d", NULL};
	const struct conf_repository conf = {
		.path = "/x y",
		.commit = true,
		.push = true,
		.remote = "r",
		.branch = "b",
		.identity_name = "N",
		.identity_email = "e",
		.trailers = trailers,
		.lock_timeout_ms = INT64_C(1) << 40,
		.push_timeout_ms = 1,
	};
	struct talk_repository got;
	talk_put_repository(&out, &conf);
	pass();
	ck_assert_int_eq(talk_get_repository(&in, &got), 0);
	ck_assert_str_eq(got.conf.path, "/x y");
	ck_assert(got.conf.push);
	ck_assert_str_eq(got.conf.remote, "r");
	ck_assert_str_eq(got.conf.branch, "b");
	ck_assert_str_eq(got.conf.identity_name, "N");
	ck_assert_str_eq(got.conf.identity_email, "e");
	ck_assert(got.conf.lock_timeout_ms == INT64_C(1) << 40);
	ck_assert_str_eq(got.conf.trailers[1], "C: d");
	ck_assert_ptr_null(got.conf.trailers[2]);
}
END_TEST

START_TEST(test_talk_request)
{
	const char *const trailers[] = {NULL};
	const struct git_request request = {.subject = "subject",
					    .trailers = trailers,
					    .scope = GIT_STATUS,
					    .salvage_ref = "refs/x",
					    .since = "12ab",
					    .again = true};
	struct talk_request got;
	talk_put_request(&out, &request);
	pass();
	ck_assert_int_eq(talk_get_request(&in, &got), 0);
	ck_assert_str_eq(got.request.subject, "subject");
	ck_assert_int_eq(got.request.scope, GIT_STATUS);
	ck_assert_str_eq(got.request.salvage_ref, "refs/x");
	ck_assert(got.request.again);
	ck_assert_ptr_null(got.request.trailers[0]);
}
END_TEST

START_TEST(test_talk_facts_of_every_result)
{
	for (int result = 0; result < RECEIPT_NRESULTS; result++) {
		struct receipt_facts got, facts = {.result = (enum receipt_result)result};
		memset(facts.why, 'w', sizeof(facts.why) - 1);
		memset(facts.commit, 'c', sizeof(facts.commit) - 1);
		wire_release(&out);
		talk_put_facts(&out, &facts);
		pass();
		ck_assert_int_eq(talk_get_facts(&in, &got), 0);
		ck_assert_int_eq(memcmp(&got.result, &facts.result, sizeof(got.result)), 0);
		ck_assert_str_eq(got.why, facts.why);
		ck_assert_str_eq(got.commit, facts.commit);
	}
}
END_TEST

START_TEST(test_talk_that_is_not_whole)
{
	struct talk_repository repository;
	struct talk_request request;
	struct receipt_facts facts;
	struct git_view view;
	struct err err;
	pass();
	ck_assert_int_eq(talk_get_repository(&in, &repository), -1);
	ck_assert_int_eq(talk_get_request(&in, &request), -1);
	ck_assert_int_eq(talk_get_facts(&in, &facts), -1);
	ck_assert_int_eq(talk_get_view(&in, &view), -1);
	talk_get_err(&in, &err);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
	ck_assert_str_eq(err.text, "the commit helper gave an answer that can't be read");
}
END_TEST

START_TEST(test_talk_out_of_range)
{
	char long_text[600];
	struct receipt_facts facts = {.result = RECEIPT_OFF};
	struct talk_request request;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	wire_put(&out, "commit", long_text);
	talk_put_facts(&out, &facts);
	ck_assert_int_eq(talk_get_facts(&out, &facts), -1);
	wire_release(&out);
	wire_put(&out, "result", "SOMETHING_ELSE");
	talk_put_facts(&out, &facts);
	ck_assert_int_eq(talk_get_facts(&out, &facts), -1);
	wire_release(&out);
	wire_put(&out, "subject", "x");
	wire_put_number(&out, "again", 0);
	wire_put_number(&out, "scope", GIT_STATUS + 1);
	ck_assert_int_eq(talk_get_request(&out, &request), -1);
	wire_release(&out);
	wire_put(&out, "subject", "x");
	wire_put_number(&out, "scope", GIT_ALL);
	wire_put_number(&out, "again", 2);
	ck_assert_int_eq(talk_get_request(&out, &request), -1);
	wire_release(&out);
	wire_put_number(&out, "again", 0);
	for (int i = 0; i <= TALK_TRAILERS; i++)
		wire_put(&out, "trailer", "x");
	wire_put_number(&out, "scope", GIT_ALL);
	wire_put(&out, "subject", "x");
	ck_assert_int_eq(talk_get_request(&out, &request), -1);
}
END_TEST

START_TEST(test_talk_err)
{
	struct err got, err;
	err_set(&err, ERR_CONFIG, "/x: not a git repository");
	talk_put_err(&out, &err);
	pass();
	talk_get_err(&in, &got);
	ck_assert_int_eq(got.code, ERR_CONFIG);
	ck_assert_str_eq(got.text, "/x: not a git repository");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_pairs,
		test_numbers_that_are_none,
		test_empty_frame,
		test_too_much,
		test_deadlines,
		test_other_end_is_gone,
		test_gone_in_the_middle,
		test_garbage,
		test_headers_that_are_none,
		test_damaged_frames,
		test_talk_repository,
		test_talk_request,
		test_talk_facts_of_every_result,
		test_talk_that_is_not_whole,
		test_talk_out_of_range,
		test_talk_err,
	};
	Suite *suite = suite_create("wire");
	TCase *tcase = tcase_create("wire");
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
