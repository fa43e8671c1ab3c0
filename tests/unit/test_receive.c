/* The talk with `git receive-pack`, byte by byte. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/helper/receive.h"
#include "tests/unit/suite.h"

#define ONE   "1111111111111111111111111111111111111111"
#define TWO   "2222222222222222222222222222222222222222"
#define NONE  "0000000000000000000000000000000000000000"
#define REF   "refs/heads/main"
#define CAN   "report-status side-band-64k quiet object-format=sha1 agent=git/2.39"
#define SHORT 70000

static struct receive receive;
static struct bytes wire; /* from the other side */
static int told;

static void on_refs(void *context)
{
	(void)context;
	told++;
}

static void set_up(void)
{
	receive = (struct receive){.ref = REF, .on_refs = on_refs};
	receive_init(&receive);
	wire = (struct bytes){.at = NULL};
	told = 0;
}

static void tear_down(void)
{
	receive_release(&receive);
	bytes_release(&wire);
}

static void put(const char *line)
{
	pkt_add(&wire, line, strlen(line));
}

/* The first ref, with what it can do behind a NUL. */
static void put_first(const char *ref, const char *offers)
{
	struct bytes line = {.at = NULL};
	bytes_add(&line, ref, strlen(ref) + 1);
	bytes_add(&line, offers, strlen(offers));
	bytes_add(&line, "\n", 1);
	pkt_add(&wire, line.at, line.length);
	bytes_release(&line);
}

static void put_band(char band, const void *bytes, size_t length)
{
	struct bytes line = {.at = NULL};
	bytes_add(&line, &band, 1);
	bytes_add(&line, bytes, length);
	pkt_add(&wire, line.at, line.length);
	bytes_release(&line);
}

static void put_report(const char *unpack, const char *ref)
{
	struct bytes report = {.at = NULL};
	pkt_add(&report, unpack, strlen(unpack));
	pkt_add(&report, ref, strlen(ref));
	pkt_add_flush(&report);
	put_band(1, report.at, report.length);
	bytes_release(&report);
}

/* Feeds all that was put, so many bytes at once. */
static void feed(size_t cut)
{
	for (size_t at = 0; at < wire.length; at += cut)
		receive_feed(&receive, (const char *)wire.at + at,
			     wire.length - at < cut ? wire.length - at : cut);
	wire.length = 0;
}

static void feed_refs(void)
{
	put_first(ONE " " REF, CAN);
	pkt_add_flush(&wire);
	feed(SHORT);
	ck_assert_int_eq(told, 1);
	ck_assert_ptr_null(receive.foreign);
}

START_TEST(test_refs_in_all_cuts)
{
	for (size_t cut = 1; cut < 80; cut++) {
		set_up();
		put_first(TWO " refs/heads/a", CAN);
		put(ONE " " REF "\n");
		put(ONE " " REF "2\n");
		put(TWO " .have\n");
		pkt_add_flush(&wire);
		feed(cut);
		ck_assert_int_eq(told, 1);
		ck_assert_str_eq(receive.old, ONE);
		ck_assert_uint_eq(receive.count, 4);
		ck_assert_str_eq(receive.tips[3], TWO);
		ck_assert(receive.reports && receive.muxes && receive.quiets && receive.formats);
		ck_assert_ptr_null(receive.foreign);
		ck_assert(!receive.outer.broken);
		tear_down();
	}
}
END_TEST

START_TEST(test_empty_repository)
{
	struct bytes order = {.at = NULL};
	static const char line[] = NONE " " TWO " " REF;
	set_up();
	put_first(NONE " capabilities^{}", "report-status side-band-64k");
	pkt_add_flush(&wire);
	feed(SHORT);
	ck_assert_str_eq(receive.old, "");
	ck_assert_uint_eq(receive.count, 0);
	receive_order(&receive, TWO, &order);
	ck_assert_int_eq(memcmp(order.at + 4, line, sizeof(line)), 0);
	ck_assert_int_eq(memcmp(order.at + 4 + sizeof(line),
				" report-status side-band-64k agent=stepgate0000", 47),
			 0);
	ck_assert_uint_eq(order.length, 4 + sizeof(line) + 47);
	bytes_release(&order);
	tear_down();
}
END_TEST

START_TEST(test_order_asks_for_what_is_offered)
{
	struct bytes order = {.at = NULL};
	set_up();
	feed_refs();
	receive_order(&receive, TWO, &order);
	ck_assert_int_eq(memcmp(order.at + 4, ONE " " TWO " " REF, 98), 0);
	bytes_add(&order, "", 1);
	ck_assert_str_eq(
		(char *)order.at + 102,
		" report-status side-band-64k quiet object-format=sha1 agent=stepgate0000");
	bytes_release(&order);
	tear_down();
}
END_TEST

/* However many refs there are, some are enough; the one that counts is found. */
START_TEST(test_a_million_refs)
{
	char line[128];
	set_up();
	put_first(ONE " refs/heads/a", CAN);
	for (int i = 0; i < 1000000; i++) {
		snprintf(line, sizeof(line), TWO " refs/heads/b/%d\n", i);
		put(line);
		if (wire.length > SHORT)
			feed(SHORT);
		ck_assert_uint_le(receive.outer.pending.room, 4 * SHORT);
	}
	put(ONE " " REF);
	pkt_add_flush(&wire);
	feed(SHORT);
	ck_assert_str_eq(receive.old, ONE);
	ck_assert_uint_eq(receive.count, RECEIVE_TIPS);
	tear_down();
}
END_TEST

START_TEST(test_what_is_not_spoken)
{
	static const char *const cases[][3] = {
		{ONE " " REF, "side-band-64k", "a receiving git that does not report"},
		{ONE " " REF, "report-status-v2 side-band-64k",
		 "a receiving git that does not report"},
		{ONE " " REF, "report-status", "a receiving git that does not report"},
		{ONE " " REF, CAN "x object-format=sha256", NULL},
		{ONE " " REF, "report-status side-band-64k object-format=sha256",
		 "another object format there"},
		{ONE ONE " " REF, CAN, "another protocol there"},
		{"version 1", CAN, "another protocol there"},
		{"ERR no", "", "a receiving git that does not report"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up();
		put_first(cases[i][0], cases[i][1]);
		pkt_add_flush(&wire);
		feed(SHORT);
		ck_assert_int_eq(told, 1);
		if (cases[i][2])
			ck_assert_str_eq(receive.foreign, cases[i][2]);
		tear_down();
	}
	set_up();
	put_first(ONE " " REF, CAN);
	put("shallow " TWO);
	pkt_add_flush(&wire);
	feed(SHORT);
	ck_assert_str_eq(receive.foreign, "a shallow repository there");
	tear_down();
	set_up();
	pkt_add_flush(&wire);
	feed(SHORT);
	ck_assert_str_eq(receive.foreign, "a receiving git that does not report");
	tear_down();
}
END_TEST

START_TEST(test_rubbish)
{
	static const char *const cases[] = {"hello world", "0001", "0003x",
					    "fff1x",       "00g4", "\1\2\3\4"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up();
		bytes_add(&wire, cases[i], strlen(cases[i]));
		feed(1 + i);
		ck_assert(receive.outer.broken);
		ck_assert_int_eq(told, 0);
		if (i == 0)
			ck_assert_str_eq(receive.outer.rubbish, "hell");
		/* Nothing more is taken. */
		put_first(ONE " " REF, CAN);
		pkt_add_flush(&wire);
		feed(SHORT);
		ck_assert_int_eq(told, 0);
		tear_down();
	}
}
END_TEST

START_TEST(test_report)
{
	static const struct {
		const char *unpack, *ref;
		bool unpacked, told, ok;
		const char *unpack_why, *ref_why;
	} cases[] = {
		{"unpack ok\n", "ok " REF "\n", true, true, true, "ok", ""},
		{"unpack ok", "ok " REF, true, true, true, "ok", ""},
		{"unpack ok\n", "ng " REF " hook declined\n", true, true, false, "ok",
		 "hook declined"},
		{"unpack ok\n", "ng " REF "\n", true, true, false, "ok", ""},
		{"unpack index-pack abnormal exit\n", "ng " REF " unpacker error\n", false, true,
		 false, "index-pack abnormal exit", "unpacker error"},
		{"unpack okay\n", "ok " REF "\n", false, true, true, "okay", ""},
		/* Of another ref. */
		{"unpack ok\n", "ok " REF "2\n", true, false, false, "ok", ""},
		{"unpack ok\n", "ng " REF "2 no\n", true, false, false, "ok", ""},
		{"unpack ok\n", "ok refs/heads/mai\n", true, false, false, "ok", ""},
		{"unpack ok\n", "o", true, false, false, "ok", ""},
		{"", "", false, false, false, "", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t cut = 1; cut < 40; cut += 6) {
			set_up();
			feed_refs();
			put_report(cases[i].unpack, cases[i].ref);
			pkt_add_flush(&wire);
			feed(cut);
			ck_assert_int_eq(receive.unpacked, cases[i].unpacked);
			ck_assert_int_eq(receive.told, cases[i].told);
			ck_assert_int_eq(receive.ok, cases[i].ok);
			ck_assert_str_eq(receive.unpack_why, cases[i].unpack_why);
			ck_assert_str_eq(receive.ref_why, cases[i].ref_why);
			ck_assert(!receive.outer.broken);
			tear_down();
		}
}
END_TEST

/* A report need not come in one piece. */
START_TEST(test_report_in_pieces)
{
	static const char report[] = "000eunpack ok\n0016ok " REF "0000";
	set_up();
	feed_refs();
	for (size_t i = 0; i < sizeof(report) - 1; i++)
		put_band(1, report + i, 1);
	feed(7);
	ck_assert(receive.unpacked && receive.ok);
	tear_down();
}
END_TEST

/* Each line of the other side's is marked as such, wherever it is cut. */
START_TEST(test_what_is_said)
{
	set_up();
	feed_refs();
	put_band(2, "one\ntw", 6);
	put_band(2, "", 0); /* that it is still there */
	put_band(2, "o\r\n50%\r100%\nfatal", 17);
	put_band(3, "!\n", 2);
	put_report("unpack ok\n", "ok " REF "\n");
	feed(5);
	bytes_add(&receive.said, "", 1);
	ck_assert_str_eq((char *)receive.said.at,
			 "remote: one\nremote: two\nremote: \nremote: 50%\nremote: 100%\n"
			 "remote: fatal!\n");
	ck_assert(receive.ok);
	tear_down();
}
END_TEST

START_TEST(test_much_is_said)
{
	static char words[30000];
	set_up();
	feed_refs();
	memset(words, 'w', sizeof(words));
	for (int i = 0; i < 200; i++) {
		put_band(2, words, sizeof(words));
		feed(SHORT);
	}
	ck_assert_uint_le(receive.said.length, RECEIVE_SAID + 16);
	put_report("unpack ok\n", "ok " REF "\n");
	feed(SHORT);
	ck_assert(receive.ok);
	tear_down();
}
END_TEST

START_TEST(test_broken_report)
{
	set_up();
	feed_refs();
	put_band(4, "x", 1);
	feed(SHORT);
	ck_assert(receive.outer.broken);
	tear_down();
	set_up();
	feed_refs();
	put_band(1, "hello", 5);
	feed(SHORT);
	ck_assert(receive.outer.broken);
	tear_down();
	set_up();
	feed_refs();
	pkt_add(&wire, "", 0);
	feed(SHORT);
	ck_assert(receive.outer.broken);
	tear_down();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("receive");
	TCase *tcase = tcase_create("receive");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_refs_in_all_cuts);
	tcase_add_test(tcase, test_empty_repository);
	tcase_add_test(tcase, test_order_asks_for_what_is_offered);
	tcase_add_test(tcase, test_a_million_refs);
	tcase_add_test(tcase, test_what_is_not_spoken);
	tcase_add_test(tcase, test_rubbish);
	tcase_add_test(tcase, test_report);
	tcase_add_test(tcase, test_report_in_pieces);
	tcase_add_test(tcase, test_what_is_said);
	tcase_add_test(tcase, test_much_is_said);
	tcase_add_test(tcase, test_broken_report);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
