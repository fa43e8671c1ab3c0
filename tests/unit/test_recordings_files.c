/*
 * What agents wrote, in other bytes that mean the same, and as it is after a crash: line ends, a
 * mark of the byte order, lines that come twice, keys in another order, long lines of text between,
 * zeros behind a file, a last line that broke off. With what was printed no figure is under the
 * truth; of the files alone none is taken for exact that is not.
 */
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "recording_helpers.h"
#include "recording_ways.h"
#include "tests/unit/suite.h"

enum damage {
	SAME,
	MARKED,
	ZEROS,     /* behind the last line */
	LONG_TEXT, /* a line of text between, which has figures in its strings */
	CUT,       /* in the last line */
	NDAMAGES,
};

static char from[RECORDING_PATH], into[RECORDING_PATH];
static int way;
static enum damage damage;

static void damaged(struct text *text)
{
	static const char mark[] = "\xef\xbb\xbf", zeros[4096];
	static const char before[] = "{\"type\":\"other\",\"text\":\"";
	static const char figures[] = "\\\"usage\\\":{\\\"input_tokens\\\":99999}}] \\n { ";
	struct text made = {.length = 0};
	if (damage == MARKED)
		append(&made, mark, strlen(mark));
	if (damage == LONG_TEXT) {
		append(&made, before, strlen(before));
		for (int i = 0; i < 20000; i++)
			append(&made, figures, strlen(figures));
		append(&made, "\"}\n", 3);
	}
	append(&made, text->bytes, text->length);
	if (damage == ZEROS)
		append(&made, zeros, sizeof(zeros));
	if (damage == CUT && made.length > 20)
		made.length -= 20;
	free(text->bytes);
	*text = made;
}

static bool ends(const char *path, const char *with)
{
	return strlen(path) > strlen(with) && strcmp(path + strlen(path) - strlen(with), with) == 0;
}

/* Copies a file of the recording, told in another way where it is words. */
static int copy(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	char to[2 * RECORDING_PATH];
	size_t length = 0;
	(void)stat_of;
	(void)walk;
	snprintf(to, sizeof(to), "%s%s", into, path + strlen(from));
	if (type == FTW_D)
		return mkdir(to, 0700) != 0 && strcmp(to, into) != 0;
	char *bytes = read_whole(path, &length);
	ck_assert_ptr_nonnull(bytes);
	const bool words = ends(path, ".jsonl") && length > 0;
	struct text text = {.length = 0};
	if (words) {
		text = tell_lines(bytes, length, way);
		damaged(&text);
	} else if (length > 0) {
		append(&text, bytes, length);
	}
	const int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text.bytes ? text.bytes : "", text.length),
			 (ssize_t)text.length);
	close(fd);
	free(text.bytes);
	free(bytes);
	return 0;
}

static int take_away(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	(void)stat_of;
	(void)type;
	(void)walk;
	return remove(path);
}

static void judge(const struct recording *recording)
{
	const char *words = recording->printed;
	const size_t length = recording->length;
	const struct reading both = reading_of(recording->kind, words, length, 65536, into);
	const struct reading written = reading_of(recording->kind, NULL, 0, 1, into);
	const struct reading before = reading_of(recording->kind, NULL, 0, 1, from);
	const char *name = ways[way].name;
	if (damage != CUT)
		ck_assert_msg(is_safe(recording, &both), "%s, files %s, %d: %lld %s, not %lld",
			      recording->name, name, (int)damage, (long long)all_of(&both),
			      quality_name(both.quality), (long long)recording->all);
	ck_assert_msg(is_honest(recording, &both) && is_honest(recording, &written),
		      "%s, files %s, %d: exact, and %lld", recording->name, name, (int)damage,
		      (long long)all_of(&both));
	if (damage != CUT)
		ck_assert_msg(all_of(&written) == all_of(&before),
			      "%s, files %s, %d: %lld, not %lld", recording->name, name,
			      (int)damage, (long long)all_of(&written), (long long)all_of(&before));
}

static void in_a_way(const struct recording *recording)
{
	const char *scratch = getenv("TMPDIR");
	snprintf(from, sizeof(from), "%s", recording->files);
	snprintf(into, sizeof(into), "%.500s/files-XXXXXX", scratch ? scratch : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(into));
	ck_assert_int_eq(nftw(from, copy, 16, FTW_PHYS), 0);
	judge(recording);
	ck_assert_int_eq(nftw(into, take_away, 16, FTW_DEPTH | FTW_PHYS), 0);
}

START_TEST(written_in_another_way_it_is_the_same)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	way = _i;
	damage = SAME;
	for (int i = 0; i < count; i++)
		if (list[i].files[0] && strcmp(list[i].kind->name, "opencode") != 0)
			in_a_way(&list[i]);
	recordings_free(list, count);
}
END_TEST

START_TEST(damaged_files_are_never_under_and_never_exact)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	way = 0;
	damage = (enum damage)_i;
	for (int i = 0; i < count; i++)
		if (list[i].files[0] && strcmp(list[i].kind->name, "opencode") != 0)
			in_a_way(&list[i]);
	recordings_free(list, count);
}
END_TEST

int main(void)
{
	seed = strtoull(getenv("SEED") ? getenv("SEED") : "1", NULL, 10) | 1;
	printf("seed %llu\n", (unsigned long long)seed);
	Suite *suite = suite_create("recordings_files");
	TCase *files = tcase_create("files");
	tcase_add_loop_test(files, written_in_another_way_it_is_the_same, 0,
			    (int)(sizeof(ways) / sizeof(ways[0])));
	tcase_add_loop_test(files, damaged_files_are_never_under_and_never_exact, MARKED, NDAMAGES);
	tcase_set_timeout(files, 600);
	suite_add_tcase(suite, files);
	return run_suite(suite);
}
