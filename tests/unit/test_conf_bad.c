/* Broken configs: each is refused with the words that stand beside it, and with nothing else. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/conf_helpers.h"

#define BAD "tests/data/conf/bad"

/* What is written down for a file: in its first line after "# expect: ", or in NAME.expect. FILE
 * stands for its name. */
static void expectation(const char *name, char *out, size_t size)
{
	static const char mark[] = "# expect: ";
	char path[512], line[1024];
	const int stem = (int)(strlen(name) - strlen(".conf"));
	snprintf(path, sizeof(path), "%.*s.expect", stem, name);
	FILE *file = fopen(path, "r");
	const size_t skip = file ? 0 : strlen(mark);
	if (!file)
		file = fopen(name, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	if (skip)
		ck_assert_msg(strncmp(line, mark, skip) == 0, "%s: says not what is expected",
			      name);
	const char *words = line + skip;
	const bool own = strncmp(words, "FILE:", 5) == 0;
	snprintf(out, size, "%s%s", own ? name : "", words + (own ? 4 : 0));
}

static void check_file(const char *name)
{
	char wanted[2048];
	expectation(name, wanted, sizeof(wanted));
	ck_assert_str_eq(refused(name), wanted);
}

static bool is_config(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && strcmp(dot, ".conf") == 0;
}

START_TEST(each_is_refused_with_its_words)
{
	int count = 0;
	ck_assert_int_eq(chdir(source_path(BAD)), 0);
	unsetenv("STEPGATE_TEST_UNSET");
	DIR *folder = opendir(".");
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (is_config(entry->d_name)) {
			check_file(entry->d_name);
			count++;
		}
	closedir(folder);
	ck_assert_int_ge(count, 150);
}
END_TEST

/* libconfuse prints to stderr wherever nobody stops it. */
START_TEST(nothing_is_printed)
{
	FILE *caught = tmpfile();
	const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	ck_assert_ptr_nonnull(caught);
	ck_assert_int_eq(chdir(source_path(BAD)), 0);
	unsetenv("STEPGATE_TEST_UNSET");
	dup2(fileno(caught), STDOUT_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
	DIR *folder = opendir(".");
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (is_config(entry->d_name))
			refused(entry->d_name);
	if (folder)
		closedir(folder);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	struct stat status;
	ck_assert_int_eq(fstat(fileno(caught), &status), 0);
	ck_assert_int_eq(status.st_size, 0);
	ck_assert_ptr_nonnull(folder);
	fclose(caught);
}
END_TEST

/* Nothing of a failure stays behind in libconfuse or here: the next config is read as ever. */
START_TEST(a_good_one_loads_after_any_bad_one)
{
	char good[4096];
	snprintf(good, sizeof(good), "%s", source_path("tests/data/conf/good/include.conf"));
	ck_assert_int_eq(chdir(source_path(BAD)), 0);
	unsetenv("STEPGATE_TEST_UNSET");
	DIR *folder = opendir(".");
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (is_config(entry->d_name)) {
			refused(entry->d_name);
			struct conf *conf = load(good);
			ck_assert_uint_eq(conf->nsteps, 4);
			conf_free(conf);
		}
	closedir(folder);
}
END_TEST

START_TEST(the_reason_may_be_left_unasked)
{
	struct conf *conf = NULL;
	ck_assert_int_eq(conf_load(source_path(BAD "/key-misspelt.conf"), &conf, NULL), -1);
	ck_assert_int_eq(conf_load(source_path(BAD "/program-missing.conf"), &conf, NULL), -1);
	ck_assert_int_eq(conf_load(source_path(BAD "/nul-byte.conf"), &conf, NULL), -1);
	ck_assert_int_eq(conf_load("missing.conf", &conf, NULL), -1);
	ck_assert_ptr_null(conf);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_bad");
	TCase *bad = tcase_create("bad");
	tcase_add_test(bad, each_is_refused_with_its_words);
	tcase_add_test(bad, nothing_is_printed);
	tcase_add_test(bad, a_good_one_loads_after_any_bad_one);
	tcase_add_test(bad, the_reason_may_be_left_unasked);
	suite_add_tcase(suite, bad);
	return run_suite(suite);
}
