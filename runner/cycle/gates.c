#include "runner/cycle/gates.h"

#include <stdio.h>
#include <string.h>

#include "plugins/ask.h"
#include "runner/cycle/host.h"
#include "runner/process/stop.h"
#include "status/lines.h"
#include "status/text.h"

/* A program whose exit status is the verdict. */
static int ask_command(const struct session *session, const struct conf_gate *gate,
		       struct plugin_answer *answer, struct err *err)
{
	struct host host;
	struct host_result result;
	const struct host_program program = {
		.argv = gate->command,
		.cwd = session->folder,
		.timeout_ms = gate->timeout_ms,
		.stoppable = true,
	};
	host_init(&host);
	if (host.run(&host, &program, &result, err) != 0)
		return -1;
	if (result.exit_code != 1 && host_succeeded(&program, &result, err) != 0)
		return -1;
	*answer = (struct plugin_answer){.verdict = result.exit_code == 1 ? PLUGIN_REFUSE
									  : PLUGIN_PASS};
	text_clean(result.output, strcspn(result.output, "\n"), answer->words,
		   sizeof(answer->words));
	return 0;
}

static int ask(struct session *session, const struct conf_gate *gate, int step, const char *title,
	       struct plugin_answer *answer, struct err *err)
{
	const struct gate_terms *terms = cycle_terms(session->cycle);
	const struct plugin_call call = {
		.ask = PLUGIN_GATE,
		.options = gate->plugin.options,
		.repository = session->folder,
		.cycle = cycle_number(session->cycle),
		.step = step,
		.title = title,
		.budget = terms->budget,
		.limit = gate_limit(terms),
		.used = cycle_used(session->cycle),
	};
	if (gate->command)
		return ask_command(session, gate, answer, err);
	struct host host;
	host_init(&host);
	return plugin_ask(&gate->plugin, &call, session->folder, gate->timeout_ms, &host, answer,
			  err);
}

/* Each cut at a whole character, so that the reason is one line of a decent length. */
static void keep_veto(struct session *session, const char *title, const char *words)
{
	char who[64], said[144], reason[32];
	line_reason(reason, sizeof(reason), FSM_EV_VETOED, USAGE_UNKNOWN, 1);
	text_clean(title, strlen(title), who, sizeof(who));
	text_clean(words, strlen(words), said, sizeof(said));
	snprintf(session->veto, sizeof(session->veto), "%s: %s%s%s", reason, who,
		 said[0] ? ": " : "", said);
}

enum fsm_event gates_ask(struct session *session, int step, const char *title)
{
	const struct conf *conf = session->conf;
	bool passed = conf->ngates == 0;
	for (size_t i = 0; i < conf->ngates; i++) {
		const struct conf_gate *gate = &conf->gates[i];
		struct plugin_answer answer;
		struct err err = {.code = ERR_NONE};
		const int failed = ask(session, gate, step, title, &answer, &err);
		if (stop_asked())
			return FSM_EV_USER;
		if (failed) {
			session_warn(session,
				     "gate \"%s\": no verdict, so step %d does not start: %s",
				     gate->title, step, err.text);
			return FSM_EV_ERROR;
		}
		if (answer.verdict == PLUGIN_REFUSE) {
			keep_veto(session, gate->title, answer.words);
			return FSM_EV_VETOED;
		}
		passed |= answer.verdict == PLUGIN_PASS;
	}
	if (passed)
		return FSM_EV_PASS;
	session_warn(session, "no gate has an opinion on step %d, so it does not start", step);
	return FSM_EV_ERROR;
}
