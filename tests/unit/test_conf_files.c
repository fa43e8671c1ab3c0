/* What the file system can do to a config: each is an error in words, and never a hang. */
#include <sys/prctl.h>
#include <sys/stat.h>

#include "conf/words.h"
#include "tests/unit/conf_helpers.h"

#define STEP "step \"A\" { command = true }\n"

START_TEST(a_missing_file)
{
	ck_assert_str_eq(refused("missing.conf"),
			 "missing.conf: can't be read: No such file or directory");
	ck_assert_str_eq(refused("no/such/folder/a.conf"),
			 "no/such/folder/a.conf: can't be read: No such file or directory");
	write_text("file", "");
	ck_assert_str_eq(refused("file/a.conf"), "file/a.conf: can't be read: Not a directory");
}
END_TEST

START_TEST(no_name)
{
	ck_assert_str_eq(refused(""), "the config has no name");
}
END_TEST

/* libconfuse ends the process on one. */
START_TEST(a_folder)
{
	ck_assert_str_eq(refused("."), ".: is a folder, not a file");
	ck_assert_str_eq(refused("/"), "/: is a folder, not a file");
}
END_TEST

/* A FIFO that nobody writes to, or a terminal, would hold everything up. */
START_TEST(what_is_no_regular_file)
{
	ck_assert_int_eq(mkfifo("fifo.conf", 0666), 0);
	ck_assert_str_eq(refused("fifo.conf"), "fifo.conf: is no regular file");
	ck_assert_str_eq(refused("/dev/null"), "/dev/null: is no regular file");
	write_text("main.conf", "include(\"fifo.conf\")\n" STEP);
	ck_assert_str_eq(refused("main.conf"),
			 "main.conf:1: include(\"fifo.conf\"): is no regular file");
}
END_TEST

START_TEST(a_link_to_nothing_and_a_loop_of_links)
{
	ck_assert_int_eq(symlink("nowhere", "nothing.conf"), 0);
	ck_assert_int_eq(symlink("b.conf", "b.conf"), 0);
	ck_assert_str_eq(refused("nothing.conf"),
			 "nothing.conf: can't be read: No such file or directory");
	ck_assert_str_eq(refused("b.conf"),
			 "b.conf: can't be read: Too many levels of symbolic links");
}
END_TEST

START_TEST(an_unreadable_file)
{
	write_text("secret.conf", STEP);
	ck_assert_int_eq(chmod("secret.conf", 0), 0);
	const bool root = geteuid() == 0;
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_str_eq(refused("secret.conf"), "secret.conf: can't be read: Permission denied");
	/* A leak checker is to look at this process as before. */
	if (root)
		ck_assert_int_eq(seteuid(0) | prctl(PR_SET_DUMPABLE, 1), 0);
}
END_TEST

/* A comment of that many bytes, and a step. */
static void write_large(const char *name, size_t size)
{
	char *bytes = malloc(size);
	ck_assert_ptr_nonnull(bytes);
	memset(bytes, '#', size);
	memcpy(bytes + size - strlen("\n" STEP), "\n" STEP, strlen("\n" STEP));
	write_bytes(name, bytes, size);
	free(bytes);
}

#define TOO_LARGE "is too large: a config, with all that it includes, has 1 MiB at most"

START_TEST(the_largest_file)
{
	write_large("a.conf", WORDS_BYTES_MAX);
	conf_free(load("a.conf"));
	write_large("a.conf", WORDS_BYTES_MAX + 1);
	ck_assert_str_eq(refused("a.conf"), "a.conf: " TOO_LARGE);
	ck_assert_int_eq(truncate("a.conf", (off_t)1 << 40), 0);
	ck_assert_str_eq(refused("a.conf"), "a.conf: " TOO_LARGE);
}
END_TEST

/* Few files that include one another often would be many. */
START_TEST(a_bomb_of_includes)
{
	char name[32], text[4096];
	for (int i = 0; i < 9; i++) {
		size_t used = 0;
		for (int j = 0; j < 100; j++)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "include(\"%d.conf\")\n", i + 1);
		snprintf(name, sizeof(name), "%d.conf", i);
		write_text(name, text);
	}
	write_text("9.conf", "");
	const char *words = refused("0.conf");
	ck_assert_msg(strstr(words, TOO_LARGE) != NULL, "%s", words);
}
END_TEST

START_TEST(the_same_part_twice_is_no_loop)
{
	write_text("part.conf", "timeout = 1m\n");
	struct conf *conf = load_text("step \"A\" { command = true include(\"part.conf\") }\n"
				      "step \"B\" { command = true include(\"part.conf\") }\n");
	ck_assert_int_eq(conf->steps[1].timeout_ms, 60000);
	conf_free(conf);
}
END_TEST

START_TEST(a_loop_by_another_name)
{
	write_text("a.conf", "include(\"loop.conf\")\n" STEP);
	ck_assert_int_eq(symlink("a.conf", "loop.conf"), 0);
	ck_assert_str_eq(
		refused("a.conf"),
		"a.conf:1: include(\"loop.conf\"): a loop: this file is being read already");
}
END_TEST

START_TEST(ten_files_deep_and_no_more)
{
	char name[32], text[64];
	for (int i = 1; i < 10; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(text, sizeof(text), "include(\"%d.conf\")\n", i + 1);
		write_text(name, text);
	}
	write_text("10.conf", STEP);
	conf_free(load("1.conf"));
	write_text("0.conf", "include(\"1.conf\")\n");
	ck_assert_str_eq(refused("0.conf"),
			 "9.conf:1: include(\"10.conf\"): more than 10 files within one another");
}
END_TEST

START_TEST(includes_by_absolute_and_by_parent_paths)
{
	char here[4096], text[8192];
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(mkdir("sub", 0777), 0);
	write_text("one.conf", "step \"One\" { command = true }\n");
	write_text("two.conf", "step \"Two\" { command = }\n");
	snprintf(text, sizeof(text), "include (\"%s/one.conf\")\ninclude(\n\"../two.conf\" )\n",
		 here);
	write_text("sub/main.conf", text);
	ck_assert_str_eq(refused("sub/main.conf"), "sub/../two.conf:1: '}' can't stand here");
}
END_TEST

/* The name of a file comes from outside, too. */
START_TEST(names_are_cleaned)
{
	ck_assert_str_eq(refused("a\033[31m\n.conf"),
			 "a?[31m?.conf: can't be read: No such file or directory");
}
END_TEST

START_TEST(no_descriptor_is_lost)
{
	const int before = dup(STDERR_FILENO);
	close(before);
	write_text("bad.conf", "titel = x\n");
	for (int i = 0; i < 20; i++) {
		refused("bad.conf");
		refused("missing.conf");
		refused(".");
		conf_free(load_text(STEP));
	}
	const int after = dup(STDERR_FILENO);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

/* Loading is looking: nothing is made, not even the file that a report will go to. */
START_TEST(nothing_is_changed)
{
	struct stat before, after;
	write_text("a.conf", STEP "report \"file\" { path = \"reports.jsonl\" }\n");
	ck_assert_int_eq(stat(".", &before), 0);
	conf_free(load("a.conf"));
	ck_assert_int_eq(stat(".", &after), 0);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_assert_int_ne(access("reports.jsonl", F_OK), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_files");
	TCase *files = tcase_create("files");
	tcase_set_timeout(files, 30);
	tcase_add_test(files, a_missing_file);
	tcase_add_test(files, no_name);
	tcase_add_test(files, a_folder);
	tcase_add_test(files, what_is_no_regular_file);
	tcase_add_test(files, a_link_to_nothing_and_a_loop_of_links);
	tcase_add_test(files, an_unreadable_file);
	tcase_add_test(files, the_largest_file);
	tcase_add_test(files, a_bomb_of_includes);
	tcase_add_test(files, the_same_part_twice_is_no_loop);
	tcase_add_test(files, a_loop_by_another_name);
	tcase_add_test(files, ten_files_deep_and_no_more);
	tcase_add_test(files, includes_by_absolute_and_by_parent_paths);
	tcase_add_test(files, names_are_cleaned);
	tcase_add_test(files, no_descriptor_is_lost);
	tcase_add_test(files, nothing_is_changed);
	suite_add_tcase(suite, files);
	return run_suite(suite);
}
