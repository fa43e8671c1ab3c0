#include "runner/cycle/plugin_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(struct plugin_step *step, const char *text)
{
	const size_t length = strlen(text);
	step_log_write(step->log, text, length);
	progress_bytes(step->progress, text, length);
	if (length && text[length - 1] == '\n')
		return;
	step_log_write(step->log, "\n", 1);
	progress_bytes(step->progress, "\n", 1);
}

static void on_log(void *context, const char *text)
{
	print(context, text);
}

static void on_progress(void *context, int percent, const char *text)
{
	const struct plugin_step *step = context;
	char line[512];
	if (percent >= 0)
		snprintf(line, sizeof(line), "%d %%%s%.400s\n", percent, text ? ": " : "",
			 text ? text : "");
	else
		snprintf(line, sizeof(line), "%.400s\n", text);
	progress_bytes(step->progress, line, strlen(line));
}

static void on_usage(void *context, const struct plugin_usage *usage)
{
	const struct plugin_step *step = context;
	const struct usage figure = plugin_usage_figure(usage, step->measure);
	char line[64];
	if (!figure.known)
		return;
	snprintf(line, sizeof(line), "{\"tokens\":%lld}\n", (long long)figure.tokens);
	meter_said(step->meter, line, strlen(line));
}

int plugin_step_begin(struct plugin_step *step, struct session *session, const char *key)
{
	const struct plugin_ear ear = {
		.progress = on_progress, .log = on_log, .usage = on_usage, .context = step};
	const struct gate_terms *terms = cycle_terms(session->cycle);
	const struct plugin_call call = {
		.ask = PLUGIN_STEP,
		.options = session->step.conf->plugin.options,
		.repository = session->folder,
		.cycle = cycle_number(session->cycle),
		.step = session->step.number,
		.attempt = session->step.attempt,
		.title = session->step.title,
		.key = key,
		.budget = terms->budget,
		.limit = gate_limit(terms),
		.used = cycle_used(session->cycle),
	};
	step->measure = session->conf->measure;
	step->protocol = protocol_new(PLUGIN_STEP, &ear);
	step->call = plugin_call_write(&call);
	return step->protocol && step->call ? 0 : -1;
}

void plugin_step_release(struct plugin_step *step)
{
	protocol_free(step->protocol);
	free(step->call);
}

enum fsm_event plugin_step_end(struct plugin_step *step, enum fsm_event how, char *why, size_t size)
{
	const struct plugin_answer *answer = protocol_answer(step->protocol);
	char words[600], before[512];
	protocol_end(step->protocol);
	if (!plugin_answer_wrong(PLUGIN_STEP, answer, words, sizeof(words)))
		return how;
	/* How a process was ended says more than that it then gave no answer. */
	if (how != FSM_EV_DONE && !answer->failed)
		return how;
	snprintf(before, sizeof(before), "%s", why);
	snprintf(why, size, "%s%s%s", words, before[0] ? ": " : "", before);
	return how == FSM_EV_DONE ? FSM_EV_FAILED : how;
}
