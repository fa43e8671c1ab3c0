#include "runner/trailers.h"

#include <stdio.h>
#include <string.h>

#include "runner/session.h"
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
	}
}
