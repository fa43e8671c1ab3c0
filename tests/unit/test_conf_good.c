/* Good configs: every value is what the file says, or its default. */
#include <dirent.h>
#include <sys/stat.h>

#include "conf/options.h"
#include "tests/unit/conf_helpers.h"

#define GOOD     "tests/data/conf/good/"
#define EXAMPLES "conf/examples"

static void check_list(const char *const *list, const char *const *wanted)
{
	ck_assert_ptr_nonnull(list);
	size_t i = 0;
	for (; wanted[i]; i++)
		ck_assert_str_eq(list[i] ? list[i] : "(the end)", wanted[i]);
	ck_assert_ptr_null(list[i]);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The path below the folder of the good configs, links resolved. */
static const char *good_path(const char *name)
{
	static char path[8192];
	char folder[4096];
	ck_assert_ptr_nonnull(realpath(source_path(GOOD), folder));
	snprintf(path, sizeof(path), "%s%s%s", folder, name[0] ? "/" : "", name);
	return path;
}

START_TEST(the_top_level)
{
	struct conf *conf = load(source_path(GOOD "full.conf"));
	ck_assert_str_eq(conf->path, source_path(GOOD "full.conf"));
	ck_assert_str_eq(conf->folder, good_path(""));
	ck_assert_str_eq(conf->title, "Nightly refactor");
	ck_assert_int_eq(conf->budget, INT64_MAX);
	ck_assert_int_eq(conf->threshold, 95);
	ck_assert_int_eq(conf->on_unknown, CONF_UNKNOWN_ESTIMATE);
	ck_assert_int_eq(conf->measure, CONF_MEASURE_ALL);
	ck_assert_int_eq(conf->when_complete, CONF_COMPLETE_RESTART);
	ck_assert_int_eq(conf->on_failure_work, CONF_WORK_KEEP);
	ck_assert_int_eq(conf->hard, 150);
	ck_assert_int_eq(conf->warn, 80);
	ck_assert_int_eq(conf->wait_for_reset_ms, 6 * 3600000);
	ck_assert_uint_eq(conf->nsteps, 4);
	ck_assert_uint_eq(conf->nreports, 2);
	conf_free(conf);
}
END_TEST

START_TEST(the_repository)
{
	struct conf *conf = load(source_path(GOOD "full.conf"));
	const struct conf_repository *repository = &conf->repository;
	ck_assert_str_eq(repository->path, good_path("work"));
	ck_assert(repository->commit);
	ck_assert(!repository->commit_close);
	ck_assert(!repository->push);
	ck_assert_str_eq(repository->remote, "origin");
	ck_assert_str_eq(repository->branch, "night/shift");
	ck_assert_str_eq(repository->identity_name, "Ada Lovelace");
	ck_assert_str_eq(repository->identity_email, "ada@example.org");
	check_list(repository->trailers,
		   LIST("Co-Authored-By: Claude <noreply@anthropic.com>", "Cost-Centre: 12"));
	ck_assert_int_eq(repository->lock_timeout_ms, 90000);
	ck_assert_int_eq(repository->push_timeout_ms, 3600000);
	conf_free(conf);
}
END_TEST

START_TEST(the_steps)
{
	struct conf *conf = load(source_path(GOOD "full.conf"));
	const struct conf_step *write = &conf->steps[0], *shell = &conf->steps[1];
	ck_assert_str_eq(write->title, "Write");
	ck_assert_int_eq(write->line, 29);
	check_list(write->command, LIST("sh", "-c", "echo \"$HOME\"", ""));
	ck_assert_str_eq(write->cwd, good_path("parts"));
	ck_assert_str_eq(write->input, good_path("parts/input.txt"));
	check_list(write->environment, LIST("A=1", "EMPTY=", "PATH=/bin:/usr/bin", "B=x=y"));
	ck_assert_int_eq(write->timeout_ms, 45 * 60000);
	ck_assert_int_eq(write->grace_ms, 0);
	ck_assert_int_eq(write->idle_timeout_ms, 120000);
	ck_assert_int_eq(write->max_output, 4096);
	ck_assert_int_eq(write->max_memory, 1 << 30);
	ck_assert_int_eq(write->max_processes, 7);
	ck_assert_int_eq(write->meter, CONF_METER_COMMAND);
	check_list(write->meter_command, LIST("echo", "5"));
	ck_assert(write->usage_required);
	ck_assert_int_eq(write->on_failure, CONF_FAILURE_RETRY);
	ck_assert_int_eq(write->attempts, 5);
	ck_assert_int_eq(write->backoff_ms, 90000);
	ck_assert(!write->shell && shell->shell);

	ck_assert_str_eq(shell->title, "Shell");
	check_list(shell->command, LIST("/bin/sh", "-c", "set -e\necho one\necho two"));
	ck_assert_int_eq(shell->timeout_ms, 93784005);
	ck_assert_int_eq(shell->on_failure, CONF_FAILURE_CLOSE);
	ck_assert_int_eq(shell->attempts, 1);
	ck_assert_int_eq(shell->backoff_ms, 0);
	conf_free(conf);
}
END_TEST

START_TEST(the_agents)
{
	struct conf *conf = load(source_path(GOOD "full.conf"));
	const struct conf_step *codex = &conf->steps[2], *gemini = &conf->steps[3];
	ck_assert_int_eq(codex->agent, CONF_AGENT_CODEX);
	check_list(codex->command, LIST(good_path("parts/tool")));
	ck_assert_ptr_null(codex->prompt);
	ck_assert_str_eq(codex->prompt_file, good_path("parts/input.txt"));
	ck_assert_str_eq(codex->model, "gpt-5");
	check_list(codex->arguments, LIST("--full-auto", "-c", "x=\"y\""));
	ck_assert_int_eq(codex->session, CONF_SESSION_KEEP);
	ck_assert(codex->usage_required);
	ck_assert_int_eq(codex->meter, CONF_METER_CODEX);

	ck_assert_int_eq(gemini->agent, CONF_AGENT_GEMINI);
	check_list(gemini->command, LIST("cat"));
	ck_assert_str_eq(gemini->prompt, "Do {title}, {and} more");
	ck_assert_ptr_null(gemini->prompt_file);
	ck_assert_ptr_null(gemini->model);
	ck_assert_ptr_null(gemini->arguments[0]);
	ck_assert_int_eq(gemini->session, CONF_SESSION_FRESH);
	ck_assert_int_eq(conf->steps[0].agent, CONF_AGENT_NONE);
	conf_free(conf);
}
END_TEST

START_TEST(the_reports)
{
	struct conf *conf = load(source_path(GOOD "full.conf"));
	const struct conf_report *file = &conf->reports[0], *pager = &conf->reports[1];
	ck_assert_str_eq(file->title, "file");
	ck_assert_int_eq(file->type, CONF_REPORT_FILE);
	ck_assert_str_eq(file->path, good_path("work/reports.jsonl"));
	ck_assert_uint_eq(file->on, CONF_ON_STARTED | CONF_ON_NOK | CONF_ON_WARN);
	ck_assert_str_eq(pager->title, "pager");
	ck_assert_int_eq(pager->line, 57);
	ck_assert_int_eq(pager->type, CONF_REPORT_PROGRAM);
	check_list(pager->command, LIST(good_path("parts/tool"), "--now"));
	ck_assert_int_eq(pager->timeout_ms, 250);
	ck_assert_uint_eq(pager->on, CONF_ON_CLOSED);
	conf_free(conf);
}
END_TEST

START_TEST(defaults)
{
	struct conf *conf = load(source_path(GOOD "minimal.conf"));
	const struct conf_repository *repository = &conf->repository;
	const struct conf_step *step = &conf->steps[0];
	ck_assert_str_eq(conf->title, "minimal");
	ck_assert_int_eq(conf->budget, 0);
	ck_assert_int_eq(conf->threshold, 0);
	ck_assert_int_eq(conf->on_unknown, CONF_UNKNOWN_ERROR);
	ck_assert_int_eq(conf->measure, CONF_MEASURE_FRESH);
	ck_assert_int_eq(conf->hard, 100);
	ck_assert_int_eq(conf->warn, 0);
	ck_assert_int_eq(conf->wait_for_reset_ms, 0);
	ck_assert_int_eq(conf->when_complete, CONF_COMPLETE_STOP);
	ck_assert_int_eq(conf->on_failure_work, CONF_WORK_SALVAGE);
	ck_assert_uint_eq(conf->nreports, 0);
	ck_assert_str_eq(repository->path, good_path(""));
	ck_assert(repository->commit && repository->commit_close && repository->push);
	ck_assert_str_eq(repository->remote, "");
	ck_assert_str_eq(repository->branch, "");
	ck_assert_str_eq(repository->identity_name, "");
	ck_assert_str_eq(repository->identity_email, "");
	ck_assert_ptr_null(repository->trailers[0]);
	ck_assert_int_eq(repository->lock_timeout_ms, 30000);
	ck_assert_int_eq(repository->push_timeout_ms, 120000);
	ck_assert_str_eq(step->cwd, good_path(""));
	ck_assert_ptr_null(step->input);
	ck_assert_ptr_null(step->environment[0]);
	ck_assert_ptr_null(step->meter_command[0]);
	ck_assert_int_eq(step->timeout_ms, 0);
	ck_assert_int_eq(step->grace_ms, 10000);
	ck_assert_int_eq(step->idle_timeout_ms, 0);
	ck_assert_int_eq(step->max_output, 64 << 20);
	ck_assert_int_eq(step->max_memory, 0);
	ck_assert_int_eq(step->max_processes, 0);
	ck_assert_int_eq(step->meter, CONF_METER_NONE);
	ck_assert(!step->usage_required);
	ck_assert_int_eq(step->on_failure, CONF_FAILURE_CLOSE);
	ck_assert_int_eq(step->attempts, 1);
	conf_free(conf);
}
END_TEST

START_TEST(included_files)
{
	struct conf *conf = load(source_path(GOOD "include.conf"));
	static const char *const titles[] = {"First", "Inner", "Tool", "Last"};
	ck_assert_str_eq(conf->title, "From a part");
	ck_assert_uint_eq(conf->nsteps, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(conf->steps[i].title, titles[i]);
	ck_assert_str_eq(conf->steps[0].cwd, good_path("parts"));
	ck_assert_int_eq(conf->steps[0].timeout_ms, 300000);
	ck_assert_str_eq(conf->steps[1].cwd, good_path(""));
	check_list(conf->steps[2].command, LIST(good_path("parts/tool"), "./tool"));
	ck_assert_str_eq(conf->steps[2].input, good_path("parts/input.txt"));
	ck_assert_str_eq(conf->folder, good_path(""));
	conf_free(conf);
}
END_TEST

START_TEST(marks_and_line_ends_of_other_systems)
{
	struct conf *conf = load(source_path(GOOD "crlf-bom.conf"));
	ck_assert_str_eq(conf->title, "Windows");
	ck_assert_int_eq(conf->steps[0].line, 3);
	ck_assert_str_eq(conf->steps[0].command[2], "one\ntwo");
	conf_free(conf);
}
END_TEST

START_TEST(variables)
{
	setenv("STEPGATE_TEST_NAME", "Ada", 1);
	setenv("STEPGATE_TEST_EMPTY", "", 1);
	setenv("STEPGATE_TEST_TOKENS", "7000", 1);
	setenv("STEPGATE_TEST_QUOTE", "\"} ${HOME} \\n #\n", 1);
	struct conf *conf = load(source_path(GOOD "variables.conf"));
	ck_assert_str_eq(conf->title, "Ada's own ${HOME} |");
	ck_assert_int_eq(conf->budget, 7000);
	ck_assert_int_eq(conf->threshold, 40);
	ck_assert_str_eq(conf->steps[0].title, "single ${NOT_SET}");
	check_list(conf->steps[0].command, LIST("echo", "\"} ${HOME} \\n #\n", "'\\\\n"));
	conf_free(conf);
}
END_TEST

START_TEST(escapes_and_bare_words)
{
	struct conf *conf = load(source_path(GOOD "escapes.conf"));
	ck_assert_str_eq(conf->steps[0].title, "AB \"caf\xc3\xa9\" z end");
	check_list(conf->steps[0].command, LIST("echo", "a\tb\nc\\", "$x", "AJ"));
	ck_assert_str_eq(conf->steps[1].title, "http");
	check_list(conf->steps[1].command, LIST("echo", "http://example.org/a//b", "/usr/bin/x",
						"a;b", "[c]", "-d", "50%"));
	conf_free(conf);
}
END_TEST

START_TEST(failure_of_the_plan_holds_for_its_steps)
{
	struct conf *conf = load_text("step \"A\" { command = true }\n"
				      "step \"B\" { command = true on_failure = close }\n"
				      "on_failure = retry\n"
				      "step \"C\" { command = true attempts = 7 }\n");
	ck_assert_int_eq(conf->steps[0].on_failure, CONF_FAILURE_RETRY);
	ck_assert_int_eq(conf->steps[0].attempts, 3);
	ck_assert_int_eq(conf->steps[1].on_failure, CONF_FAILURE_CLOSE);
	ck_assert_int_eq(conf->steps[1].attempts, 1);
	ck_assert_int_eq(conf->steps[2].attempts, 7);
	conf_free(conf);
}
END_TEST

START_TEST(without_commits_nothing_is_pushed)
{
	struct conf *conf = load_text("repository { commit = false }\n"
				      "step \"A\" { command = true }\n");
	ck_assert(!conf->repository.commit);
	ck_assert(!conf->repository.commit_close);
	ck_assert(!conf->repository.push);
	conf_free(conf);
}
END_TEST

START_TEST(report_defaults)
{
	struct conf *conf = load_text("step \"A\" { command = true }\n"
				      "report \"program\" { command = {cat, x} }\n");
	const struct conf_report *report = &conf->reports[0];
	ck_assert_int_eq(report->type, CONF_REPORT_PROGRAM);
	ck_assert_uint_eq(report->on, CONF_ON_STEP | CONF_ON_CLOSED);
	ck_assert_int_eq(report->timeout_ms, 5000);
	check_list(report->command, LIST("cat", "x"));
	ck_assert_ptr_null(report->path);
	conf_free(conf);
}
END_TEST

/* A config is read from any folder, and a link to one is read where the link lies. */
START_TEST(relative_paths_start_at_the_file)
{
	char here[4096], wanted[8192];
	ck_assert_ptr_nonnull(realpath(".", here));
	ck_assert_int_eq(mkdir("sub", 0777) | mkdir("sub/work", 0777) | mkdir("links", 0777), 0);
	ck_assert_int_eq(mkdir("links/work", 0777), 0);
	write_text("sub/a.conf", "step \"A\" { cwd = \"./work\" command = true }\n");
	ck_assert_int_eq(symlink("../sub/a.conf", "links/b.conf"), 0);

	struct conf *conf = load("sub/a.conf");
	snprintf(wanted, sizeof(wanted), "%s/sub/work", here);
	ck_assert_str_eq(conf->steps[0].cwd, wanted);
	ck_assert_str_eq(conf->path, "sub/a.conf");
	conf_free(conf);

	conf = load("links/b.conf");
	snprintf(wanted, sizeof(wanted), "%s/links/work", here);
	ck_assert_str_eq(conf->steps[0].cwd, wanted);
	ck_assert_str_eq(conf->title, "b");
	conf_free(conf);
}
END_TEST

/* As execvp will look for it: in the PATH of the step, from the folder that the step runs in. */
START_TEST(programs_are_looked_up_where_they_will_be)
{
	ck_assert_int_eq(mkdir("work", 0777) | mkdir("work/bin", 0777), 0);
	write_text("work/bin/mine", "#!/bin/sh\n");
	ck_assert_int_eq(chmod("work/bin/mine", 0755), 0);
	struct conf *conf = load_text("step \"A\" {\n"
				      "\tcommand = mine\n"
				      "\tcwd = work\n"
				      "\tenvironment = {\"PATH=/nonexistent:bin\"}\n"
				      "}\n");
	check_list(conf->steps[0].command, LIST("mine"));
	conf_free(conf);
	ck_assert_str_eq(refused_text("step \"A\" { command = mine }\n"),
			 "test.conf:1: command = \"mine\": there is no such program in PATH");
	ck_assert_int_eq(rename("work/bin/mine", "work/mine"), 0);
	conf = load_text("step \"A\" { command = mine cwd = work environment = {\"PATH=\"} }\n");
	conf_free(conf);
}
END_TEST

START_TEST(the_longest_title)
{
	char text[512];
	snprintf(text, sizeof(text), "step \"%0200d\" { command = true }\n", 0);
	struct conf *conf = load_text(text);
	ck_assert_uint_eq(strlen(conf->steps[0].title), 200);
	conf_free(conf);
}
END_TEST

START_TEST(a_name_that_is_no_text_is_no_title)
{
	write_text("a\xff.conf", "step \"A\" { command = true }\n");
	struct conf *conf = load("a\xff.conf");
	ck_assert_str_eq(conf->title, "untitled");
	conf_free(conf);
	write_text(".conf", "step \"A\" { command = true }\n");
	conf = load(".conf");
	ck_assert_str_eq(conf->title, ".conf");
	conf_free(conf);
}
END_TEST

START_TEST(a_large_plan)
{
	FILE *file = fopen("large.conf", "w");
	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 5000; i++)
		fprintf(file, "step \"Step %d\" { command = {\"true\", \"%d\"} timeout = 1m }\n", i,
			i);
	ck_assert_int_eq(fclose(file), 0);
	struct conf *conf = load("large.conf");
	ck_assert_uint_eq(conf->nsteps, 5000);
	ck_assert_int_eq(conf->steps[4999].line, 5000);
	ck_assert_str_eq(conf->steps[4999].command[1], "4999");
	conf_free(conf);
}
END_TEST

/* Each value is looked at once, not once for every other. */
START_TEST(a_long_list)
{
	FILE *file = fopen("long.conf", "w");
	ck_assert_ptr_nonnull(file);
	fputs("step \"A\" { command = {true", file);
	for (int i = 0; i < 20000; i++)
		fputs(",x", file);
	fputs("} }\n", file);
	ck_assert_int_eq(fclose(file), 0);
	struct conf *conf = load("long.conf");
	ck_assert_str_eq(conf->steps[0].command[20000], "x");
	ck_assert_ptr_null(conf->steps[0].command[20001]);
	conf_free(conf);
}
END_TEST

START_TEST(every_example_loads)
{
	char path[4096];
	int count = 0;
	snprintf(path, sizeof(path), "%s", source_path(EXAMPLES));
	DIR *folder = opendir(path);
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".conf") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", source_path(EXAMPLES), entry->d_name);
		conf_free(load(path));
		count++;
	}
	closedir(folder);
	ck_assert_int_ge(count, 4);
}
END_TEST

static size_t append_example(const char *name, char *text, size_t size)
{
	FILE *file = fopen(source_path(name), "r");
	ck_assert_ptr_nonnull(file);
	const size_t length = fread(text, 1, size - 1, file);
	ck_assert_uint_lt(length, size - 1);
	text[length] = '\0';
	fclose(file);
	return length;
}

/* Who looks for a key finds it there; what can't stand beside steps is in the other one. */
START_TEST(the_larger_examples_have_every_key)
{
	char text[32768];
	static const char *const examples[] = {"/nightly.conf", "/checklist.conf", "/plugins.conf"};
	size_t length = 0;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char name[256];
		snprintf(name, sizeof(name), "%s%s", EXAMPLES, examples[i]);
		length += append_example(name, text + length, sizeof(text) - length);
	}
	for (size_t i = 0; i < conf_noptions; i++)
		ck_assert_msg(strstr(text, conf_options[i].name) != NULL, "%s is missing",
			      conf_options[i].name);
}
END_TEST

START_TEST(nothing_to_free_is_fine)
{
	conf_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_good");
	TCase *good = tcase_create("good");
	tcase_set_timeout(good, 30);
	tcase_add_test(good, the_top_level);
	tcase_add_test(good, the_repository);
	tcase_add_test(good, the_steps);
	tcase_add_test(good, the_agents);
	tcase_add_test(good, the_reports);
	tcase_add_test(good, defaults);
	tcase_add_test(good, included_files);
	tcase_add_test(good, marks_and_line_ends_of_other_systems);
	tcase_add_test(good, variables);
	tcase_add_test(good, escapes_and_bare_words);
	tcase_add_test(good, failure_of_the_plan_holds_for_its_steps);
	tcase_add_test(good, without_commits_nothing_is_pushed);
	tcase_add_test(good, report_defaults);
	tcase_add_test(good, relative_paths_start_at_the_file);
	tcase_add_test(good, programs_are_looked_up_where_they_will_be);
	tcase_add_test(good, the_longest_title);
	tcase_add_test(good, a_name_that_is_no_text_is_no_title);
	tcase_add_test(good, a_large_plan);
	tcase_add_test(good, a_long_list);
	tcase_add_test(good, every_example_loads);
	tcase_add_test(good, the_larger_examples_have_every_key);
	tcase_add_test(good, nothing_to_free_is_fine);
	suite_add_tcase(suite, good);
	return run_suite(suite);
}
