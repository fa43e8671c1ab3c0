#include "runner/cycle/trailers.h"

#include <stdio.h>
#include <string.h>

#include "runner/cycle/session.h"
#include "status/text.h"

void trailers_plan(const char *name, char out[TRAILER_TEXT])
{
	static const char key[] = TRAILER_PLAN ": ";
	memcpy(out, key, sizeof(key));
	text_clean(name, strlen(name), out + sizeof(key) - 1, TRAILER_TEXT - sizeof(key));
}

static void add_number(struct trailers *trailers, int *n, const char *name, int64_t number)
{
	char *text = trailers->text[*n];
	snprintf(text, TRAILER_TEXT, "%s: %lld", name, (long long)number);
	trailers->list[(*n)++] = text;
}

struct listed {
	struct trailers *trailers;
	int n;
};

static void add_passed(void *context, const struct journal_plan_step *step)
{
	struct listed *listed = context;
	char *text = listed->trailers->text[listed->n];
	const int length = snprintf(text, TRAILER_TEXT, TRAILER_PASSED ": Step %d: ", step->number);
	text_clean(step->title, strlen(step->title), text + length, TRAILER_TEXT - (size_t)length);
	listed->trailers->list[listed->n++] = text;
}

void trailers_fill(struct trailers *trailers, struct session *session, bool step)
{
	const char *plan = session_cycle_plan(session);
	int64_t round = 1;
	int n = 0;
	*trailers = (struct trailers){.list = {NULL}};
	add_number(trailers, &n, TRAILER_CYCLE, cycle_number(session->cycle));
	if (step)
		add_number(trailers, &n, TRAILER_STEP, session->step.number);
	if (plan[0]) {
		trailers_plan(plan, trailers->text[n]);
		trailers->list[n] = trailers->text[n];
		n++;
		journal_plan_round(session->journal, plan, &round, NULL);
		if (round > 1)
			add_number(trailers, &n, TRAILER_ROUND, round);
	}
	if (step && session->step.attempt > 1)
		add_number(trailers, &n, TRAILER_ATTEMPT, session->step.attempt);
	if (step && session->step.how != FSM_EV_DONE) {
		snprintf(trailers->text[n], TRAILER_TEXT, "%s: NOK", TRAILER_STATUS);
		trailers->list[n] = trailers->text[n];
		n++;
	}
	struct listed listed = {.trailers = trailers, .n = n};
	if (plan[0])
		journal_cycle_passed(session->journal, cycle_number(session->cycle),
				     TRAILERS_PASSED, add_passed, &listed, NULL);
}
