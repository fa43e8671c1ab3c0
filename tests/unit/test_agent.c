/* The built-in agents: how each is started, and what its end is called. */
#include "conf/arena.h"
#include "plugins/agent.h"
#include "tests/unit/status_helpers.h"

static const char *const none[] = {NULL};
static const char *const program[] = {"prog", NULL};

static struct conf_step step_of(enum conf_agent agent, const char *const *arguments)
{
	return (struct conf_step){
		.title = "Build it",
		.command = program,
		.agent = agent,
		.prompt = "{title}: {item}, {step} of {cycle}, {used}/{limit} {other} {{x}",
		.arguments = arguments,
	};
}

static const struct template_words words = {.item = "an \"item\" {step}",
					    .title = "Build it",
					    .step = 3,
					    .cycle = 4,
					    .limit = 70,
					    .used = 7};

/* The words, "|" between them, and "<" before what is on stdin. */
static void command_of(const struct agent_start *start, char *out, size_t size)
{
	struct arena arena = {.blocks = NULL};
	struct agent_run run;
	struct err why = {.code = ERR_NONE};
	size_t length = 0;
	ck_assert_msg(agent_command(&arena, start, &run, &why) == 0, "%s", why.text);
	out[0] = '\0';
	for (size_t i = 0; run.command[i]; i++)
		length += (size_t)snprintf(out + length, size - length, "%s%s", i ? "|" : "",
					   run.command[i]);
	if (run.input)
		length += (size_t)snprintf(out + length, size - length, "<%s", run.input);
	ck_assert_uint_lt(length, size);
	arena_release(&arena);
}

#define PROMPT "Build it: an \"item\" {step}, 3 of 4, 7/70 {other} {{x}"

static const struct {
	enum conf_agent agent;
	const char *model, *resume, *session;
	const char *const *arguments;
	const char *wanted;
} commands[] = {
	{CONF_AGENT_CLAUDE, NULL, NULL, NULL, none,
	 "prog|-p|--output-format|stream-json|--verbose|--permission-mode|acceptEdits|--|" PROMPT},
	{CONF_AGENT_CLAUDE, "sonnet", NULL, "u-u", (const char *const[]){"--max-turns", "4", NULL},
	 "prog|-p|--output-format|stream-json|--verbose|--permission-mode|acceptEdits|--model|"
	 "sonnet|--session-id|u-u|--max-turns|4|--|" PROMPT},
	{CONF_AGENT_CLAUDE, NULL, "old", "u-u",
	 (const char *const[]){"--permission-mode=plan", NULL},
	 "prog|-p|--output-format|stream-json|--verbose|--resume|old|--permission-mode=plan|--"
	 "|" PROMPT},
	{CONF_AGENT_CODEX, "gpt-5", NULL, NULL, none,
	 "prog|exec|--json|--sandbox|workspace-write|-m|gpt-5|--|" PROMPT},
	{CONF_AGENT_CODEX, NULL, "old", NULL, (const char *const[]){"-s", "read-only", NULL},
	 "prog|exec|--json|-s|read-only|resume|old|--|" PROMPT},
	{CONF_AGENT_GEMINI, "gemini-2.5-pro", NULL, "u-u", none,
	 "prog|-o|stream-json|--approval-mode=auto_edit|-m|gemini-2.5-pro|--session-id|u-u|--"
	 "prompt=" PROMPT},
	{CONF_AGENT_GEMINI, NULL, "old", NULL, (const char *const[]){"--yolo", NULL},
	 "prog|-o|stream-json|--resume|old|--yolo|--prompt=" PROMPT},
	{CONF_AGENT_OPENCODE, "a/b", NULL, NULL, none,
	 "prog|run|--format|json|--auto|-m|a/b|--title|Build it<" PROMPT},
	{CONF_AGENT_OPENCODE, NULL, "old", NULL, none,
	 "prog|run|--format|json|--auto|--session|old<" PROMPT},
};

START_TEST(each_is_started)
{
	struct conf_step step = step_of(commands[_i].agent, commands[_i].arguments);
	char made[1024];
	step.model = commands[_i].model;
	const struct agent_start start = {
		.step = &step,
		.words = &words,
		.resume = commands[_i].resume,
		.session = commands[_i].session,
	};
	command_of(&start, made, sizeof(made));
	ck_assert_str_eq(made, commands[_i].wanted);
}
END_TEST

static void check_refused(const struct conf_step *step, const char *wanted)
{
	struct arena arena = {.blocks = NULL};
	const struct agent_start start = {.step = step, .words = &words};
	struct agent_run run = {.command = none};
	struct err why = {.code = ERR_NONE};
	ck_assert_int_eq(agent_command(&arena, &start, &run, &why), -1);
	ck_assert_str_eq(why.text, wanted);
	ck_assert_ptr_eq(run.command, none);
	arena_release(&arena);
}

START_TEST(a_prompt_of_a_file)
{
	static char large[AGENT_PROMPT_MAX + 10];
	struct conf_step step = step_of(CONF_AGENT_CODEX, none);
	const struct agent_start start = {.step = &step, .words = &words};
	char made[256];
	enter_new_folder();
	step.prompt = NULL;
	step.prompt_file = "prompt.md";
	check_refused(&step, "prompt_file: prompt.md: can't be opened: No such file or directory");
	write_bytes("prompt.md", "do {step}\n", 10);
	command_of(&start, made, sizeof(made));
	ck_assert_str_eq(made, "prog|exec|--json|--sandbox|workspace-write|--|do 3\n");
	write_bytes("prompt.md", " \n", 2);
	check_refused(&step, "prompt.md: there is nothing in it");
	write_bytes("prompt.md", "a\0b", 3);
	check_refused(&step, "prompt_file: prompt.md: it is no UTF-8 text");
	write_bytes("prompt.md", "a\xff", 2);
	check_refused(&step, "prompt_file: prompt.md: it is no UTF-8 text");
	memset(large, 'x', sizeof(large));
	write_bytes("prompt.md", large, sizeof(large));
	check_refused(&step,
		      "prompt.md: longer than 131000 bytes: name a file in it that the agent "
		      "is to read");
	/* One that begins with a dash is data all the same. */
	step.prompt_file = NULL;
	step.prompt = "--help";
	command_of(&start, made, sizeof(made));
	ck_assert_str_eq(made, "prog|exec|--json|--sandbox|workspace-write|--|--help");
}
END_TEST

START_TEST(a_version_without_a_start)
{
	char version[32];
	enter_new_folder();
	ck_assert_int_eq(mkdir("package", 0777), 0);
	ck_assert_int_eq(mkdir("package/bin", 0777), 0);
	write_bytes("package/bin/tool", "", 0);
	ck_assert_int_eq(symlink("package/bin/tool", "tool"), 0);
	ck_assert_str_eq(agent_version("tool", version, sizeof(version)), "");
	write_bytes("package/package.json", "{\"version\": \"1.2.3\"}", 20);
	ck_assert_str_eq(agent_version("tool", version, sizeof(version)), "1.2.3");
	ck_assert_str_eq(agent_version("package/bin/tool", version, sizeof(version)), "1.2.3");
	ck_assert_str_eq(agent_version("nowhere", version, sizeof(version)), "");
	write_bytes("package/package.json", "{\"version\": 7}", 14);
	ck_assert_str_eq(agent_version("tool", version, sizeof(version)), "");
	write_bytes("package/package.json", "{", 1);
	ck_assert_str_eq(agent_version("tool", version, sizeof(version)), "");
}
END_TEST

START_TEST(each_end_has_words)
{
	char text[160];
	for (int ended = ENDED_USAGE_LIMIT; ended < NENDED; ended++)
		ck_assert_uint_gt(strlen(agent_words((enum ended)ended, 0, text, sizeof(text))), 8);
	ck_assert_str_eq(agent_words(ENDED_USAGE_LIMIT, 1770478200, text, sizeof(text)),
			 "usage limit reached, resets at 2026-02-07T15:30:00.000000Z");
	ck_assert_str_eq(agent_words(ENDED_RATE_LIMITED, 1770478200, text, sizeof(text)),
			 "rate limited: the service takes no more for now");
}
END_TEST

START_TEST(names_and_settings)
{
	ck_assert_str_eq(agent_name(CONF_AGENT_CLAUDE), "claude");
	ck_assert_str_eq(agent_name(CONF_AGENT_OPENCODE), "opencode");
	ck_assert(agent_names_sessions(CONF_AGENT_GEMINI));
	ck_assert(!agent_names_sessions(CONF_AGENT_CODEX));
	ck_assert_ptr_null(agent_setting(CONF_AGENT_CODEX));
	ck_assert_str_eq(agent_setting(CONF_AGENT_CLAUDE), "DISABLE_AUTOUPDATER=1");
	ck_assert_str_eq(agent_setting(CONF_AGENT_GEMINI), "GEMINI_CLI_TRUST_WORKSPACE=true");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent");
	TCase *all = tcase_create("all");
	tcase_add_loop_test(all, each_is_started, 0, COUNT(commands));
	tcase_add_test(all, a_prompt_of_a_file);
	tcase_add_test(all, a_version_without_a_start);
	tcase_add_test(all, each_end_has_words);
	tcase_add_test(all, names_and_settings);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
