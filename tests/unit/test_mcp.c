/* The MCP server's protocol, with a program around it that only writes down what it is asked. */
#include <check.h>
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/mcp.h"
#include "plugins/mcp_tools.h"
#include "tests/unit/suite.h"

struct heard {
	struct mcp_host host; /* first: the host is this */
	char ran[8192];       /* each command's words, "|" between them, a newline behind them */
	char sent[65536];     /* each line, a newline behind it */
	int exit_code;
	const char *output, *complaint, *no_start;
};

static struct heard heard;

static void add(char *text, size_t size, const char *more, const char *behind)
{
	const size_t length = strlen(text);
	ck_assert_uint_lt(length + strlen(more) + strlen(behind), size);
	snprintf(text + length, size - length, "%s%s", more, behind);
}

static int run(const struct mcp_host *host, const char *const *words, struct mcp_ran *ran,
	       struct err *err)
{
	(void)host;
	for (; *words; words++)
		add(heard.ran, sizeof(heard.ran), *words, words[1] ? "|" : "\n");
	if (heard.no_start)
		return err_set(err, ERR_SYSTEM, "%s", heard.no_start);
	ran->exit_code = heard.exit_code;
	ran->output = strdup(heard.output);
	ran->complaint = strdup(heard.complaint);
	ck_assert(ran->output && ran->complaint);
	return 0;
}

static void send_line(const struct mcp_host *host, const char *line)
{
	(void)host;
	add(heard.sent, sizeof(heard.sent), line, "\n");
}

static void listen_anew(int exit_code, const char *output, const char *complaint)
{
	heard = (struct heard){.host = {.run = run, .send = send_line, .version = "9"},
			       .exit_code = exit_code,
			       .output = output,
			       .complaint = complaint};
}

static void talk(const char *text, size_t length, size_t piece)
{
	struct mcp *mcp = mcp_new(&heard.host);
	ck_assert_ptr_nonnull(mcp);
	for (size_t at = 0; at < length; at += piece)
		mcp_feed(mcp, text + at, length - at < piece ? length - at : piece);
	mcp_end(mcp);
	mcp_free(mcp);
}

#define HELLO                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":" \
	"{\"protocolVersion\":\"2025-06-18\"}}\n"
#define CALL(name, arguments)                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" name \
	"\",\"arguments\":" arguments "}}\n"

/* What a call asked our program for, and the result it gave. */
static const struct {
	const char *asked, *ran;
} calls[] = {
	{CALL("start_cycle", "{\"task\":\"T\",\"budget\":9007199254740993}"),
	 "start|--task=T|--budget=9007199254740993\n"},
	{CALL("check_budget", "{}"), "check|--cycle|--json\n"},
	{CALL("check_budget", "{\"tokens\":0}"), "check|--cycle|--json|--|0\n"},
	{CALL("begin_step", "null"), "step|begin\n"},
	{CALL("finish_step", "{\"description\":\"-x\",\"tokens\":7,\"failed\":true}"),
	 "step|done|--desc=-x|--tokens=7|--failed\n"},
	{CALL("finish_step", "{\"tokens\":7.0,\"failed\":false,\"description\":\"x\"}"),
	 "step|done|--desc=x|--tokens=7\n"},
	{CALL("end_cycle", "{\"reason\":\"user\"}"), "update|--cycle-end=user\n"},
	{CALL("report", "{\"message\":\"--help\"}"), "report|--|--help\n"},
	{CALL("status", "{}"), "status|--json\n"},
};

START_TEST(a_call_runs_its_command)
{
	const char *asked = calls[_i].asked;
	char text[1024] = HELLO;
	listen_anew(0, "{\"a\": 1}\n", "");
	add(text, sizeof(text), asked, "");
	talk(text, strlen(text), strlen(text));
	ck_assert_str_eq(heard.ran, calls[_i].ran);
	ck_assert_ptr_nonnull(strstr(heard.sent, "\"isError\":false"));
}
END_TEST

static const char *result_of(const char *call)
{
	char text[1024] = HELLO;
	add(text, sizeof(text), call, "");
	talk(text, strlen(text), strlen(text));
	return strchr(heard.sent, '\n') + 1;
}

START_TEST(what_is_an_answer_and_what_a_refusal)
{
	listen_anew(1, "{\"can_proceed\": false}\n", "");
	ck_assert_str_eq(result_of(CALL("check_budget", "{}")),
			 "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":"
			 "\"text\",\"text\":\"{\\\"can_proceed\\\": false}\"}],"
			 "\"structuredContent\":{\"can_proceed\":false},\"isError\":false}}\n");
	listen_anew(1, "", "stepgate: no\n");
	ck_assert_ptr_nonnull(strstr(result_of(CALL("check_budget", "{}")), "\"isError\":true"));
	listen_anew(1, "shut\n", "");
	ck_assert_ptr_nonnull(strstr(result_of(CALL("begin_step", "{}")), "\"isError\":true"));
	listen_anew(0, "no JSON\n", "");
	ck_assert_ptr_nonnull(strstr(result_of(CALL("status", "{}")), "\"isError\":true"));
	listen_anew(0, "", "");
	heard.no_start = "it does not run";
	ck_assert_ptr_nonnull(strstr(result_of(CALL("status", "{}")),
				     "\"text\":\"it does not run\"}],\"isError\":true"));
}
END_TEST

START_TEST(commands_are_called_by_their_tools)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"begin one with `stepgate start --task T`", "begin one with the tool start_cycle"},
		{"`stepgate step done`, `stepgate step begin`",
		 "the tool finish_step, the tool begin_step"},
		{"`stepgate run` goes on", "`stepgate run` goes on"},
		{"`stepgate started`", "`stepgate started`"},
		{"cut: `stepgate start", "cut: `stepgate start"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *words = mcp_reword(cases[i].text);
		ck_assert_ptr_nonnull(words);
		ck_assert_str_eq(words, cases[i].words);
		free(words);
	}
}
END_TEST

/* A line of exactly the most, and one of a byte more. */
START_TEST(a_line_has_a_most)
{
	const size_t most = MCP_LINE_MAX;
	char *line = malloc(most + 2);
	ck_assert_ptr_nonnull(line);
	memset(line, ' ', most + 1);
	static const char ping[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
	memcpy(line, ping, sizeof(ping) - 1);
	line[most] = '\n';
	listen_anew(0, "", "");
	talk(line, most + 1, 4096);
	ck_assert_str_eq(heard.sent, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
	line[most] = ' ';
	line[most + 1] = '\n';
	listen_anew(0, "", "");
	talk(line, most + 2, 4096);
	ck_assert_ptr_nonnull(strstr(heard.sent, "a line longer than 1048576 bytes"));
	free(line);
}
END_TEST

static size_t read_seed(const char *name, char *text, size_t size)
{
	char path[4096];
	const char *source = getenv("SRC");
	snprintf(path, sizeof(path), "%s/tests/data/mcp/%s", source ? source : ".", name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: can't be read", path);
	const size_t length = fread(text, 1, size, file);
	fclose(file);
	return length;
}

START_TEST(any_cut_gives_the_same)
{
	static const char *const seeds[] = {"session", "broken"};
	static char text[16384], sent[65536];
	const size_t length = read_seed(seeds[_i], text, sizeof(text));
	listen_anew(0, "{}", "");
	talk(text, length, length);
	memcpy(sent, heard.sent, sizeof(sent));
	ck_assert_uint_gt(strlen(sent), 100);
	for (size_t piece = 1; piece < 40; piece++) {
		listen_anew(0, "{}", "");
		talk(text, length, piece);
		ck_assert_str_eq(heard.sent, sent);
	}
}
END_TEST

/* What is cut off after any byte is answered as far as it is whole, and is no crash. */
START_TEST(any_end_is_an_end)
{
	static char text[16384];
	const size_t length = read_seed("session", text, sizeof(text));
	for (size_t end = 0; end < length; end++) {
		listen_anew(0, "{}", "");
		talk(text, end, end ? end : 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mcp");
	TCase *all = tcase_create("all");
	tcase_add_loop_test(all, a_call_runs_its_command, 0,
			    (int)(sizeof(calls) / sizeof(calls[0])));
	tcase_add_test(all, what_is_an_answer_and_what_a_refusal);
	tcase_add_test(all, commands_are_called_by_their_tools);
	tcase_add_test(all, a_line_has_a_most);
	tcase_add_loop_test(all, any_cut_gives_the_same, 0, 2);
	tcase_add_test(all, any_end_is_an_end);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
