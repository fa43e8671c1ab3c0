/* The lines of `stepgate top`. */
#include "runner/top/layout.h"
#include "tests/unit/journal_helpers.h"

static struct now_holder holder;

static void look(const char *folder, struct now_holder *seen)
{
	(void)folder;
	*seen = holder;
}

static const struct hands fake = {.look = look};
static const struct monitor_repository repository = {.id = 1, .name = "r", .folder = "."};
static struct watch watch;
static char line[LAYOUT_LINE];
static struct layout_rows rows;

/* The watch as it is after a look. */
static void see(void)
{
	watch = (struct watch){.repository = &repository, .journal = journal, .seen = true};
	assert_ok(now_look(&watch.now, ".", &fake, journal, &err), err);
}

START_TEST(before_any_cycle)
{
	holder = (struct now_holder){.hold = NOW_FREE};
	see();
	ck_assert_str_eq(layout_head(&watch, line, sizeof(line)), "r: no cycle yet");
	ck_assert_str_eq(layout_heard(&watch, line, sizeof(line)), "no cycle yet");
	ck_assert_str_eq(layout_step(&watch.now, line, sizeof(line)), "No step yet");
	ck_assert_str_eq(layout_next(&watch.now, NULL, line, sizeof(line)),
			 "Next: threshold 35% of 200,000 tokens; no config to be started");
	const struct now_config config = {.title = "A \033[31mred\033[0m one", .threshold = 40};
	ck_assert_str_eq(layout_next(&watch.now, &config, line, sizeof(line)),
			 "Next: A red one, threshold 40% of 200,000 tokens (by the config)");
	now_release(&watch.now);
}
END_TEST

/* What can't be read is not said to be nothing. */
START_TEST(a_journal_that_cant_be_read)
{
	holder = (struct now_holder){.hold = NOW_FREE};
	see();
	watch.now.life = NOW_LIFE_UNREADABLE;
	snprintf(watch.now.trouble, sizeof(watch.now.trouble),
		 "./.stepgate/state.db: \033[31mdamaged");
	ck_assert_str_eq(layout_head(&watch, line, sizeof(line)),
			 "r: what goes on can't be told: the journal can't be read");
	ck_assert_str_eq(layout_heard(&watch, line, sizeof(line)), ".stepgate/state.db: damaged");
	now_release(&watch.now);
}
END_TEST

START_TEST(a_step_under_way)
{
	holder = (struct now_holder){.hold = NOW_HELD, .words = "pid 1"};
	struct cycle *cycle = begin_cycle(4, "plan");
	start_step(cycle, 3, "Hostile \033]0;x\a title\nof two lines", 1);
	see();
	ck_assert_str_eq(layout_head(&watch, line, sizeof(line)), "r: cycle 4, Nightly");
	layout_step(&watch.now, line, sizeof(line));
	ck_assert_int_eq(strncmp(line, "Step 3: Hostile title of two lines, for ", 40), 0);
	layout_heard(&watch, line, sizeof(line));
	ck_assert_int_eq(strncmp(line, "last heard ", 11), 0);
	ck_assert_ptr_nonnull(strstr(line, "; pid 1"));
	layout_steps(&watch, &rows, 5);
	ck_assert_int_eq(rows.count, 1);
	assert_has(rows.rows[0].text, "  3  under way               ");
	assert_has(rows.rows[0].text, "Hostile title of two lines");
	now_release(&watch.now);
	/* Whoever did it is gone: it is not under way any more. */
	holder = (struct now_holder){.hold = NOW_FREE};
	see();
	layout_steps(&watch, &rows, 5);
	assert_has(rows.rows[0].text, "  3  cut off                 ");
	now_release(&watch.now);
	cycle_free(cycle);
}
END_TEST

START_TEST(the_last_rows)
{
	holder = (struct now_holder){.hold = NOW_FREE};
	struct cycle *cycle = begin_cycle(1, "plan");
	for (int i = 1; i <= 30; i++)
		do_step(cycle, i, "Title", 1, i != 29, 10);
	close_cycle(cycle);
	cycle_free(cycle);
	see();
	ck_assert_str_eq(layout_head(&watch, line, sizeof(line)),
			 "r: cycle 1, Nightly: User requested");
	layout_steps(&watch, &rows, 3);
	ck_assert_int_eq(rows.count, 3);
	ck_assert_int_eq(strncmp(rows.rows[0].text, " 28  OK, updated & pushed", 25), 0);
	ck_assert_int_eq(strncmp(rows.rows[1].text, " 29  NOK, failed", 16), 0);
	ck_assert(!rows.rows[0].nok);
	ck_assert(rows.rows[1].nok);
	ck_assert_ptr_nonnull(strstr(rows.rows[2].text, "01234567  Title"));
	layout_reports(&watch, &rows, 2);
	ck_assert_int_eq(rows.count, 2);
	ck_assert_ptr_nonnull(strstr(rows.rows[1].text, "Cycle closed: User requested"));
	layout_steps(&watch, &rows, 1000);
	ck_assert_int_eq(rows.count, 30);
	for (int most = -1; most <= 0; most++) {
		layout_steps(&watch, &rows, most);
		ck_assert_int_eq(rows.count, 0);
		layout_reports(&watch, &rows, most);
		ck_assert_int_eq(rows.count, 0);
	}
	now_release(&watch.now);
}
END_TEST

static const struct {
	int64_t tokens;
	int width, filled;
} bars[] = {
	{0, 78, 0},       {1, 78, 0},       {100000, 78, 39},        {199999, 78, 77},
	{200000, 78, 78}, {400000, 78, 78}, {INT64_MAX, 1000, 1000}, {100000, 1, 0},
};

START_TEST(the_bar)
{
	ck_assert_int_eq(layout_filled(&terms, USAGE_KNOWN(bars[_i].tokens), bars[_i].width),
			 bars[_i].filled);
	ck_assert_int_eq(layout_filled(&terms, USAGE_UNKNOWN, bars[_i].width), 0);
}
END_TEST

START_TEST(the_gate_without_its_mark)
{
	ck_assert_str_eq(layout_gate(&terms, USAGE_KNOWN(50000), line, sizeof(line)),
			 "Token budget OK: 25.0% (remaining: 10.0%) - 50,000/70,000 tokens");
	ck_assert_str_eq(layout_gate(&terms, USAGE_KNOWN(80000), line, sizeof(line)),
			 "Token threshold exceeded: 40.0% (max: 35%) - 80,000/70,000 tokens");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *test = tcase_create("layout");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, before_any_cycle);
	tcase_add_test(test, a_journal_that_cant_be_read);
	tcase_add_test(test, a_step_under_way);
	tcase_add_test(test, the_last_rows);
	tcase_add_loop_test(test, the_bar, 0, COUNT(bars));
	tcase_add_test(test, the_gate_without_its_mark);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
