#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ask.h"
#include "runner/commands/command.h"
#include "runner/commands/show_agents.h"
#include "runner/commands/show_git.h"
#include "runner/cycle/rebuild.h"
#include "runner/cycle/session.h"
#include "runner/helper/git.h"
#include "runner/plan/plan.h"
#include "runner/process/environment.h"
#include "runner/schedule/shell_word.h"
#include "status/clock.h"
#include "status/lines.h"
#include "status/plan_json.h"
#include "status/text.h"

static const char *path = CONF_USUAL;
static int64_t budget, threshold;
static bool json;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &path, 0, 0, false, NULL, "the config file (default " CONF_USUAL ")"},
	{"--budget", ARG_INTEGER, &budget, 1, INT64_MAX, false, "N", "tokens that a cycle may use"},
	{"--threshold", ARG_INTEGER, &threshold, GATE_THRESHOLD_MIN, GATE_THRESHOLD_MAX, false, "P",
	 "percent of the budget below which a step may start (20..95)"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print it as JSON"},
	{.name = NULL},
};

/* What stands between `before` and `after` came from outside. */
static void print_clean(const char *before, const char *text, const char *after)
{
	char clean[4096];
	printf("%s%s%s", before, text_clean(text, strlen(text), clean, sizeof(clean)), after);
}

/* One word of a command as a shell would take it, so that it can be read without doubt. */
static void print_word(const char *word)
{
	char clean[1024];
	putchar(' ');
	shell_word(stdout, text_clean(word, strlen(word), clean, sizeof(clean)));
}

static void print_step(const struct conf_step *step, int number, const struct agent_run *made)
{
	char span[CLOCK_TEXT];
	printf("  %d. %s\n     runs:%s", number, step->title,
	       step->plugin.module    ? " module"
	       : step->plugin.program ? " plugin"
				      : "");
	for (size_t i = 0; made->command[i]; i++)
		print_word(made->command[i]);
	if (made->input) {
		printf(" <<<");
		print_word(made->input);
	}
	print_clean("\n     in ", step->cwd, "");
	if (step->timeout_ms)
		printf(", at most %s", clock_span(step->timeout_ms, span));
	printf("\n");
}

static void print_git(const struct conf *conf, const struct git_view *view)
{
	if (!conf->repository.commit) {
		printf("Commit: turned off\n");
		return;
	}
	print_clean("Commit: on ", view->branch[0] ? view->branch : "(detached HEAD)", " in ");
	print_clean("", view->workdir, ", as ");
	print_clean("", view->identity[0] ? view->identity : "(no identity)", "\n");
	print_clean("Push: ",
		    !conf->repository.push ? "turned off"
		    : view->upstream[0]    ? view->upstream
					   : "(no upstream)",
		    "\n");
	show_features(view);
}

static void print_gates(const struct conf *conf)
{
	for (size_t i = 0; i < conf->ngates; i++) {
		const struct conf_gate *gate = &conf->gates[i];
		print_clean("Gate \"", gate->title, "\": ");
		printf("%s", gate->plugin.module    ? "module"
			     : gate->plugin.program ? "plugin"
						    : "command");
		print_word(gate->command ? gate->command[0] : plugin_path(&gate->plugin));
		putchar('\n');
	}
}

/* In the order in which they would be done. */
static int print_steps(struct plan *plan, const struct gate_terms *terms, struct err *err)
{
	for (int next; (next = plan_next(plan)) >= 0; plan_mark(plan, next)) {
		const struct conf_step *step = plan_conf(plan, next, 0);
		if (!step)
			return err_set(err, ERR_INTERNAL, "out of memory");
		const int number = plan->steps[next].number;
		struct agent_run made;
		if (show_command(&plan->arena, step, number, terms, &made, err) != 0)
			return -1;
		print_step(step, number, &made);
	}
	return 0;
}

static void print_titles(const char **titles, size_t count, const char *words)
{
	for (size_t i = 0; i < count; i++)
		print_clean("Edited: \"", titles[i], words);
}

/* What became of the plan since it was last worked on. */
static void print_edit(const struct plan_edit *edit)
{
	print_titles(edit->added, edit->nadded, "\" is new\n");
	print_titles(edit->removed, edit->nremoved, "\" is gone\n");
	print_titles(edit->forgotten, edit->nforgotten, "\" was done and is gone\n");
	if (edit->moved)
		printf("Edited: the steps stand in another order\n");
}

/* All that is to be shown. */
struct sight {
	const struct conf *conf;
	struct plan *plan;
	struct gate_terms terms;
	struct git_view view;
	char agents[256]; /* the cycle of an agent that drives itself is in the way; or "" */
};

static bool can_save(const struct sight *sight)
{
	return receipt_place(sight->view.problem) == RECEIPT_REACHED;
}

static bool is_ready(const struct sight *sight)
{
	return can_save(sight) && !sight->agents[0];
}

static int look_at_cycle(struct sight *sight, struct err *err)
{
	struct journal *journal = NULL;
	struct journal_cycle last;
	int found = journal_open_read(sight->conf->repository.path, &journal, err);
	if (found > 0)
		found = journal_last_cycle(journal, &last, err);
	if (found > 0) {
		if (last.past.state != FSM_CLOSED && last.plan[0] == '\0')
			snprintf(sight->agents, sizeof(sight->agents), SESSION_AGENTS_CYCLE,
				 (long long)last.past.number);
		journal_cycle_release(&last);
	}
	journal_close(journal);
	return found < 0 ? -1 : 0;
}

static int look(struct sight *sight, struct err *err)
{
	const struct conf_repository *repository = &sight->conf->repository;
	struct git *git = NULL;
	if (session_terms(sight->conf, budget, (int)threshold, false, &sight->terms, err) != 0 ||
	    look_at_cycle(sight, err) != 0)
		return -1;
	if (!repository->commit)
		return 0;
	if (git_new(repository, &git, err) != 0)
		return -1;
	const int failed = git_inspect(git, &sight->view, err);
	git_free(git);
	return failed;
}

static int print_text(const struct sight *sight, struct err *err)
{
	char line[512];
	struct plan *plan = sight->plan;
	printf("Plan: %s: %zu of %zu steps left\n", sight->conf->title, plan_left(plan),
	       plan_count(plan));
	print_edit(&plan->edit);
	if (plan->edit.suspect)
		return plan_ask(plan, err);
	if (print_steps(plan, &sight->terms, err) != 0)
		return -1;
	printf("Gate: %s\n", line_gate(line, sizeof(line), &sight->terms, USAGE_KNOWN(0)));
	print_gates(sight->conf);
	show_agents(sight->conf);
	print_git(sight->conf, &sight->view);
	if (sight->agents[0])
		printf("Problem: %s\n", sight->agents);
	return 0;
}

static int add_titles(struct plan_json *made, const char *what, const char **titles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (plan_json_edit(made, what, titles[i]) != 0)
			return -1;
	return 0;
}

static int add_all(struct plan_json *made, const struct sight *sight, struct err *err)
{
	struct plan *plan = sight->plan;
	const struct plan_edit *edit = &plan->edit;
	for (int next; (next = plan_next(plan)) >= 0; plan_mark(plan, next)) {
		const struct conf_step *step = plan_conf(plan, next, 0);
		const int number = plan->steps[next].number;
		struct agent_run made_of;
		if (!step ||
		    show_command(&plan->arena, step, number, &sight->terms, &made_of, err) != 0)
			return -1;
		const struct plan_json_step row = {
			.number = number,
			.title = step->title,
			.command = made_of.command,
			.input = made_of.input,
			.cwd = step->cwd,
			.timeout_ms = step->timeout_ms,
		};
		if (plan_json_step(made, &row) != 0)
			return -1;
	}
	if (add_titles(made, "added", edit->added, edit->nadded) != 0 ||
	    add_titles(made, "removed", edit->removed, edit->nremoved) != 0 ||
	    add_titles(made, "forgotten", edit->forgotten, edit->nforgotten) != 0)
		return -1;
	if (show_agents_json(made, sight->conf) != 0)
		return -1;
	const bool agents = sight->agents[0] && can_save(sight);
	return show_git_json(made, &sight->conf->repository, &sight->view,
			     agents ? sight->agents : NULL);
}

static int print_json(const struct sight *sight, struct err *err)
{
	struct plan *plan = sight->plan;
	struct plan_json *made =
		plan_json_new(sight->conf->title, plan_count(plan), plan_left(plan), &sight->terms);
	char *text = made && add_all(made, sight, err) == 0 ? plan_json_print(made) : NULL;
	if (text)
		puts(text);
	else if (err->code == ERR_NONE)
		err_set(err, ERR_INTERNAL, "out of memory");
	const int failed = text ? 0 : -1;
	free(text);
	plan_json_free(made);
	return failed == 0 && plan->edit.suspect ? plan_ask(plan, err) : failed;
}

static int print_plan(const struct conf *conf, struct plan *plan, struct err *err)
{
	struct sight sight = {.conf = conf, .plan = plan, .view = {.problem = RECEIPT_PUSHED}};
	if (look(&sight, err) != 0 || (json ? print_json : print_text)(&sight, err) != 0)
		return -1;
	return is_ready(&sight) ? EXIT_AS_IT_SHOULD : EXIT_NO;
}

/* Without a journal, `run` would begin with what it finds elsewhere. A damaged document, which it
 * would set aside, tells nothing. */
static int recall_without(struct plan *plan, const char *name, struct err *err)
{
	const struct conf *conf = plan->conf;
	struct document *doc = NULL;
	struct rebuilt rebuilt;
	if (!conf->repository.commit && document_read(conf->repository.path, &doc, err) != 0 &&
	    err->code != ERR_DAMAGED)
		return -1;
	const int failed = rebuilt_read(conf, name, doc, &rebuilt, err);
	for (size_t i = 0; !failed && i < rebuilt.count; i++)
		plan_mark(plan, plan_find(plan, rebuilt.done[i].title));
	if (!failed)
		rebuilt_release(&rebuilt);
	document_free(doc);
	return failed;
}

static int load_plan(const struct conf *conf, struct plan *plan, struct err *err)
{
	struct journal *journal = NULL;
	if (journal_open_read(conf->repository.path, &journal, err) < 0)
		return -1;
	char *name = plan_name(conf);
	int failed = name ? plan_init(plan, conf, journal, name, err)
			  : err_set(err, ERR_INTERNAL, "out of memory");
	const int lost = failed ? 0 : rebuild_is_due(journal, err);
	if (lost < 0 || (lost > 0 && recall_without(plan, name, err) != 0)) {
		plan_release(plan);
		failed = -1;
	}
	free(name);
	journal_close(journal);
	return failed;
}

static int run(struct err *err)
{
	struct conf *conf = NULL;
	struct plan plan;
	if (conf_load(path, &conf, err) != 0)
		return -1;
	int code = environment_apply(conf, err);
	if (code == 0)
		code = load_plan(conf, &plan, err);
	if (code == 0) {
		code = print_plan(conf, &plan, err);
		plan_release(&plan);
	}
	conf_free(conf);
	return code;
}

const struct command command_plan = {
	.name = "plan",
	.takes = "[CONF] [--budget N] [--threshold P] [--json]",
	.summary = "Shows what `run` would do, and changes nothing",
	.details = "Exit code 0: it could start; 1: it could not, and the problem is named.",
	.args = args,
	.run = run,
};
