#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/manual.h"
#include "runner/commands/command.h"
#include "runner/commands/show_agents.h"
#include "runner/commands/show_git.h"
#include "runner/cycle/plugin.h"
#include "runner/plan/plan.h"
#include "runner/process/environment.h"
#include "status/text.h"

static const char *path = CONF_USUAL;
static bool keys, roff, json;

static const struct arg args[] = {
	{"CONF", ARG_TEXT, &path, 0, 0, false, NULL, "the config file (default " CONF_USUAL ")"},
	{"--keys", ARG_FLAG, &keys, 0, 0, false, NULL,
	 "list every key that a config file can have"},
	{"--roff", ARG_FLAG, &roff, 0, 0, false, NULL,
	 "with --keys: as the source of a manual page"},
	{"--json", ARG_FLAG, &json, 0, 0, false, NULL, "print it as JSON"},
	{.name = NULL},
};

/* Where there is no repository to commit to, that is a problem, though not one of the file. */
static void look(const struct conf *conf, struct git_view *view)
{
	struct git *git = NULL;
	struct err err = {.code = ERR_NONE};
	*view = (struct git_view){.problem = RECEIPT_PUSHED};
	if (!conf->repository.commit)
		return;
	if (environment_apply(conf, &err) != 0 || git_new(&conf->repository, &git, &err) != 0 ||
	    git_inspect(git, view, &err) != 0) {
		*view = (struct git_view){.problem = RECEIPT_NO_REPOSITORY};
		text_clean(err.text, strlen(err.text), view->why, sizeof(view->why));
	}
	git_free(git);
}

static int print_json(const struct conf *conf, size_t steps, const struct git_view *view,
		      struct err *err)
{
	struct plan_json *made = plan_json_new_verdict(path, conf->title, steps);
	char *text = made && show_agents_json(made, conf) == 0 &&
				     show_git_json(made, &conf->repository, view, NULL) == 0
			     ? plan_json_print(made)
			     : NULL;
	plan_json_free(made);
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	puts(text);
	free(text);
	return EXIT_AS_IT_SHOULD;
}

static int print_verdict(const struct conf *conf, struct err *err)
{
	struct plan plan;
	struct git_view view;
	if (plan_init(&plan, conf, NULL, "", err) != 0)
		return -1;
	const size_t count = plan_count(&plan);
	plan_release(&plan);
	if (count == 0)
		return err_set(err, ERR_CONFIG,
			       "%s: no step: a checklist has at least one line like \"- [ ] TEXT\"",
			       conf->checklist);
	look(conf, &view);
	if (json)
		return print_json(conf, count, &view, err);
	printf("%s: OK: \"%s\", %zu step%s\n", path, conf->title, count, count == 1 ? "" : "s");
	show_agents(conf);
	show_features(&view);
	return EXIT_AS_IT_SHOULD;
}

static int run(struct err *err)
{
	struct conf *conf = NULL;
	if (roff && !keys)
		return err_set(err, ERR_USAGE, "--roff: goes with --keys");
	if (keys) {
		if (roff)
			manual_roff(stdout);
		else
			manual_text(stdout);
		return EXIT_AS_IT_SHOULD;
	}
	if (conf_load(path, &conf, err) != 0)
		return -1;
	const int code = plugins_check(conf, err) == 0 ? print_verdict(conf, err) : -1;
	conf_free(conf);
	return code;
}

const struct command command_validate = {
	.name = "validate",
	.takes = "[CONF] [--json] | --keys [--roff]",
	.summary = "Checks a config file, or lists the keys that one can have",
	.details =
		"Reads the file as `run` would and starts no step; a module is loaded, in a "
		"process\n"
		"of its own, to see what it offers. Says of each feature of the repository\n"
		"(hooks, filters, signing, …) how it would be served. Exit code 0: the\n"
		"file is right, whatever problem the repository may have; 2: it is not, and the\n"
		"message says where and why.",
	.args = args,
	.run = run,
};
