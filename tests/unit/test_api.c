/* The monitor's routes, asked without a server: what they say when something is wrong. */
#include "tests/unit/asked.h"

#include <sqlite3.h>

#include "tests/unit/status_helpers.h"

static struct asked asked;
static struct answer answer;
static struct err err;

static void set_up(void)
{
	enter_new_folder();
	ck_assert_int_eq(asked_past(), 0);
	asked_holder = (struct now_holder){.hold = NOW_FREE};
	asked_refuses = false;
	ck_assert_int_eq(asked_init(&asked), 0);
	asked_turn(&asked);
	ck_assert_str_eq(asked.watch.now.trouble, "");
	ck_assert_int_eq(asked.watch.now.life, NOW_LIFE_CUT_OFF);
}

static void tear_down(void)
{
	asked_release(&answer);
	asked_end(&asked);
}

static void ask(const char *method, const struct request *request, int status)
{
	asked_release(&answer);
	answer = ask_route(&asked.monitor, method, request);
	ck_assert_msg(answer.status == status, "%s %s: status %d: %s", method, request->path,
		      answer.status, answer.text);
}

static void get(const char *path, int status)
{
	ask("GET", &(struct request){.path = path}, status);
}

static void get_with(const char *path, const char *name, const char *value, int status)
{
	ask("GET", &(struct request){.path = path, .query = {{name, value}}}, status);
}

static void post(const char *path, const char *body, int status)
{
	ask("POST", &(struct request){.path = path, .body = body, .length = strlen(body)}, status);
}

static void says(const char *words)
{
	ck_assert_msg(answer.text && strstr(answer.text, words), "not said: %s; but: %s", words,
		      answer.text);
}

/* --- what is asked for wrongly --- */

static const struct {
	const char *path, *name, *value;
	int status;
	const char *words;
} wrong[] = {
	{"/api/v1/state", "repository", "", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "one", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "-1", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", " 1", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "1 ", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "1e3", 400, "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "99999999999999999999", 400,
	 "repository: a whole number is expected"},
	{"/api/v1/state", "repository", "0", 404, "there is no such repository"},
	{"/api/v1/state", "repository", "2", 404, "there is no such repository"},
	{"/api/v1/steps", "cycle", "3", 404, "there is no such cycle"},
	{"/api/v1/steps", "cycle", "0", 404, "there is no such cycle"},
	{"/api/v1/steps", "cycle", "9223372036854775807", 400, "cycle: a whole number"},
	{"/api/v1/messages", "most", "1001", 400, "most: a whole number is expected"},
	{"/api/v1/messages", "cycle", "x", 400, "cycle: a whole number is expected"},
	{"/api/v1/cycles", "most", "501", 400, "most: a whole number is expected"},
	{"/api/v1/cycles", "since", "2026", 400, "since: a time as in RFC 3339 is expected"},
	{"/api/v1/cycles", "until", "2026-13-01T00:00:00Z", 400, "until: a time as in RFC 3339"},
	{"/api/v1/log", "cycle", "../1", 400, "cycle: a whole number is expected"},
	{"/api/v1/log", "step", "1000001", 400, "step: a whole number is expected"},
	{"/api/v1/log", "cycle", "1", 404, "there is no such log"},
	{"/api/v1/log/stream", "cycle", "7", 404, "there is no such log"},
};

START_TEST(asked_wrongly)
{
	get_with(wrong[_i].path, wrong[_i].name, wrong[_i].value, wrong[_i].status);
	says(wrong[_i].words);
	says("{\"error\": \"");
}
END_TEST

static const struct {
	const char *path, *body;
	int status;
	const char *words;
} told_wrongly[] = {
	{"/api/v1/config", "", 400, "the body is not one JSON object"},
	{"/api/v1/config", "[]", 400, "the body is not one JSON object"},
	{"/api/v1/config", "{} {}", 400, "the body is not one JSON object"},
	{"/api/v1/config", "{\"threshold_percent\": 19}", 400, "within 20..95 is expected"},
	{"/api/v1/config", "{\"threshold_percent\": null}", 400, "within 20..95 is expected"},
	{"/api/v1/config", "{\"threshold_percent\": 1e99}", 400, "within 20..95 is expected"},
	{"/api/v1/config", "{\"threshold_percent\": 40, \"budget\": -1}", 400, "budget: a whole"},
	{"/api/v1/start", "{}", 400, "config: the id of a config that was named"},
	{"/api/v1/start", "{\"config\": \"stepgate.conf\"}", 400, "config: the id of a config"},
	{"/api/v1/start", "{\"config\": 0}", 404, "config: the id of a config that was named"},
	{"/api/v1/start", "{\"config\": 2}", 404, "config: the id of a config that was named"},
	{"/api/v1/start", "{\"config\": -9007199254740991}", 400, "config: the id"},
	{"/api/v1/stop", "{\"now\": \"yes\"}", 400, "now: true or false is expected"},
	{"/api/v1/stop", "now", 400, "the body is not one JSON object"},
};

START_TEST(asked_to_do_what_is_wrong)
{
	post(told_wrongly[_i].path, told_wrongly[_i].body, told_wrongly[_i].status);
	says(told_wrongly[_i].words);
	ck_assert(!is_there("status/ee_config.json"));
	ck_assert_int_eq(asked.monitor.runs[0].pid, 0);
}
END_TEST

/* --- what can't be done --- */

START_TEST(what_does_not_start)
{
	asked_refuses = true;
	post("/api/v1/start", "{\"config\": 1}", 500);
	says("{\"error\": \"it can't be \\\"started\\\"\"}");
	post("/api/v1/stop", "{}", 409);
	says("nothing runs here to be stopped");
	asked_refuses = false;
	asked_holder = (struct now_holder){.hold = NOW_UNSEEN, .words = "host other, pid 3"};
	post("/api/v1/start", "{\"config\": 1}", 409);
	says("another cycle has the repository: host other, pid 3");
	asked_holder.hold = NOW_FREE;
	for (int i = 0; i < MONITOR_RUNS; i++)
		post("/api/v1/start", "{\"config\": 1}", 202);
	post("/api/v1/start", "{\"config\": 1}", 503);
	says("too many runs are under way");
	for (int i = 0; i < MONITOR_RUNS; i++)
		close(asked.monitor.runs[i].end);
}
END_TEST

/* What stands in the way of the settings is said, and stays; what was there counts. */
START_TEST(settings_that_cant_be_saved)
{
	ck_assert_int_eq(mkdir("status/ee_config.json", 0755), 0);
	post("/api/v1/config", "{\"threshold_percent\": 40}", 409);
	says("ee_config.json: not a regular file: refused");
	ck_assert(is_there("status/ee_config.json"));
	ck_assert_int_eq(rmdir("status/ee_config.json"), 0);
	write_text("status/ee_config.json", "no JSON at all");
	get("/api/v1/config", 200);
	says("\"threshold_percent\":35");
	says("\"saved\":false");
	says("ee_config.json");
	ck_assert_str_eq(text_of("status/ee_config.json"), "no JSON at all");
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("\"trouble\":\"");
	says("ee_config.json");
	/* The journal is read all the same. */
	says("\"life\":\"cut off\"");
	get("/metrics", 200);
	says("stepgate_up{repository=\"r\"} 1\n");
}
END_TEST

/* --- a journal in trouble --- */

static void change(const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;
	ck_assert_int_eq(sqlite3_open(".stepgate/state.db", &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
	sqlite3_close(db);
}

START_TEST(a_journal_of_a_newer_stepgate)
{
	asked_end(&asked);
	change("PRAGMA user_version = 9999");
	ck_assert_int_eq(asked_init(&asked), 0);
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("\"life\":\"unreadable\"");
	says("\"tokens\":null,\"percent\":null,\"gate\":{\"can_proceed\":false");
	says("written by a newer stepgate (schema 9999");
	get("/api/v1/steps", 503);
	says("written by a newer stepgate (schema 9999");
	get("/api/v1/cycles", 503);
	get("/metrics", 200);
	says("stepgate_up{repository=\"r\"} 0\n");
	/* What needs no journal is served all the same. */
	post("/api/v1/config", "{\"threshold_percent\": 40}", 200);
}
END_TEST

START_TEST(a_journal_of_an_older_stepgate)
{
	asked_end(&asked);
	change("PRAGMA user_version = 1");
	ck_assert_int_eq(asked_init(&asked), 0);
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("written by an older stepgate (schema 1; ");
	says("the next run brings it up to date");
}
END_TEST

/* A table that is gone while it is served: the first who asks is told so, and so is the picture. */
START_TEST(a_journal_that_breaks)
{
	change("DROP TABLE step");
	get("/api/v1/steps", 500);
	says("no such table: step");
	get("/api/v1/cycles", 500);
	get_with("/api/v1/cycles", "download", "json", 200); /* it has begun, and breaks off */
	ck_assert_ptr_null(answer.text);
	get_with("/api/v1/cycles", "download", "csv", 200);
	ck_assert_ptr_null(answer.text);
	get("/metrics", 200);
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("no such table: step");
	get("/metrics", 200);
	says("stepgate_up{repository=\"r\"} 0\n");
}
END_TEST

/* Somebody who holds the write lock keeps no reader out. */
START_TEST(a_journal_that_is_written)
{
	sqlite3 *db = NULL;
	ck_assert_int_eq(sqlite3_open(".stepgate/state.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE; DELETE FROM message", NULL, NULL, NULL),
			 SQLITE_OK);
	get("/api/v1/messages", 200);
	says("Starting Step 1");
	get("/api/v1/cycles", 200);
	says("\"number\":2");
	get("/metrics", 200);
	says("stepgate_steps_total{repository=\"r\",status=\"ok\"} 1\n");
	asked_turn(&asked);
	ck_assert_str_eq(asked.watch.now.trouble, "");
	sqlite3_close(db);
}
END_TEST

/* The repository is gone, and comes back. */
START_TEST(a_repository_that_is_removed)
{
	ck_assert_int_eq(rename(".stepgate", "away"), 0);
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("\"life\":\"none\"");
	get("/api/v1/steps", 404);
	says("the repository has no journal yet");
	get_with("/api/v1/log", "cycle", "1", 404);
	get("/metrics", 200);
	says("stepgate_state{repository=\"r\",state=\"IDLE\"} 1\n");
	ck_assert_int_eq(rename("away", ".stepgate"), 0);
	asked_turn(&asked);
	get("/api/v1/state", 200);
	says("\"life\":\"cut off\"");
	get("/api/v1/events", 200);
	ck_assert(answer.lasting);
	says("event: hello");
}
END_TEST

/* --- downloads and logs --- */

START_TEST(a_csv_for_a_spreadsheet)
{
	get_with("/api/v1/cycles", "download", "csv", 200);
	/* What would be a formula is a text. */
	says("\r\n1,\"'=1+1 \"\"A\"\"\",\"stepgate.conf\",CLOSED,user,\"User "
	     "requested\",1,1,5000,");
	says("\r\n2,\"'=1+1 \"\"A\"\"\",\"stepgate.conf\",STEP,,\"\",1,0,0,200000,70000,35,");
	ck_assert_str_eq(answer.type, "text/csv; charset=utf-8");
}
END_TEST

START_TEST(logs)
{
	const struct request request = {.path = "/api/v1/log",
					.query = {{"cycle", "1"}, {"step", "1"}}};
	ask("GET", &request, 200);
	ck_assert_str_eq(answer.type, "text/plain; charset=utf-8");
	says("one\ntwo \xc3\xa4\nthr");
	ck_assert_ptr_null(strchr(answer.text, '\033'));
	struct request stream = {.path = "/api/v1/log/stream",
				 .query = {{"cycle", "1"}, {"step", "1"}}};
	ask("GET", &stream, 200);
	says("id: 25\nevent: output\n"); /* the bytes of the file */
	says("event: end");
	/* From where one was; from behind its end there is nothing but that. */
	static const char *const places[] = {"4", "1000", "-5", "x", "99999999999999999999"};
	for (int i = 0; i < COUNT(places); i++) {
		stream.headers[0].name = "Last-Event-ID";
		stream.headers[0].value = places[i];
		ask("GET", &stream, 200);
		says("event: end");
		ck_assert(!strstr(answer.text, "one") == (i == 0 || i == 1 || i == 4));
	}
	/* Its file is taken away between two looks. */
	ck_assert_int_eq(unlink(".stepgate/logs/cycle-0001/step-01.log"), 0);
	ask("GET", &request, 404);
}
END_TEST

/* --- events --- */

START_TEST(ids_of_events)
{
	static const char *const foreign[] = {
		"",   "0",       "0000000000000000:1.1",       "x:1.1", "ffffffffffffffff:1.1,2.2",
		":.", "1:-1.-1", "99999999999999999999999:1.1"};
	struct request request = {.path = "/api/v1/events", .headers = {{"Last-Event-ID", NULL}}};
	get("/api/v1/events", 200);
	ck_assert_ptr_null(strstr(answer.text, "event: reset"));
	const char *at = strstr(answer.text, "id: ") + 4;
	char *own = strndup(at, strcspn(at, "\n"));
	for (int i = 0; i < COUNT(foreign); i++) {
		request.headers[0].value = foreign[i];
		ask("GET", &request, 200);
		says("event: reset");
		says("event: hello");
	}
	request.headers[0].value = own;
	ask("GET", &request, 200);
	ck_assert_ptr_null(strstr(answer.text, "event: reset"));
	ck_assert_ptr_null(strstr(answer.text, "event: move"));
	/* In the query too, and one that is cut is none. */
	get_with("/api/v1/events", "last", own, 200);
	ck_assert_ptr_null(strstr(answer.text, "event: reset"));
	own[strlen(own) - 1] = '\0';
	get_with("/api/v1/events", "last", own, 200);
	free(own);
}
END_TEST

/* What an error says is JSON, whatever it says; and it is cut where it is too long. */
START_TEST(errors_are_json)
{
	char words[2000];
	struct reply reply;
	memset(words, '"', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	reply_error(&reply, 500, words);
	cJSON *object = json_parse_object(reply.body, reply.length);
	ck_assert_ptr_nonnull(object);
	ck_assert_uint_gt(strlen(json_get_text(object, "error")), 200);
	cJSON_Delete(object);
	free(reply.body);
	err_set(&err, ERR_REFUSED, "back\\slash \033[31mred\nline");
	api_failed(&reply, &err);
	ck_assert_int_eq(reply.status, 409);
	object = json_parse_object(reply.body, reply.length);
	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(json_get_text(object, "error"), "back\\slash ?[31mred?line");
	cJSON_Delete(object);
	free(reply.body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api");
	TCase *test = tcase_create("api");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_loop_test(test, asked_wrongly, 0, COUNT(wrong));
	tcase_add_loop_test(test, asked_to_do_what_is_wrong, 0, COUNT(told_wrongly));
	tcase_add_test(test, what_does_not_start);
	tcase_add_test(test, settings_that_cant_be_saved);
	tcase_add_test(test, a_journal_of_a_newer_stepgate);
	tcase_add_test(test, a_journal_of_an_older_stepgate);
	tcase_add_test(test, a_journal_that_breaks);
	tcase_add_test(test, a_journal_that_is_written);
	tcase_add_test(test, a_repository_that_is_removed);
	tcase_add_test(test, a_csv_for_a_spreadsheet);
	tcase_add_test(test, logs);
	tcase_add_test(test, ids_of_events);
	tcase_add_test(test, errors_are_json);
	suite_add_tcase(suite, test);
	return run_suite(suite);
}
