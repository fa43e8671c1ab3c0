#include "status/picture.h"

#include <stdlib.h>
#include <string.h>

#include "status/clock.h"
#include "status/lines.h"

int picture_set_time(cJSON *object, const char *key, int64_t us)
{
	char text[CLOCK_TEXT];
	return json_set_text(object, key, us ? clock_write(us, text) : NULL);
}

/* A span in milliseconds; null where one end is not known. */
static int set_span(cJSON *object, const char *key, int64_t from, int64_t to)
{
	if (!from || !to)
		return json_set(object, key, cJSON_CreateNull());
	return json_set_integer(object, key, to > from ? (to - from) / 1000 : 0);
}

/* The object, or NULL where something of it failed. */
static cJSON *whole(cJSON *object, int failed)
{
	if (!failed)
		return object;
	cJSON_Delete(object);
	return NULL;
}

void picture_free(cJSON *object)
{
	cJSON_Delete(object);
}

char *picture_print(cJSON *object)
{
	char *text = object ? cJSON_PrintUnformatted(object) : NULL;
	cJSON_Delete(object);
	return text;
}

cJSON *picture_move(const struct journal_past_move *move)
{
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_integer(object, "id", move->id) != 0 ||
			   json_set_integer(object, "cycle", move->cycle) != 0 ||
			   json_set_integer(object, "step", move->step) != 0 ||
			   json_set_text(object, "from", move->from) != 0 ||
			   json_set_text(object, "event", move->event) != 0 ||
			   json_set_text(object, "to", move->to) != 0 ||
			   picture_set_time(object, "at", move->at) != 0 ||
			   json_set_usage(object, "tokens", move->used) != 0;
	return whole(object, failed);
}

cJSON *picture_message(const struct journal_line *line)
{
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_integer(object, "id", line->id) != 0 ||
			   json_set_integer(object, "cycle", line->cycle) != 0 ||
			   picture_set_time(object, "at", line->at) != 0 ||
			   json_set_text(object, "kind", line->kind) != 0 ||
			   json_set_text(object, "text", line->text) != 0;
	return whole(object, failed);
}

/* "done", "failed", "timed out", …; NULL while it is under way. */
static const char *how_words(const char *how)
{
	const int event = how ? fsm_event_by_name(how) : -1;
	return event < 0 ? NULL : fsm_event_words((enum fsm_event)event);
}

static int set_outcome(cJSON *object, const struct journal_step *step)
{
	const bool told = step->action != NULL;
	return json_set(object, "ok", told ? cJSON_CreateBool(step->ok) : cJSON_CreateNull()) ||
	       json_set_text(object, "action", step->action) ||
	       json_set_text(object, "how", step->how) ||
	       json_set_text(object, "how_words", how_words(step->how)) ||
	       json_set_text(object, "why", step->why) ||
	       json_set_text(object, "result", step->result) ||
	       json_set_text(object, "commit", step->commit) ||
	       json_set_text(object, "ref", step->ref) ||
	       json_set_text(object, "upstream", step->upstream) ||
	       json_set_text(object, "failure", step->failure) ||
	       json_set_text(object, "not_saved_why", step->receipt_why) ||
	       json_set_text(object, "held_back", step->held);
}

cJSON *picture_step(const struct journal_step *step, int64_t budget)
{
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_integer(object, "cycle", step->cycle) != 0 ||
			   json_set_integer(object, "step", step->step) != 0 ||
			   json_set_integer(object, "attempt", step->attempt) != 0 ||
			   json_set_text(object, "title", step->title) != 0 ||
			   picture_set_time(object, "started_at", step->started_at) != 0 ||
			   picture_set_time(object, "ended_at", step->ended_at) != 0 ||
			   set_span(object, "duration_ms", step->started_at, step->ended_at) != 0 ||
			   json_set_usage(object, "tokens", step->own) != 0 ||
			   json_set_usage(object, "tokens_used", step->used) != 0 ||
			   json_set_percent(object, "percent", step->used, budget) != 0 ||
			   json_set_bool(object, "estimated", step->estimated) != 0 ||
			   set_outcome(object, step) != 0;
	return whole(object, failed);
}

static int set_terms(cJSON *object, const struct gate_terms *terms)
{
	return json_set_integer(object, "budget", terms->budget) ||
	       json_set_integer(object, "threshold_percent", terms->threshold) ||
	       json_set_integer(object, "limit", gate_limit(terms));
}

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

cJSON *picture_cycle(const struct journal_past_cycle *cycle)
{
	cJSON *object = cJSON_CreateObject();
	const int failed =
		!object || json_set_integer(object, "number", cycle->number) != 0 ||
		json_set_text(object, "title", cycle->title) != 0 ||
		json_set_text(object, "plan", or_null(cycle->plan)) != 0 ||
		json_set_text(object, "state", cycle->state) != 0 ||
		picture_set_time(object, "started_at", cycle->started_at) != 0 ||
		picture_set_time(object, "ended_at", cycle->ended_at) != 0 ||
		set_span(object, "duration_ms", cycle->started_at, cycle->ended_at) != 0 ||
		json_set_text(object, "cause", cycle->cause) != 0 ||
		json_set_text(object, "reason", cycle->reason) != 0 ||
		json_set_usage(object, "tokens", cycle->used) != 0 ||
		json_set_percent(object, "percent", cycle->used, cycle->terms.budget) != 0 ||
		set_terms(object, &cycle->terms) != 0 ||
		json_set_integer(object, "steps", cycle->steps) != 0 ||
		json_set_integer(object, "steps_ok", cycle->ok) != 0;
	return whole(object, failed);
}

static cJSON *cycle_of(const struct now *now)
{
	const struct journal_cycle *cycle = &now->cycle;
	const bool closed = cycle->past.state == FSM_CLOSED;
	cJSON *object = cJSON_CreateObject();
	const int failed =
		!object || json_set_integer(object, "number", cycle->past.number) != 0 ||
		json_set_text(object, "title", cycle->title) != 0 ||
		json_set_text(object, "plan", or_null(cycle->plan)) != 0 ||
		picture_set_time(object, "started_at", cycle->started_at) != 0 ||
		picture_set_time(object, "ended_at", cycle->ended_at) != 0 ||
		json_set_text(object, "reason", cycle->reason) != 0 ||
		json_set_text(object, "cause", closed ? line_cause(cycle->closed_on) : NULL) != 0 ||
		set_terms(object, &cycle->past.terms) != 0;
	return whole(object, failed);
}

static cJSON *step_of(const struct now *now)
{
	const struct journal_cycle *cycle = &now->cycle;
	cJSON *object = cJSON_CreateObject();
	const int failed = !object || json_set_integer(object, "number", cycle->past.step) != 0 ||
			   json_set_integer(object, "attempt", cycle->step_attempt) != 0 ||
			   json_set_text(object, "title", cycle->step_title) != 0 ||
			   picture_set_time(object, "started_at", now->step_started_at) != 0;
	return whole(object, failed);
}

static cJSON *gate_of(const struct gate_terms *terms, struct usage used)
{
	char text[512];
	line_gate_json(text, sizeof(text), terms, used);
	return cJSON_Parse(text);
}

static cJSON *lines_of(const struct now *now)
{
	cJSON *array = cJSON_CreateArray();
	for (size_t i = 0; array && i < now->nlines; i++) {
		cJSON *line = json_text(now->lines[i]);
		if (line && cJSON_AddItemToArray(array, line))
			continue;
		cJSON_Delete(line);
		cJSON_Delete(array);
		return NULL;
	}
	return array;
}

cJSON *picture_terms(const struct gate_terms *terms)
{
	cJSON *object = cJSON_CreateObject();
	return whole(object, !object || set_terms(object, terms) != 0 ||
				     json_set(object, "gate", gate_of(terms, USAGE_KNOWN(0))) != 0);
}

static int set_cycle(cJSON *object, const struct now *now)
{
	/* Where no cycle is to be seen because nothing is, what it used is not nothing. */
	const struct usage none = now->life == NOW_LIFE_UNREADABLE ? USAGE_UNKNOWN : USAGE_KNOWN(0);
	if (!now->has_cycle)
		return json_set_text(object, "state", "IDLE") ||
		       json_set_text(object, "cycle", NULL) ||
		       json_set_text(object, "step", NULL) ||
		       json_set_usage(object, "tokens", none) ||
		       json_set_percent(object, "percent", none, now->next.budget) ||
		       json_set(object, "gate", gate_of(&now->next, none));
	const struct cycle_past *past = &now->cycle.past;
	return json_set_text(object, "state", fsm_state_name(past->state)) ||
	       json_set(object, "cycle", cycle_of(now)) ||
	       json_set(object, "step",
			now->cycle.step_title ? step_of(now) : cJSON_CreateNull()) ||
	       json_set_usage(object, "tokens", now->used) ||
	       json_set_percent(object, "percent", now->used, past->terms.budget) ||
	       json_set(object, "gate", gate_of(&past->terms, now->used));
}

cJSON *picture_now(const struct now *now)
{
	cJSON *object = cJSON_CreateObject();
	const bool held = now->holder.hold != NOW_FREE;
	const int failed = !object ||
			   json_set_text(object, "life", now_life_word(now->life)) != 0 ||
			   json_set_text(object, "life_words", now_life_words(now->life)) != 0 ||
			   json_set_bool(object, "running", now->life == NOW_LIFE_RUNNING) != 0 ||
			   set_cycle(object, now) != 0 ||
			   json_set_integer(object, "steps_known", now->steps_known) != 0 ||
			   picture_set_time(object, "heard_at", now->heard_at) != 0 ||
			   json_set_text(object, "held_by", held ? now->holder.words : NULL) != 0 ||
			   json_set(object, "output", lines_of(now)) != 0 ||
			   json_set(object, "next", picture_terms(&now->next)) != 0 ||
			   json_set_text(object, "trouble", or_null(now->trouble)) != 0;
	return whole(object, failed);
}
