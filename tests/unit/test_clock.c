/* The time of day: how it is written, and what is read back. */
#include <inttypes.h>
#include <time.h>

#include "status/clock.h"
#include "tests/unit/status_helpers.h"

static const struct {
	int64_t us;
	const char *text;
} times[] = {
	{INT64_C(1770478034949404), "2026-02-07T15:27:14.949404Z"},
	{0, "1970-01-01T00:00:00.000000Z"},
	{1, "1970-01-01T00:00:00.000001Z"},
	{-1, "1969-12-31T23:59:59.999999Z"},
	{INT64_C(-1000000), "1969-12-31T23:59:59.000000Z"},
	{INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
	{INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
};

START_TEST(a_time_is_written_and_read_back)
{
	char text[CLOCK_TEXT];
	int64_t us = 42;
	ck_assert_ptr_eq(clock_write(times[_i].us, text), text);
	ck_assert_str_eq(text, times[_i].text);
	ck_assert_int_eq(clock_read(text, &us), 0);
	ck_assert_int_eq(us, times[_i].us);
}
END_TEST

static const struct {
	const char *text;
	int64_t us;
} others[] = {
	{"2026-02-07T15:27:14Z", INT64_C(1770478034000000)},
	{"2026-02-07t15:27:14z", INT64_C(1770478034000000)},
	{"2026-02-07 15:27:14Z", INT64_C(1770478034000000)},
	{"2026-02-07T15:27:14.9Z", INT64_C(1770478034900000)},
	{"2026-02-07T15:27:14.9494049999999Z", INT64_C(1770478034949404)},
	{"2026-02-07T15:27:14.000000+00:00", INT64_C(1770478034000000)},
	{"2026-02-07T16:27:14+01:00", INT64_C(1770478034000000)},
	{"2026-02-07T09:57:14-05:30", INT64_C(1770478034000000)},
	{"2026-02-08T00:00:00+23:59", INT64_C(1770422460000000)},
	{"2016-12-31T23:59:60Z", INT64_C(1483228800000000)}, /* a leap second */
};

START_TEST(what_others_write_is_read)
{
	int64_t us = 42;
	ck_assert_int_eq(clock_read(others[_i].text, &us), 0);
	ck_assert_int_eq(us, others[_i].us);
}
END_TEST

static const char *const broken[] = {
	"",
	"2026",
	"2026-02-07",
	"2026-02-07T15:27:14",
	"2026-02-07T15:27:14.949404",
	"2026-02-07T15:27:14.Z",
	"2026-02-07T15:27:14,9Z",
	"2026-02-07T15:27Z",
	"2026-13-07T15:27:14Z",
	"2026-00-07T15:27:14Z",
	"2026-02-00T15:27:14Z",
	"2026-02-30T15:27:14Z",
	"2025-02-29T15:27:14Z",
	"2026-04-31T15:27:14Z",
	"2026-02-07T24:27:14Z",
	"2026-02-07T15:60:14Z",
	"2026-02-07T15:27:61Z",
	"2026-02-07T15:27:14Zx",
	"2026-02-07T15:27:14Z ",
	" 2026-02-07T15:27:14Z",
	"2026-02-07T15:27:14+1:00",
	"2026-02-07T15:27:14+0100",
	"2026-02-07T15:27:14+24:00",
	"2026-02-07T15:27:14+01:60",
	"2026-02-07T15:27:14+01:00x",
	"2026/02/07T15:27:14Z",
	"-026-02-07T15:27:14Z",
	"2026-2-07T15:27:14Z",
	"2026-02-07X15:27:14Z",
	"yesterday",
};

START_TEST(what_is_no_time_is_refused)
{
	int64_t us = 42;
	ck_assert_int_eq(clock_read(broken[_i], &us), -1);
	ck_assert_int_eq(us, 42);
}
END_TEST

/* Every cut of a whole one is refused, and read no further than its end. */
START_TEST(a_time_cut_short_is_refused)
{
	const char *whole = "2026-02-07T15:27:14.949404+01:00";
	int64_t us = 42;
	for (size_t n = 0; n < strlen(whole); n++) {
		char *cut = strndup(whole, n);
		ck_assert_int_eq(clock_read(cut, &us), -1);
		free(cut);
	}
	ck_assert_int_eq(us, 42);
}
END_TEST

START_TEST(the_zone_of_the_machine_does_not_matter)
{
	char text[CLOCK_TEXT];
	setenv("TZ", "America/St_Johns", 1);
	tzset();
	ck_assert_str_eq(clock_write(times[0].us, text), times[0].text);
	int64_t us = 0;
	ck_assert_int_eq(clock_read(text, &us), 0);
	ck_assert_int_eq(us, times[0].us);
}
END_TEST

START_TEST(years_of_more_digits_fit)
{
	char text[CLOCK_TEXT];
	clock_write(INT64_MAX, text);
	ck_assert_str_eq(text, "294247-01-10T04:00:54.775807Z");
	clock_write(INT64_MIN, text);
	ck_assert_uint_lt(strlen(text), CLOCK_TEXT);
}
END_TEST

START_TEST(now_is_now)
{
	const time_t before = time(NULL);
	const int64_t now = clock_now();
	ck_assert_int_ge(now / 1000000, before - 1);
	ck_assert_int_le(now / 1000000, before + 60);
	const int64_t first = clock_monotonic_ms();
	ck_assert_int_ge(clock_monotonic_ms(), first);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} spans[] = {
	{-5, "0 s"},
	{0, "0 s"},
	{999, "0 s"},
	{1000, "1 s"},
	{7000, "7 s"},
	{59999, "59 s"},
	{60000, "1 min"},
	{200000, "3 min 20 s"},
	{3599999, "59 min 59 s"},
	{3600000, "1 h"},
	{7500000, "2 h 5 min"},
	{86399999, "23 h 59 min"},
	{86400000, "1 d"},
	{97200000, "1 d 3 h"},
	{INT64_MAX, "106751991167 d 7 h"},
};

START_TEST(spans_in_words)
{
	char text[CLOCK_TEXT];
	ck_assert_ptr_eq(clock_span(spans[_i].ms, text), text);
	ck_assert_str_eq(text, spans[_i].text);
}
END_TEST

START_TEST(waits_double_up_to_a_bound)
{
	ck_assert_int_eq(clock_backoff(1000, 60000, 1), 1000);
	ck_assert_int_eq(clock_backoff(1000, 60000, 2), 2000);
	ck_assert_int_eq(clock_backoff(1000, 60000, 6), 32000);
	ck_assert_int_eq(clock_backoff(1000, 60000, 7), 60000);
	ck_assert_int_eq(clock_backoff(1000, 60000, 1000), 60000);
	ck_assert_int_eq(clock_backoff(90000, 60000, 1), 60000);
	ck_assert_int_eq(clock_backoff(INT64_MAX / 2, INT64_MAX, 2), INT64_MAX - 1);
	ck_assert_int_eq(clock_backoff(0, 60000, 5), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *clock = tcase_create("clock");
	tcase_add_loop_test(clock, a_time_is_written_and_read_back, 0, COUNT(times));
	tcase_add_loop_test(clock, what_others_write_is_read, 0, COUNT(others));
	tcase_add_loop_test(clock, what_is_no_time_is_refused, 0, COUNT(broken));
	tcase_add_test(clock, a_time_cut_short_is_refused);
	tcase_add_test(clock, the_zone_of_the_machine_does_not_matter);
	tcase_add_test(clock, years_of_more_digits_fit);
	tcase_add_test(clock, now_is_now);
	tcase_add_loop_test(clock, spans_in_words, 0, COUNT(spans));
	tcase_add_test(clock, waits_double_up_to_a_bound);
	suite_add_tcase(suite, clock);
	return run_suite(suite);
}
