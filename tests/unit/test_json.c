/* JSON: exact numbers, mended text, and input that is taken whole or not at all. */
#include <inttypes.h>

#include "status/json.h"
#include "tests/unit/status_helpers.h"

static cJSON *parse(const char *text)
{
	cJSON *object = json_parse_object(text, strlen(text));
	ck_assert_msg(object != NULL, "%s", text);
	return object;
}

static void assert_prints(cJSON *object, const char *wanted)
{
	char *text = cJSON_PrintUnformatted(object);
	ck_assert_str_eq(text, wanted);
	cJSON_free(text);
	cJSON_Delete(object);
}

static const struct {
	const char *number;
	int64_t value; /* -1: no whole number that fits */
} numbers[] = {
	{"0", 0},
	{"-0", 0},
	{"7", 7},
	{"7.0", 7},
	{"7.5", -1},
	{"1e3", 1000},
	{"1E+3", 1000},
	{"25e-1", -1},
	{"-1", -1},
	{"-9223372036854775808", -1},
	{"9007199254740992", INT64_C(9007199254740992)},
	{"9007199254740993", INT64_C(9007199254740993)},
	{"9007199254740993.0", -1}, /* a double can't tell */
	{"9223372036854775807", INT64_MAX},
	{"9223372036854775808", -1},
	{"99999999999999999999999999", -1},
	{"1e400", -1},
	{"1e18", -1},
	{"\"7\"", -1},
	{"true", -1},
	{"null", -1},
	{"[7]", -1},
	{"{}", -1},
};

START_TEST(whole_numbers_are_exact)
{
	char text[128];
	int64_t value = 42;
	snprintf(text, sizeof(text), "{\"n\": %s}", numbers[_i].number);
	cJSON *object = parse(text);
	ck_assert_int_eq(json_get_integer(object, "n", &value), numbers[_i].value < 0 ? -1 : 0);
	ck_assert_int_eq(value, numbers[_i].value < 0 ? 42 : numbers[_i].value);
	cJSON_Delete(object);
}
END_TEST

START_TEST(keys_are_told_apart_by_case)
{
	int64_t value = 42;
	cJSON *object = parse("{\"Tokens\": 7, \"text\": \"x\", \"n\": 1}");
	ck_assert_int_eq(json_get_integer(object, "tokens", &value), -1);
	ck_assert_int_eq(value, 42);
	ck_assert_ptr_null(json_get_text(object, "Text"));
	ck_assert_ptr_null(json_get_text(object, "n"));
	ck_assert_str_eq(json_get_text(object, "text"), "x");
	cJSON_Delete(object);
}
END_TEST

static const char *const kept[] = {
	"{}",
	"{\"a\":22.0,\"b\":0.10,\"c\":1e400,\"d\":-0,\"e\":1E+2}",
	"{\"a\":[18446744073709551616,{\"b\":-9223372036854775809}]}",
	"{\"a\":0.12345678901234567890123,\"b\":[1,2.50,null,true,\"x\"]}",
	"{\"a\":\"12345678901234567890 \\\" 1 \\\\\",\"b\":1}",
	"{\"12345678901234567890\":\"\"}",
};

START_TEST(what_is_not_ours_is_printed_as_it_stood)
{
	assert_prints(parse(kept[_i]), kept[_i]);
}
END_TEST

static const char *const refused[] = {
	"",
	" ",
	"null",
	"7",
	"\"x\"",
	"[]",
	"{",
	"}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1",
	"{\"a\":1}}",
	"{\"a\":1} x",
	"{\"a\":1}{\"a\":1}",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"b\":2,\"a\":1}",
	"{a:1}",
	"{'a':1}",
	"{\"a\":-}",
	"{\"a\":1.2.3}",
	"{\"a\":1x}",
	"{\"a\":12345678901234567890x}",
	"{\"a\":0x10}",
	"{\"a\":\"",
	"{\"a\":\"\\",
	"{\"a\":\"\\ud800\"}",
	"{\"a\":\"\\x\"}",
};

START_TEST(what_is_not_one_object_is_refused)
{
	ck_assert_ptr_null(json_parse_object(refused[_i], strlen(refused[_i])));
}
END_TEST

START_TEST(nothing_behind_the_length_is_read)
{
	char *bytes = strndup("{\"a\":123}", 9);
	cJSON *object = json_parse_object(bytes, 9);
	ck_assert_ptr_nonnull(object);
	cJSON_Delete(object);
	ck_assert_ptr_null(json_parse_object(bytes, 8));
	ck_assert_ptr_null(json_parse_object("{\"a\":1}\0", 8));
	ck_assert_ptr_null(json_parse_object("{\"a\0\":1}", 8));
	free(bytes);
}
END_TEST

START_TEST(white_space_around_it_is_fine)
{
	assert_prints(parse(" \r\n\t{ \"a\" : 1 } \n"), "{\"a\":1}");
}
END_TEST

/* Nesting has a limit, and many keys are no burden. */
START_TEST(hostile_shapes)
{
	const size_t depth = 100000, keys = 200000, room = keys * 16;
	char *text = malloc(room);
	int n = snprintf(text, room, "{\"a\":");
	memset(text + n, '[', depth);
	memset(text + n + depth, ']', depth);
	text[n + (int)(2 * depth)] = '}';
	ck_assert_ptr_null(json_parse_object(text, (size_t)n + 2 * depth + 1));

	n = snprintf(text, room, "{\"k\":0");
	for (size_t i = 0; i < keys; i++)
		n += snprintf(text + n, room - (size_t)n, ",\"k%zu\":0", i);
	n += snprintf(text + n, room - (size_t)n, "}");
	cJSON *object = json_parse_object(text, (size_t)n);
	ck_assert_ptr_nonnull(object);
	cJSON_Delete(object);
	free(text);
}
END_TEST

/* A text that looks like what marks a number inside never gets to print what is none. */
START_TEST(a_marked_text_can_not_slip_in)
{
	assert_prints(parse("{\"a\":\"\x01number:},{\"}"), "{\"a\":\"\\u0001number:},{\"}");
	assert_prints(parse("{\"a\":\"\\u0001number:1,2\"}"), "{\"a\":\"\\u0001number:1,2\"}");
}
END_TEST

START_TEST(broken_utf8_is_mended_on_the_way_in)
{
	cJSON *object = json_parse_object("{\"a\":\"x\xff\xc3\xa9\"}", 12);
	ck_assert_str_eq(json_get_text(object, "a"), "x\xef\xbf\xbd\xc3\xa9");
	cJSON_Delete(object);
	ck_assert_ptr_null(json_parse_object("{\xff}", 3));
}
END_TEST

START_TEST(values_are_set)
{
	cJSON *object = cJSON_CreateObject();
	ck_assert_int_eq(json_set_integer(object, "a", INT64_MAX), 0);
	ck_assert_int_eq(json_set_usage(object, "b", USAGE_KNOWN(5)), 0);
	ck_assert_int_eq(json_set_usage(object, "c", USAGE_UNKNOWN), 0);
	ck_assert_int_eq(json_set_tenths(object, "d", 225), 0);
	ck_assert_int_eq(json_set_tenths(object, "e", 0), 0);
	ck_assert_int_eq(json_set_percent(object, "f", USAGE_KNOWN(45000), 200000), 0);
	ck_assert_int_eq(json_set_percent(object, "g", USAGE_UNKNOWN, 200000), 0);
	ck_assert_int_eq(json_set_text(object, "h", "x\"\n\xff"), 0);
	ck_assert_int_eq(json_set_text(object, "i", NULL), 0);
	ck_assert_int_eq(json_set_bool(object, "j", true), 0);
	ck_assert_int_eq(json_set(object, "k", NULL), -1);
	assert_prints(object, "{\"a\":9223372036854775807,\"b\":5,\"c\":null,\"d\":22.5,\"e\":0.0,"
			      "\"f\":22.5,\"g\":null,\"h\":\"x\\\"\\n\xef\xbf\xbd\",\"i\":null,"
			      "\"j\":true}");
}
END_TEST

START_TEST(a_key_keeps_its_place)
{
	cJSON *object = parse("{\"a\":1,\"b\":2,\"c\":3}");
	ck_assert_int_eq(json_set_integer(object, "b", 5), 0);
	ck_assert_int_eq(json_set_text(object, "B", "other"), 0);
	json_put(object, json_keyed("a", cJSON_CreateNull()));
	json_put(object, json_keyed("d", cJSON_CreateTrue()));
	ck_assert_ptr_null(json_keyed("e", NULL));
	assert_prints(object, "{\"a\":null,\"b\":5,\"c\":3,\"B\":\"other\",\"d\":true}");
}
END_TEST

/* Whatever bytes come: refused, or an object that prints to one that reads the same. */
START_TEST(random_bytes)
{
	static const char *const pieces[] = {
		"{",  "}",  "[",    "]",  "\"",    ":",    ",",      "1", "-",
		".5", "e9", "null", "\\", "\\u00", "\xff", "\"a\":", " ", "12345678901234567890"};
	unsigned seed = 1 + (unsigned)_i;
	for (int round = 0; round < 5000; round++) {
		char text[256];
		int n = snprintf(text, sizeof(text), "{\"a\":");
		while (n < 200 && rand_r(&seed) % 12)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s",
				      pieces[rand_r(&seed) % COUNT(pieces)]);
		if (rand_r(&seed) % 2)
			snprintf(text + n, sizeof(text) - (size_t)n, "}");
		char *bytes = strdup(text);
		cJSON *object = json_parse_object(bytes, strlen(bytes));
		free(bytes);
		if (!object)
			continue;
		char *printed = cJSON_PrintUnformatted(object);
		cJSON_Delete(object);
		assert_prints(parse(printed), printed);
		cJSON_free(printed);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *json = tcase_create("json");
	tcase_set_timeout(json, 60);
	tcase_add_loop_test(json, whole_numbers_are_exact, 0, COUNT(numbers));
	tcase_add_test(json, keys_are_told_apart_by_case);
	tcase_add_loop_test(json, what_is_not_ours_is_printed_as_it_stood, 0, COUNT(kept));
	tcase_add_loop_test(json, what_is_not_one_object_is_refused, 0, COUNT(refused));
	tcase_add_test(json, nothing_behind_the_length_is_read);
	tcase_add_test(json, white_space_around_it_is_fine);
	tcase_add_test(json, hostile_shapes);
	tcase_add_test(json, a_marked_text_can_not_slip_in);
	tcase_add_test(json, broken_utf8_is_mended_on_the_way_in);
	tcase_add_test(json, values_are_set);
	tcase_add_test(json, a_key_keeps_its_place);
	tcase_add_loop_test(json, random_bytes, 0, 4);
	suite_add_tcase(suite, json);
	return run_suite(suite);
}
