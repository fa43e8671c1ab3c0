/* status/ee_config.json: read tolerantly, written whole. */
#include "status/file.h"
#include "status/settings.h"
#include "tests/unit/status_helpers.h"

static struct err err;

static void set_up(void)
{
	enter_new_folder();
	assert_ok(file_make_home(".", &err), err);
}

/* Loads it; gives what is to be said, or NULL. */
static char *load(struct settings *settings, int mend)
{
	char *notice = (char *)&err;
	assert_ok(settings_load(".", mend, settings, &notice, &err), err);
	return notice;
}

static void expect(const char *text, int64_t budget, int threshold)
{
	struct settings settings = {.budget = 99, .threshold = 99};
	write_text(SETTINGS_PATH, text);
	ck_assert_ptr_null(load(&settings, 0));
	ck_assert_int_eq(settings.budget, budget);
	ck_assert_int_eq(settings.threshold, threshold);
}

START_TEST(no_file_says_nothing)
{
	struct settings settings = {.budget = 99, .threshold = 99};
	ck_assert_ptr_null(load(&settings, 1));
	ck_assert_int_eq(settings.budget, 0);
	ck_assert_int_eq(settings.threshold, 0);
	ck_assert(!is_there(SETTINGS_PATH));
}
END_TEST

START_TEST(what_it_says)
{
	expect("{\"handoff_threshold_percent\": 35, \"token_budget\": 200000}", 200000, 35);
	expect("{\"handoff_threshold_percent\": 20, \"token_budget\": 1}", 1, 20);
	expect("{\"handoff_threshold_percent\": 95.0, \"token_budget\": 9223372036854775807}",
	       INT64_MAX, 95);
	expect("{\"token_budget\": 5e5, \"other\": [1, 2]}", 500000, 0);
	expect("{\"handoff_threshold_percent\": 40, \"Token_Budget\": 7}", 0, 40);
	expect("{}", 0, 0);
}
END_TEST

#define BUDGET_RANGE                                                           \
	"./status/ee_config.json: token_budget: not a whole number within 1.." \
	"9223372036854775807: passed over"
#define THRESHOLD_RANGE                                                           \
	"./status/ee_config.json: handoff_threshold_percent: not a whole number " \
	"within 20..95: passed over"

static const struct {
	const char *text, *notice;
	int64_t budget;
	int threshold;
} unusable[] = {
	{"{\"token_budget\": 0, \"handoff_threshold_percent\": 50}", BUDGET_RANGE, 0, 50},
	{"{\"token_budget\": -5}", BUDGET_RANGE, 0, 0},
	{"{\"token_budget\": \"200000\"}", BUDGET_RANGE, 0, 0},
	{"{\"token_budget\": 1.5}", BUDGET_RANGE, 0, 0},
	{"{\"token_budget\": 9223372036854775808}", BUDGET_RANGE, 0, 0},
	{"{\"token_budget\": null}", BUDGET_RANGE, 0, 0},
	{"{\"handoff_threshold_percent\": 19, \"token_budget\": 7}", THRESHOLD_RANGE, 7, 0},
	{"{\"handoff_threshold_percent\": 96}", THRESHOLD_RANGE, 0, 0},
	{"{\"handoff_threshold_percent\": true}", THRESHOLD_RANGE, 0, 0},
	{"{\"handoff_threshold_percent\": 4294967331}", THRESHOLD_RANGE, 0, 0},
	{"{\"handoff_threshold_percent\": [], \"token_budget\": {}}",
	 BUDGET_RANGE "; " THRESHOLD_RANGE, 0, 0},
};

START_TEST(what_can_not_be_used_is_passed_over_and_told)
{
	struct settings settings;
	write_text(SETTINGS_PATH, unusable[_i].text);
	char *notice = load(&settings, 1);
	ck_assert_str_eq(notice, unusable[_i].notice);
	free(notice);
	ck_assert_int_eq(settings.budget, unusable[_i].budget);
	ck_assert_int_eq(settings.threshold, unusable[_i].threshold);
	ck_assert_str_eq(text_of(SETTINGS_PATH), unusable[_i].text);
}
END_TEST

static const char *const damaged[] = {"", "x", "[35]", "{\"token_budget\": 5",
				      "{\"token_budget\": 5, \"token_budget\": 6}"};

START_TEST(a_damaged_one_is_set_aside)
{
	struct settings settings = {.budget = 99, .threshold = 99};
	write_text(SETTINGS_PATH, damaged[_i]);
	char *notice = load(&settings, 1);
	assert_has(notice, "./status/ee_config.json: damaged: not one JSON object: it is kept as "
			   "./status/ee_config.json.damaged-20");
	assert_has(notice, "Z, and the defaults hold");
	free(notice);
	ck_assert_int_eq(settings.budget, 0);
	ck_assert_int_eq(settings.threshold, 0);
	ck_assert(!is_there(SETTINGS_PATH));
	ck_assert_int_eq(count_files("status", "damaged", NULL), 1);
}
END_TEST

START_TEST(a_damaged_one_stays_where_nothing_is_to_be_changed)
{
	struct settings settings;
	write_text(SETTINGS_PATH, damaged[_i]);
	char *notice = load(&settings, 0);
	ck_assert_str_eq(notice,
			 "./status/ee_config.json: damaged: not one JSON object: passed over");
	free(notice);
	ck_assert_str_eq(text_of(SETTINGS_PATH), damaged[_i]);
	ck_assert_int_eq(count_files("status", "damaged", NULL), 0);
}
END_TEST

static void save(int64_t budget, int threshold)
{
	const struct settings settings = {.budget = budget, .threshold = threshold};
	assert_ok(settings_save(".", &settings, &err), err);
}

static void expect_saved(int64_t budget, int threshold)
{
	struct settings settings;
	ck_assert_ptr_null(load(&settings, 0));
	ck_assert_int_eq(settings.budget, budget);
	ck_assert_int_eq(settings.threshold, threshold);
}

START_TEST(what_is_saved_is_read_back)
{
	save(INT64_MAX, 95);
	expect_saved(INT64_MAX, 95);
	save(0, 40);
	expect_saved(INT64_MAX, 40);
	save(300000, 0);
	expect_saved(300000, 40);
	save(0, 0);
	expect_saved(300000, 40);
}
END_TEST

START_TEST(unknown_keys_survive)
{
	write_text(SETTINGS_PATH, "{\"mine\": [1.50, 12345678901234567890], \"token_budget\": 5}");
	save(7, 50);
	assert_has(text_of(SETTINGS_PATH), "[1.50, 12345678901234567890]");
	expect_saved(7, 50);
}
END_TEST

START_TEST(a_damaged_one_is_not_overwritten)
{
	const struct settings settings = {.budget = 5};
	write_text(SETTINGS_PATH, damaged[_i]);
	ck_assert_int_eq(settings_save(".", &settings, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert_str_eq(err.text, "./status/ee_config.json: damaged: not one JSON object");
	ck_assert_str_eq(text_of(SETTINGS_PATH), damaged[_i]);
}
END_TEST

START_TEST(what_can_not_be_read_or_written)
{
	struct settings settings = {.budget = 99, .threshold = 99};
	char *notice = (char *)&err, folder[5000];
	write_text("file", "");
	ck_assert_int_eq(settings_load("file", 1, &settings, &notice, &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "file/status/ee_config.json: can't be opened: Not a directory");
	ck_assert_int_eq(settings_save("nowhere", &settings, &err), -1);
	ck_assert_str_eq(err.text, "nowhere/status/ee_config.json: can't be written: No such file "
				   "or directory");
	memset(folder, 'x', sizeof(folder));
	folder[sizeof(folder) - 1] = '\0';
	ck_assert_int_eq(settings_load(folder, 1, &settings, &notice, &err), -1);
	assert_has(err.text, "xxx\xe2\x80\xa6: the path is too long");
	ck_assert_int_eq(settings_save(folder, &settings, &err), -1);
	ck_assert_int_eq(settings.budget, 99);
	ck_assert_ptr_eq(notice, &err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *settings = tcase_create("settings");
	tcase_add_checked_fixture(settings, set_up, NULL);
	tcase_add_test(settings, no_file_says_nothing);
	tcase_add_test(settings, what_it_says);
	tcase_add_loop_test(settings, what_can_not_be_used_is_passed_over_and_told, 0,
			    COUNT(unusable));
	tcase_add_loop_test(settings, a_damaged_one_is_set_aside, 0, COUNT(damaged));
	tcase_add_loop_test(settings, a_damaged_one_stays_where_nothing_is_to_be_changed, 0,
			    COUNT(damaged));
	tcase_add_test(settings, what_is_saved_is_read_back);
	tcase_add_test(settings, unknown_keys_survive);
	tcase_add_loop_test(settings, a_damaged_one_is_not_overwritten, 0, COUNT(damaged));
	tcase_add_test(settings, what_can_not_be_read_or_written);
	suite_add_tcase(suite, settings);
	return run_suite(suite);
}
