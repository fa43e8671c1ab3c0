/* The five fields: what they mean, what is refused, and how systemd has them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runner/schedule/cron.h"
#include "tests/unit/suite.h"

static struct cron parsed(const char *text)
{
	struct cron cron;
	struct err err = {.code = ERR_NONE};
	ck_assert_msg(cron_parse(text, &cron, &err) == 0, "%s: %s", text, err.text);
	return cron;
}

START_TEST(test_fields_are_sets)
{
	const struct cron cron = parsed("0,30 */6 1-31/10 jan,3-4 mon-fri");
	ck_assert_uint_eq(cron.set[CRON_MINUTE], 1ULL | 1ULL << 30);
	ck_assert_uint_eq(cron.set[CRON_HOUR], 1 | 1 << 6 | 1 << 12 | 1 << 18);
	ck_assert_uint_eq(cron.set[CRON_DAY], 1ULL << 1 | 1ULL << 11 | 1ULL << 21 | 1ULL << 31);
	ck_assert_uint_eq(cron.set[CRON_MONTH], 1 << 1 | 1 << 3 | 1 << 4);
	ck_assert_uint_eq(cron.set[CRON_WEEKDAY], 0x3e);
	ck_assert_str_eq(cron.text, "0,30 */6 1-31/10 1,3-4 1-5");
}
END_TEST

START_TEST(test_everything_is_everything)
{
	const struct cron cron = parsed("* * * * *");
	ck_assert_uint_eq(cron.set[CRON_MINUTE], (1ULL << 60) - 1);
	ck_assert_uint_eq(cron.set[CRON_HOUR], (1ULL << 24) - 1);
	ck_assert_uint_eq(cron.set[CRON_DAY], (1ULL << 32) - 2);
	ck_assert_uint_eq(cron.set[CRON_MONTH], (1ULL << 13) - 2);
	ck_assert_uint_eq(cron.set[CRON_WEEKDAY], 0x7f);
}
END_TEST

START_TEST(test_sunday_has_two_figures)
{
	ck_assert_uint_eq(parsed("0 0 * * 0").set[CRON_WEEKDAY], 1);
	ck_assert_uint_eq(parsed("0 0 * * 7").set[CRON_WEEKDAY], 1);
	ck_assert_uint_eq(parsed("0 0 * * SUN").set[CRON_WEEKDAY], 1);
	ck_assert_uint_eq(parsed("0 0 * * 5-7").set[CRON_WEEKDAY], 0x61);
	ck_assert_uint_eq(parsed("0 0 * * fri-sun").set[CRON_WEEKDAY], 0x61);
	ck_assert_str_eq(parsed("0 0 * * fri-sun").text, "0 0 * * 5-7");
	ck_assert_uint_eq(parsed("0 0 * * sun-tue").set[CRON_WEEKDAY], 0x07);
}
END_TEST

START_TEST(test_space_and_nicknames)
{
	ck_assert_str_eq(parsed(" 1\t2  3 4 5 ").text, "1 2 3 4 5");
	ck_assert_str_eq(parsed("@daily").text, "0 0 * * *");
	ck_assert_str_eq(parsed("@Weekly").text, "0 0 * * 0");
	ck_assert_str_eq(parsed("@hourly").text, "0 * * * *");
	ck_assert_str_eq(parsed("@annually").text, "0 0 1 1 *");
	ck_assert_str_eq(parsed("0 0 29 2 *").text, "0 0 29 2 *");
	/* No such date, but a weekday that comes: cron takes either. */
	ck_assert_str_eq(parsed("0 0 31 2 1").text, "0 0 31 2 1");
}
END_TEST

static const char *const wrong[][2] = {
	{"-1 * * * *", "minute: '-1': it takes figures from 0 to 59"},
	{"1- * * * *", "minute: '': it takes figures from 0 to 59"},
	{"1,,2 * * * *", "minute: '': it takes figures from 0 to 59"},
	{"1, * * * *", "minute: '': it takes figures from 0 to 59"},
	{"1x * * * *", "minute: 'x' is out of place"},
	{"*5 * * * *", "minute: '5' is out of place"},
	{"1-2-3 * * * *", "minute: '-3' is out of place"},
	{"*/2/3 * * * *", "minute: '/3' is out of place"},
	{"*/ * * * *", "minute: '' is no step: it takes figures from 1 to 60"},
	{"*/-1 * * * *", "minute: '-1' is no step: it takes figures from 1 to 60"},
	{"1-5/6 * * * *", "minute: '6' is no step: it takes figures from 1 to 5"},
	{"99999999999999999999 * * * *", "minute: 99999999999999999999 is not within 0 to 59"},
	{"0 3/4 * * *", "hour: a step goes with * or a range: 3-23/4"},
	{"0 0 * january *", "month: 'january': it takes figures from 1 to 12 or jan to dec"},
	{"0 0 * mon *", "month: 'mon': it takes figures from 1 to 12 or jan to dec"},
	{"0 0 * * jan", "day of the week: 'jan': it takes figures from 0 to 7 or sun to sat"},
	{"0 0 * * sat-mon", "day of the week: 6-1 goes backwards"},
	{"0 0 30,31 2 *", "day of the month: no such day in these months: it would never run"},
	{"0 0 31 4,6 */2", "day of the month: no such day in these months: it would never run"},
	{"@", "'@' is no time: @yearly, @monthly, @weekly, @daily, @hourly are, or five fields as "
	      "in \"0 3 * * *\""},
};

START_TEST(test_wrong_ones_are_refused)
{
	struct cron cron = {.text = "untouched"};
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(cron_parse(wrong[_i][0], &cron, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_str_eq(err.text, wrong[_i][1]);
	ck_assert_str_eq(cron.text, "untouched");
}
END_TEST

START_TEST(test_long_ones_fit_or_are_refused)
{
	char text[1024] = "0";
	struct cron cron;
	struct err err = {.code = ERR_NONE};
	while (strlen(text) < 1000)
		memcpy(text + strlen(text), ",59", 4);
	memcpy(text + strlen(text), " * * * *", 9);
	ck_assert_int_eq(cron_parse(text, &cron, &err), -1);
	ck_assert_str_eq(err.text, "the time is too long");
}
END_TEST

static const struct {
	const char *cron;
	int count;
	const char *calendar[2];
} calendars[] = {
	{"* * * * *", 1, {"*-*-* *:*:00"}},
	{"0 3 * * *", 1, {"*-*-* 03:00:00"}},
	{"*/20 9-17 * * mon-fri", 1, {"Mon,Tue,Wed,Thu,Fri *-*-* 09..17:00,20,40:00"}},
	{"5 4 * * sun", 1, {"Sun *-*-* 04:05:00"}},
	{"5 4 * * 0-7", 1, {"*-*-* 04:05:00"}},
	{"0 0 1,2,10-12 jun-aug *", 1, {"*-06..08-01,02,10..12 00:00:00"}},
	/* Either day will do … */
	{"0 3 13 * fri", 2, {"*-*-13 03:00:00", "Fri *-*-* 03:00:00"}},
	/* … but not where one of them begins with a star. */
	{"0 3 */15 * fri", 1, {"Fri *-*-01,16,31 03:00:00"}},
	{"0 3 13 * */2", 1, {"Tue,Thu,Sat,Sun *-*-13 03:00:00"}},
};

START_TEST(test_calendars)
{
	char out[2][CRON_CALENDAR];
	const struct cron cron = parsed(calendars[_i].cron);
	ck_assert_int_eq(cron_calendar(&cron, out), calendars[_i].count);
	for (int i = 0; i < calendars[_i].count; i++)
		ck_assert_str_eq(out[i], calendars[_i].calendar[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cron");
	TCase *cases = tcase_create("cron");
	tcase_add_test(cases, test_fields_are_sets);
	tcase_add_test(cases, test_everything_is_everything);
	tcase_add_test(cases, test_sunday_has_two_figures);
	tcase_add_test(cases, test_space_and_nicknames);
	tcase_add_loop_test(cases, test_wrong_ones_are_refused, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(cases, test_long_ones_fit_or_are_refused);
	tcase_add_loop_test(cases, test_calendars, 0, sizeof(calendars) / sizeof(*calendars));
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
