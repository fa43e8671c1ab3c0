/* The protocol of plugins: each line, whole or in pieces, right or wrong; and the call, there and
 * back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/protocol.h"
#include "tests/unit/suite.h"

/* What an ear heard, as one text. */
static char heard[4096];

static void hear(const char *format, const char *text, long long number)
{
	const size_t used = strlen(heard);
	snprintf(heard + used, sizeof(heard) - used, format, text ? text : "-", number);
}

static void on_progress(void *context, int percent, const char *text)
{
	(void)context;
	hear("progress %s %lld;", text, percent);
}

static void on_log(void *context, const char *text)
{
	(void)context;
	hear("log %s%.0lld;", text, 0);
}

static void on_usage(void *context, const struct plugin_usage *usage)
{
	const struct usage figure = plugin_usage_figure(usage, CONF_MEASURE_FRESH);
	(void)context;
	hear("usage %s %lld;", figure.known ? "known" : "unknown",
	     figure.known ? figure.tokens : 0);
}

static struct plugin_answer answer_in_pieces(enum plugin_ask ask, const char *text, size_t length,
					     size_t piece)
{
	const struct plugin_ear ear = {.progress = on_progress, .log = on_log, .usage = on_usage};
	struct protocol *protocol = protocol_new(ask, &ear);
	heard[0] = '\0';
	ck_assert_ptr_nonnull(protocol);
	for (size_t at = 0; at < length; at += piece)
		protocol_feed(protocol, text + at, length - at < piece ? length - at : piece);
	protocol_end(protocol);
	const struct plugin_answer answer = *protocol_answer(protocol);
	protocol_free(protocol);
	return answer;
}

static struct plugin_answer answer_of(enum plugin_ask ask, const char *text)
{
	return answer_in_pieces(ask, text, strlen(text), strlen(text) + 1);
}

static const char *wrong(enum plugin_ask ask, const char *text)
{
	static char words[600];
	const struct plugin_answer answer = answer_of(ask, text);
	return plugin_answer_wrong(ask, &answer, words, sizeof(words));
}

#define RESULT  "{\"type\": \"result\", \"ok\": true}\n"
#define VERDICT "{\"type\": \"verdict\", \"verdict\": \"pass\"}\n"
#define PLUGIN  "{\"type\": \"plugin\", \"name\": \"n\", \"offers\": [\"step\"]}\n"
#define USAGE   "{\"type\": \"usage\", \"tokens\": 5}\n"

START_TEST(every_line_is_heard_however_it_is_cut)
{
	static const char text[] =
		"\n \t\r\n{\"type\": \"progress\", \"percent\": 100, \"text\": \"almost\"}\r\n"
		"{\"type\": \"progress\", \"percent\": 0}\n"
		"{\"type\": \"progress\", \"text\": \"t\", \"more\": [1, {\"a\": null}]}\n"
		"{\"type\": \"log\", \"text\": \"l\"}\n{\"type\": \"unheard of\"}\n"
		"{\"type\": \"usage\", \"tokens\": 7}\n{\"type\": \"usage\", \"tokens\": 3}\n"
		"{\"ok\": false, \"text\": \"no\\u001b[31m \\n more\", \"type\": \"result\"}";
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		const struct plugin_answer answer =
			answer_in_pieces(PLUGIN_STEP, text, sizeof(text) - 1, piece);
		ck_assert_str_eq(heard, "progress almost 100;progress - 0;progress t -1;log l;"
					"usage known 7;usage known 7;");
		ck_assert_int_eq(answer.bad, 0);
		ck_assert(answer.given && answer.failed);
		ck_assert_str_eq(answer.words, "no more");
		ck_assert_int_eq(answer.lines, 10);
	}
}
END_TEST

static const struct {
	enum plugin_ask ask;
	const char *text;
	const char *why; /* NULL: nothing is wrong */
} answers[] = {
	{PLUGIN_STEP, RESULT, NULL},
	{PLUGIN_REPORT, RESULT, NULL},
	{PLUGIN_GATE, VERDICT, NULL},
	{PLUGIN_METER, USAGE, NULL},
	{PLUGIN_METER, USAGE RESULT, NULL},
	{PLUGIN_DESCRIBE, PLUGIN, NULL},
	{PLUGIN_STEP, "", "it ended without a result"},
	{PLUGIN_STEP, USAGE, "it ended without a result"},
	{PLUGIN_REPORT, "", "it ended without a result"},
	{PLUGIN_GATE, "", "it ended without a verdict"},
	{PLUGIN_METER, "", "it ended without telling usage"},
	{PLUGIN_METER, RESULT, "it ended without telling usage"},
	{PLUGIN_METER, "{\"type\":\"usage\",\"input\":5,\"output\":5}",
	 "it ended without telling usage"},
	{PLUGIN_METER, USAGE "{\"type\":\"result\",\"ok\":false}", "it failed"},
	{PLUGIN_DESCRIBE, "", "it did not say what it is"},
	{PLUGIN_STEP, "{\"type\":\"result\",\"ok\":false}", "it failed"},
	{PLUGIN_STEP, "{\"type\":\"result\",\"ok\":false,\"text\":\"because\"}", "because"},
	{PLUGIN_STEP, RESULT RESULT, "line 2 of its answer can't be taken: it is a second answer"},
	{PLUGIN_STEP, VERDICT, "line 1 of its answer can't be taken: this was not asked"},
	{PLUGIN_STEP, PLUGIN, "line 1 of its answer can't be taken: this was not asked"},
	{PLUGIN_GATE, RESULT, "line 1 of its answer can't be taken: this was not asked"},
	{PLUGIN_GATE, "{\"type\":\"result\",\"ok\":false,\"text\":\"no disk\"}", "no disk"},
	{PLUGIN_DESCRIBE, RESULT, "line 1 of its answer can't be taken: this was not asked"},
	{PLUGIN_STEP, RESULT "{",
	 "line 2 of its answer can't be taken: it is no JSON object with "
	 "each key once"},
	{PLUGIN_STEP, "\n{\"type\":7}\n" RESULT,
	 "line 2 of its answer can't be taken: a type is missing"},
	{PLUGIN_STEP, "{\"type\":\"progress\",\"percent\":101}",
	 "line 1 of its answer can't be taken: percent is no whole number from 0 to 100"},
	{PLUGIN_STEP, "{\"type\":\"progress\",\"percent\":\"5\"}",
	 "line 1 of its answer can't be taken: percent is no whole number from 0 to 100"},
	{PLUGIN_STEP, "{\"type\":\"progress\"}",
	 "line 1 of its answer can't be taken: neither percent nor text"},
	{PLUGIN_STEP, "{\"type\":\"progress\",\"text\":5}",
	 "line 1 of its answer can't be taken: a text is no text"},
	{PLUGIN_STEP, "{\"type\":\"log\"}",
	 "line 1 of its answer can't be taken: a text is missing"},
	{PLUGIN_STEP, "{\"type\":\"usage\"}", "line 1 of its answer can't be taken: no figure"},
	{PLUGIN_STEP, "{\"type\":\"usage\",\"tokens\":1.5}",
	 "line 1 of its answer can't be taken: a figure is no whole number from 0 to "
	 "9223372036854775807"},
	{PLUGIN_STEP, "{\"type\":\"usage\",\"tokens\":1,\"output\":-1}",
	 "line 1 of its answer can't be taken: a figure is no whole number from 0 to "
	 "9223372036854775807"},
	{PLUGIN_STEP, "{\"type\":\"result\"}",
	 "line 1 of its answer can't be taken: ok is neither true nor false"},
	{PLUGIN_STEP, "{\"type\":\"result\",\"ok\":true,\"text\":[]}",
	 "line 1 of its answer can't be taken: a text is no text"},
	{PLUGIN_GATE, "{\"type\":\"verdict\",\"verdict\":\"Pass\"}",
	 "line 1 of its answer can't be taken: verdict is none of pass, refuse and none"},
	{PLUGIN_GATE, "{\"type\":\"verdict\"}",
	 "line 1 of its answer can't be taken: verdict is none of pass, refuse and none"},
	{PLUGIN_DESCRIBE, "{\"type\":\"plugin\",\"offers\":[\"step\"]}",
	 "line 1 of its answer can't be taken: a name is missing"},
	{PLUGIN_DESCRIBE, "{\"type\":\"plugin\",\"name\":\"n\",\"offers\":\"step\"}",
	 "line 1 of its answer can't be taken: offers is no list"},
	{PLUGIN_DESCRIBE, "{\"type\":\"plugin\",\"name\":\"n\",\"offers\":[\"describe\",7]}",
	 "line 1 of its answer can't be taken: it offers none of step, meter, gate and report"},
};

START_TEST(answers_are_right_or_wrong_with_words)
{
	const char *why = wrong(answers[_i].ask, answers[_i].text);
	if (answers[_i].why)
		ck_assert_str_eq(why ? why : "nothing", answers[_i].why);
	else
		ck_assert_ptr_null(why);
}
END_TEST

/* What is counted does not depend on how the bytes were cut. */
START_TEST(nothing_is_counted_behind_a_bad_line)
{
	static const char text[] = "oh\n" USAGE RESULT;
	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		const struct plugin_answer answer =
			answer_in_pieces(PLUGIN_STEP, text, sizeof(text) - 1, piece);
		ck_assert_int_eq(answer.lines, 1);
		ck_assert_int_eq(answer.bad, 1);
	}
}
END_TEST

START_TEST(a_bad_line_spoils_what_comes_after_it)
{
	const struct plugin_answer answer = answer_of(PLUGIN_STEP, "oh\n" USAGE RESULT);
	ck_assert_int_eq(answer.bad, 1);
	ck_assert(!answer.given);
	ck_assert_str_eq(heard, "");
}
END_TEST

static const char *const verdict_words[] = {"none", "pass", "refuse"};

START_TEST(each_verdict)
{
	char text[200];
	snprintf(text, sizeof(text),
		 "{\"type\":\"verdict\",\"verdict\":\"%s\",\"text\":\"so it is\"}",
		 verdict_words[_i]);
	const struct plugin_answer answer = answer_of(PLUGIN_GATE, text);
	ck_assert_int_eq(answer.verdict, _i);
	ck_assert_str_eq(plugin_verdict_name(answer.verdict), verdict_words[_i]);
	ck_assert_str_eq(answer.words, "so it is");
}
END_TEST

static struct usage figure(const struct plugin_usage *usage)
{
	return plugin_usage_figure(usage, CONF_MEASURE_FRESH);
}

START_TEST(usage_is_the_sum_or_what_was_new_in_its_parts)
{
	struct plugin_usage usage = PLUGIN_USAGE_UNKNOWN;
	ck_assert(!figure(&usage).known);
	usage = (struct plugin_usage){
		.tokens = -1, .input = 1, .cache_read = 50, .cache_write = 2, .output = 4};
	ck_assert_int_eq(figure(&usage).tokens, 7);
	ck_assert_int_eq(plugin_usage_figure(&usage, CONF_MEASURE_ALL).tokens, 57);
	ck_assert_int_eq(plugin_usage_figure(&usage, CONF_MEASURE_CONTEXT).tokens, 57);
	usage.cache_read = -1;
	ck_assert(!plugin_usage_figure(&usage, CONF_MEASURE_ALL).known);
	ck_assert_int_eq(figure(&usage).tokens, 7);
	usage.input = INT64_MAX;
	ck_assert_int_eq(figure(&usage).tokens, INT64_MAX);
	usage.output = -1;
	ck_assert(!figure(&usage).known);
	usage.tokens = 3;
	ck_assert_int_eq(figure(&usage).tokens, 3);
}
END_TEST

START_TEST(a_description)
{
	const struct plugin_answer answer = answer_of(
		PLUGIN_DESCRIBE, "{\"type\":\"plugin\",\"name\":\"lint\",\"about\":\"looks\","
				 "\"offers\":[\"gate\",\"meter\",\"dance\"]}");
	ck_assert_str_eq(answer.name, "lint");
	ck_assert_str_eq(answer.about, "looks");
	ck_assert_uint_eq(answer.offers, PLUGIN_BIT(PLUGIN_GATE) | PLUGIN_BIT(PLUGIN_METER));
}
END_TEST

/* A gate's flood is cut off; a step may talk as long as it likes, in lines of any number. */
START_TEST(floods)
{
	static const char line[] = "{\"type\":\"log\",\"text\":\"and so on\"}\n";
	const enum plugin_ask ask = _i ? PLUGIN_STEP : PLUGIN_GATE;
	struct protocol *protocol = protocol_new(ask, NULL);
	for (int i = 0; i < 50000; i++)
		protocol_feed(protocol, line, sizeof(line) - 1);
	protocol_end(protocol);
	const struct plugin_answer *answer = protocol_answer(protocol);
	if (ask == PLUGIN_STEP)
		ck_assert_int_eq(answer->bad, 0);
	else
		ck_assert_str_eq(answer->why, "the answer has more than 1 MiB");
	protocol_free(protocol);
}
END_TEST

START_TEST(lines_that_are_too_long)
{
	static char line[3 * PROTOCOL_LINE_MAX];
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"type\":\"result\",\"ok\":true", 26);
	line[PROTOCOL_LINE_MAX - 1] = '}';
	struct plugin_answer answer = answer_in_pieces(PLUGIN_STEP, line, PROTOCOL_LINE_MAX, 1000);
	ck_assert(answer.given && !answer.bad);
	answer = answer_in_pieces(PLUGIN_STEP, line, PROTOCOL_LINE_MAX + 1, 1000);
	ck_assert_str_eq(answer.why, "it is longer than 65536 bytes");
	answer = answer_in_pieces(PLUGIN_STEP, line, sizeof(line), 1000);
	ck_assert_int_eq(answer.lines, 1);
}
END_TEST

static const char *const options[] = {"level=3", "empty=", "odd=a=b\n\"", NULL};

START_TEST(a_call_there_and_back)
{
	const struct plugin_call call = {
		.ask = PLUGIN_REPORT,
		.options = options,
		.repository = "/r",
		.cycle = 4,
		.step = 3,
		.attempt = 2,
		.title = "T \xff",
		.key = "0123",
		.budget = INT64_MAX,
		.limit = 9007199254740993,
		.used = USAGE_KNOWN(0),
		.output = "/log",
		.report = "{\"a\":[1,12345678901234567890]}",
	};
	struct plugin_heard there;
	char *line = plugin_call_write(&call);
	ck_assert_str_eq(line, "{\"stepgate\":1,\"call\":\"report\",\"options\":{\"level\":\"3\","
			       "\"empty\":\"\",\"odd\":\"a=b\\n\\\"\"},\"repository\":\"/r\","
			       "\"cycle\":4,\"step\":3,\"attempt\":2,\"title\":\"T \xef\xbf\xbd\","
			       "\"key\":\"0123\",\"budget\":9223372036854775807,"
			       "\"limit\":9007199254740993,\"used\":0,\"output\":\"/log\","
			       "\"report\":{\"a\":[1,12345678901234567890]}}\n");
	ck_assert_ptr_null(plugin_call_read(line, strlen(line), &there));
	const struct plugin_call *back = &there.call;
	ck_assert_int_eq(back->ask, call.ask);
	for (int i = 0; options[i]; i++)
		ck_assert_str_eq(back->options[i], options[i]);
	ck_assert_ptr_null(back->options[3]);
	ck_assert_str_eq(back->repository, "/r");
	ck_assert(back->cycle == 4 && back->step == 3 && back->attempt == 2);
	ck_assert(back->budget == call.budget && back->limit == call.limit);
	ck_assert(back->used.known && back->used.tokens == 0);
	ck_assert_str_eq(back->report, call.report);
	plugin_heard_release(&there);
	free(line);
}
END_TEST

START_TEST(a_call_of_nothing)
{
	const struct plugin_call call = {.ask = PLUGIN_DESCRIBE};
	struct plugin_heard there;
	char *line = plugin_call_write(&call);
	ck_assert_str_eq(line, "{\"stepgate\":1,\"call\":\"describe\",\"options\":{}}\n");
	ck_assert_ptr_null(plugin_call_read(line, strlen(line), &there));
	ck_assert_int_eq(there.call.ask, PLUGIN_DESCRIBE);
	ck_assert(!there.call.used.known);
	ck_assert_ptr_null(there.call.title);
	plugin_heard_release(&there);
	free(line);
}
END_TEST

static const struct {
	const char *line, *why;
} calls[] = {
	{"", "it is no JSON object with each key once"},
	{"{\"stepgate\":1,\"stepgate\":1}", "it is no JSON object with each key once"},
	{"{}", "it is no call of stepgate"},
	{"{\"stepgate\":2,\"call\":\"step\"}", "it is of another version of the protocol"},
	{"{\"stepgate\":1}", "it asks for nothing that there is"},
	{"{\"stepgate\":1,\"call\":\"dance\"}", "it asks for nothing that there is"},
	{"{\"stepgate\":1,\"call\":\"step\",\"cycle\":\"4\"}", "a number is none"},
	{"{\"stepgate\":1,\"call\":\"step\",\"step\":2147483648}", "a number is none"},
	{"{\"stepgate\":1,\"call\":\"step\",\"options\":[]}", "options is no object"},
	{"{\"stepgate\":1,\"call\":\"step\",\"options\":{\"a\":1}}", "an option is no text"},
	{"{\"stepgate\":1,\"call\":\"step\",\"options\":{\"\":\"1\"}}",
	 "the name of an option is empty, or has a '=' in it"},
	{"{\"stepgate\":1,\"call\":\"step\",\"options\":{\"a\":\"1\",\"a\":\"2\"}}",
	 "an option is given twice"},
	{"{\"stepgate\":1,\"call\":\"report\",\"report\":\"x\"}", "the report is no object"},
};

START_TEST(calls_that_are_none)
{
	struct plugin_heard there;
	const char *why = plugin_call_read(calls[_i].line, strlen(calls[_i].line), &there);
	ck_assert_str_eq(why ? why : "nothing", calls[_i].why);
}
END_TEST

START_TEST(words_round_trip)
{
	for (int ask = 0; ask < PLUGIN_NASKS; ask++)
		ck_assert_int_eq(plugin_ask_find(plugin_ask_name((enum plugin_ask)ask)), ask);
	ck_assert_int_eq(plugin_ask_find("Step"), PLUGIN_NASKS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protocol");
	TCase *tests = tcase_create("protocol");
	tcase_add_test(tests, every_line_is_heard_however_it_is_cut);
	tcase_add_loop_test(tests, answers_are_right_or_wrong_with_words, 0, COUNT(answers));
	tcase_add_test(tests, nothing_is_counted_behind_a_bad_line);
	tcase_add_test(tests, a_bad_line_spoils_what_comes_after_it);
	tcase_add_loop_test(tests, each_verdict, 0, COUNT(verdict_words));
	tcase_add_test(tests, usage_is_the_sum_or_what_was_new_in_its_parts);
	tcase_add_test(tests, a_description);
	tcase_add_loop_test(tests, floods, 0, 2);
	tcase_add_test(tests, lines_that_are_too_long);
	tcase_add_test(tests, a_call_there_and_back);
	tcase_add_test(tests, a_call_of_nothing);
	tcase_add_loop_test(tests, calls_that_are_none, 0, COUNT(calls));
	tcase_add_test(tests, words_round_trip);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
