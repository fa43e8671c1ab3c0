/* The picture of now, its JSON, the metrics, and the past page by page, over a journal. */
#include "status/journal_history.h"
#include "status/metrics.h"
#include "status/now.h"
#include "status/picture.h"
#include "tests/unit/journal_helpers.h"
#include "tests/unit/suite.h"

static struct now_holder holder; /* what the fake hands see */

static void look(const char *folder, struct now_holder *seen)
{
	(void)folder;
	*seen = holder;
}

static const struct hands fake = {.look = look};

static struct now see(void)
{
	struct now seen;
	assert_ok(now_look(&seen, ".", &fake, journal, &err), err);
	return seen;
}

static enum now_life life(void)
{
	struct now seen = see();
	const enum now_life found = seen.life;
	now_release(&seen);
	return found;
}

static void hold(enum now_hold how)
{
	holder = (struct now_holder){.hold = how};
}

/* No file says that it runs: who has the lock does. */
START_TEST(life_is_told_by_the_holder)
{
	hold(NOW_FREE);
	ck_assert_int_eq(life(), NOW_LIFE_NONE);
	hold(NOW_HELD);
	ck_assert_int_eq(life(), NOW_LIFE_BUSY);
	struct cycle *cycle = begin_cycle(1, "plan");
	ck_assert_int_eq(life(), NOW_LIFE_RUNNING);
	hold(NOW_FREE);
	ck_assert_int_eq(life(), NOW_LIFE_CUT_OFF);
	hold(NOW_UNSEEN);
	ck_assert_int_eq(life(), NOW_LIFE_ELSEWHERE);
	close_cycle(cycle);
	ck_assert_int_eq(life(), NOW_LIFE_BUSY);
	hold(NOW_FREE);
	ck_assert_int_eq(life(), NOW_LIFE_CLOSED);
	cycle_free(cycle);
	cycle = begin_cycle(2, "");
	ck_assert_int_eq(life(), NOW_LIFE_AGENT);
	cycle_free(cycle);
}
END_TEST

START_TEST(the_step_under_way)
{
	hold(NOW_HELD);
	struct cycle *cycle = begin_cycle(1, "plan");
	do_step(cycle, 1, "First", 1, true, 1000);
	start_step(cycle, 2, "Second", 1);
	assert_ok(journal_sample(journal, 1, USAGE_KNOWN(234), &err), err);
	ck_assert_int_eq(mkdir(".stepgate/logs", 0755), 0);
	ck_assert_int_eq(mkdir(".stepgate/logs/cycle-0001", 0755), 0);
	write_text(".stepgate/logs/cycle-0001/step-02.log", "one\n\033[31mtwo\033[0m\nthr");
	struct now seen = see();
	assert_usage(seen.used, 1234);
	ck_assert_str_eq(seen.cycle.step_title, "Second");
	ck_assert_int_ge(seen.step_started_at, seen.cycle.started_at);
	ck_assert_uint_eq(seen.nlines, 3);
	ck_assert_str_eq(seen.lines[0], "one");
	ck_assert_str_eq(seen.lines[1], "two");
	ck_assert_str_eq(seen.lines[2], "thr");
	now_release(&seen);
	/* What is behind the first half of a long log stands beside it. */
	write_text(".stepgate/logs/cycle-0001/step-02.log.tail", "last\n");
	seen = see();
	ck_assert_uint_eq(seen.nlines, 1);
	ck_assert_str_eq(seen.lines[0], "last");
	now_release(&seen);
	cycle_free(cycle);
}
END_TEST

START_TEST(more_lines_than_are_shown)
{
	char lines[3][STEP_LINE_SIZE], text[2000] = "";
	int64_t at = 0;
	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "line %d\n", i);
	write_text("log", text);
	ck_assert_uint_eq(step_log_last("log", lines, 3, &at), 3);
	ck_assert_str_eq(lines[0], "line 97");
	ck_assert_str_eq(lines[2], "line 99");
	ck_assert_int_gt(at, 0);
	ck_assert_uint_eq(step_log_last("missing", lines, 3, &at), 0);
	ck_assert_int_eq(at, 0);
	ck_assert_int_eq(symlink("log", "link"), 0);
	ck_assert_uint_eq(step_log_last("link", lines, 3, &at), 0);
	write_text("empty", "");
	ck_assert_uint_eq(step_log_last("empty", lines, 3, &at), 0);
}
END_TEST

START_TEST(settings_of_the_next_cycle)
{
	hold(NOW_FREE);
	struct now seen = see();
	ck_assert_int_eq(seen.next.threshold, GATE_THRESHOLD_DEFAULT);
	now_release(&seen);
	write_text("status/ee_config.json", "{\"handoff_threshold_percent\": 60}");
	seen = see();
	ck_assert_int_eq(seen.next.threshold, 60);
	ck_assert_str_eq(seen.trouble, "");
	now_release(&seen);
	write_text("status/ee_config.json", "{\"handoff_threshold_percent\": 200}");
	seen = see();
	ck_assert_int_eq(seen.next.threshold, GATE_THRESHOLD_DEFAULT);
	ck_assert_ptr_nonnull(strstr(seen.trouble, "handoff_threshold_percent"));
	now_release(&seen);
}
END_TEST

static const char *text_of_json(const cJSON *object, const char *key)
{
	const char *text = json_get_text(object, key);
	ck_assert_msg(text != NULL, "no text: %s", key);
	return text;
}

START_TEST(as_json)
{
	hold(NOW_HELD);
	struct cycle *cycle = begin_cycle(1, "plan");
	start_step(cycle, 1, "A \"title\" with \033[31mcolour and \xff", 1);
	struct now seen = see();
	cJSON *object = picture_now(&seen);
	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(text_of_json(object, "life"), "running");
	ck_assert_str_eq(text_of_json(object, "state"), "STEP");
	const cJSON *gate = cJSON_GetObjectItemCaseSensitive(object, "gate");
	ck_assert(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(gate, "can_proceed")));
	char *text = picture_print(object);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strchr(text, '\n'));
	ck_assert_ptr_null(strchr(text, '\033'));
	ck_assert_ptr_null(strchr(text, '\xff'));
	free(text);
	now_release(&seen);
	cycle_free(cycle);
	ck_assert_ptr_null(picture_print(NULL));
	picture_free(NULL);
}
END_TEST

struct list {
	int count;
	int64_t ids[64];
};

static void list_move(void *context, const struct journal_past_move *move)
{
	struct list *list = context;
	list->ids[list->count++] = move->id;
}

static void list_cycle(void *context, const struct journal_past_cycle *cycle)
{
	struct list *list = context;
	list->ids[list->count++] = cycle->number;
}

static void list_line(void *context, const struct journal_line *line)
{
	struct list *list = context;
	list->ids[list->count++] = line->id;
}

static void make_past(void)
{
	for (int i = 1; i <= 5; i++) {
		struct cycle *cycle = begin_cycle(i, i % 2 ? "odd" : "even");
		do_step(cycle, 1, "One", 1, true, 100);
		do_step(cycle, 2, "Two", 1, i != 3, 3000);
		close_cycle(cycle);
		cycle_free(cycle);
	}
}

START_TEST(what_comes_after)
{
	struct list all = {.count = 0}, rest = {.count = 0}, lines = {.count = 0};
	int64_t move = -1, message = -1, version = 0, later = 0;
	assert_ok(journal_newest_ids(journal, &move, &message, &err), err);
	ck_assert_int_eq(move, 0);
	ck_assert_int_eq(message, 0);
	make_past();
	assert_ok(journal_newest_ids(journal, &move, &message, &err), err);
	assert_ok(journal_moves_after(journal, 0, 64, list_move, &all, &err), err);
	ck_assert_int_eq(all.ids[all.count - 1], move);
	assert_ok(journal_moves_after(journal, all.ids[9], 4, list_move, &rest, &err), err);
	ck_assert_int_eq(rest.count, 4);
	ck_assert_int_eq(rest.ids[0], all.ids[10]);
	assert_ok(journal_messages_after(journal, message - 2, 64, list_line, &lines, &err), err);
	ck_assert_int_eq(lines.count, 2);
	/* Only what another connection has changed counts. */
	assert_ok(journal_data_version(journal, &version, &err), err);
	struct journal *other = NULL;
	assert_ok(journal_open(".", &other, NULL, &err), err);
	assert_ok(journal_message(other, 1, "report", "x", 1, &err), err);
	journal_close(other);
	assert_ok(journal_data_version(journal, &later, &err), err);
	ck_assert_int_ne(version, later);
	ck_assert(journal_stands(journal));
	ck_assert_int_eq(rename(".stepgate/state.db", "moved"), 0);
	ck_assert(!journal_stands(journal));
}
END_TEST

static struct list cycles(struct journal_filter filter)
{
	struct list list = {.count = 0};
	if (!filter.most)
		filter.most = 64;
	assert_ok(journal_cycles(journal, &filter, list_cycle, &list, &err), err);
	return list;
}

START_TEST(cycles_by_filter)
{
	make_past();
	ck_assert_int_eq(cycles((struct journal_filter){.before = 0}).count, 5);
	const struct list page = cycles((struct journal_filter){.before = 4, .most = 2});
	ck_assert_int_eq(page.count, 2);
	ck_assert_int_eq(page.ids[0], 3);
	ck_assert_int_eq(page.ids[1], 2);
	ck_assert_int_eq(cycles((struct journal_filter){.plan = "even"}).count, 2);
	ck_assert_int_eq(cycles((struct journal_filter){.cause = "user"}).count, 5);
	ck_assert_int_eq(cycles((struct journal_filter){.cause = "error"}).count, 0);
	ck_assert_int_eq(cycles((struct journal_filter){.since = now}).count, 0);
	ck_assert_int_eq(cycles((struct journal_filter){.until = 1}).count, 0);
	ck_assert_int_eq(cycles((struct journal_filter){.plan = "' OR 1 --"}).count, 0);
}
END_TEST

/* What was counted is not counted again, and a step that is under way is counted once it has ended.
 */
START_TEST(counted_once)
{
	struct metrics metrics = {.counted = 0};
	hold(NOW_HELD);
	make_past();
	struct cycle *cycle = begin_cycle(6, "plan");
	start_step(cycle, 1, "One", 1);
	for (int i = 0; i < 3; i++) {
		struct now seen = see();
		assert_ok(metrics_count(&metrics, journal, &seen, 100, &err), err);
		now_release(&seen);
		ck_assert_int_eq(metrics.ok, 9);
		ck_assert_int_eq(metrics.nok, 1);
		ck_assert_int_eq(metrics.closed[FSM_EV_USER], 5);
	}
	struct work *work = end_step(cycle, FSM_EV_FAILED, USAGE_UNKNOWN);
	struct told *told = tell_step(cycle, save_step(cycle, work, &pushed), false);
	ck_assert_int_eq(cycle_check(cycle, told, FSM_EV_ERROR), FSM_EV_ERROR);
	struct now seen = see();
	assert_ok(metrics_count(&metrics, journal, &seen, 100, &err), err);
	now_release(&seen);
	ck_assert_int_eq(metrics.nok, 2);
	ck_assert_int_eq(metrics.seconds.count, 11);
	ck_assert_int_eq(metrics.tokens.count, 10); /* one is not known */
	cycle_free(cycle);
}
END_TEST

/* In pieces of any size it is the same, and it is said whether there may be more. */
START_TEST(counted_in_pieces)
{
	struct metrics metrics = {.counted = 0};
	int calls = 0, more;
	hold(NOW_HELD);
	make_past();
	struct cycle *cycle = begin_cycle(6, "plan");
	start_step(cycle, 1, "One", 1);
	struct now seen = see();
	do {
		more = metrics_count(&metrics, journal, &seen, _i, &err);
		ck_assert_msg(more >= 0, "%s", err.text);
		calls++;
	} while (more);
	ck_assert_int_eq(calls, 10 / _i + 1); /* ten steps, and one that is under way */
	ck_assert_int_eq(metrics.ok + metrics.nok, 10);
	ck_assert_int_eq(metrics.tokens.count, 10);
	ck_assert_int_eq(metrics.closed[FSM_EV_USER], 5);
	now_release(&seen);
	cycle_free(cycle);
}
END_TEST

START_TEST(labels_are_escaped)
{
	char *text = NULL;
	size_t length = 0;
	struct metrics metrics = {.counted = 0};
	const struct metrics_source source = {.name = "a\"b\\c\nd", .metrics = &metrics};
	FILE *to = open_memstream(&text, &length);
	metrics_write(to, &source, 1);
	fclose(to);
	ck_assert_ptr_nonnull(strstr(text, "stepgate_up{repository=\"a\\\"b\\\\c\\nd\"} 0\n"));
	ck_assert_ptr_null(strstr(text, "stepgate_usage_tokens{"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("now");
	TCase *test = tcase_create("now");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, life_is_told_by_the_holder);
	tcase_add_test(test, the_step_under_way);
	tcase_add_test(test, more_lines_than_are_shown);
	tcase_add_test(test, settings_of_the_next_cycle);
	tcase_add_test(test, as_json);
	tcase_add_test(test, what_comes_after);
	tcase_add_test(test, cycles_by_filter);
	tcase_add_test(test, counted_once);
	tcase_add_loop_test(test, counted_in_pieces, 1, 12);
	tcase_add_test(test, labels_are_escaped);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
