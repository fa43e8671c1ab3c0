/* The normal form of usage: its sums, its measures, its words. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/usage.h"
#include "tests/unit/suite.h"

/* Four figures; -1 is unknown. */
static struct tokens four(int64_t input, int64_t read, int64_t written, int64_t output)
{
	const int64_t figures[NTOKENS] = {input, read, written, output};
	struct tokens tokens = tokens_none;
	for (int i = 0; i < NTOKENS; i++)
		tokens.of[i] = figures[i] < 0 ? USAGE_UNKNOWN : USAGE_KNOWN(figures[i]);
	return tokens;
}

static void is_four(struct tokens got, int64_t input, int64_t read, int64_t written, int64_t output)
{
	const struct tokens wanted = four(input, read, written, output);
	ck_assert(tokens_equal(&got, &wanted));
}

START_TEST(parts_add_up)
{
	is_four(tokens_add(four(1, 2, 3, 4), four(10, 20, 30, 40)), 11, 22, 33, 44);
	is_four(tokens_add(four(1, 2, 3, 4), tokens_none), 1, 2, 3, 4);
	is_four(tokens_add(four(INT64_MAX, 2, 3, 4), four(1, 0, 0, 0)), INT64_MAX, 2, 3, 4);
	is_four(tokens_add(four(1, -1, 3, 4), four(1, 1, -1, 1)), 2, -1, -1, 5);
}
END_TEST

START_TEST(the_larger_counts_part_by_part)
{
	is_four(tokens_max(four(1, 20, 3, 40), four(10, 2, 30, 4)), 10, 20, 30, 40);
	is_four(tokens_max(four(-1, 20, 0, -1), four(10, -1, -1, -1)), 10, 20, 0, -1);
}
END_TEST

START_TEST(a_difference_is_never_below_nothing)
{
	is_four(tokens_minus(four(10, 20, 30, 40), four(1, 20, 31, 0)), 9, 0, 0, 40);
	is_four(tokens_minus(four(-1, 20, 30, 40), four(1, -1, 3, 4)), -1, -1, 27, 36);
}
END_TEST

START_TEST(equal_is_in_every_part)
{
	const struct tokens a = four(1, 2, 3, 4), unknown = four(1, 2, 3, -1);
	for (int i = 0; i < NTOKENS; i++) {
		struct tokens b = a;
		b.of[i].tokens++;
		ck_assert(!tokens_equal(&a, &b));
	}
	ck_assert(!tokens_equal(&a, &unknown));
	ck_assert(tokens_equal(&unknown, &unknown));
}
END_TEST

static void measures(const struct reading *reading, struct usage fresh, struct usage all,
		     struct usage context)
{
	const struct usage wanted[] = {
		[CONF_MEASURE_FRESH] = fresh,
		[CONF_MEASURE_ALL] = all,
		[CONF_MEASURE_CONTEXT] = context,
	};
	for (int i = 0; i < 3; i++) {
		const struct usage got = reading_measure(reading, (enum conf_measure)i);
		ck_assert_int_eq(got.known, wanted[i].known);
		if (got.known)
			ck_assert_int_eq(got.tokens, wanted[i].tokens);
	}
}

START_TEST(a_measure_picks_what_counts)
{
	struct reading reading = {.used = four(7007, 70070, 2149, 371)};
	measures(&reading, USAGE_KNOWN(9527), USAGE_KNOWN(79597), USAGE_UNKNOWN);
	reading.context = USAGE_KNOWN(45272);
	measures(&reading, USAGE_KNOWN(9527), USAGE_KNOWN(79597), USAGE_KNOWN(45272));
	reading.used.of[TOKENS_CACHE_READ] = USAGE_UNKNOWN;
	measures(&reading, USAGE_KNOWN(9527), USAGE_UNKNOWN, USAGE_KNOWN(45272));
	reading.used.of[TOKENS_OUTPUT] = USAGE_UNKNOWN;
	measures(&reading, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_KNOWN(45272));
}
END_TEST

START_TEST(a_single_figure_is_its_own_measure)
{
	const struct reading reading = {.total = USAGE_KNOWN(5), .context = USAGE_KNOWN(9)};
	measures(&reading, USAGE_KNOWN(5), USAGE_KNOWN(5), USAGE_KNOWN(5));
}
END_TEST

START_TEST(an_empty_reading_knows_nothing)
{
	const struct reading reading = {.nmodels = 0};
	measures(&reading, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN);
	ck_assert_int_eq(reading.quality, QUALITY_UNKNOWN);
	ck_assert_int_eq(reading.source, SOURCE_NONE);
	ck_assert_int_eq(reading.ended, ENDED_UNKNOWN);
}
END_TEST

START_TEST(every_word_has_its_name)
{
	ck_assert_str_eq(tokens_part_name(TOKENS_INPUT), "input");
	ck_assert_str_eq(tokens_part_name(TOKENS_OUTPUT), "output");
	ck_assert_str_eq(quality_name(QUALITY_EXACT), "exact");
	ck_assert_str_eq(quality_name(QUALITY_UNKNOWN), "unknown");
	ck_assert_str_eq(source_name(SOURCE_BOTH), "both");
	ck_assert_str_eq(source_name(SOURCE_NONE), "none");
	ck_assert_ptr_null(ended_name(ENDED_UNKNOWN));
	ck_assert_str_eq(ended_name(ENDED_COMPLETED), "completed");
	ck_assert_str_eq(ended_name(ENDED_INTERRUPTED), "interrupted");
	for (int ended = ENDED_COMPLETED; ended < NENDED; ended++)
		ck_assert_int_eq(ended_find(ended_name((enum ended)ended)), ended);
	ck_assert_int_eq(ended_find("usage"), ENDED_UNKNOWN);
	ck_assert_int_eq(ended_find(""), ENDED_UNKNOWN);
	ck_assert_int_eq(ended_find(NULL), ENDED_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("usage");
	TCase *usage = tcase_create("usage");
	tcase_add_test(usage, parts_add_up);
	tcase_add_test(usage, the_larger_counts_part_by_part);
	tcase_add_test(usage, a_difference_is_never_below_nothing);
	tcase_add_test(usage, equal_is_in_every_part);
	tcase_add_test(usage, a_measure_picks_what_counts);
	tcase_add_test(usage, a_single_figure_is_its_own_measure);
	tcase_add_test(usage, an_empty_reading_knows_nothing);
	tcase_add_test(usage, every_word_has_its_name);
	suite_add_tcase(suite, usage);
	return run_suite(suite);
}
