/*
 * Recordings that were cut off at any byte, or told in another way that means the same: keys in
 * another order, fractions, line ends, other text between, lines that come twice. Whatever is done
 * to the words, the meter takes no wrong figure for exact, and with the files is never under.
 */
#include <check.h>

#include "recording_helpers.h"
#include "recording_ways.h"
#include "tests/unit/suite.h"

static void cut_at(const struct recording *recording, size_t length)
{
	const size_t piece = chance(8) == 0 ? 1 + chance(64) : 65536;
	const struct reading alone =
		reading_of(recording->kind, recording->printed, length, piece, NULL);
	ck_assert_msg(is_honest(recording, &alone), "%s, the first %zu bytes: exact and %lld",
		      recording->name, length, (long long)all_of(&alone));
	if (!recording->files[0])
		return;
	const struct reading both =
		reading_of(recording->kind, recording->printed, length, piece, recording->files);
	ck_assert_msg(is_safe(recording, &both), "%s, the first %zu bytes, and files: %lld, %s",
		      recording->name, length, (long long)all_of(&both),
		      quality_name(both.quality));
}

START_TEST(cut_anywhere_it_is_honest)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	const int times = getenv("SOAK") ? 2000 : 12;
	for (int i = 0; i < count; i++) {
		const char *printed = list[i].printed;
		for (size_t at = 0; at < list[i].length; at++)
			if (printed[at] == '\n' && (getenv("SOAK") || chance(4) == 0))
				cut_at(&list[i], at + chance(2));
		for (int time = 0; time < times && list[i].length > 0; time++)
			cut_at(&list[i], chance(list[i].length));
	}
	recordings_free(list, count);
}
END_TEST

static void told_in_a_way(const struct recording *recording, int way)
{
	if (ways[way].whole && (recording->printed[0] != '{' || recording->printed[1] == '\n'))
		return;
	struct text text = tell_lines(recording->printed, recording->length, way);
	const struct reading plain = reading_of(recording->kind, recording->printed,
						recording->length, 65536, recording->files);
	const struct reading told = reading_of(recording->kind, text.bytes, text.length,
					       1 + chance(5000), recording->files);
	ck_assert_msg(all_of(&told) == all_of(&plain) && fresh_of(&told) == fresh_of(&plain) &&
			      told.quality == plain.quality && told.ended == plain.ended,
		      "%s, %s: %lld %s %s, not %lld %s %s", recording->name, ways[way].name,
		      (long long)all_of(&told), quality_name(told.quality), ended_name(told.ended),
		      (long long)all_of(&plain), quality_name(plain.quality),
		      ended_name(plain.ended));
	free(text.bytes);
}

START_TEST(told_in_another_way_it_is_the_same)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	for (int i = 0; i < count; i++)
		if (list[i].length > 0)
			told_in_a_way(&list[i], _i);
	recordings_free(list, count);
}
END_TEST

int main(void)
{
	seed = strtoull(getenv("SEED") ? getenv("SEED") : "1", NULL, 10) | 1;
	printf("seed %llu\n", (unsigned long long)seed);
	Suite *suite = suite_create("recordings_cut");
	TCase *cut = tcase_create("cut");
	tcase_add_test(cut, cut_anywhere_it_is_honest);
	tcase_add_loop_test(cut, told_in_another_way_it_is_the_same, 0,
			    (int)(sizeof(ways) / sizeof(ways[0])));
	tcase_set_timeout(cut, 600);
	suite_add_tcase(suite, cut);
	return run_suite(suite);
}
