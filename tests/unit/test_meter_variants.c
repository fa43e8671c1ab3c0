/* Words that no recording has, but other versions, other services or many models may: each is
 * written here by what the agents' own formats say, and what it comes to was added up by hand. */
#include "recording_helpers.h"
#include "tests/unit/suite.h"

static const struct {
	const char *agent, *words;
	int64_t all, fresh;
	enum quality quality;
} variants[] = {
	/* A result without a total: thoughts may be missing. */
	{"gemini",
	 "{\"type\":\"init\",\"session_id\":\"s\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}\n"
	 "{\"type\":\"result\",\"status\":\"success\",\"stats\":{\"input_tokens\":100,"
	 "\"cached\":40,\"output_tokens\":10}}\n",
	 110, 70, QUALITY_ESTIMATED},
	/* A total that is less than what it is of. */
	{"gemini",
	 "{\"type\":\"result\",\"status\":\"success\",\"stats\":{\"total_tokens\":100,"
	 "\"input_tokens\":100,\"cached\":40,\"output_tokens\":10}}\n",
	 110, 70, QUALITY_ESTIMATED},
	/* -o json, two models, one of them without a total. */
	{"gemini",
	 "{\n \"session_id\": \"s\", \"stats\": {\"models\": {\n"
	 "  \"m\": {\"tokens\": {\"prompt\": 100, \"cached\": 40, \"candidates\": 5,"
	 " \"thoughts\": 6, \"tool\": 7}},\n"
	 "  \"n\": {\"tokens\": {\"prompt\": 10, \"total\": 15, \"candidates\": 5}}}}}\n",
	 133, 93, QUALITY_ESTIMATED},
	/* A chat whose messages have no total; and one that was written twice, grown. */
	{"gemini",
	 "{\"sessionId\":\"s\",\"projectHash\":\"h\",\"kind\":\"main\"}\n"
	 "{\"id\":\"1\",\"type\":\"user\",\"content\":\"x\"}\n"
	 "{\"id\":\"2\",\"type\":\"gemini\",\"content\":\"x\",\"tokens\":{\"input\":100,"
	 "\"output\":2,\"cached\":40,\"thoughts\":6,\"tool\":7}}\n"
	 "{\"id\":\"2\",\"type\":\"gemini\",\"content\":\"x\",\"tokens\":{\"input\":100,"
	 "\"output\":5,\"cached\":40,\"thoughts\":6,\"tool\":7,\"total\":118}}\n",
	 118, 78, QUALITY_EXACT},
	/* The prompt is the last that is known: the call under way is told of nowhere. */
	{"gemini",
	 "{\"sessionId\":\"s\",\"projectHash\":\"h\",\"kind\":\"main\"}\n"
	 "{\"id\":\"2\",\"type\":\"gemini\",\"content\":\"x\",\"tokens\":{\"input\":100,"
	 "\"output\":5,\"cached\":40,\"total\":105}}\n"
	 "{\"id\":\"3\",\"type\":\"user\",\"content\":\"x\"}\n",
	 105, 65, QUALITY_ESTIMATED},
	/* Claude's calls without a result: the same one told by two blocks, a retry with another
	 * id, a sub-agent's, and one that is none. */
	{"claude",
	 "{\"type\":\"assistant\",\"session_id\":\"s\",\"message\":{\"id\":\"a\",\"model\":\"m\","
	 "\"usage\":{\"input_tokens\":1,\"cache_read_input_tokens\":2,"
	 "\"cache_creation_input_tokens\":3,\"output_tokens\":1}}}\n"
	 "{\"message\":{\"usage\":{\"output_tokens\":4,\"input_tokens\":1,"
	 "\"cache_creation_input_tokens\":3,\"cache_read_input_tokens\":2},\"model\":\"m\","
	 "\"id\":\"a\"},\"session_id\":\"s\",\"type\":\"assistant\"}\n"
	 "{\"type\":\"assistant\",\"session_id\":\"s\",\"message\":{\"id\":\"b\",\"model\":\"m\","
	 "\"usage\":{\"input_tokens\":10,\"output_tokens\":5}},\"parent_tool_use_id\":null}\n"
	 "{\"type\":\"assistant\",\"session_id\":\"s\",\"message\":{\"id\":\"c\",\"model\":\"m\","
	 "\"usage\":{\"input_tokens\":10,\"output_tokens\":5}},\"parent_tool_use_id\":\"t\"}\n"
	 "{\"type\":\"assistant\",\"session_id\":\"s\",\"message\":{\"id\":\"d\","
	 "\"model\":\"<synthetic>\",\"usage\":{\"input_tokens\":9,\"output_tokens\":9}}}\n",
	 40, 38, QUALITY_ESTIMATED},
	/* A result of the main conversation alone, as old versions print it. */
	{"claude",
	 "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"session_id\":\"s\","
	 "\"result\":\"x\",\"usage\":{\"input_tokens\":1,\"cache_read_input_tokens\":2,"
	 "\"cache_creation_input_tokens\":3,\"output_tokens\":4}}\n",
	 10, 8, QUALITY_ESTIMATED},
	/* Codex: the figure is of the whole thread, and falls nowhere; its last turn failed. */
	{"codex",
	 "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"turn.started\"}\n"
	 "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":100,"
	 "\"cached_input_tokens\":40,\"output_tokens\":10,\"reasoning_output_tokens\":9}}\n"
	 "{\"type\":\"turn.started\"}\n"
	 "{\"type\":\"turn.failed\",\"error\":{\"message\":\"x\"}}\n",
	 110, 70, QUALITY_ESTIMATED},
	/* OpenCode: a step that is told twice, one without an id, and one that did not end. */
	{"opencode",
	 "{\"type\":\"step_start\",\"sessionID\":\"s\",\"part\":{\"id\":\"p0\",\"messageID\":\"m\"}"
	 "}\n"
	 "{\"type\":\"step_finish\",\"sessionID\":\"s\",\"part\":{\"id\":\"p1\",\"messageID\":"
	 "\"m\","
	 "\"tokens\":{\"input\":10,\"output\":2,\"reasoning\":3,\"cache\":{\"read\":5,\"write\":1}}"
	 "}}\n"
	 "{\"type\":\"step_finish\",\"sessionID\":\"s\",\"part\":{\"id\":\"p1\",\"messageID\":"
	 "\"m\","
	 "\"tokens\":{\"input\":10,\"output\":2,\"reasoning\":3,\"cache\":{\"read\":5,\"write\":1}}"
	 "}}\n",
	 -1, -1, QUALITY_ESTIMATED},
};

START_TEST(other_words_come_to_what_they_say)
{
	const char *words = variants[_i].words;
	const struct agent_kind *kind = agent_kind_named(variants[_i].agent);
	for (size_t piece = 1; piece < 5000; piece = piece * 7 + 1) {
		const struct reading reading = reading_of(kind, words, strlen(words), piece, NULL);
		if (variants[_i].all >= 0)
			ck_assert_msg(all_of(&reading) == variants[_i].all &&
					      fresh_of(&reading) == variants[_i].fresh,
				      "%d, %s: %lld, fresh %lld", _i, variants[_i].agent,
				      (long long)all_of(&reading), (long long)fresh_of(&reading));
		else /* at least what was told */
			ck_assert_int_ge(all_of(&reading), 21);
		ck_assert_msg(reading.quality == variants[_i].quality, "%d, %s: %s", _i,
			      variants[_i].agent, quality_name(reading.quality));
		ck_assert(reading.quality == QUALITY_EXACT || reading.why[0]);
	}
}
END_TEST

/* More models than there are rows for: none is left out of the sum. */
START_TEST(each_of_many_models_counts)
{
	enum { MODELS = 40 };
	struct {
		const char *agent, *before, *row, *after;
		int64_t all;
	} many[] = {
		{"claude",
		 "{\"type\":\"result\",\"subtype\":\"success\",\"session_id\":\"s\","
		 "\"modelUsage\":{\"m\":{}},\"model_usage_since_last_result\":{",
		 "\"m%d\":{\"inputTokens\":1,\"cacheReadInputTokens\":2,"
		 "\"cacheCreationInputTokens\":3,\"outputTokens\":4}",
		 "}}\n", 10 * MODELS},
		{"gemini", "{\"session_id\":\"s\",\"stats\":{\"models\":{",
		 "\"m%d\":{\"tokens\":{\"prompt\":7,\"cached\":2,\"total\":10}}", "}}}\n",
		 10 * MODELS},
	};
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		char words[16384];
		size_t length = (size_t)snprintf(words, sizeof(words), "%s", many[i].before);
		for (int model = 0; model < MODELS; model++) {
			if (model > 0)
				words[length++] = ',';
			/* The format is one of the two above. */
			char row[256];
			const char *number = strstr(many[i].row, "%d");
			snprintf(row, sizeof(row), "%.*s%d%s", (int)(number - many[i].row),
				 many[i].row, model, number + 2);
			length +=
				(size_t)snprintf(words + length, sizeof(words) - length, "%s", row);
		}
		length += (size_t)snprintf(words + length, sizeof(words) - length, "%s",
					   many[i].after);
		const struct reading reading =
			reading_of(agent_kind_named(many[i].agent), words, length, 100, NULL);
		ck_assert_msg(all_of(&reading) == many[i].all, "%s: %lld", many[i].agent,
			      (long long)all_of(&reading));
		ck_assert_int_eq(reading.nmodels, READING_MODELS);
	}
}
END_TEST

/* OpenCode's database with replies of several steps, before and after the one that is charged. */
START_TEST(steps_from_before_are_not_charged)
{
	static const char sql[] =
		"CREATE TABLE session (id text PRIMARY KEY, parent_id text, title text, "
		"time_created integer);"
		"CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, "
		"data text);"
		"CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, "
		"time_created integer, data text);"
		"CREATE TABLE event (id text, aggregate_id text, seq integer, data text);"
		"INSERT INTO session VALUES ('s', NULL, 'T', 1), ('sub', 's', 'U', 1);"
		"INSERT INTO event VALUES ('e', 's', 0, '{\"info\":{\"title\":\"T\"}}');"
		"INSERT INTO message VALUES"
		" ('m1', 's', 10, '{\"role\":\"user\"}'),"
		" ('m2', 's', 11, '{\"role\":\"assistant\",\"time\":{\"completed\":12},"
		"\"tokens\":{\"input\":1000,\"output\":1}}'),"
		" ('m3', 's', 20, '{\"role\":\"user\"}'),"
		" ('m4', 's', 21, '{\"role\":\"assistant\",\"time\":{\"completed\":22},"
		"\"tokens\":{\"input\":100,\"output\":10,\"cache\":{\"read\":5}}}'),"
		" ('n1', 'sub', 11, '{\"role\":\"assistant\",\"time\":{\"completed\":12},"
		"\"tokens\":{\"input\":1000,\"output\":1}}'),"
		" ('n2', 'sub', 21, '{\"role\":\"assistant\",\"time\":{\"completed\":22},"
		"\"tokens\":{\"input\":7,\"output\":1}}');"
		"INSERT INTO part VALUES"
		" ('p1', 'm2', 's', 11, '{\"type\":\"step-finish\",\"tokens\":{\"input\":1000}}'),"
		" ('p2', 'm2', 's', 12, '{\"type\":\"step-finish\",\"tokens\":{\"input\":1000}}'),"
		" ('p3', 'm4', 's', 21, '{\"type\":\"step-finish\",\"tokens\":{\"input\":90,"
		"\"output\":5,\"cache\":{\"read\":5}}}'),"
		" ('p4', 'm4', 's', 22, '{\"type\":\"step-finish\",\"tokens\":{\"input\":100,"
		"\"output\":10,\"cache\":{\"read\":5}}}'),"
		" ('p5', 'm4', 's', 22, '{\"type\":\"text\",\"text\":\"a step-finish of "
		"words\"}');";
	static const char words[] =
		"{\"type\":\"step_start\",\"sessionID\":\"s\",\"part\":{\"id\":\"p3\","
		"\"messageID\":\"m4\"}}\n";
	char folder[] = "database-XXXXXX", path[64];
	sqlite3 *db = NULL;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/opencode", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/opencode/opencode.db", folder);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	const struct agent_kind *kind = agent_kind_named("opencode");
	const struct reading resumed = reading_of(kind, words, strlen(words), 100, folder);
	/* 190 + 15 + 10 of the main conversation, 8 of the sub-agent. */
	ck_assert_int_eq(all_of(&resumed), 223);
	ck_assert(resumed.context.known);
	ck_assert_int_eq(resumed.context.tokens, 105);
	const struct reading whole = reading_of(kind, NULL, 0, 1, folder);
	ck_assert_int_eq(all_of(&whole), 223 + 2001 + 1001);
	ck_assert_int_eq(whole.quality, QUALITY_ESTIMATED);

	/* A message that is broken may have had figures. */
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(db,
			     "DELETE FROM message WHERE time_created < 20; DELETE FROM part;"
			     "UPDATE message SET data = substr(data, 1, length(data) - 9) "
			     "WHERE id = 'n2'",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	const struct reading broken = reading_of(kind, words, strlen(words), 100, folder);
	ck_assert_int_eq(all_of(&broken), 115);
	ck_assert_int_eq(broken.quality, QUALITY_ESTIMATED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_variants");
	TCase *variant = tcase_create("variants");
	tcase_add_loop_test(variant, other_words_come_to_what_they_say, 0,
			    (int)(sizeof(variants) / sizeof(variants[0])));
	tcase_add_test(variant, each_of_many_models_counts);
	tcase_add_test(variant, steps_from_before_are_not_charged);
	suite_add_tcase(suite, variant);
	return run_suite(suite);
}
