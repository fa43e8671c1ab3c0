/* The gate: exact at its boundary, for every magnitude, against a computation of its own in 128
 * bits. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fsm/gate.h"
#include "tests/unit/suite.h"

#define TRIPLES 10000

__extension__ typedef unsigned __int128 wide;

static uint64_t seed;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators" (2016). */
static uint64_t random_bits(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(2685821657736338717);
}

/* 0..INT64_MAX, every number of digits as likely as another. */
static int64_t random_tokens(void)
{
	return (int64_t)((random_bits() >> 1) >> (random_bits() % 63));
}

static void set_seed(void)
{
	const char *text = getenv("SEED");
	seed = text ? strtoull(text, NULL, 10) : 20260207;
	if (!seed)
		seed = 1;
	printf("SEED=%" PRIu64 "\n", seed);
}

static bool open_in_128_bits(int64_t used, const struct gate_terms *terms)
{
	return (wide)used * 100 < (wide)terms->budget * (wide)terms->threshold;
}

/* Not by ck_assert: it writes a mark for each call, and there are half a million. */
static void expect(int64_t used, int64_t budget, int threshold)
{
	const struct gate_terms terms = {.budget = budget, .threshold = threshold};
	const enum gate_answer answer = open_in_128_bits(used, &terms) ? GATE_OPEN : GATE_SHUT;
	if (gate_ask(&terms, USAGE_KNOWN(used)) != answer)
		ck_abort_msg("used %" PRId64 " of %" PRId64 " at %d: not %d", used, budget,
			     threshold, (int)answer);
}

START_TEST(the_boundary_is_exact)
{
	const struct gate_terms terms = {.budget = 200000, .threshold = 35};
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(0)), GATE_OPEN);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(69999)), GATE_OPEN);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(70000)), GATE_SHUT);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(70001)), GATE_SHUT);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(INT64_MAX)), GATE_SHUT);
	ck_assert_int_eq(gate_limit(&terms), 70000);
}
END_TEST

/* 101 x 35 % is 35.35: 35 tokens are below it, 36 are not. */
START_TEST(a_limit_between_two_tokens_is_rounded_up)
{
	const struct gate_terms terms = {.budget = 101, .threshold = 35};
	ck_assert_int_eq(gate_limit(&terms), 36);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(35)), GATE_OPEN);
	ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(36)), GATE_SHUT);
}
END_TEST

START_TEST(the_smallest_budget_lets_one_step_start)
{
	for (int threshold = GATE_THRESHOLD_MIN; threshold <= GATE_THRESHOLD_MAX; threshold++) {
		const struct gate_terms terms = {.budget = 1, .threshold = threshold};
		ck_assert_int_eq(gate_limit(&terms), 1);
		ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(0)), GATE_OPEN);
		ck_assert_int_eq(gate_ask(&terms, USAGE_KNOWN(1)), GATE_SHUT);
	}
}
END_TEST

START_TEST(unknown_is_never_zero)
{
	const struct gate_terms terms = {.budget = INT64_MAX, .threshold = 95};
	ck_assert_int_eq(gate_ask(&terms, USAGE_UNKNOWN), GATE_UNKNOWN);
	ck_assert(!usage_add(USAGE_UNKNOWN, USAGE_KNOWN(0)).known);
	ck_assert(!usage_add(USAGE_KNOWN(0), USAGE_UNKNOWN).known);
	ck_assert(!usage_add(USAGE_UNKNOWN, USAGE_UNKNOWN).known);
}
END_TEST

START_TEST(random_triples_agree_with_128_bits)
{
	set_seed();
	for (int i = 0; i < TRIPLES; i++) {
		const int64_t budget = random_tokens() | 1;
		const int threshold = GATE_THRESHOLD_MIN + (int)(random_bits() % 76);
		expect(random_tokens(), budget, threshold);
	}
}
END_TEST

/* Random figures seldom fall near the limit, where it matters. */
START_TEST(random_limits_are_the_boundary)
{
	set_seed();
	for (int i = 0; i < TRIPLES; i++) {
		const struct gate_terms terms = {
			.budget = random_tokens() | 1,
			.threshold = GATE_THRESHOLD_MIN + (int)(random_bits() % 76),
		};
		const int64_t limit = gate_limit(&terms);
		if (limit < 1 || limit > terms.budget || !open_in_128_bits(limit - 1, &terms) ||
		    open_in_128_bits(limit, &terms))
			ck_abort_msg("limit %" PRId64 " of %" PRId64 " at %d", limit, terms.budget,
				     terms.threshold);
		expect(limit - 1, terms.budget, terms.threshold);
		expect(limit, terms.budget, terms.threshold);
	}
}
END_TEST

START_TEST(small_budgets_agree_whole)
{
	for (int64_t budget = 1; budget <= 210; budget++)
		for (int threshold = GATE_THRESHOLD_MIN; threshold <= GATE_THRESHOLD_MAX;
		     threshold += 5)
			for (int64_t used = 0; used <= budget; used++)
				expect(used, budget, threshold);
}
END_TEST

START_TEST(the_largest_budget_does_not_overflow)
{
	for (int threshold = GATE_THRESHOLD_MIN; threshold <= GATE_THRESHOLD_MAX; threshold++) {
		for (int64_t less = 0; less < 100; less++) {
			const struct gate_terms terms = {INT64_MAX - less, threshold};
			const int64_t limit = gate_limit(&terms);
			ck_assert_int_gt(limit, 0);
			expect(limit - 1, terms.budget, threshold);
			expect(limit, terms.budget, threshold);
			expect(INT64_MAX, terms.budget, threshold);
		}
	}
}
END_TEST

static int64_t tenths_in_128_bits(int64_t used, int64_t budget)
{
	const wide tenths = (wide)used * 1000 / (wide)budget;
	return tenths > (wide)INT64_MAX ? INT64_MAX : (int64_t)tenths;
}

static const struct {
	int64_t used, budget, tenths;
} tenths[] = {
	{0, 200000, 0},
	{1, 200000, 0},
	{199, 200000, 0},
	{200, 200000, 1},
	{50000, 200000, 250},
	{69999, 200000, 349},
	{70000, 200000, 350},
	{76400, 200000, 382},
	{200000, 200000, 1000},
	{400001, 200000, 2000},
	{1, 3, 333},
	{2, 3, 666},
	{1, INT64_MAX, 0},
	{INT64_MAX, INT64_MAX, 1000},
	{INT64_MAX - 1, INT64_MAX, 999},
	{INT64_MAX, 1, INT64_MAX},
	{INT64_MAX / 1000, 1, INT64_MAX / 1000 * 1000},
	{INT64_MAX / 1000 + 1, 1, INT64_MAX},
};

START_TEST(tenths_are_rounded_down)
{
	ck_assert_int_eq(gate_tenths(tenths[_i].used, tenths[_i].budget), tenths[_i].tenths);
	ck_assert_int_eq(tenths_in_128_bits(tenths[_i].used, tenths[_i].budget), tenths[_i].tenths);
}
END_TEST

START_TEST(random_tenths_agree_with_128_bits)
{
	set_seed();
	for (int i = 0; i < TRIPLES; i++) {
		const int64_t used = random_tokens(), budget = random_tokens() | 1;
		ck_assert_msg(gate_tenths(used, budget) == tenths_in_128_bits(used, budget),
			      "%" PRId64 " of %" PRId64, used, budget);
	}
}
END_TEST

/* What is shown never says that the threshold is reached before it is. */
START_TEST(an_open_gate_never_shows_its_threshold)
{
	set_seed();
	for (int i = 0; i < TRIPLES; i++) {
		const struct gate_terms terms = {
			.budget = random_tokens() | 1,
			.threshold = GATE_THRESHOLD_MIN + (int)(random_bits() % 76),
		};
		const int64_t shown = gate_tenths(gate_limit(&terms) - 1, terms.budget);
		ck_assert_int_lt(shown, (int64_t)terms.threshold * 10);
	}
}
END_TEST

START_TEST(sums_stop_at_the_top)
{
	ck_assert_int_eq(usage_add(USAGE_KNOWN(2), USAGE_KNOWN(3)).tokens, 5);
	ck_assert_int_eq(usage_add(USAGE_KNOWN(INT64_MAX), USAGE_KNOWN(0)).tokens, INT64_MAX);
	ck_assert_int_eq(usage_add(USAGE_KNOWN(INT64_MAX), USAGE_KNOWN(1)).tokens, INT64_MAX);
	ck_assert_int_eq(usage_add(USAGE_KNOWN(1), USAGE_KNOWN(INT64_MAX)).tokens, INT64_MAX);
	ck_assert_int_eq(usage_add(USAGE_KNOWN(INT64_MAX), USAGE_KNOWN(INT64_MAX)).tokens,
			 INT64_MAX);
	ck_assert(usage_add(USAGE_KNOWN(INT64_MAX), USAGE_KNOWN(1)).known);
}
END_TEST

static const struct {
	struct gate_terms terms;
	bool valid;
} terms_given[] = {
	{{1, 20}, true},        {{INT64_MAX, 95}, true}, {{200000, 35}, true},
	{{0, 35}, false},       {{-1, 35}, false},       {{INT64_MIN, 35}, false},
	{{200000, 19}, false},  {{200000, 96}, false},   {{200000, 0}, false},
	{{200000, -35}, false},
};

START_TEST(terms_out_of_range_are_not_valid)
{
	ck_assert_int_eq(gate_terms_valid(&terms_given[_i].terms), terms_given[_i].valid);
}
END_TEST

START_TEST(the_defaults_are_valid)
{
	const struct gate_terms terms = {GATE_BUDGET_DEFAULT, GATE_THRESHOLD_DEFAULT};
	ck_assert(gate_terms_valid(&terms));
	ck_assert_int_eq(gate_limit(&terms), 70000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *ask = tcase_create("ask"), *figures = tcase_create("figures");
	tcase_add_test(ask, the_boundary_is_exact);
	tcase_add_test(ask, a_limit_between_two_tokens_is_rounded_up);
	tcase_add_test(ask, the_smallest_budget_lets_one_step_start);
	tcase_add_test(ask, unknown_is_never_zero);
	tcase_add_test(ask, random_triples_agree_with_128_bits);
	tcase_add_test(ask, random_limits_are_the_boundary);
	tcase_add_test(ask, small_budgets_agree_whole);
	tcase_add_test(ask, the_largest_budget_does_not_overflow);
	suite_add_tcase(suite, ask);
	tcase_add_loop_test(figures, tenths_are_rounded_down, 0, COUNT(tenths));
	tcase_add_test(figures, random_tenths_agree_with_128_bits);
	tcase_add_test(figures, an_open_gate_never_shows_its_threshold);
	tcase_add_test(figures, sums_stop_at_the_top);
	tcase_add_loop_test(figures, terms_out_of_range_are_not_valid, 0, COUNT(terms_given));
	tcase_add_test(figures, the_defaults_are_valid);
	suite_add_tcase(suite, figures);
	return run_suite(suite);
}
