/*
 * Requests without a server: routes of the monitor's API are asked as status/monitor/server.c asks
 * them, over a repository whose past is made here. To be included by the one file of a test
 * program, or of a fuzzer: it takes the server's place. It knows nothing of `check`.
 */
#ifndef TESTS_UNIT_ASKED_H
#define TESTS_UNIT_ASKED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "status/file.h"
#include "status/monitor/api.h"

#define ASKED_PARTS 8

struct request {
	const char *path;
	struct {
		const char *name, *value;
	} query[ASKED_PARTS], headers[ASKED_PARTS]; /* each ends with a NULL name, or is full */
	const char *body;
	size_t length;
};

const char *request_path(const struct request *request)
{
	return request->path;
}

const char *request_query(const struct request *request, const char *name)
{
	for (int i = 0; i < ASKED_PARTS && request->query[i].name; i++)
		if (strcmp(request->query[i].name, name) == 0)
			return request->query[i].value;
	return NULL;
}

const char *request_header(const struct request *request, const char *name)
{
	for (int i = 0; i < ASKED_PARTS && request->headers[i].name; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

const char *request_body(const struct request *request, size_t *length)
{
	*length = request->length;
	return request->body;
}

/* What an answer says: its status, type and text. Empty again with asked_release. */
struct answer {
	int status; /* 0: there is no such route */
	const char *type;
	char *text; /* NULL: memory was short */
	size_t length;
	bool lasting; /* it is a stream that would go on */
	bool broken;  /* memory was short, or what it is read from ended */
};

static inline void asked_release(struct answer *answer)
{
	free(answer->text);
	*answer = (struct answer){.status = 0};
}

/* Up to where it waits for more, but no more than a megabyte. */
static inline void read_all(struct answer *answer, struct stream *stream)
{
	char piece[1000];
	ssize_t got;
	while (answer->length < 1000000 &&
	       (got = stream->read(stream->context, piece, sizeof(piece))) > 0) {
		char *longer = realloc(answer->text, answer->length + (size_t)got + 1);
		if (!longer) {
			answer->broken = true;
			break;
		}
		memcpy(longer + answer->length, piece, (size_t)got);
		answer->text = longer;
		answer->length += (size_t)got;
		longer[answer->length] = '\0';
	}
	stream->free(stream->context);
}

/* Asks a route of the table. */
static inline struct answer ask_route(struct monitor *monitor, const char *method,
				      const struct request *request)
{
	struct reply reply = {.status = 0};
	struct answer answer = {.status = 0};
	const struct route *route = api_routes;
	while (route->path &&
	       (strcmp(route->path, request->path) != 0 || strcmp(route->method, method) != 0))
		route++;
	if (!route->path)
		return answer;
	route->answer(monitor, request, &reply);
	answer.status = reply.status ? reply.status : 200;
	answer.type = reply.type ? reply.type : "application/json";
	answer.lasting = reply.stream.lasting;
	if (reply.stream.read) {
		read_all(&answer, &reply.stream);
	} else if (reply.constant) {
		answer.text = strndup(reply.constant, reply.length);
		answer.length = reply.length;
	} else {
		answer.text = reply.body;
		answer.length = reply.length;
	}
	return answer;
}

/* --- the repository that is asked for: cycle 1 is closed, cycle 2 is in its first step --- */

static struct journal *asked_journal;
static struct journal_note asked_note;

static inline int asked_move(void *context, const struct cycle_move *move)
{
	struct err err;
	(void)context;
	asked_note.at = INT64_C(1770478034949404) + 1000000 * (move->cycle + move->step);
	const int failed = journal_move(asked_journal, move, &asked_note, &err);
	asked_note = (struct journal_note){.at = 0};
	return failed;
}

static inline struct cycle *asked_begin(int64_t number)
{
	static const struct gate_terms terms = {.budget = 200000, .threshold = 35};
	struct cycle *cycle = cycle_new(number, &terms, asked_move, NULL);
	asked_note = (struct journal_note){
		.plan = "stepgate.conf", .title = "=1+1 \"A\"", .terms = &terms};
	return cycle && cycle_begin(cycle) == 0 ? cycle : NULL;
}

static inline int asked_start(struct cycle *cycle)
{
	enum gate_answer answer;
	struct gate_pass *pass = cycle_pass_gate(cycle, 1, &answer);
	asked_note = (struct journal_note){
		.title = "First <b>", .attempt = 1, .message = "Starting Step 1"};
	return pass && cycle_start_step(cycle, pass) == 0 ? 0 : -1;
}

/* Makes it in the current folder. 0 or -1. */
static inline int asked_past(void)
{
	static const struct receipt_facts facts = {
		.result = RECEIPT_PUSHED,
		.commit = "0123456789abcdef0123456789abcdef01234567",
		.ref = "refs/heads/main",
		.upstream = "origin refs/heads/main",
	};
	struct err err;
	char *notice = NULL;
	if (file_make_home(".", &err) != 0 || journal_open(".", &asked_journal, &notice, &err) != 0)
		return -1;
	struct cycle *first = asked_begin(1);
	if (!first || asked_start(first) != 0)
		return -1;
	asked_note = (struct journal_note){.own = USAGE_KNOWN(5000)};
	struct work *work = cycle_end_step(first, FSM_EV_DONE, USAGE_KNOWN(5000));
	struct receipt *saved = work ? cycle_save(first, work, &facts) : NULL;
	asked_note = (struct journal_note){
		.ok = true, .dealt_with = true, .action = "updated & pushed", .message = "Step 1"};
	struct told *told = saved ? cycle_tell(first, saved) : NULL;
	if (!told || cycle_check(first, told, FSM_EV_AGAIN) != FSM_EV_AGAIN)
		return -1;
	asked_note = (struct journal_note){.reason = "User requested", .message = "Cycle 1 closed"};
	struct cycle *second = cycle_close(first, FSM_EV_USER) == 0 ? asked_begin(2) : NULL;
	const int failed = !second || asked_start(second) != 0;
	cycle_free(first);
	cycle_free(second);
	journal_close(asked_journal);
	FILE *log = !failed && mkdir(".stepgate/logs", 0755) == 0 &&
				    mkdir(".stepgate/logs/cycle-0001", 0755) == 0
			    ? fopen(".stepgate/logs/cycle-0001/step-01.log", "w")
			    : NULL;
	if (!log)
		return -1;
	fputs("one\n\033[31mtwo\033[0m \xc3\xa4\nthr\xff\xc3", log);
	return fclose(log);
}

/* Where a step's log is, whose process would be: nobody is at work. */
static struct now_holder asked_holder;
static bool asked_refuses; /* what is done to the outside fails */

static inline void asked_look(const char *folder, struct now_holder *holder)
{
	(void)folder;
	*holder = asked_holder;
}

static inline int asked_run(const char *folder, const struct now_config *config, pid_t *pid,
			    char *log, size_t size, struct err *err)
{
	(void)folder;
	(void)config;
	if (asked_refuses)
		return err_set(err, ERR_SYSTEM, "it can't be \"started\"");
	*pid = 1;
	snprintf(log, size, "run.log");
	return 0;
}

static inline int asked_stop(const char *folder, bool at_once, struct err *err)
{
	(void)folder;
	(void)at_once;
	return asked_refuses ? err_set(err, ERR_REFUSED, "nothing runs here to be stopped") : 0;
}

static const struct hands asked_hands = {asked_look, asked_run, asked_stop};
static const struct now_config asked_config = {
	.title = "A config", .path = "/r/stepgate.conf", .plan = "stepgate.conf", .threshold = 40};
static struct monitor_repository asked_repository = {
	.id = 1, .name = "r", .folder = ".", .configs = &asked_config, .nconfigs = 1};
static const struct monitor_setup asked_setup = {
	.repositories = &asked_repository, .nrepositories = 1, .hands = &asked_hands};

/* A monitor of it: without a loop, so that asked_turn looks. */
struct asked {
	struct monitor monitor;
	struct watch watch;
};

static inline void asked_turn(struct asked *asked)
{
	asked->watch.looked_at = asked->watch.looked_at ? 1 : 0; /* long ago */
	asked->watch.stirred = true;
	watch_turn(&asked->watch, events_tell, &asked->monitor);
}

static inline int asked_init(struct asked *asked)
{
	*asked = (struct asked){.monitor = {.setup = &asked_setup, .nwatches = 1}};
	asked->monitor.watches = &asked->watch;
	asked->monitor.feed = feed_new();
	watch_init(&asked->watch, &asked_repository, &asked_hands, -1);
	return asked->monitor.feed ? 0 : -1;
}

static inline void asked_end(struct asked *asked)
{
	watch_release(&asked->watch);
	feed_free(asked->monitor.feed);
}

#endif
