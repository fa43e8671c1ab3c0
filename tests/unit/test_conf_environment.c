/* What a config sets of the environment, and the files that hold what is secret. */
#include <sys/stat.h>

#include "tests/unit/conf_helpers.h"

static void write_secrets(const char *text)
{
	write_text("secrets.env", text);
	ck_assert_int_eq(chmod("secrets.env", 0600), 0);
}

/* The list as "A=1|B=2|"; good until the next call. */
static const char *joined(const char *const *list)
{
	static char text[4096];
	size_t used = 0;
	text[0] = '\0';
	for (; *list; list++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s|", *list);
	return text;
}

#define STEP "step \"a\" { command = {\"true\"} }\n"

/* What the top level's list is with that file. */
static const char *from_file(const char *lines)
{
	static char text[4096];
	write_secrets(lines);
	struct conf *conf = load_text("environment_file = \"secrets.env\"\n" STEP);
	snprintf(text, sizeof(text), "%s", joined(conf->environment));
	conf_free(conf);
	return text;
}

static const struct {
	const char *lines, *list;
} good[] = {
	{"", ""},
	{"A=1", "A=1|"},
	{"A=1\nB=2\n", "A=1|B=2|"},
	{"\n# A=0\n ; x\n  A=1\n", "A=1|"},
	{"\r\nA=1\r\n\r\n", "A=1|"},
	{"  A=  a b # no comment  \n", "A=a b # no comment|"},
	{"A=\nB=\"\"\nC=''\n", "A=|B=|C=|"},
	{"A=x=y\n_b9=\"c\"  \n", "A=x=y|_b9=c|"},
	{"A=\"a \\\" \\\\ \\$b \\`c \\n\"\n", "A=a \" \\ $b `c \\n|"},
	{"A='a \\ \" b'\n", "A=a \\ \" b|"},
	{"A=${B}$C\n", "A=${B}$C|"},
	{"A=it's\n", "A=it's|"},
	{"A=caf\xc3\xa9\n", "A=caf\xc3\xa9|"},
};

START_TEST(files_of_settings)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_str_eq(from_file(good[i].lines), good[i].list);
}
END_TEST

static const struct {
	const char *lines, *words;
} bad[] = {
	{"A = 1\n", ":1: it is to be NAME=VALUE"},
	{"A=1\nhunter2\n", ":2: it is to be NAME=VALUE"},
	{"=hunter2\n", ":1: it is to be NAME=VALUE"},
	{"1A=hunter2\n", ":1: it is to be NAME=VALUE"},
	{"export A=hunter2\n", ":1: it is to be NAME=VALUE"},
	{"A=hunter2\n\nA=hunter2\n", ":3: this variable is set twice"},
	{"A=\"hunter2\n", ":1: the quotes are not closed, or something stands behind them"},
	{"A=\"hunter2\\\"\n", ":1: the quotes are not closed, or something stands behind them"},
	{"A='hunter2' x\n", ":1: the quotes are not closed, or something stands behind them"},
	{"A='\n", ":1: the quotes are not closed, or something stands behind them"},
};

/* What stands in the file is never part of the words. */
START_TEST(lines_that_are_none)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_secrets(bad[i].lines);
		const char *words = refused_text("environment_file = \"secrets.env\"\n" STEP);
		const char *place = strstr(words, "/secrets.env");
		ck_assert_ptr_nonnull(place);
		ck_assert_str_eq(place + strlen("/secrets.env"), bad[i].words);
		ck_assert_ptr_null(strstr(words, "hunter2"));
	}
}
END_TEST

static void check_refused(const char *why)
{
	char wanted[512];
	snprintf(wanted, sizeof(wanted), "test.conf:1: environment_file = \"secrets.env\": %s",
		 why);
	ck_assert_str_eq(refused_text("environment_file = \"secrets.env\"\n" STEP), wanted);
}

START_TEST(who_can_read_it_matters)
{
	static const mode_t open_to_others[] = {0640, 0604, 0620, 0602, 0610, 0777};
	write_secrets("A=1\n");
	for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
		ck_assert_int_eq(chmod("secrets.env", open_to_others[i]), 0);
		check_refused("others can read or write it: chmod 600");
	}
	ck_assert_int_eq(chmod("secrets.env", 0400), 0);
	conf_free(load_text("environment_file = \"secrets.env\"\n" STEP));
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	static char large[70000];
	unlink("secrets.env"); /* of the test before */
	ck_assert_int_eq(mkfifo("secrets.env", 0600), 0);
	check_refused("it is no regular file");
	ck_assert_int_eq(unlink("secrets.env"), 0);
	check_refused("there is no such file");
	write_bytes("secrets.env", "A=1\0B=2\n", 8);
	ck_assert_int_eq(chmod("secrets.env", 0600), 0);
	check_refused("it is not UTF-8 text");
	write_text("secrets.env", "A=\xff\n");
	check_refused("it is not UTF-8 text");
	memset(large, 'a', sizeof(large));
	write_bytes("secrets.env", large, sizeof(large));
	check_refused("it is larger than 64 KiB");
}
END_TEST

/* The file, then environment, then the keys of their own; a step's over those at the top. */
START_TEST(what_stands_over_what)
{
	write_secrets("A=file\nB=file\nPATH=/file\n");
	struct conf *conf = load_text("environment_file = \"secrets.env\"\n"
				      "environment = {\"B=list\", \"C=list\"}\n"
				      "path = \"/bin:/usr/bin\"\nhome = \".\"\n"
				      "step \"a\" { command = {\"true\"}\n"
				      "environment_file = \"secrets.env\"\n"
				      "environment = {\"PATH=/usr/bin:/bin\", \"D=\\n\"} }\n");
	char here[4096], wanted[8192];
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(wanted, sizeof(wanted), "A=file|PATH=/bin:/usr/bin|B=list|C=list|HOME=%s|", here);
	ck_assert_str_eq(joined(conf->environment), wanted);
	const struct conf_step *step = &conf->steps[0];
	ck_assert_str_eq(joined(step->environment), "A=file|B=file|PATH=/usr/bin:/bin|D=\n|");
	ck_assert_uint_eq(step->file_settings, 2);
	conf_free(conf);
}
END_TEST

START_TEST(a_value_is_in_no_message)
{
	static char text[140000];
	size_t length = (size_t)snprintf(text, sizeof(text), "environment = {\"A=hunter2");
	memset(text + length, 'x', 132000);
	snprintf(text + length + 132000, 100, "\"}\n" STEP);
	const char *words = refused_text(text);
	ck_assert_ptr_nonnull(strstr(words, "test.conf:1: environment: "));
	ck_assert_ptr_null(strstr(words, "hunter2"));
	words = refused_text("environment = {\"hunter2\"}\n" STEP);
	ck_assert_str_eq(words, "test.conf:1: environment: it is to be \"NAME=VALUE\"");
	words = refused_text("step \"a\" { command = {\"true\"} environment = {\"A=hunter2\", "
			     "\"A=hunter2\"} }\n");
	ck_assert_str_eq(words, "test.conf:1: environment: A is set twice");
}
END_TEST

/* The PATH that steps will have is the one in which their programs must be. */
START_TEST(programs_are_looked_up_in_that_path)
{
	ck_assert_int_eq(mkdir("bin", 0700), 0);
	write_text("bin/only-here", "#!/bin/sh\n");
	ck_assert_int_eq(chmod("bin/only-here", 0700), 0);
	char here[2048], text[8192];
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	for (size_t i = 0; i < 2; i++) {
		int length = i == 0 ? snprintf(text, sizeof(text), "path = \"%s/bin\"\n", here)
				    : snprintf(text, sizeof(text),
					       "environment = {\"PATH=%s/bin\"}\n", here);
		snprintf(text + length, sizeof(text) - (size_t)length,
			 "step \"a\" { command = {\"only-here\"} }\n");
		conf_free(load_text(text));
		snprintf(
			text + length, sizeof(text) - (size_t)length,
			"step \"a\" { command = {\"only-here\"} environment = {\"PATH=/bin\"} }\n");
		ck_assert_str_eq(refused_text(text),
				 "test.conf:2: command = \"only-here\": there is no "
				 "such program in PATH");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_environment");
	TCase *environment = tcase_create("environment");
	tcase_add_test(environment, files_of_settings);
	tcase_add_test(environment, lines_that_are_none);
	tcase_add_test(environment, who_can_read_it_matters);
	tcase_add_test(environment, what_is_no_text_is_refused);
	tcase_add_test(environment, what_stands_over_what);
	tcase_add_test(environment, a_value_is_in_no_message);
	tcase_add_test(environment, programs_are_looked_up_in_that_path);
	suite_add_tcase(suite, environment);
	return run_suite(suite);
}
