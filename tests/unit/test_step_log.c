/* The log of a worker: whole where it is short, cut in the middle where it is not. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/cycle/step_log.h"
#include "tests/unit/suite.h"

#define MOST 8192
#define LOG  ".stepgate/logs/cycle-0003/step-07.log"

static void begin(struct step_log *log)
{
	struct err err;
	ck_assert_msg(step_log_open(log, ".", 3, 7, 1, MOST, &err) == 0, "%s", err.text);
}

/* The whole file; "" where there is none. */
static const char *content(const char *path, size_t *length)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "re");
	*length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	if (file)
		fclose(file);
	text[*length] = '\0';
	return text;
}

/* A stream in which each place can be told from the others: eight characters that count. */
static char *stream(size_t length)
{
	char word[32], *text = malloc(length + 1);
	for (size_t i = 0; i < length; i += 8) {
		snprintf(word, sizeof(word), "%7zu ", i);
		memcpy(text + i, word, length - i < 8 ? length - i : 8);
	}
	text[length] = '\0';
	return text;
}

static void write_log(const char *text, size_t length, size_t piece)
{
	struct step_log log;
	begin(&log);
	for (size_t i = 0; i < length; i += piece)
		step_log_write(&log, text + i, piece < length - i ? piece : length - i);
	step_log_close(&log);
	ck_assert_int_eq(log.error, 0);
	ck_assert_int_eq(log.left_out, length > MOST ? (int64_t)(length - MOST) : 0);
}

static void check_cut(size_t length, size_t piece)
{
	char *text = stream(length), words[128] = "";
	size_t got;
	unlink(LOG);
	write_log(text, length, piece);
	const char *log = content(LOG, &got);
	if (length > MOST)
		snprintf(words, sizeof(words),
			 "\n[stepgate: %zu bytes are left out here: max_output]\n", length - MOST);
	const size_t first = length < MOST / 2 ? length : MOST / 2;
	const size_t last = length - first < MOST / 2 ? length - first : MOST / 2;
	ck_assert_uint_eq(got, first + strlen(words) + last);
	ck_assert_int_eq(memcmp(log, text, first), 0);
	ck_assert_int_eq(memcmp(log + first, words, strlen(words)), 0);
	ck_assert_msg(memcmp(log + first + strlen(words), text + length - last, last) == 0,
		      "%zu bytes by %zu: the last half", length, piece);
	ck_assert_int_ne(access(LOG ".tail", F_OK), 0);
	ck_assert_int_ne(access(LOG ".tail.old", F_OK), 0);
	free(text);
}

START_TEST(any_length_in_any_pieces)
{
	static const size_t lengths[] = {0,     1,        4095,         4096,   4097,
					 8191,  8192,     8193,         12287,  12288,
					 12289, MOST * 2, MOST * 2 + 1, 100000, 409600};
	static const size_t pieces[] = {1, 7, 4096, 8192, 65536, 1000000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++)
			check_cut(lengths[i], pieces[j]);
}
END_TEST

START_TEST(an_earlier_try_is_added_to)
{
	size_t length;
	unlink(LOG);
	write_log("first\n", 6, 6);
	write_log("second\n", 7, 7);
	ck_assert_str_eq(content(LOG, &length), "first\nsecond\n");
}
END_TEST

/* Of a process that was killed, the last words are in the tails: they are the ones that tell why.
 */
START_TEST(what_was_not_closed_is_mended)
{
	struct step_log log;
	char *text = stream(20000);
	size_t length;
	unlink(LOG);
	begin(&log);
	step_log_write(&log, text, 20000);
	close(log.fd);
	close(log.tail);
	begin(&log);
	step_log_close(&log);
	const char *all = content(LOG, &length);
	ck_assert_int_eq(memcmp(all, text, MOST / 2), 0);
	ck_assert_ptr_nonnull(strstr(all, "\n[stepgate: output is missing here]\n"));
	ck_assert_str_eq(all + length - 5000, text + 15000);
	ck_assert_int_ne(access(LOG ".tail", F_OK), 0);
	ck_assert_int_ne(access(LOG ".tail.old", F_OK), 0);
	free(text);
}
END_TEST

/* A path that is cut would be that of another file. */
START_TEST(a_folder_of_too_long_a_name)
{
	struct step_log log;
	struct err err = {.code = ERR_NONE};
	char folder[4000];
	memset(folder, 'a', sizeof(folder) - 1);
	folder[sizeof(folder) - 1] = '\0';
	ck_assert_int_eq(step_log_open(&log, folder, 3, 7, 1, MOST, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "the path is too long for a log"));
}
END_TEST

/* A worker can put a link there, for us to write through. */
START_TEST(links_are_not_followed)
{
	struct step_log log;
	struct err err;
	struct stat made;
	char *text = stream(20000);
	unlink(LOG);
	begin(&log);
	ck_assert_int_eq(symlink("victim", LOG ".tail"), 0);
	step_log_write(&log, text, 20000);
	ck_assert_int_ne(log.error, 0);
	step_log_close(&log);
	ck_assert_int_ne(stat(".stepgate/logs/cycle-0003/victim", &made), 0);
	unlink(LOG ".tail");
	unlink(LOG);
	ck_assert_int_eq(symlink("victim", LOG), 0);
	ck_assert_int_eq(step_log_open(&log, ".", 3, 7, 1, MOST, &err), -1);
	ck_assert_int_ne(stat(".stepgate/logs/cycle-0003/victim", &made), 0);
	unlink(LOG);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("step log");
	TCase *logs = tcase_create("logs");
	tcase_set_timeout(logs, 60);
	tcase_add_test(logs, any_length_in_any_pieces);
	tcase_add_test(logs, an_earlier_try_is_added_to);
	tcase_add_test(logs, what_was_not_closed_is_mended);
	tcase_add_test(logs, links_are_not_followed);
	tcase_add_test(logs, a_folder_of_too_long_a_name);
	suite_add_tcase(suite, logs);
	return run_suite(suite);
}
