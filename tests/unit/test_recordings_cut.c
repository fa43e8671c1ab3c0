/*
 * Recordings that were cut off at any byte, or told in another way that means the same: keys in
 * another order, fractions, line ends, other text between, lines that come twice. Whatever is done
 * to the words, the meter takes no wrong figure for exact, and with the files is never under.
 */
#include <check.h>

#include "recording_helpers.h"

static uint64_t seed;

/* xorshift64 (Marsaglia 2003) */
static size_t chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

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

/* A growing text. */
struct text {
	char *bytes;
	size_t length, room;
};

static void append(struct text *text, const char *bytes, size_t length)
{
	if (text->length + length > text->room) {
		text->room = (text->length + length) * 2;
		text->bytes = realloc(text->bytes, text->room);
		ck_assert_ptr_nonnull(text->bytes);
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static void as_it_is(struct text *text, const char *line, size_t length)
{
	append(text, line, length);
	append(text, "\n", 1);
}

static void with_carriage_returns(struct text *text, const char *line, size_t length)
{
	append(text, line, length);
	append(text, "\r\n", 2);
}

static void twice(struct text *text, const char *line, size_t length)
{
	as_it_is(text, line, length);
	as_it_is(text, line, length);
}

static void among_other_text(struct text *text, const char *line, size_t length)
{
	static const char *const others[] = {
		"Warning: 256-color support not detected.\n",
		"  cause: {\n    code: 429,\n  },\n",
		"[STARTUP] {not JSON}\n",
		"{}\n[]\n{\"type\": \"ping\"}\n",
		"{\"level\": {\"deep\": [[[[{}]]]]}}\n",
		"\xff\xfe\x00 bytes\n",
		"\n\n",
	};
	const char *other = others[chance(sizeof(others) / sizeof(others[0]))];
	append(text, other, strlen(other));
	as_it_is(text, line, length);
}

/* Objects get their keys in the opposite order. */
static void turn(cJSON *item)
{
	cJSON *child = item->child, *last = NULL;
	for (; child; child = child->next)
		turn(child);
	if (!cJSON_IsObject(item) || !item->child)
		return;
	while ((child = item->child) != NULL) {
		cJSON_DetachItemViaPointer(item, child);
		child->next = last;
		last = child;
	}
	while ((child = last) != NULL) {
		last = child->next;
		child->next = NULL;
		cJSON_AddItemToArray(item, child);
	}
}

static void turned(struct text *text, const char *line, size_t length)
{
	cJSON *item = cJSON_ParseWithLengthOpts(line, length, NULL, 0);
	if (!item || !cJSON_IsObject(item)) {
		cJSON_Delete(item);
		as_it_is(text, line, length);
		return;
	}
	turn(item);
	char *printed = chance(2) ? cJSON_Print(item) : cJSON_PrintUnformatted(item);
	ck_assert_ptr_nonnull(printed);
	as_it_is(text, printed, strlen(printed));
	free(printed);
	cJSON_Delete(item);
}

/* 1001 becomes 1001.0 where it stands between punctuation. */
static void with_fractions(struct text *text, const char *line, size_t length)
{
	bool within = false, escaped = false;
	for (size_t i = 0; i < length; i++) {
		append(text, line + i, 1);
		if (within) {
			within = escaped || line[i] != '"';
			escaped = !escaped && line[i] == '\\';
			continue;
		}
		within = line[i] == '"';
		const bool digit = line[i] >= '0' && line[i] <= '9';
		if (digit && i + 1 < length && strchr(",}]", line[i + 1]) && i > 0) {
			size_t first = i;
			while (first > 0 && line[first - 1] >= '0' && line[first - 1] <= '9')
				first--;
			if (first > 0 && line[first - 1] == ':')
				append(text, ".0", 2);
		}
	}
	append(text, "\n", 1);
}

static const struct {
	const char *name;
	void (*tell)(struct text *text, const char *line, size_t length);
	bool whole; /* it must stay one text: words over many lines are not told line by line */
} ways[] = {
	{"as it is", as_it_is, false},    {"with carriage returns", with_carriage_returns, false},
	{"each line twice", twice, true}, {"among other text", among_other_text, true},
	{"keys turned", turned, true},    {"with fractions", with_fractions, false},
};

static void told_in_a_way(const struct recording *recording, int way)
{
	struct text text = {.length = 0};
	const char *at = recording->printed, *end = at + recording->length;
	if (ways[way].whole && (at[0] != '{' || at[1] == '\n'))
		return;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const size_t length = (size_t)((line ? line : end) - at);
		ways[way].tell(&text, at, length);
		at += length + (line != NULL);
	}
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
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
