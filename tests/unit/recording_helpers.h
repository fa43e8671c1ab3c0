/*
 * Recordings of agents: folders with what one printed (stdout), what it wrote (files/), and what
 * its service had really answered (expected.json). Some stand in tests/data/meter, shortened; more
 * are looked for where RECORDINGS says, or beside the source tree.
 */
#ifndef TESTS_UNIT_RECORDING_HELPERS_H
#define TESTS_UNIT_RECORDING_HELPERS_H

#include <check.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/agent_meter.h"
#include "plugins/meter.h"
#include "status/json.h"

enum {
	RECORDINGS_MOST = 512,
	RECORDING_PATH = 1024,
};

struct recording {
	char path[RECORDING_PATH];
	const char *name;
	const struct agent_kind *kind;
	char *printed;
	size_t length;
	char files[RECORDING_PATH]; /* "" where it has none */
	int64_t all, fresh, context;
};

static inline char *read_whole(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	char *bytes = malloc(1 << 22);
	ck_assert_ptr_nonnull(bytes);
	*length = fread(bytes, 1, (1 << 22) - 1, file);
	bytes[*length] = '\0';
	fclose(file);
	return bytes;
}

static inline int64_t truth_of(const cJSON *calls, const char *key)
{
	int64_t value = 0;
	ck_assert_int_eq(json_get_integer(calls, key, &value), 0);
	return value;
}

static inline void read_truth(struct recording *recording)
{
	char path[RECORDING_PATH + 32];
	size_t length = 0;
	snprintf(path, sizeof(path), "%s/expected.json", recording->path);
	char *text = read_whole(path, &length);
	ck_assert_msg(text != NULL, "%s", path);
	cJSON *expected = json_parse_object(text, length);
	ck_assert_msg(expected != NULL, "%s: is no JSON", path);
	const cJSON *truth = cJSON_GetObjectItemCaseSensitive(expected, "truth");
	const cJSON *calls = cJSON_GetObjectItemCaseSensitive(truth, "totals_completed_calls");
	recording->all = truth_of(calls, "total");
	recording->fresh = recording->all - truth_of(calls, "cache_read");
	if (json_get_integer(truth, "last_main_prompt", &recording->context) != 0)
		recording->context = -1;
	cJSON_Delete(expected);
	free(text);
}

/* Whose it is: the letters that its name begins with. NULL: of no agent that is known here. */
static inline const struct agent_kind *kind_of_name(const char *name)
{
	char agent[32];
	const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	snprintf(agent, sizeof(agent), "%.*s", (int)length, name);
	return agent_kind_named(agent);
}

/* OpenCode's database stands among ours as the SQL that it is made of. */
static inline void make_database(struct recording *recording)
{
	char path[RECORDING_PATH + 64];
	size_t length = 0;
	sqlite3 *db = NULL;
	snprintf(path, sizeof(path), "%s/opencode/opencode.sql", recording->files);
	char *sql = read_whole(path, &length);
	if (!sql)
		return;
	const char *scratch = getenv("TMPDIR");
	snprintf(recording->files, sizeof(recording->files), "%.500s/%.200s-XXXXXX",
		 scratch ? scratch : "/tmp", recording->name);
	ck_assert_ptr_nonnull(mkdtemp(recording->files));
	snprintf(path, sizeof(path), "%s/opencode", recording->files);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/opencode/opencode.db", recording->files);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	free(sql);
}

static inline bool recording_load(struct recording *recording, const char *folder, const char *name)
{
	struct stat stat_of;
	char path[RECORDING_PATH + 32];
	recording->kind = kind_of_name(name);
	snprintf(recording->path, sizeof(recording->path), "%s/%s", folder, name);
	recording->name = strrchr(recording->path, '/') + 1;
	snprintf(path, sizeof(path), "%s/stdout", recording->path);
	if (!recording->kind || (recording->printed = read_whole(path, &recording->length)) == NULL)
		return false;
	snprintf(recording->files, sizeof(recording->files), "%.1000s/files", recording->path);
	if (stat(recording->files, &stat_of) != 0)
		recording->files[0] = '\0';
	make_database(recording);
	read_truth(recording);
	return true;
}

static inline int not_dotted(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Those of a folder, behind the `count` that are there; how many there are then. */
static inline int recordings_of(const char *folder, struct recording *list, int count)
{
	struct dirent **names = NULL;
	const int found = scandir(folder, &names, not_dotted, alphasort);
	for (int i = 0; i < found; i++) {
		if (count < RECORDINGS_MOST &&
		    recording_load(&list[count], folder, names[i]->d_name)) {
			list[count].name = strrchr(list[count].path, '/') + 1;
			count++;
		}
		free(names[i]);
	}
	free(names);
	return count;
}

/* All of them, in an array that the caller frees with recordings_free. */
static inline struct recording *recordings_all(int *count, int *ours)
{
	char folder[RECORDING_PATH];
	const char *elsewhere = getenv("RECORDINGS");
	struct recording *list = calloc(RECORDINGS_MOST, sizeof(*list));
	ck_assert_ptr_nonnull(list);
	snprintf(folder, sizeof(folder), "%s/tests/data/meter", getenv("SRC"));
	*ours = *count = recordings_of(folder, list, 0);
	snprintf(folder, sizeof(folder), "%s/../shared/agents/recordings", getenv("SRC"));
	*count = recordings_of(elsewhere ? elsewhere : folder, list, *count);
	return list;
}

static inline void recordings_free(struct recording *list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i].printed);
	free(list);
}

/* What the meter says of words and files; either may be NULL. The words come in pieces of a
 * length. */
static inline struct reading reading_of(const struct agent_kind *kind, const char *words,
					size_t length, size_t piece, const char *files)
{
	const struct meter_start start = {.kind = kind->meter,
					  .files = files && files[0] ? files : NULL};
	const struct meter_end end = {.exit_code = -1};
	struct reading reading;
	struct meter *meter = meter_new(&start, NULL);
	ck_assert_ptr_nonnull(meter);
	for (size_t at = 0; words && at < length; at += piece)
		meter_feed(meter, words + at, length - at < piece ? length - at : piece);
	meter_end(meter, &end, &reading);
	meter_free(meter);
	return reading;
}

static inline int64_t all_of(const struct reading *reading)
{
	const struct usage usage = reading_measure(reading, CONF_MEASURE_ALL);
	return usage.known ? usage.tokens : -1;
}

static inline int64_t fresh_of(const struct reading *reading)
{
	const struct usage usage = reading_measure(reading, CONF_MEASURE_FRESH);
	return usage.known ? usage.tokens : -1;
}

static inline bool is_true(const struct recording *recording, const struct reading *reading)
{
	return all_of(reading) == recording->all && fresh_of(reading) == recording->fresh;
}

/* Not under the truth, and no lie about itself. */
static inline bool is_safe(const struct recording *recording, const struct reading *reading)
{
	return is_true(recording, reading) ||
	       (reading->quality == QUALITY_ESTIMATED && all_of(reading) >= recording->all &&
		fresh_of(reading) >= recording->fresh);
}

/* It may be under, but then says no more than that it is an estimate. */
static inline bool is_honest(const struct recording *recording, const struct reading *reading)
{
	return is_true(recording, reading) || reading->quality != QUALITY_EXACT;
}

#endif
