/* A repository that is watched: what is told of it, in which order, and after which break. */
#include <sys/inotify.h>

#include "status/monitor/watch.h"
#include "tests/unit/journal_helpers.h"

static struct now_holder holder; /* what the fake hands see */

static void look(const char *folder, struct now_holder *seen)
{
	(void)folder;
	*seen = holder;
}

static const struct hands fake = {.look = look};
static const struct monitor_repository repository = {.id = 1, .name = "r", .folder = "."};

/* What was told, as "NAME ID", and how far the journal was known with it. */
static struct {
	int count;
	char text[512][32];
	struct watch_mark marks[512];
} told;

static void tell(void *context, const struct watch *watch, struct watch_mark mark, const char *name,
		 cJSON *data)
{
	int64_t id = 0;
	(void)context;
	ck_assert_int_eq(watch->repository->id, 1);
	ck_assert_ptr_nonnull(data);
	json_get_integer(data, "id", &id);
	picture_free(data);
	if (strcmp(name, "now") == 0)
		return;
	snprintf(told.text[told.count], sizeof(told.text[0]), "%s %lld", name, (long long)id);
	told.marks[told.count++] = mark;
}

static struct watch watch;
static int inotify;

static void begin(void)
{
	enter_new_folder();
	holder = (struct now_holder){.hold = NOW_FREE};
	told.count = 0;
	inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ck_assert_int_ge(inotify, 0);
	watch_init(&watch, &repository, &fake, inotify);
}

static void end(void)
{
	watch_release(&watch);
	journal_close(journal);
	journal = NULL;
	close(inotify);
}

/* Looks, however short the time since the last look is. */
static void turn(void)
{
	if (watch.looked_at)
		watch.looked_at = 1;
	ck_assert_int_gt(watch_turn(&watch, tell, NULL), 0);
}

static void make_journal(void)
{
	assert_ok(file_make_home(".", &err), err);
	open_journal();
}

static void one_cycle(int64_t number)
{
	struct cycle *cycle = begin_cycle(number, "plan");
	do_step(cycle, 1, "One", 1, true, 100);
	close_cycle(cycle);
	cycle_free(cycle);
}

/* All ids of a kind, one after another from `first` on. */
static int count_of(const char *kind, int64_t first)
{
	int count = 0;
	char wanted[32];
	for (int i = 0; i < told.count; i++) {
		if (strncmp(told.text[i], kind, strlen(kind)) != 0)
			continue;
		snprintf(wanted, sizeof(wanted), "%s %lld", kind, (long long)first + count);
		ck_assert_str_eq(told.text[i], wanted);
		count++;
	}
	return count;
}

START_TEST(a_journal_that_comes_later_is_all_news)
{
	begin();
	turn();
	ck_assert_int_eq(told.count, 0);
	ck_assert_int_eq(watch.now.life, NOW_LIFE_NONE);
	make_journal();
	one_cycle(1);
	turn();
	ck_assert_int_eq(count_of("move", 1), 7);
	ck_assert_int_eq(count_of("message", 1), 3);
	ck_assert_int_eq(count_of("reset", 0), 0);
	end();
}
END_TEST

START_TEST(what_was_there_before_is_no_news)
{
	begin();
	make_journal();
	one_cycle(1);
	turn();
	ck_assert_int_eq(told.count, 0);
	one_cycle(2);
	turn();
	ck_assert_int_eq(count_of("move", 8), 7);
	ck_assert_int_eq(count_of("message", 4), 3);
	turn();
	ck_assert_int_eq(told.count, 10);
	end();
}
END_TEST

/* From every mark that was told on, what is missing is told again, and nothing else. */
START_TEST(what_was_missed)
{
	begin();
	turn();
	make_journal();
	one_cycle(1);
	turn();
	one_cycle(2);
	turn();
	const int all = told.count;
	for (int from = 0; from < all; from++) {
		const struct watch_mark mark = told.marks[from];
		told.count = all;
		watch_missed(&watch, mark, tell, NULL);
		ck_assert_int_eq(told.count - all, 14 - (int)mark.move + 6 - (int)mark.message);
	}
	end();
}
END_TEST

START_TEST(too_much_was_missed)
{
	begin();
	make_journal();
	turn();
	watch.mark.message += 2100;
	watch_missed(&watch, (struct watch_mark){.move = 0}, tell, NULL);
	ck_assert_str_eq(told.text[told.count - 1], "reset 0");
	/* … or another journal is what the mark was of. */
	watch_missed(&watch, (struct watch_mark){.move = 1000000}, tell, NULL);
	ck_assert_str_eq(told.text[told.count - 1], "reset 0");
	end();
}
END_TEST

START_TEST(another_journal_in_its_place)
{
	begin();
	make_journal();
	one_cycle(1);
	turn();
	journal_close(journal);
	ck_assert_int_eq(rename(".stepgate", "old"), 0);
	make_journal();
	turn();
	ck_assert_int_eq(count_of("reset", 0), 1);
	one_cycle(1);
	turn();
	ck_assert_int_eq(count_of("move", 1), 7);
	end();
}
END_TEST

/* A journal that can't be read is shown as such, and read again once it can be. */
START_TEST(trouble)
{
	begin();
	ck_assert_int_eq(mkdir(".stepgate", 0755), 0);
	write_text(".stepgate/state.db", "no database at all, but long enough to be taken for one");
	turn();
	ck_assert(watch.seen);
	ck_assert_ptr_nonnull(strstr(watch.now.trouble, "state.db"));
	ck_assert_int_eq(watch.now.life, NOW_LIFE_UNREADABLE);
	ck_assert_int_eq(unlink(".stepgate/state.db"), 0);
	make_journal();
	one_cycle(1);
	turn();
	ck_assert_str_eq(watch.now.trouble, "");
	ck_assert_int_eq(watch.now.life, NOW_LIFE_CLOSED);
	end();
}
END_TEST

/* A cycle that ran when its journal could still be read is not said to run when it can't, whoever
 * holds the lock; what is known of it stays. */
START_TEST(trouble_while_it_runs)
{
	begin();
	make_journal();
	struct cycle *cycle = begin_cycle(1, "plan");
	holder = (struct now_holder){.hold = NOW_HELD, .pid = getpid(), .words = "pid 1"};
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_RUNNING);
	ck_assert_int_eq(rename(".stepgate/state.db", "kept"), 0);
	ck_assert_int_eq(rename(".stepgate/state.db-wal", "kept-wal"), 0);
	write_text(".stepgate/state.db", "no database at all, but long enough to be taken for one");
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_UNREADABLE);
	ck_assert_int_eq(watch.now.cycle.past.number, 1);
	ck_assert_str_eq(watch.now.holder.words, "pid 1");
	holder = (struct now_holder){.hold = NOW_FREE};
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_UNREADABLE);
	ck_assert_int_eq(watch.now.holder.hold, NOW_FREE);
	ck_assert_int_eq(rename("kept-wal", ".stepgate/state.db-wal"), 0);
	ck_assert_int_eq(rename("kept", ".stepgate/state.db"), 0);
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_CUT_OFF);
	ck_assert_str_eq(watch.now.trouble, "");
	cycle_free(cycle);
	end();
}
END_TEST

/* A lock that passes from one process to another can't be seen for a moment: that is shown to
 * nobody.
 */
START_TEST(a_moment_without_a_holder)
{
	begin();
	make_journal();
	struct cycle *cycle = begin_cycle(1, "plan");
	holder = (struct now_holder){.hold = NOW_HELD, .pid = getpid()};
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_RUNNING);
	holder = (struct now_holder){.hold = NOW_UNSEEN};
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_RUNNING);
	watch.unseen_since -= 10000;
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_ELSEWHERE);
	holder = (struct now_holder){.hold = NOW_FREE};
	turn();
	ck_assert_int_eq(watch.now.life, NOW_LIFE_CUT_OFF);
	cycle_free(cycle);
	end();
}
END_TEST

/* What is written stirs it; what is written elsewhere does not. */
START_TEST(stirred_by_its_folder)
{
	struct inotify_event event;
	char room[4096];
	begin();
	make_journal();
	turn();
	ck_assert_int_ge(watch.home, 0);
	ck_assert(watch_stir(&watch, watch.home));
	ck_assert(watch.stirred);
	ck_assert(!watch_stir(&watch, watch.home + 100));
	while (read(inotify, room, sizeof(room)) > 0)
		;
	one_cycle(1);
	ck_assert_int_gt(read(inotify, room, sizeof(room)), 0);
	memcpy(&event, room, sizeof(event));
	ck_assert_int_eq(event.wd, watch.home);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *test = tcase_create("watch");
	tcase_add_test(test, a_journal_that_comes_later_is_all_news);
	tcase_add_test(test, what_was_there_before_is_no_news);
	tcase_add_test(test, what_was_missed);
	tcase_add_test(test, too_much_was_missed);
	tcase_add_test(test, another_journal_in_its_place);
	tcase_add_test(test, trouble);
	tcase_add_test(test, trouble_while_it_runs);
	tcase_add_test(test, a_moment_without_a_holder);
	tcase_add_test(test, stirred_by_its_folder);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
