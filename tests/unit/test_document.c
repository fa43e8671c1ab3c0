/* The status document: its keys and their order, what is kept of others, and what is read back. */
#include "status/document.h"
#include "status/file.h"
#include "tests/unit/status_helpers.h"

static const struct gate_terms terms = {.budget = 200000, .threshold = 35};
static const int64_t start = INT64_C(1770478034949404);

static struct err err;
static struct document *doc;

static void load(void)
{
	char *notice = (char *)&err;
	assert_ok(document_load(".", &doc, &notice, &err), err);
	ck_assert_ptr_null(notice);
}

static void set_up(void)
{
	enter_new_folder();
	assert_ok(file_make_home(".", &err), err);
	load();
}

static void tear_down(void)
{
	document_free(doc);
}

static void reload(void)
{
	assert_ok(document_save(doc, ".", &err), err);
	document_free(doc);
	load();
}

static struct document_view view(void)
{
	struct document_view seen;
	document_view(doc, &seen);
	return seen;
}

/* The document without white space outside of texts, so that the tests say what is in it. */
static const char *printed(void)
{
	static char packed[1 << 16];
	char *text = document_print(doc);
	size_t length = 0;
	bool quoted = false;
	for (const char *at = text; *at && length < sizeof(packed) - 1; at++) {
		quoted ^= *at == '"';
		if (quoted || !strchr(" \t\n", *at))
			packed[length++] = *at;
	}
	packed[length] = '\0';
	free(text);
	return packed;
}

static void add_step(int number, const char *description, struct usage used)
{
	const struct document_step step = {
		.step = number,
		.description = description,
		.completed_at = start,
		.ok = true,
		.used = used,
	};
	ck_assert_int_eq(document_step(doc, &step), 0);
}

static void begin(int64_t cycle)
{
	ck_assert_int_eq(document_begin(doc, cycle, start, &terms), 0);
}

#define BEGUN                                                                      \
	"{\"cycle_number\":4,\"started_at\":\"2026-02-07T15:27:14.949404Z\","      \
	"\"token_budget\":200000,\"token_threshold\":70000,\"current_task\":null," \
	"\"tasks_completed\":[],\"steps_completed\":[],\"next_action\":null,"      \
	"\"last_updated\":\"2026-02-07T15:27:14.949404Z\",\"token_threshold_percent\":35"

START_TEST(no_file_is_an_empty_document)
{
	const struct document_view seen = view();
	ck_assert_str_eq(printed(), "{}");
	ck_assert_int_eq(seen.cycle, 0);
	ck_assert(!seen.terms_known);
	ck_assert_int_eq(seen.steps, 0);
	assert_usage(seen.used, 0);
	ck_assert_ptr_null(seen.started_at);
	ck_assert_ptr_null(seen.last_description);
	ck_assert(!is_there(DOCUMENT_PATH));
}
END_TEST

static void see_ok(void *context, const char *description, int step)
{
	char *seen = context;
	const size_t used = strlen(seen);
	snprintf(seen + used, 256 - used, "%d %s|", step, description);
}

START_TEST(it_names_its_plan_and_tells_what_is_ok)
{
	char seen[256] = "";
	const struct document_step bad = {
		.step = 2, .description = "B", .completed_at = start, .used = USAGE_KNOWN(2)};
	begin(4);
	ck_assert_ptr_null(view().plan);
	document_each_done(doc, see_ok, seen);
	ck_assert_int_eq(document_plan(doc, "nightly.conf"), 0);
	add_step(1, "A", USAGE_KNOWN(1));
	ck_assert_int_eq(document_step(doc, &bad), 0);
	add_step(3, "C", USAGE_UNKNOWN);
	struct document_step passed = bad;
	passed.step = 4;
	passed.description = "D";
	passed.passed = true;
	ck_assert_int_eq(document_step(doc, &passed), 0);
	ck_assert_str_eq(view().plan, "nightly.conf");
	document_each_done(doc, see_ok, seen);
	ck_assert_str_eq(seen, "1 A|3 C|4 D|");
	begin(5);
	ck_assert_ptr_null(view().plan);
}
END_TEST

START_TEST(a_cycle_begins)
{
	begin(4);
	ck_assert_str_eq(printed(), BEGUN "}");
	const struct document_view seen = view();
	ck_assert_int_eq(seen.cycle, 4);
	ck_assert(seen.terms_known);
	ck_assert_int_eq(seen.terms.budget, 200000);
	ck_assert_int_eq(seen.terms.threshold, 35);
}
END_TEST

/* The keys that others read, in the order that they are promised in. */
START_TEST(a_whole_cycle)
{
	begin(4);
	ck_assert_int_eq(document_task(doc, "Implementing feature X", "Test and validate"), 0);
	ck_assert_int_eq(document_task_completed(doc, "Task A", true), 0);
	add_step(1, "Setup infrastructure", USAGE_KNOWN(45000));
	const struct document_step second = {
		.step = 2,
		.description = "Login",
		.completed_at = start,
		.used = USAGE_UNKNOWN,
		.estimated = true,
		.action = "push failed",
		.commit = "0123abcd",
		.why = "the remote refused the push",
	};
	ck_assert_int_eq(document_step(doc, &second), 0);
	ck_assert_int_eq(document_end(doc, start, "Error encountered", "error"), 0);
	ck_assert_str_eq(
		printed(),
		"{\"cycle_number\":4,\"started_at\":\"2026-02-07T15:27:14.949404Z\","
		"\"token_budget\":200000,\"token_threshold\":70000,\"current_task\":null,"
		"\"tasks_completed\":[\"Task A\"],\"steps_completed\":[{\"step\":1,"
		"\"description\":\"Setup infrastructure\","
		"\"completed_at\":\"2026-02-07T15:27:14.949404Z\",\"status\":\"OK\","
		"\"tokens_used\":45000,\"token_percent\":22.5},{\"step\":2,"
		"\"description\":\"Login\",\"completed_at\":\"2026-02-07T15:27:14.949404Z\","
		"\"status\":\"NOK\",\"tokens_used\":null,\"token_percent\":null,"
		"\"estimated\":true,\"action\":\"push failed\",\"commit\":\"0123abcd\","
		"\"why\":\"the remote refused the push\"}],\"next_action\":\"Test and validate\","
		"\"last_updated\":\"2026-02-07T15:27:14.949404Z\",\"token_threshold_percent\":35,"
		"\"ended_at\":\"2026-02-07T15:27:14.949404Z\","
		"\"close_reason\":\"Error encountered\",\"close_cause\":\"error\"}");
}
END_TEST

START_TEST(what_is_saved_is_read_back)
{
	begin(4);
	ck_assert_int_eq(document_task(doc, "A", "B"), 0);
	add_step(1, "Setup", USAGE_KNOWN(44000));
	char *before = strdup(printed());
	reload();
	const struct document_view seen = view();
	ck_assert_int_eq(seen.cycle, 4);
	ck_assert_str_eq(seen.started_at, "2026-02-07T15:27:14.949404Z");
	ck_assert_str_eq(seen.current_task, "A");
	ck_assert_str_eq(seen.next_action, "B");
	ck_assert_str_ne(seen.last_updated, seen.started_at);
	ck_assert_ptr_null(seen.ended_at);
	ck_assert_int_eq(seen.steps, 1);
	ck_assert_int_eq(seen.last_step, 1);
	ck_assert(seen.last_ok);
	ck_assert_str_eq(seen.last_description, "Setup");
	assert_usage(seen.used, 44000);
	/* To the letter, 22.0 too, but for the time of the save. */
	const char *stamp = strstr(before, "\"last_updated\"");
	const size_t same = (size_t)(stamp - before) + strlen("\"last_updated\":");
	ck_assert_mem_eq(printed(), before, same);
	assert_has(before, "\"token_percent\":22.0}");
	free(before);
	const char *text = text_of(DOCUMENT_PATH);
	ck_assert_str_eq(text + strlen(text) - 2, "}\n");
}
END_TEST

START_TEST(a_task_left_as_it_is)
{
	begin(1);
	ck_assert_int_eq(document_task(doc, "A", "B"), 0);
	ck_assert_int_eq(document_task(doc, NULL, "C"), 0);
	ck_assert_str_eq(view().current_task, "A");
	ck_assert_str_eq(view().next_action, "C");
	ck_assert_int_eq(document_task(doc, "D", NULL), 0);
	ck_assert_int_eq(document_task(doc, NULL, NULL), 0);
	ck_assert_str_eq(view().current_task, "D");
	ck_assert_str_eq(view().next_action, "C");
}
END_TEST

START_TEST(a_task_is_completed_once)
{
	begin(4);
	static const struct {
		const char *task;
		bool completed;
	} tasks[] = {{"A", true}, {"B", true},  {"A", true},
		     {"C", true}, {"B", false}, {"D", false}};
	for (int i = 0; i < COUNT(tasks); i++)
		ck_assert_int_eq(document_task_completed(doc, tasks[i].task, tasks[i].completed),
				 0);
	assert_has(printed(), "\"tasks_completed\":[\"A\",\"C\"],");
}
END_TEST

START_TEST(a_step_told_again_replaces_the_last)
{
	begin(1);
	add_step(1, "A", USAGE_KNOWN(10));
	add_step(2, "B", USAGE_KNOWN(20));
	add_step(2, "B again", USAGE_KNOWN(30));
	ck_assert_int_eq(view().steps, 2);
	ck_assert_str_eq(view().last_description, "B again");
	assert_usage(view().used, 30);
	add_step(1, "A again", USAGE_KNOWN(40));
	ck_assert_int_eq(view().steps, 3);
}
END_TEST

START_TEST(unknown_usage_is_never_zero)
{
	begin(1);
	add_step(1, "A", USAGE_UNKNOWN);
	reload();
	ck_assert(!view().used.known);
}
END_TEST

START_TEST(the_largest_figures_are_exact)
{
	const struct gate_terms large = {.budget = INT64_MAX, .threshold = 95};
	ck_assert_int_eq(document_begin(doc, INT64_MAX, start, &large), 0);
	add_step(1, "A", USAGE_KNOWN(INT64_MAX - 1));
	reload();
	reload();
	ck_assert_int_eq(view().cycle, INT64_MAX);
	ck_assert_int_eq(view().terms.budget, INT64_MAX);
	assert_usage(view().used, INT64_MAX - 1);
	assert_has(printed(), "\"token_percent\":99.9}");
}
END_TEST

START_TEST(text_is_stored_as_valid_utf8)
{
	begin(1);
	ck_assert_int_eq(document_task(doc, "a\xff\"\n", NULL), 0);
	reload();
	ck_assert_str_eq(view().current_task, "a\xef\xbf\xbd\"\n");
}
END_TEST

/* --- what others wrote --- */

static void load_text(const char *text)
{
	document_free(doc);
	write_text(DOCUMENT_PATH, text);
	load();
}

START_TEST(unknown_keys_survive)
{
	load_text("{\"mine\": {\"a\": 12345678901234567890, \"b\": 1.50}, \"cycle_number\": 3,"
		  " \"Cycle_Number\": 9, \"close_reason\": \"x\", \"note\": null}");
	begin(4);
	add_step(1, "A", USAGE_KNOWN(1));
	reload();
	assert_has(printed(), "\"token_threshold_percent\":35,\"mine\":{\"a\":12345678901234567890,"
			      "\"b\":1.50},\"Cycle_Number\":9,\"note\":null}");
	ck_assert_int_eq(view().cycle, 4);
	ck_assert_ptr_null(view().close_reason);
}
END_TEST

START_TEST(a_new_cycle_takes_the_place_of_the_old)
{
	begin(3);
	ck_assert_int_eq(document_task(doc, "A", "B"), 0);
	ck_assert_int_eq(document_task_completed(doc, "A", true), 0);
	add_step(1, "A", USAGE_KNOWN(1));
	ck_assert_int_eq(document_end(doc, start, "All work completed", "completed"), 0);
	reload();
	ck_assert_str_eq(view().close_reason, "All work completed");
	begin(4);
	ck_assert_str_eq(printed(), BEGUN "}");
}
END_TEST

static const char *const wrong_types[] = {
	"{\"cycle_number\": \"4\", \"steps_completed\": {}, \"current_task\": 7}",
	"{\"cycle_number\": -4, \"steps_completed\": \"x\", \"token_budget\": 0}",
	"{\"cycle_number\": 1.5, \"token_budget\": [], \"token_threshold_percent\": 35}",
	"{\"cycle_number\": 99999999999999999999, \"steps_completed\": null}",
	"{\"cycle_number\": null, \"tasks_completed\": 1, \"token_threshold_percent\": 1e9}",
};

START_TEST(a_value_of_the_wrong_type_counts_as_absent)
{
	load_text(wrong_types[_i]);
	const struct document_view seen = view();
	ck_assert_int_eq(seen.cycle, 0);
	ck_assert_int_eq(seen.steps, 0);
	ck_assert(!seen.terms_known);
	ck_assert_ptr_null(seen.current_task);
	assert_usage(seen.used, 0);
	add_step(1, "A", USAGE_KNOWN(5));
	ck_assert_int_eq(document_task_completed(doc, "A", true), 0);
	reload();
	ck_assert_int_eq(view().steps, 1);
	assert_usage(view().used, 5);
	assert_has(printed(), "\"tasks_completed\":[\"A\"]");
}
END_TEST

static const char *const odd_steps[] = {
	"{\"steps_completed\": [7]}",
	"{\"steps_completed\": [[1, 2]]}",
	"{\"steps_completed\": [{}]}",
	"{\"steps_completed\": [{\"step\": 99999999999, \"tokens_used\": \"5\", \"status\": 1}]}",
	"{\"steps_completed\": [{\"step\": -1, \"tokens_used\": -5, \"description\": []}]}",
};

/* A step is there, and nobody knows what it used: that is not zero. */
START_TEST(a_step_that_can_not_be_read)
{
	load_text(odd_steps[_i]);
	const struct document_view seen = view();
	ck_assert_int_eq(seen.steps, 1);
	ck_assert_int_eq(seen.last_step, 0);
	ck_assert(!seen.used.known);
	ck_assert(!seen.last_ok);
	ck_assert_ptr_null(seen.last_description);
	add_step(1, "A", USAGE_KNOWN(5));
	ck_assert_int_eq(view().steps, 2);
}
END_TEST

static const char *const damaged[] = {
	"", "not json", "[]", "{\"cycle_number\": 4", "{\"cycle_number\": 4, \"cycle_number\": 5}",
};

START_TEST(a_damaged_one_is_set_aside)
{
	char *notice = NULL, name[256], path[300];
	document_free(doc);
	write_text(DOCUMENT_PATH, damaged[_i]);
	assert_ok(document_load(".", &doc, &notice, &err), err);
	assert_has(notice,
		   "./status/EE_CYCLE_STATUS.json: damaged: not one JSON object: it is kept "
		   "as ./status/EE_CYCLE_STATUS.json.damaged-20");
	assert_has(notice, "Z, and a new one is begun");
	free(notice);
	ck_assert_str_eq(printed(), "{}");
	ck_assert_int_eq(count_files("status", "EE_CYCLE", name), 1);
	snprintf(path, sizeof(path), "status/%s", name);
	ck_assert_str_eq(text_of(path), damaged[_i]);
	begin(1);
	reload();
}
END_TEST

START_TEST(a_reader_leaves_a_damaged_one_where_it_is)
{
	struct document *const untouched = doc;
	struct document *read = doc;
	write_text(DOCUMENT_PATH, damaged[_i]);
	ck_assert_int_eq(document_read(".", &read, &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert_str_eq(err.text, "./status/EE_CYCLE_STATUS.json: damaged: not one JSON object");
	ck_assert_ptr_eq(read, untouched);
	ck_assert_str_eq(text_of(DOCUMENT_PATH), damaged[_i]);
	ck_assert_int_eq(count_files("status", "damaged", NULL), 0);
}
END_TEST

START_TEST(a_reader_reads)
{
	struct document *read = NULL;
	assert_ok(document_read("nowhere", &read, &err), err);
	document_free(read);
	begin(4);
	reload();
	assert_ok(document_read(".", &read, &err), err);
	struct document_view seen;
	document_view(read, &seen);
	ck_assert_int_eq(seen.cycle, 4);
	document_free(read);
	document_free(NULL);
}
END_TEST

/* --- what goes wrong --- */

START_TEST(a_link_is_neither_read_nor_written)
{
	char *notice = (char *)&err;
	struct document *other = doc;
	write_text("elsewhere", "{}");
	ck_assert_int_eq(symlink("../elsewhere", DOCUMENT_PATH), 0);
	ck_assert_int_eq(document_read(".", &other, &err), -1);
	ck_assert_str_eq(err.text, "./status/EE_CYCLE_STATUS.json: not a regular file: refused");
	begin(4);
	ck_assert_int_eq(document_save(doc, ".", &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.text, "./status/EE_CYCLE_STATUS.json: not a regular file: refused");
	ck_assert_str_eq(text_of("elsewhere"), "{}");
	/* Nor is it set aside: it is not damage, but somebody's doing. */
	ck_assert_int_eq(document_load(".", &other, &notice, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_ptr_eq(other, doc);
	ck_assert_str_eq(text_of("elsewhere"), "{}");
}
END_TEST

START_TEST(a_link_in_place_of_its_folder)
{
	char *notice = NULL;
	struct document *other = doc;
	begin(4);
	ck_assert_int_eq(mkdir("elsewhere", 0755), 0);
	ck_assert_int_eq(rmdir("status"), 0);
	ck_assert_int_eq(symlink("elsewhere", "status"), 0);
	ck_assert_int_eq(document_save(doc, ".", &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.text, "./status: not a folder: refused");
	ck_assert_int_eq(rmdir("elsewhere"), 0);
	ck_assert_int_eq(document_read(".", &other, &err), -1);
	ck_assert_int_eq(document_load(".", &other, &notice, &err), -1);
	ck_assert_ptr_eq(other, doc);
}
END_TEST

START_TEST(a_folder_that_is_missing)
{
	begin(4);
	ck_assert_int_eq(document_save(doc, "nowhere", &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "nowhere/status/EE_CYCLE_STATUS.json: can't be written: No such "
				   "file or directory");
}
END_TEST

START_TEST(a_path_that_is_too_long)
{
	char folder[5000];
	struct document *other = doc;
	char *notice = (char *)&err;
	memset(folder, 'x', sizeof(folder));
	folder[sizeof(folder) - 1] = '\0';
	ck_assert_int_eq(document_save(doc, folder, &err), -1);
	assert_has(err.text, "xxx\xe2\x80\xa6: the path is too long");
	ck_assert_int_eq(document_read(folder, &other, &err), -1);
	ck_assert_int_eq(document_load(folder, &other, &notice, &err), -1);
	ck_assert_ptr_eq(other, doc);
	ck_assert_ptr_eq(notice, &err);
}
END_TEST

START_TEST(one_that_is_too_large)
{
	struct document *other = doc;
	write_text(DOCUMENT_PATH, "{}");
	ck_assert_int_eq(truncate(DOCUMENT_PATH, (4 << 20) + 1), 0);
	ck_assert_int_eq(document_read(".", &other, &err), -1);
	ck_assert_str_eq(err.text,
			 "./status/EE_CYCLE_STATUS.json: larger than 4194304 bytes: refused");
}
END_TEST

static void add_trouble(Suite *suite)
{
	TCase *trouble = tcase_create("trouble");
	tcase_add_checked_fixture(trouble, set_up, tear_down);
	tcase_add_loop_test(trouble, a_damaged_one_is_set_aside, 0, COUNT(damaged));
	tcase_add_loop_test(trouble, a_reader_leaves_a_damaged_one_where_it_is, 0, COUNT(damaged));
	tcase_add_test(trouble, a_link_is_neither_read_nor_written);
	tcase_add_test(trouble, a_link_in_place_of_its_folder);
	tcase_add_test(trouble, a_folder_that_is_missing);
	tcase_add_test(trouble, a_path_that_is_too_long);
	tcase_add_test(trouble, one_that_is_too_large);
	suite_add_tcase(suite, trouble);
}

int main(void)
{
	Suite *suite = suite_create("document");
	TCase *document = tcase_create("document"), *others = tcase_create("others");
	tcase_add_checked_fixture(document, set_up, tear_down);
	tcase_add_test(document, no_file_is_an_empty_document);
	tcase_add_test(document, a_cycle_begins);
	tcase_add_test(document, it_names_its_plan_and_tells_what_is_ok);
	tcase_add_test(document, a_whole_cycle);
	tcase_add_test(document, what_is_saved_is_read_back);
	tcase_add_test(document, a_task_left_as_it_is);
	tcase_add_test(document, a_task_is_completed_once);
	tcase_add_test(document, a_step_told_again_replaces_the_last);
	tcase_add_test(document, unknown_usage_is_never_zero);
	tcase_add_test(document, the_largest_figures_are_exact);
	tcase_add_test(document, text_is_stored_as_valid_utf8);
	suite_add_tcase(suite, document);
	tcase_add_checked_fixture(others, set_up, tear_down);
	tcase_add_test(others, unknown_keys_survive);
	tcase_add_test(others, a_new_cycle_takes_the_place_of_the_old);
	tcase_add_loop_test(others, a_value_of_the_wrong_type_counts_as_absent, 0,
			    COUNT(wrong_types));
	tcase_add_loop_test(others, a_step_that_can_not_be_read, 0, COUNT(odd_steps));
	tcase_add_test(others, a_reader_reads);
	suite_add_tcase(suite, others);
	add_trouble(suite);
	return run_suite(suite);
}
