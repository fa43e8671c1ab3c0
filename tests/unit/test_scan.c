/* The scanner: what it finds in JSON that streams by, however it is cut, broken and mixed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/scan.h"
#include "tests/unit/suite.h"

enum { A, B, B_C, DEEP, MODELS_X, MODELS, LIST_Y, LIST, NPATHS };
static const char *const paths[NPATHS] = {
	[A] = "a",
	[B] = "b",
	[B_C] = "b.c",
	[DEEP] = "d.e.f.g",
	[MODELS_X] = "m.*.x",
	[MODELS] = "m.*",
	[LIST_Y] = "l.*.y",
	[LIST] = "l.*",
};

/* What was found, as one line of text. */
struct found {
	struct scan *scan;
	char text[4096];
	size_t length;
};

static void say(struct found *found, const char *name, const struct scan_value *value)
{
	char *at = found->text + found->length;
	const size_t room = sizeof(found->text) - found->length;
	int length = 0;
	switch (value->type) {
	case SCAN_ABSENT:
		length = snprintf(at, room, "%s=null ", name);
		break;
	case SCAN_STRING:
		length = snprintf(at, room, "%s='%s' ", name, value->text);
		break;
	case SCAN_NUMBER:
		length = snprintf(at, room, "%s=%lld ", name, (long long)value->number);
		break;
	case SCAN_TRUE:
	case SCAN_FALSE:
		length = snprintf(at, room, "%s=%s ", name,
				  value->type == SCAN_TRUE ? "true" : "false");
		break;
	case SCAN_OBJECT:
		length = snprintf(at, room, "%s={} ", name);
	}
	ck_assert_int_lt(length, (int)room);
	found->length += (size_t)length;
}

static void on_star(void *context, int path, const char *key, const struct scan_value *value)
{
	char name[512];
	snprintf(name, sizeof(name), "%s[%s]", paths[path], key);
	say(context, name, value);
}

static void on_record(void *context)
{
	struct found *found = context;
	struct scan_value value;
	for (int path = A; path <= DEEP; path++)
		if (scan_get(found->scan, path, &value) != SCAN_ABSENT)
			say(found, paths[path], &value);
	ck_assert_uint_lt(found->length + 3, sizeof(found->text));
	memcpy(found->text + found->length, "; ", 3);
	found->length += 2;
}

static const struct scan_spec spec = {
	.paths = paths, .npaths = NPATHS, .star = on_star, .record = on_record};

/* The text in pieces of a length; also how many objects broke off. */
static const char *found_in(const char *text, size_t length, size_t piece, int64_t *broken)
{
	static struct found found;
	found.length = 0;
	found.text[0] = '\0';
	found.scan = scan_new(&spec, &found);
	ck_assert_ptr_nonnull(found.scan);
	for (size_t at = 0; at < length; at += piece)
		scan_feed(found.scan, text + at, length - at < piece ? length - at : piece);
	scan_end(found.scan);
	*broken = scan_broken(found.scan);
	scan_free(found.scan);
	return found.text;
}

static const struct {
	const char *text, *found;
	int64_t broken;
} texts[] = {
	{"", "", 0},
	{"{}", "; ", 0},
	{"{\"a\":1}", "a=1 ; ", 0},
	{"{\"a\":1}\n{\"a\":2}\n", "a=1 ; a=2 ; ", 0},
	{"{\"a\":1}{\"a\":2}", "a=1 ; a=2 ; ", 0},
	{"[{\"a\":1},\n {\"a\":2}]", "a=1 ; a=2 ; ", 0},
	{"{\"b\":{\"z\":[1,{\"c\":5}],\"c\":7},\"a\":\"x\"}", "a='x' b={} b.c=7 ; ", 0},
	{"{\n  \"b\": {\n    \"c\": 7\n  },\r\n\t\"a\" : true\n}\n", "a=true b={} b.c=7 ; ", 0},
	{"{\"a\":1,\"a\":2}", "a=2 ; ", 0},
	{"{\"a\":1,\"a\":null}", "; ", 0},
	{"{\"a\":false,\"b\":\"no object\"}", "a=false b='no object' ; ", 0},
	{"{\"d\":{\"e\":{\"f\":{\"g\":9}}}}", "d.e.f.g=9 ; ", 0},
	{"{\"d\":{\"e\":[{\"f\":{\"g\":9}}]}}", "; ", 0},
	{"{\"x\":{\"a\":1},\"y\":[{\"a\":2}]}", "; ", 0},
	{"{\"aa\":1,\"\":2,\"a\\u0000\":3}", "; ", 0},
	{"{\"\\u0061\":1}", "a=1 ; ", 0},
	/* texts */
	{"{\"a\":\"q\\\"s\\\\l\\/n\\nt\\t\"}", "a='q\"s\\l/n\nt\t' ; ", 0},
	{"{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}", "a='é€😀' ; ", 0},
	{"{\"a\":\"\\ud83d!\\ude00\\ud83d\\n\"}", "a='\xef\xbf\xbd!\xef\xbf\xbd\xef\xbf\xbd\n' ; ",
	 0},
	{"{\"a\":\"\\u0000\"}", "a='\xef\xbf\xbd' ; ", 0},
	{"{\"a\":\"\xff\xfe\"}", "a='\xff\xfe' ; ", 0},
	{"{\"z\":\"{\\\"a\\\":5}\\\\\",\"a\":1}", "a=1 ; ", 0},
	{"{\"z\":{\"y\":\"]}\\\"}\"},\"a\":1}", "a=1 ; ", 0},
	/* numbers */
	{"{\"a\":0}{\"a\":-1}{\"a\":-0.5}", "a=0 ; a=0 ; a=0 ; ", 0},
	{"{\"a\":1001.0}{\"a\":7.99}", "a=1001 ; a=7 ; ", 0},
	{"{\"a\":1e3}{\"a\":1.5E+2}{\"a\":5e-1}", "a=1000 ; a=150 ; a=0 ; ", 0},
	{"{\"a\":9223372036854775807}", "a=9223372036854775807 ; ", 0},
	{"{\"a\":9223372036854775808}{\"a\":1e400}",
	 "a=9223372036854775807 ; a=9223372036854775807 ; ", 0},
	{"{\"a\":9007199254740993}", "a=9007199254740993 ; ", 0},
	{"{\"a\":111111111111111111111111111111111111111111111111111111111111111111111111111}",
	 "a=9223372036854775807 ; ", 0},
	/* below a star */
	{"{\"m\":{\"one\":{\"x\":1},\"two\":{\"y\":5,\"x\":2}}}",
	 "m.*.x[one]=1 m.*[one]={} m.*.x[two]=2 m.*[two]={} ; ", 0},
	{"{\"m\":{}}{\"m\":null}{\"m\":{\"one\":5}}", "; ; m.*[one]=5 ; ", 0},
	{"{\"l\":[{\"y\":1},[],{\"y\":\"z\"}]}", "l.*.y[]=1 l.*[]={} l.*.y[]='z' l.*[]={} ; ", 0},
	{"{\"l\":[],\"a\":1}", "a=1 ; ", 0},
	/* text that is no JSON, between */
	{"hello\n{\"a\":1}\nbye", "a=1 ; ", 0},
	{"progress...{\"a\":1}", "a=1 ; ", 0},
	{"cause: {\n  code: 429,\n},\n{\"a\":1}\n", "a=1 ; ", 0},
	{"{not}\n{\"a\":1}\n", "a=1 ; ", 0},
	{"{1}\n{\"a\":1}\n", "a=1 ; ", 0},
	{"123 \"x\" ] } :\n{\"a\":1}\n", "a=1 ; ", 0},
	/* cut off */
	{"{\"a\":1", "", 1},
	{"{\"a\":1}\n{\"a\":", "a=1 ; ", 1},
	{"{\"a\":\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":1,\"b\":{\"c\":\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":\"tex\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"z\":\"tex\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"z\":\"tex\\\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":\"tex\\\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"z\":[1,[2,\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"z\":[\"q\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"z\":12\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\n{\"a\":2}\n", "a=2 ; ", 0},
	{"{\"m\":{\"one\":{\"x\":1\n{\"a\":2}\n", "m.*.x[one]=1 a=2 ; ", 1},
	/* wrong */
	{"{\"a\":tru}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":1 2}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\" 1}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":1,}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":\"\\x\"}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":\"\\u12g4\"}\n{\"a\":2}\n", "a=2 ; ", 1},
	{"{\"a\":1]\n{\"a\":2}\n", "a=2 ; ", 1},
};

/* In every piece length, and cut in two at every place. */
START_TEST(it_finds_what_is_there)
{
	const char *text = texts[_i].text;
	const size_t length = strlen(text);
	int64_t broken = -1;
	for (size_t piece = 1; piece <= length + 1; piece++) {
		const char *found = found_in(text, length, piece, &broken);
		ck_assert_msg(strcmp(found, texts[_i].found) == 0 && broken == texts[_i].broken,
			      "%s in pieces of %zu: %s, %lld broken; not %s, %lld", text, piece,
			      found, (long long)broken, texts[_i].found,
			      (long long)texts[_i].broken);
	}
}
END_TEST

/* A text of `depth` brackets, or of a long string, with a value behind it. */
START_TEST(lengths_and_depths_are_nothing_to_it)
{
	const size_t depth = 1000000;
	char *text = malloc(2 * depth + 64);
	int64_t broken = -1;
	ck_assert_ptr_nonnull(text);
	memcpy(text, "{\"z\":", 5);
	memset(text + 5, '[', depth);
	memset(text + 5 + depth, ']', depth);
	memcpy(text + 5 + 2 * depth, ",\"a\":1}", 8);
	ck_assert_str_eq(found_in(text, 2 * depth + 12, 4096, &broken), "a=1 ; ");
	memset(text + 5, 'x', 2 * depth);
	text[5] = text[4 + 2 * depth] = '"';
	ck_assert_str_eq(found_in(text, 2 * depth + 12, 100, &broken), "a=1 ; ");
	ck_assert_int_eq(broken, 0);
	memset(text + 1, 'k', 2 * depth);
	memcpy(text, "{\"", 2);
	memcpy(text + 2 * depth, "\":5,\"a\":2}", 11);
	ck_assert_str_eq(found_in(text, 2 * depth + 10, 1000, &broken), "a=2 ; ");
	free(text);
}
END_TEST

START_TEST(a_long_text_is_cut_and_measured)
{
	struct found found = {.length = 0};
	char text[2048];
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + sizeof(text) - 2, "\"}", 2);
	found.scan = scan_new(&spec, &found);
	scan_feed(found.scan, text, sizeof(text));
	/* Good until the next object begins. */
	struct scan_value value;
	ck_assert_int_eq(scan_get(found.scan, A, &value), SCAN_STRING);
	ck_assert_uint_eq(value.length, SCAN_TEXT - 1);
	ck_assert_uint_eq(value.whole, sizeof(text) - 8);
	ck_assert_str_eq(scan_text(found.scan, B), "");
	ck_assert(!scan_number(found.scan, A).known);
	ck_assert(!scan_is(found.scan, A, "x") && !scan_true(found.scan, A));
	ck_assert(!scan_within(found.scan));
	scan_feed(found.scan, "{\"a\"", 4);
	ck_assert(scan_within(found.scan));
	scan_free(found.scan);
	scan_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scan");
	TCase *scan = tcase_create("scan");
	tcase_add_loop_test(scan, it_finds_what_is_there, 0,
			    (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_test(scan, lengths_and_depths_are_nothing_to_it);
	tcase_add_test(scan, a_long_text_is_cut_and_measured);
	suite_add_tcase(suite, scan);
	return run_suite(suite);
}
