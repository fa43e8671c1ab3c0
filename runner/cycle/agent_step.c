#include "runner/cycle/agent_step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "plugins/agent.h"

/* A UUID of random bits: RFC 9562, 5.4. NULL when memory is short. */
static const char *new_name(struct arena *arena)
{
	unsigned char b[16];
	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return NULL;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return arena_format(arena,
			    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
			    b[11], b[12], b[13], b[14], b[15]);
}

/* The session that the step is to go on with, in *resume: NULL where it begins a new one. */
static int find_session(struct agent_step *made, struct session *session, const char **resume,
			struct err *err)
{
	const struct conf_step *conf = session->step.conf;
	const int64_t since = conf->session == CONF_SESSION_KEEP ? 0 : cycle_number(session->cycle);
	char *found = NULL;
	if (conf->session == CONF_SESSION_FRESH)
		return 0;
	if (journal_agent_session(session->journal, session->plan_name, agent_name(conf->agent),
				  since, &found, err) != 0)
		return -1;
	if (found)
		*resume = arena_text(&made->arena, found, strlen(found));
	const int failed = found && !*resume ? err_set(err, ERR_INTERNAL, "out of memory") : 0;
	free(found);
	return failed;
}

static bool is_set(const struct conf_step *conf, const char *setting)
{
	const size_t length = strcspn(setting, "=") + 1;
	char name[64];
	for (const char *const *own = conf->environment; *own; own++)
		if (strncmp(*own, setting, length) == 0)
			return true;
	snprintf(name, sizeof(name), "%.*s", (int)length - 1, setting);
	return getenv(name) != NULL;
}

int agent_step_init(struct agent_step *made, struct session *session, struct err *err)
{
	const struct conf_step *conf = session->step.conf;
	*made = (struct agent_step){.command = conf->command};
	if (conf->agent == CONF_AGENT_NONE)
		return 0;
	const struct template_words words = {
		.item = conf->item ? conf->item : conf->title,
		.title = conf->title,
		.step = session->step.number,
		.cycle = cycle_number(session->cycle),
		.limit = gate_limit(cycle_terms(session->cycle)),
		.used = cycle_used(session->cycle).tokens,
	};
	struct agent_start start = {.step = conf, .words = &words};
	if (find_session(made, session, &start.resume, err) != 0)
		return -1;
	if (!start.resume && agent_names_sessions(conf->agent))
		start.session = new_name(&made->arena);
	made->session = start.resume ? start.resume : start.session;
	const char *setting = agent_setting(conf->agent);
	if (setting && !is_set(conf, setting))
		made->setting = setting;
	struct agent_run run;
	if (agent_command(&made->arena, &start, &run, err) != 0)
		return -1;
	made->command = run.command;
	made->input = run.input;
	return 0;
}

void agent_step_release(struct agent_step *made)
{
	arena_release(&made->arena);
}

enum fsm_event agent_step_ended(const struct agent_step *made, struct session *session,
				const struct reading *reading, enum fsm_event how)
{
	struct session_step *step = &session->step;
	char words[160], before[256];
	const char *name = reading->session[0] ? reading->session : made->session;
	if (name)
		snprintf(step->agent_session, sizeof(step->agent_session), "%s", name);
	if (how == FSM_EV_CRASHED)
		snprintf(step->failure, sizeof(step->failure), "%s", ended_name(ENDED_CRASHED));
	if (reading->ended == ENDED_UNKNOWN || reading->ended == ENDED_COMPLETED)
		return how;
	/* What we ended did not end by itself, whatever its last words were; but its limit is one.
	 */
	if (how != FSM_EV_DONE && how != FSM_EV_FAILED && reading->ended != ENDED_USAGE_LIMIT)
		return how;
	snprintf(step->failure, sizeof(step->failure), "%s", ended_name(reading->ended));
	if (reading->ended == ENDED_USAGE_LIMIT && reading->resets_at > 0 &&
	    reading->resets_at < INT64_MAX / 1000000)
		step->resets_at = reading->resets_at;
	agent_words(reading->ended, step->resets_at, words, sizeof(words));
	snprintf(before, sizeof(before), "%.255s", step->why);
	snprintf(step->why, sizeof(step->why), "%s%s%s", words, before[0] ? ": " : "", before);
	return how == FSM_EV_DONE ? FSM_EV_FAILED : how;
}
