/* Each recording of an agent's run: what the meter says of it, beside what was really used. */
#include <check.h>

#include "recording_helpers.h"
#include "tests/unit/suite.h"

static void print_cell(const struct recording *recording, const struct reading *reading)
{
	const int64_t all = all_of(reading);
	char text[64];
	if (all < 0)
		snprintf(text, sizeof(text), "none");
	else if (is_true(recording, reading))
		snprintf(text, sizeof(text), "true");
	else
		snprintf(text, sizeof(text), "%+lld", (long long)(all - recording->all));
	printf(" %8s %-9s", text, quality_name(reading->quality));
}

/* One row of the table; gives how many things are wrong with it. */
static int judge(const struct recording *recording)
{
	const char *words = recording->printed, *files = recording->files;
	const size_t length = recording->length;
	const struct reading both = reading_of(recording->kind, words, length, length, files);
	const struct reading printed = reading_of(recording->kind, words, length, length, NULL);
	const struct reading written = reading_of(recording->kind, NULL, 0, 1, files);
	const int wrong = !is_safe(recording, &both) + !is_honest(recording, &printed) +
			  !is_honest(recording, &written);
	const char *ended = ended_name(both.ended);
	printf("%-34s %9lld", recording->name, (long long)recording->all);
	print_cell(recording, &both);
	print_cell(recording, &printed);
	print_cell(recording, &written);
	printf(" %s%s\n", ended ? ended : "-", wrong ? "  WRONG" : "");
	return wrong;
}

START_TEST(each_recording_is_read_right)
{
	int count = 0, ours = 0, wrong = 0;
	struct recording *list = recordings_all(&count, &ours);
	ck_assert_int_ge(ours, 10);
	printf("%-34s %9s %-18s %-18s %-18s\n", "recording", "truth", "    both", "    stdout",
	       "    files");
	for (int i = 0; i < count; i++)
		wrong += judge(&list[i]);
	printf("%d recordings, %d of them ours%s\n", count, ours,
	       count == ours ? ": no others beside the source tree, nor by RECORDINGS" : "");
	fflush(stdout);
	recordings_free(list, count);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* The main conversation's last prompt; one that was broken off may count as well. */
START_TEST(the_context_is_that_of_the_last_call)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	for (int i = 0; i < count; i++) {
		const struct reading both = reading_of(list[i].kind, list[i].printed,
						       list[i].length, 4096, list[i].files);
		if (list[i].context > 0 && both.quality == QUALITY_EXACT)
			ck_assert_msg(both.context.known && both.context.tokens == list[i].context,
				      "%s: %lld, not %lld", list[i].name,
				      (long long)both.context.tokens, (long long)list[i].context);
	}
	recordings_free(list, count);
}
END_TEST

/* Whose words or files they are can be told. */
START_TEST(an_agent_is_known_by_its_words_or_files)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	for (int i = 0; i < count; i++) {
		const struct reading own = reading_of(list[i].kind, list[i].printed, list[i].length,
						      4096, list[i].files);
		const struct reading told = reading_of(&agent_auto, list[i].printed, list[i].length,
						       4096, list[i].files);
		if (own.quality == QUALITY_UNKNOWN)
			continue;
		ck_assert_msg(strcmp(told.agent, list[i].kind->name) == 0, "%s: %s, %s",
			      list[i].name, told.agent, told.why);
		ck_assert_int_eq(all_of(&told), all_of(&own));
		ck_assert_int_eq(told.quality, own.quality);
	}
	recordings_free(list, count);
}
END_TEST

/* A worker may run its agent twice: what both printed is one stream, and neither is left out. */
static void both_count(const struct recording *one, const struct recording *other)
{
	const size_t length = one->length + other->length + 1;
	char *words = malloc(length + 1);
	ck_assert_ptr_nonnull(words);
	snprintf(words, length + 1, "%s\n%s", one->printed, other->printed);
	const struct reading first = reading_of(one->kind, one->printed, one->length, 65536, NULL);
	const struct reading second =
		reading_of(one->kind, other->printed, other->length, 65536, NULL);
	const struct reading both = reading_of(one->kind, words, length, 65536, NULL);
	if (first.quality == QUALITY_EXACT && second.quality == QUALITY_EXACT)
		ck_assert_msg(all_of(&both) >= one->all + other->all, "%s and %s: %lld, not %lld",
			      one->name, other->name, (long long)all_of(&both),
			      (long long)(one->all + other->all));
	ck_assert_msg(all_of(&both) == one->all + other->all || both.quality != QUALITY_EXACT,
		      "%s and %s: exact, and %lld, not %lld", one->name, other->name,
		      (long long)all_of(&both), (long long)(one->all + other->all));
	free(words);
}

START_TEST(two_that_printed_into_one_stream_both_count)
{
	int count = 0, ours = 0;
	struct recording *list = recordings_all(&count, &ours);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			if (list[i].kind == list[j].kind && list[i].length > 0 &&
			    list[j].length > 0 && strcmp(list[i].name, list[j].name) != 0)
				both_count(&list[i], &list[j]);
	recordings_free(list, count);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recordings");
	TCase *recordings = tcase_create("recordings");
	tcase_add_test(recordings, each_recording_is_read_right);
	tcase_add_test(recordings, the_context_is_that_of_the_last_call);
	tcase_add_test(recordings, an_agent_is_known_by_its_words_or_files);
	tcase_add_test(recordings, two_that_printed_into_one_stream_both_count);
	tcase_set_timeout(recordings, 300);
	suite_add_tcase(suite, recordings);
	return run_suite(suite);
}
