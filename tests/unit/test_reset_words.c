/* When a usage limit is reset, by the words of agents. */
#include <time.h>

#include "plugins/reset_words.h"
#include "tests/unit/status_helpers.h"

/* 2026-11-23, a Monday, 21:33:13 UTC; in Berlin an hour later. */
#define AT   1795469593
#define ZONE "CET-1CEST,M3.5.0,M10.5.0/3"

static const struct {
	const char *said;
	int64_t at, wanted;
} cases[] = {
	/* as recorded: the service said 1795469893 */
	{"You've hit your 5-hour limit \xc2\xb7 resets 9:38pm (UTC)", AT, 1795469893 + 47},
	{"You've hit your weekly limit \xc2\xb7 resets Nov 27, 1pm (UTC)", AT, 1795784460},
	{"resets Jan 2, 1:30am (UTC)", AT, 1798853460},
	{"resets 9pm (UTC)", AT, AT + 84467}, /* tomorrow */
	{"resets 12am (" ZONE ")", AT, 1795474860},
	{"resets 9:38pm (America/New_York)", AT, 0},
	{"resets 9:38pm (UTC", AT, 0},
	{"resets 9:38pm (UTC)", 0, 0}, /* of what day? */
	{"resets soon", AT, 0},
	{"resets 25:00pm (UTC)", AT, 0},
	{"Claude AI usage limit reached|1735689600", 0, 1735689600},
	{"Claude AI usage limit reached|", AT, 0},
	{"limit reached|99999999999999999999", AT, 0},
	/* local time: of Berlin, in winter and in summer */
	{"or try again at Mar 17th, 2030 6:46 PM.", 0, 1900000000 + 20},
	{"or try again at Jul 1st, 2030 5:00 PM.", AT, 1909148460},
	{"Try again at 11:02 PM.", AT, 1795471380},
	{"Try again at 10:02 AM.", AT, 1795510980},
	{"try again later.", AT, 0},
	{"Try again in 3 days 4 hours 5 minutes.", AT, AT + 273900},
	{"Try again in 5 minutes.", 0, 0},
	{"Please try again later.\nSuggested retry after 3600s.]", AT, AT + 3600},
	{"Please retry in 40.5s.", AT, AT + 41},
	{"Please retry in 250ms.", AT, AT + 1},
	{"Your quota will reset after 2h31m49s.", AT, AT + 9109},
	{"reset after 99999 days", AT, 0},
	{"reset after 300 days 300 days", AT, 0},
	{"reset after 0s", AT, 0},
	{"reset after a while", AT, 0},
	{"reset after 5 lightyears", AT, 0},
	{"{\"error\":{\"type\":\"usage_limit_reached\",\"resets_at\":1900000000,\"x\":1}}", 0,
	 1900000000},
	{"\"resets_at\":null", AT, 0},
	{"\"resets_at\":-5", AT, 0},
	{"", AT, 0},
};

START_TEST(each_form)
{
	ck_assert_int_eq(setenv("TZ", ":" ZONE, 1), 0);
	tzset();
	ck_assert_msg(reset_words(cases[_i].said, cases[_i].at) == cases[_i].wanted,
		      "%s: %lld, not %lld", cases[_i].said,
		      (long long)reset_words(cases[_i].said, cases[_i].at),
		      (long long)cases[_i].wanted);
}
END_TEST

/* Whatever it is cut to, it is read or not, and within bounds. */
START_TEST(cut_anywhere)
{
	char text[256];
	snprintf(text, sizeof(text), "%s", cases[_i].said);
	for (size_t i = strlen(text); i-- > 0;) {
		text[i] = '\0';
		const int64_t found = reset_words(text, cases[_i].at);
		ck_assert_int_ge(found, 0);
		ck_assert_int_lt(found, INT64_MAX / 1000000);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reset_words");
	TCase *all = tcase_create("all");
	tcase_add_loop_test(all, each_form, 0, COUNT(cases));
	tcase_add_loop_test(all, cut_anywhere, 0, COUNT(cases));
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
