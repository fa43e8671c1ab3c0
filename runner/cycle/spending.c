#include "runner/cycle/spending.h"

#include <stdio.h>

#include "plugins/agent.h"
#include "runner/cycle/outbox.h"
#include "status/ended.h"
#include "status/text.h"

bool spending_reached(const struct session *session, struct usage used, int percent)
{
	/* Rounded down: tenths >= 10 percent exactly where used x 100 >= budget x percent. */
	return percent > 0 && used.known &&
	       gate_tenths(used.tokens, cycle_terms(session->cycle)->budget) >= 10LL * percent;
}

/* "160,600 of 200,000 tokens" */
static void put_figures(const struct session *session, struct usage used, char *out, size_t size)
{
	char now[32], budget[32];
	snprintf(out, size, "%s of %s tokens", text_grouped(used.tokens, now),
		 text_grouped(cycle_terms(session->cycle)->budget, budget));
}

void spending_warn(struct session *session, struct usage used)
{
	char figures[128], line[256];
	if (session->warned || !spending_reached(session, used, session->conf->warn))
		return;
	session->warned = true;
	put_figures(session, used, figures, sizeof(figures));
	snprintf(line, sizeof(line), "Cycle %lld has used %s (warn = %d%%)",
		 (long long)cycle_number(session->cycle), figures, session->conf->warn);
	session_warn(session, "%s", line);
	struct report report = {
		.on = CONF_ON_WARN,
		.step = session->step.number,
		.step_title = session->step.title,
		.text = line,
		.used = used,
	};
	outbox_send_now(session, &report);
}

void spending_exhausted(struct session *session, struct usage used)
{
	struct session_step *step = &session->step;
	char figures[128] = "the budget", words[64];
	if (used.known)
		put_figures(session, used, figures, sizeof(figures));
	snprintf(step->failure, sizeof(step->failure), "%s", ended_name(ENDED_AT_BUDGET));
	step->resets_at = 0;
	snprintf(step->why, sizeof(step->why), "%s: %s (hard = %d%%)",
		 agent_words(ENDED_AT_BUDGET, 0, words, sizeof(words)), figures,
		 session->conf->hard);
}
