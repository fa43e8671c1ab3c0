/* Cycles: a page of them, or all, as JSON or as CSV (RFC 4180). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/clock.h"
#include "status/monitor/api.h"

#define PAGE_MOST 500

/* What is asked for; it lives as long as the answer is read. */
struct asked {
	struct watch *watch;
	unsigned era; /* of the journal that it began with */
	struct journal_filter filter;
	char plan[1024], cause[32];
	bool csv, first, last;
	char *text; /* a piece of the answer */
	size_t length, done;
};

/* Text from outside may be a formula to a spreadsheet: a quote before it makes it a text. */
static void put_field(FILE *to, const char *text)
{
	fputc('"', to);
	if (text && *text && strchr("=+-@\t\r", *text))
		fputc('\'', to);
	for (; text && *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

static void put_time(FILE *to, int64_t us)
{
	char text[CLOCK_TEXT];
	fprintf(to, ",%s", us ? clock_write(us, text) : "");
}

static void csv_row(FILE *to, const struct journal_past_cycle *cycle)
{
	fprintf(to, "%lld,", (long long)cycle->number);
	put_field(to, cycle->title);
	fputc(',', to);
	put_field(to, cycle->plan);
	fprintf(to, ",%s,%s,", cycle->state, cycle->cause ? cycle->cause : "");
	put_field(to, cycle->reason);
	fprintf(to, ",%lld,%lld,", (long long)cycle->steps, (long long)cycle->ok);
	if (cycle->used.known)
		fprintf(to, "%lld", (long long)cycle->used.tokens);
	fprintf(to, ",%lld,%lld,%d", (long long)cycle->terms.budget,
		(long long)gate_limit(&cycle->terms), cycle->terms.threshold);
	put_time(to, cycle->started_at);
	put_time(to, cycle->ended_at);
	fputs("\r\n", to);
}

struct page {
	FILE *to;
	struct asked *asked;
	int rows;
	bool failed;
};

static void put_cycle(void *context, const struct journal_past_cycle *cycle)
{
	struct page *page = context;
	struct asked *asked = page->asked;
	asked->filter.before = cycle->number;
	page->rows++;
	if (asked->csv) {
		csv_row(page->to, cycle);
	} else {
		char *text = picture_print(picture_cycle(cycle));
		page->failed |= !text;
		fprintf(page->to, "%s\n%s", asked->first ? "" : ",", text ? text : "null");
		cJSON_free(text);
	}
	asked->first = false;
}

static void put_head(FILE *to, struct asked *asked)
{
	if (asked->csv)
		fputs("cycle,title,config,state,cause,reason,steps,steps_ok,tokens,budget,limit,"
		      "threshold_percent,started_at,ended_at\r\n",
		      to);
	else
		fputs("{\"cycles\": [", to);
}

/* The next rows as text. -1 when memory is short, or they can't be read. */
static int next_page(struct asked *asked, struct err *err)
{
	FILE *to = open_memstream(&asked->text, &asked->length);
	struct page page = {.to = to, .asked = asked};
	if (!to)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (asked->first)
		put_head(to, asked);
	int failed = journal_cycles(asked->watch->journal, &asked->filter, put_cycle, &page, err);
	asked->last = page.rows < asked->filter.most;
	if (asked->last && !asked->csv)
		fputs("\n], \"next\": null}\n", to);
	if (!failed && (page.failed || ferror(to)))
		failed = err_set(err, ERR_INTERNAL, "out of memory");
	if (fclose(to) != 0 || failed)
		return -1;
	asked->first = asked->first && page.rows == 0;
	asked->done = 0;
	return 0;
}

static void free_asked(void *context)
{
	struct asked *asked = context;
	free(asked->text);
	free(asked);
}

/* A download: page after page, so that memory stays small. An answer that breaks off is no whole
 * JSON, and so is known to be broken. */
static ssize_t read_asked(void *context, char *out, size_t most)
{
	struct asked *asked = context;
	struct err err;
	if (asked->done == asked->length) {
		free(asked->text);
		asked->text = NULL;
		asked->length = asked->done = 0;
		if (asked->last || !asked->watch->journal || asked->watch->era != asked->era ||
		    next_page(asked, &err) != 0 || asked->length == 0)
			return -1;
	}
	const size_t left = asked->length - asked->done;
	const size_t fits = left < most ? left : most;
	memcpy(out, asked->text + asked->done, fits);
	asked->done += fits;
	return (ssize_t)fits;
}

static int take_time(const struct request *request, const char *name, int64_t *us,
		     struct reply *reply)
{
	char words[64];
	const char *text = request_query(request, name);
	if (!text || !*text || clock_read(text, us) == 0)
		return 0;
	snprintf(words, sizeof(words), "%s: a time as in RFC 3339 is expected", name);
	reply_error(reply, 400, words);
	return -1;
}

static const char *take_text(const struct request *request, const char *name, char *out,
			     size_t size)
{
	const char *text = request_query(request, name);
	if (!text || !*text)
		return NULL;
	snprintf(out, size, "%s", text);
	return out;
}

static int take_filter(struct asked *asked, const struct request *request, struct reply *reply)
{
	int64_t most = 0;
	struct journal_filter *filter = &asked->filter;
	if (api_number(request, "most", 50, PAGE_MOST, &most, reply) != 0 ||
	    api_number(request, "before", 0, INT64_MAX, &filter->before, reply) != 0 ||
	    take_time(request, "since", &filter->since, reply) != 0 ||
	    take_time(request, "until", &filter->until, reply) != 0)
		return -1;
	filter->most = most ? (int)most : 1;
	filter->plan = take_text(request, "config", asked->plan, sizeof(asked->plan));
	filter->cause = take_text(request, "cause", asked->cause, sizeof(asked->cause));
	return 0;
}

struct listed {
	cJSON *array;
	int count;
	int64_t last;
};

static void list_cycle(void *context, const struct journal_past_cycle *cycle)
{
	struct listed *listed = context;
	api_add(&listed->array, picture_cycle(cycle));
	listed->count++;
	listed->last = cycle->number;
}

/* One page, and where the next one begins. */
static void answer_page(struct asked *asked, struct reply *reply)
{
	struct err err = {.code = ERR_NONE};
	struct listed listed = {.array = cJSON_CreateArray()};
	cJSON *object = cJSON_CreateObject();
	const int failed =
		journal_cycles(asked->watch->journal, &asked->filter, list_cycle, &listed, &err);
	const bool more = listed.count == asked->filter.most && listed.last > 1;
	if (json_set(object, "cycles", listed.array) != 0 ||
	    json_set(object, "next",
		     more ? cJSON_CreateNumber((double)listed.last) : cJSON_CreateNull()) != 0) {
		cJSON_Delete(object);
		object = NULL;
	}
	if (failed) {
		cJSON_Delete(object);
		api_failed(reply, &err);
	} else {
		api_object(reply, object);
	}
}

void api_cycles(void *app, const struct request *request, struct reply *reply)
{
	struct watch *watch = api_journal(app, request, reply);
	const char *format = request_query(request, "download");
	struct asked *asked = watch ? calloc(1, sizeof(*asked)) : NULL;
	if (!watch)
		return;
	if (!asked) {
		reply_error(reply, 500, "out of memory");
		return;
	}
	asked->watch = watch;
	asked->era = watch->era;
	asked->first = true;
	asked->csv = format && strcmp(format, "csv") == 0;
	if (take_filter(asked, request, reply) != 0) {
		free(asked);
	} else if (!format) {
		answer_page(asked, reply);
		free(asked);
	} else {
		asked->filter.most = PAGE_MOST;
		*reply = (struct reply){
			.type = asked->csv ? "text/csv; charset=utf-8" : "application/json",
			.file = asked->csv ? "cycles.csv" : "cycles.json",
			.stream = {.read = read_asked, .free = free_asked, .context = asked},
		};
	}
}
