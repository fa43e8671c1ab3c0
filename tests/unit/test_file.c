/* Files that are replaced whole: what a reader finds, and what is left when it fails. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "status/file.h"
#include "tests/unit/status_helpers.h"

static struct err err;

static int replace(const char *path, const char *text)
{
	err = (struct err){.code = ERR_NONE};
	return file_replace(path, text, strlen(text), &err);
}

static mode_t mode_of(const char *path)
{
	struct stat now;
	ck_assert_int_eq(lstat(path, &now), 0);
	return now.st_mode & 07777;
}

/* --- replace --- */

START_TEST(a_file_is_made_and_replaced)
{
	umask(027);
	assert_ok(replace("f", "one\n"), err);
	ck_assert_str_eq(text_of("f"), "one\n");
	ck_assert_uint_eq(mode_of("f"), 0640);
	ck_assert_int_eq(chmod("f", 0604), 0);
	assert_ok(replace("f", ""), err);
	ck_assert_str_eq(text_of("f"), "");
	ck_assert_uint_eq(mode_of("f"), 0604);
	ck_assert_int_eq(count_files(".", "f", NULL), 1);
}
END_TEST

START_TEST(an_old_reader_keeps_the_old_file)
{
	char text[8] = "";
	assert_ok(replace("f", "old"), err);
	const int fd = open("f", O_RDONLY | O_CLOEXEC);
	assert_ok(replace("f", "new"), err);
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 3);
	ck_assert_str_eq(text, "old");
	ck_assert_str_eq(text_of("f"), "new");
	close(fd);
}
END_TEST

START_TEST(what_a_dead_process_left_is_no_hindrance)
{
	char beside[64];
	snprintf(beside, sizeof(beside), "f.tmp.%ld", (long)getpid());
	ck_assert_int_eq(symlink("elsewhere", beside), 0);
	assert_ok(replace("f", "text"), err);
	ck_assert_str_eq(text_of("f"), "text");
	ck_assert(!is_there("elsewhere"));
	ck_assert(!is_there(beside));
}
END_TEST

static void make_odd(const char *path, int kind)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	switch (kind) {
	case 0:
		ck_assert_int_eq(symlink("target", path), 0);
		break;
	case 1:
		ck_assert_int_eq(symlink("/dev/full", path), 0);
		break;
	case 2:
		ck_assert_int_eq(mkfifo(path, 0644), 0);
		break;
	case 3:
		ck_assert_int_eq(mkdir(path, 0755), 0);
		break;
	default: {
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		memcpy(address.sun_path, path, strlen(path) + 1);
		ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	}
}

START_TEST(what_is_no_regular_file_is_not_replaced)
{
	struct stat before, after;
	write_text("target", "kept");
	make_odd("f", _i);
	ck_assert_int_eq(lstat("f", &before), 0);
	ck_assert_int_eq(replace("f", "text"), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.text, "f: not a regular file: refused");
	ck_assert_int_eq(lstat("f", &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_str_eq(text_of("target"), "kept");
	ck_assert_int_eq(count_files(".", ".tmp.", NULL), 0);
}
END_TEST

START_TEST(a_missing_folder_is_told_of)
{
	ck_assert_int_eq(replace("nowhere/f", "text"), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "nowhere/f: can't be written: No such file or directory");
}
END_TEST

START_TEST(a_file_in_place_of_the_folder_is_told_of)
{
	write_text("folder", "a file");
	ck_assert_int_eq(replace("folder/f", "text"), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	assert_has(err.text, "folder/f");
	assert_has(err.text, ": can't be written: Not a directory");
	ck_assert_str_eq(text_of("folder"), "a file");
}
END_TEST

/* The limit of a file's size stands for a full disk: a write that is cut, then one that fails. */
START_TEST(a_full_disk_leaves_the_old_file)
{
	struct rlimit limit = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};
	char text[4096];
	memset(text, 'x', sizeof(text));
	assert_ok(replace("f", "old"), err);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 1000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	const int failed = file_replace("f", text, sizeof(text), &err);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(failed, -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "f: can't be written: File too large");
	ck_assert_str_eq(text_of("f"), "old");
	ck_assert_int_eq(count_files(".", ".tmp.", NULL), 0);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	const int before = dup(0);
	close(before);
	ck_assert_int_eq(mkfifo("fifo", 0644), 0);
	write_text("f", "x");
	char *bytes = NULL, aside[256];
	size_t length;
	replace("f", "text");
	replace("nowhere/f", "text");
	replace("fifo", "text");
	file_read("f", 100, &bytes, &length, &err);
	free(bytes);
	file_read("f", 1, &bytes, &length, &err);
	file_read("fifo", 1, &bytes, &length, &err);
	file_set_aside("f", NULL, aside, sizeof(aside), &err);
	const int after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

/* Readers, while it is replaced again and again: always one whole text or the other. */
START_TEST(a_reader_sees_old_or_new)
{
	char a[5000], b[9000];
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	write_bytes("f", a, sizeof(a));
	const pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 60; i++)
			if (file_replace("f", i % 2 ? a : b, i % 2 ? sizeof(a) : sizeof(b), &err))
				_exit(1);
		_exit(0);
	}
	int status;
	while (waitpid(child, &status, WNOHANG) == 0) {
		char *bytes = NULL;
		size_t length = 0;
		ck_assert_msg(file_read("f", 10000, &bytes, &length, &err) == 1, "%s", err.text);
		ck_assert_uint_eq(length, bytes[0] == 'a' ? sizeof(a) : sizeof(b));
		ck_assert_mem_eq(bytes, bytes[0] == 'a' ? a : b, length);
		free(bytes);
	}
	ck_assert_int_eq(status, 0);
}
END_TEST

/* --- read --- */

START_TEST(a_file_is_read_whole)
{
	char *bytes = NULL;
	size_t length = 0;
	write_bytes("f", "a\0b", 3);
	ck_assert_int_eq(file_read("f", 3, &bytes, &length, &err), 1);
	ck_assert_uint_eq(length, 3);
	ck_assert_mem_eq(bytes, "a\0b", 4); /* and a NUL behind it */
	free(bytes);
	write_text("f", "");
	ck_assert_int_eq(file_read("f", 0, &bytes, &length, &err), 1);
	ck_assert_uint_eq(length, 0);
	ck_assert_str_eq(bytes, "");
	free(bytes);
}
END_TEST

/* What must not be read: the answer, the code, the words; the outputs stay as they were. */
static void not_read(const char *path, int answer, enum err_code code, const char *words)
{
	char *bytes = (char *)&err;
	size_t length = 99;
	err = (struct err){.code = ERR_NONE};
	ck_assert_int_eq(file_read(path, 10, &bytes, &length, &err), answer);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.text, words);
	ck_assert_ptr_eq(bytes, &err);
	ck_assert_uint_eq(length, 99);
}

START_TEST(what_is_not_read)
{
	not_read("nothing", 0, ERR_NONE, "");
	not_read("nowhere/f", 0, ERR_NONE, "");
	write_text("f", "12345678901");
	not_read("f", -1, ERR_DAMAGED, "f: larger than 10 bytes: refused");
	not_read("f/g", -1, ERR_SYSTEM, "f/g: can't be opened: Not a directory");
	make_odd("link", 0);
	make_odd("fifo", 2);
	make_odd("folder", 3);
	make_odd("socket", 4);
	not_read("link", -1, ERR_REFUSED, "link: not a regular file: refused");
	not_read("fifo", -1, ERR_REFUSED, "fifo: not a regular file: refused");
	not_read("folder", -1, ERR_REFUSED, "folder: not a regular file: refused");
	not_read("socket", -1, ERR_SYSTEM, "socket: can't be opened: No such device or address");
}
END_TEST

/* --- set aside --- */

START_TEST(a_damaged_file_is_kept_under_another_name)
{
	char aside[256];
	write_text("f", "broken");
	ck_assert(!file_was_set_aside("f"));
	assert_ok(file_set_aside("f", NULL, aside, sizeof(aside), &err), err);
	ck_assert(file_was_set_aside("f") && file_was_set_aside("./f"));
	ck_assert(!file_was_set_aside("g") && !file_was_set_aside("nowhere/f"));
	ck_assert(!is_there("f"));
	ck_assert_int_eq(strncmp(aside, "f.damaged-20", 12), 0);
	ck_assert_str_eq(text_of(aside), "broken");
}
END_TEST

START_TEST(its_companions_go_with_it)
{
	static const char *const suffixes[] = {"-wal", "-shm", NULL};
	char aside[256], companion[300];
	write_text("f", "broken");
	write_text("f-wal", "its log");
	assert_ok(file_set_aside("f", suffixes, aside, sizeof(aside), &err), err);
	snprintf(companion, sizeof(companion), "%s-wal", aside);
	ck_assert_str_eq(text_of(companion), "its log");
	ck_assert(!is_there("f-wal"));
	ck_assert_int_eq(count_files(".", "f", NULL), 2);
}
END_TEST

START_TEST(what_can_not_be_set_aside)
{
	char aside[256] = "untouched", small[8] = "small";
	ck_assert_int_eq(file_set_aside("none", NULL, aside, sizeof(aside), &err), -1);
	ck_assert_str_eq(err.text, "none: can't be set aside: No such file or directory");
	ck_assert_str_eq(aside, "untouched");
	write_text("f", "broken");
	ck_assert_int_eq(file_set_aside("f", NULL, small, sizeof(small), &err), -1);
	ck_assert_str_eq(err.text, "f\xe2\x80\xa6: the path is too long");
	ck_assert_str_eq(small, "small");
	ck_assert(is_there("f"));
}
END_TEST

/* --- folders --- */

START_TEST(a_folder_and_its_parents_are_made)
{
	char *const here = getcwd(NULL, 0);
	char path[4096];
	umask(022);
	assert_ok(file_make_folder("a/b/c", &err), err);
	assert_ok(file_make_folder("a/b/c", &err), err);
	assert_ok(file_make_folder("d//e/", &err), err);
	snprintf(path, sizeof(path), "%s/f/g", here);
	free(here);
	assert_ok(file_make_folder(path, &err), err);
	ck_assert_uint_eq(mode_of("a/b/c"), 0755);
	ck_assert(is_there("d/e"));
	ck_assert(is_there("f/g"));
	ck_assert_int_eq(symlink("a", "link"), 0);
	assert_ok(file_make_folder("link/b/h", &err), err);
	ck_assert(is_there("a/b/h"));
}
END_TEST

START_TEST(folders_that_can_not_be_made)
{
	char path[5000];
	write_text("f", "a file");
	ck_assert_int_eq(file_make_folder("f", &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	ck_assert_str_eq(err.text, "f: not a folder: refused");
	ck_assert_int_eq(file_make_folder("f/g", &err), -1);
	ck_assert_str_eq(err.text, "f: not a folder: refused");
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(file_make_folder(path, &err), -1);
	assert_has(err.text, "xxx\xe2\x80\xa6: the path is too long");
}
END_TEST

START_TEST(a_home)
{
	assert_ok(file_make_home(".", &err), err);
	ck_assert_str_eq(text_of(".stepgate/.gitignore"), "*\n");
	ck_assert(is_there("status"));
	write_text(".stepgate/.gitignore", "mine\n");
	assert_ok(file_make_home(".", &err), err);
	ck_assert_str_eq(text_of(".stepgate/.gitignore"), "mine\n");
	/* One that was cut by a full disk would let everything in. */
	write_text(".stepgate/.gitignore", "");
	assert_ok(file_make_home(".", &err), err);
	ck_assert_str_eq(text_of(".stepgate/.gitignore"), "*\n");
}
END_TEST

START_TEST(a_home_that_leads_elsewhere_is_refused)
{
	static const char *const own[] = {".stepgate", "status"};
	char words[64];
	ck_assert_int_eq(mkdir("elsewhere", 0755), 0);
	ck_assert_int_eq(symlink("elsewhere", own[_i]), 0);
	ck_assert_int_eq(file_make_home(".", &err), -1);
	ck_assert_int_eq(err.code, ERR_DAMAGED);
	snprintf(words, sizeof(words), "./%s: not a folder: refused", own[_i]);
	ck_assert_str_eq(err.text, words);
	ck_assert_int_eq(count_files("elsewhere", "git", NULL), 0);
}
END_TEST

START_TEST(a_home_that_can_not_be_made)
{
	ck_assert_int_eq(file_make_home("nowhere", &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "nowhere/.stepgate: can't be made: No such file or directory");
	write_text("status", "a file");
	ck_assert_int_eq(file_make_home(".", &err), -1);
	ck_assert_str_eq(err.text, "./status: not a folder: refused");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file");
	TCase *file = tcase_create("file"), *folder = tcase_create("folder");
	tcase_add_checked_fixture(file, enter_new_folder, NULL);
	tcase_add_test(file, a_file_is_made_and_replaced);
	tcase_add_test(file, an_old_reader_keeps_the_old_file);
	tcase_add_test(file, what_a_dead_process_left_is_no_hindrance);
	tcase_add_loop_test(file, what_is_no_regular_file_is_not_replaced, 0, 5);
	tcase_add_test(file, a_missing_folder_is_told_of);
	tcase_add_test(file, a_file_in_place_of_the_folder_is_told_of);
	tcase_add_test(file, a_full_disk_leaves_the_old_file);
	tcase_add_test(file, no_descriptor_is_left_open);
	tcase_add_test(file, a_reader_sees_old_or_new);
	tcase_add_test(file, a_file_is_read_whole);
	tcase_add_test(file, what_is_not_read);
	tcase_add_test(file, a_damaged_file_is_kept_under_another_name);
	tcase_add_test(file, its_companions_go_with_it);
	tcase_add_test(file, what_can_not_be_set_aside);
	tcase_set_timeout(file, 60);
	suite_add_tcase(suite, file);
	tcase_add_checked_fixture(folder, enter_new_folder, NULL);
	tcase_add_test(folder, a_folder_and_its_parents_are_made);
	tcase_add_test(folder, folders_that_can_not_be_made);
	tcase_add_test(folder, a_home);
	tcase_add_loop_test(folder, a_home_that_leads_elsewhere_is_refused, 0, 2);
	tcase_add_test(folder, a_home_that_can_not_be_made);
	suite_add_tcase(suite, folder);
	return run_suite(suite);
}
