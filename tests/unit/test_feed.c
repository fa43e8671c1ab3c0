/* The ring of events, and reading it at one's own pace. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/monitor/feed.h"
#include "tests/unit/suite.h"

static struct feed *feed;

static void setup(void)
{
	feed = feed_new();
	ck_assert_ptr_nonnull(feed);
}

static void teardown(void)
{
	feed_free(feed);
}

static void put(int number)
{
	char id[16], data[32];
	snprintf(id, sizeof(id), "%d", number);
	snprintf(data, sizeof(data), "{\"n\":%d}", number);
	feed_put(feed, feed_event(id, "move", data));
}

START_TEST(an_event)
{
	char *event = feed_event("7", "now", "{}");
	ck_assert_str_eq(event, "id: 7\nevent: now\ndata: {}\n\n");
	free(event);
	event = feed_event(NULL, "now", "{}");
	ck_assert_str_eq(event, "event: now\ndata: {}\n\n");
	free(event);
	feed_put(feed, NULL); /* memory was short: nothing is told */
	ck_assert_uint_eq(feed_end(feed).event, 0);
}
END_TEST

/* However small the pieces are that a reader takes. */
START_TEST(pieces)
{
	char all[4096] = "", out[64];
	size_t length = 0;
	struct feed_place place = feed_end(feed);
	for (int i = 0; i < 20; i++)
		put(i);
	ssize_t got;
	while ((got = feed_read(feed, &place, out, (size_t)_i)) > 0) {
		memcpy(all + length, out, (size_t)got);
		length += (size_t)got;
	}
	ck_assert_int_eq(got, 0);
	all[length] = '\0';
	char *at = all;
	for (int i = 0; i < 20; i++) {
		char wanted[64];
		snprintf(wanted, sizeof(wanted), "id: %d\nevent: move\ndata: {\"n\":%d}\n\n", i, i);
		ck_assert_int_eq(strncmp(at, wanted, strlen(wanted)), 0);
		at += strlen(wanted);
	}
	ck_assert_int_eq(*at, '\0');
	put(20);
	ck_assert_int_gt(feed_read(feed, &place, out, sizeof(out)), 0);
}
END_TEST

/* Who falls behind the ring is told so, be it by number or by size; the others lose nothing. */
START_TEST(too_slow)
{
	char out[512];
	struct feed_place slow = feed_end(feed), quick = slow;
	int events = 0;
	for (int i = 0; i < 10000; i++) {
		put(i);
		while (feed_read(feed, &quick, out, sizeof(out)) > 0)
			events++;
	}
	ck_assert_int_ge(events, 10000);
	ck_assert_int_eq(feed_read(feed, &slow, out, sizeof(out)), -1);
}
END_TEST

START_TEST(too_large)
{
	char out[512];
	struct feed_place slow = feed_end(feed);
	char *data = malloc(1 << 20);
	memset(data, 'x', (1 << 20) - 1);
	data[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 8; i++)
		feed_put(feed, feed_event("1", "move", data));
	free(data);
	ck_assert_int_eq(feed_read(feed, &slow, out, sizeof(out)), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("feed");
	TCase *test = tcase_create("feed");
	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, an_event);
	tcase_add_loop_test(test, pieces, 1, 64);
	tcase_add_test(test, too_slow);
	tcase_add_test(test, too_large);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
