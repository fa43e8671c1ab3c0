#include "status/metrics.h"

#include <string.h>

#include "status/journal_history.h"
#include "status/lines.h"

/* Upper bounds. */
static const double seconds_bounds[METRICS_BUCKETS] = {1,   5,    15,   60,   180,   300,
						       600, 1200, 1800, 3600, 10800, 43200};
static const double tokens_bounds[METRICS_BUCKETS] = {100,   500,   1000,  2500,   5000,   10000,
						      20000, 35000, 50000, 100000, 200000, 1000000};

static void observe(struct metrics_histogram *histogram, const double *bounds, double value)
{
	int i = 0;
	while (i < METRICS_BUCKETS && value > bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->count++;
	histogram->sum += value;
}

struct counting {
	struct metrics *metrics;
	int64_t open; /* the cycle that is open, or 0 */
	int seen;     /* rows */
	bool stopped; /* a step was met that has not ended: it is counted later */
};

static void count_step(void *context, const struct journal_step *step)
{
	struct counting *counting = context;
	struct metrics *metrics = counting->metrics;
	counting->seen++;
	counting->stopped |= !step->action && step->cycle == counting->open;
	if (counting->stopped)
		return;
	metrics->counted = step->id;
	if (!step->action)
		return;
	*(step->ok ? &metrics->ok : &metrics->nok) += 1;
	if (!step->ok)
		metrics->failed[ended_find(step->failure)]++;
	observe(&metrics->seconds, seconds_bounds,
		(double)(step->ended_at - step->started_at) / 1e6);
	if (step->own.known)
		observe(&metrics->tokens, tokens_bounds, (double)step->own.tokens);
}

static void count_cause(void *context, const char *cause, int64_t cycles, int64_t last)
{
	struct metrics *metrics = context;
	for (int event = 0; event < FSM_NEVENTS; event++)
		if (fsm_event_kind((enum fsm_event)event) == FSM_KIND_CLOSES &&
		    strcmp(line_cause((enum fsm_event)event), cause) == 0) {
			metrics->closed[event] += cycles;
			if (event != FSM_EV_ERROR && last > metrics->succeeded_at)
				metrics->succeeded_at = last;
		}
}

int metrics_count(struct metrics *metrics, struct journal *journal, const struct now *now, int most,
		  struct err *err)
{
	const bool open = now->has_cycle && now->cycle.past.state != FSM_CLOSED;
	struct counting counting = {
		.metrics = metrics,
		.open = open ? now->cycle.past.number : 0,
	};
	if (journal_steps_after(journal, metrics->counted, most, count_step, &counting, err) != 0)
		return -1;
	if (counting.seen == most && !counting.stopped)
		return 1;
	memset(metrics->closed, 0, sizeof(metrics->closed));
	return journal_causes(journal, count_cause, metrics, err);
}

/* A label's value as the format wants it. */
static void put_label(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else
			fputc(*text, to);
	}
}

static void put_head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP stepgate_%s %s\n# TYPE stepgate_%s %s\n", name, help, name, type);
}

/* `more`: further labels, with a comma before them, or "". */
static void put_name(FILE *to, const struct metrics_source *source, const char *name,
		     const char *more)
{
	fprintf(to, "stepgate_%s{repository=\"", name);
	put_label(to, source->name);
	fprintf(to, "\"%s} ", more);
}

static void put_integer(FILE *to, const struct metrics_source *source, const char *name,
			const char *more, int64_t value)
{
	put_name(to, source, name, more);
	fprintf(to, "%lld\n", (long long)value);
}

/* The figures of now: each a row. */
enum gauge { UP, RUNNING, NUMBER, USED, LIMIT, BUDGET, THRESHOLD, SUCCEEDED, HEARD, GAUGES };

static const struct {
	const char *name, *help;
} gauges[GAUGES] = {
	[UP] = {"up", "Whether the journal could be read."},
	[RUNNING] = {"cycle_running", "Whether a living process is at work on the cycle."},
	[NUMBER] = {"cycle_number", "The number of the newest cycle."},
	[USED] = {"usage_tokens", "Tokens used by the newest cycle."},
	[LIMIT] = {"limit_tokens", "Tokens below which a step of the newest cycle may start."},
	[BUDGET] = {"budget_tokens", "The budget of the newest cycle."},
	[THRESHOLD] = {"threshold_percent", "The threshold of the newest cycle."},
	[SUCCEEDED] = {"last_success_timestamp_seconds",
		       "When a cycle closed without an error for the last time."},
	[HEARD] = {"last_heard_timestamp_seconds", "When the newest cycle gave its last sign."},
};

/* Seconds since 1970; -1 where it is not known. */
static int64_t seconds(int64_t us)
{
	return us ? us / 1000000 : -1;
}

/* -1: there is none. */
static int64_t gauge_of(const struct metrics_source *source, enum gauge which)
{
	const struct now *now = source->now;
	if (which == UP)
		return now != NULL;
	if (!now)
		return -1;
	if (which == RUNNING)
		return now->life == NOW_LIFE_RUNNING;
	if (which == SUCCEEDED)
		return seconds(source->metrics->succeeded_at);
	if (!now->has_cycle)
		return -1;
	const struct cycle_past *past = &now->cycle.past;
	switch (which) {
	case NUMBER:
		return past->number;
	case USED:
		return now->used.known ? now->used.tokens : -1;
	case LIMIT:
		return gate_limit(&past->terms);
	case BUDGET:
		return past->terms.budget;
	case THRESHOLD:
		return past->terms.threshold;
	default:
		return seconds(now->heard_at);
	}
}

static void put_gauges(FILE *to, const struct metrics_source *sources, int count)
{
	for (int which = 0; which < GAUGES; which++) {
		put_head(to, gauges[which].name, "gauge", gauges[which].help);
		for (int i = 0; i < count; i++) {
			const int64_t value = gauge_of(&sources[i], (enum gauge)which);
			if (value >= 0)
				put_integer(to, &sources[i], gauges[which].name, "", value);
		}
	}
}

static void put_states(FILE *to, const struct metrics_source *sources, int count)
{
	char label[64];
	put_head(to, "state", "gauge", "1 for the state that the machine is in, 0 for the others.");
	for (int i = 0; i < count; i++) {
		const struct now *now = sources[i].now;
		for (int state = 0; now && state < FSM_NSTATES; state++) {
			const int is = now->has_cycle ? (int)now->cycle.past.state : FSM_IDLE;
			snprintf(label, sizeof(label), ",state=\"%s\"",
				 fsm_state_name((enum fsm_state)state));
			put_integer(to, &sources[i], "state", label, is == state);
		}
	}
}

static void put_failures(FILE *to, const struct metrics_source *sources, int count)
{
	char label[64];
	put_head(to, "step_failures_total", "counter",
		 "Steps that are not OK, by what an agent failed of; other: by what has no type.");
	for (int i = 0; i < count; i++)
		for (int ended = 0; ended < NENDED; ended++) {
			const char *name = ended_name((enum ended)ended);
			if (ended == ENDED_COMPLETED)
				continue;
			snprintf(label, sizeof(label), ",failure=\"%s\"", name ? name : "other");
			put_integer(to, &sources[i], "step_failures_total", label,
				    sources[i].metrics->failed[ended]);
		}
}

static void put_counters(FILE *to, const struct metrics_source *sources, int count)
{
	char label[64];
	put_head(to, "steps_total", "counter", "Steps that have ended, tries apart.");
	for (int i = 0; i < count; i++) {
		put_integer(to, &sources[i], "steps_total", ",status=\"ok\"",
			    sources[i].metrics->ok);
		put_integer(to, &sources[i], "steps_total", ",status=\"nok\"",
			    sources[i].metrics->nok);
	}
	put_failures(to, sources, count);
	put_head(to, "cycles_closed_total", "counter", "Cycles that were closed, by their cause.");
	for (int i = 0; i < count; i++)
		for (int event = 0; event < FSM_NEVENTS; event++) {
			if (fsm_event_kind((enum fsm_event)event) != FSM_KIND_CLOSES)
				continue;
			snprintf(label, sizeof(label), ",cause=\"%s\"",
				 line_cause((enum fsm_event)event));
			put_integer(to, &sources[i], "cycles_closed_total", label,
				    sources[i].metrics->closed[event]);
		}
}

static void put_histogram(FILE *to, const struct metrics_source *source, const char *name,
			  const struct metrics_histogram *histogram, const double *bounds)
{
	char part[64], label[32];
	int64_t so_far = 0;
	snprintf(part, sizeof(part), "%s_bucket", name);
	for (int i = 0; i < METRICS_BUCKETS; i++) {
		so_far += histogram->counts[i];
		snprintf(label, sizeof(label), ",le=\"%.0f\"", bounds[i]);
		put_integer(to, source, part, label, so_far);
	}
	put_integer(to, source, part, ",le=\"+Inf\"", histogram->count);
	snprintf(part, sizeof(part), "%s_sum", name);
	put_name(to, source, part, "");
	fprintf(to, "%.6f\n", histogram->sum);
	snprintf(part, sizeof(part), "%s_count", name);
	put_integer(to, source, part, "", histogram->count);
}

void metrics_write(FILE *to, const struct metrics_source *sources, int count)
{
	put_gauges(to, sources, count);
	put_states(to, sources, count);
	put_counters(to, sources, count);
	put_head(to, "step_duration_seconds", "histogram", "How long steps took.");
	for (int i = 0; i < count; i++)
		put_histogram(to, &sources[i], "step_duration_seconds",
			      &sources[i].metrics->seconds, seconds_bounds);
	put_head(to, "step_tokens", "histogram", "Tokens that steps used, where that is known.");
	for (int i = 0; i < count; i++)
		put_histogram(to, &sources[i], "step_tokens", &sources[i].metrics->tokens,
			      tokens_bounds);
}
